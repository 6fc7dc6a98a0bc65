"""The sections of the hearing bench, in the order of its table. A new one is a module and a line here."""

from typing import Final

from scripts.bench.hearing import badsound, overhead, silence, starts, streams, takeover, turns, weights, windows, words
from scripts.bench.rows import Section

SECTIONS: Final = (
    Section("overhead", "Overhead over the bare recogniser", overhead.measure),
    Section("windows", "Short encoder windows against 30 s", windows.measure),
    Section("words", "Words, streaming and offline", words.measure),
    Section("weights", "With real weights", weights.measure),
    Section("silence", "Words that nobody said", silence.measure),
    Section("badsound", "Sound that is spoilt, lost or no sound", badsound.measure),
    Section("starts", "When a voice is told of", starts.measure),
    Section("streams", "Live streams, voice detection only", streams.measure),
    Section("takeover", "A worker is killed in mid-word", takeover.measure),
    Section("turns", "Taking turns: cut-offs against dead air", turns.measure),
    Section("soak", "The same for long", streams.soak),
)

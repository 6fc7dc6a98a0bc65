"""The sections of the hearing bench, in the order of its table. A new one is a module and a line here."""

from typing import Final

from scripts.bench.hearing import streams, takeover
from scripts.bench.hearing.rows import Section

SECTIONS: Final = (
    Section("streams", "Live streams, voice detection only", streams.measure),
    Section("takeover", "A worker is killed in mid-word", takeover.measure),
    Section("soak", "The same for long", streams.soak),
)

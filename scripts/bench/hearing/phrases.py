"""What the candidates of the bench say, and after how much of it the rules tell of a voice."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from rooms.protocol import Frame
from rooms.turns import TurnDetector, TurnRules, hear, seems_to_speak
from rooms.windows import Cut, cut
from scripts.bench.hearing.starts import first_loud
from server.adapters.silero import Silero
from tests.speech import noise, silence, speech

FRAME_MS: Final = 40
"""As both our clients send."""
FRAME_BYTES: Final = 32 * FRAME_MS
GRIDS: Final = 4
"""So many frames later a frame lies among windows as this one does."""
PHRASES: Final = (
    "We measured the queue, and moved the slow part out.",
    "I asked two colleagues to try it.",
    "Our release broke twice a month.",
    "Every reader waited for the same lock.",
    "My manager reads it first.",
)
PAUSES_MS: Final = (1_500, 2_300, 1_900, 2_900, 1_700)


class Loop(NamedTuple):
    """What every candidate says, again and again, each from another place on."""

    frames: list[bytes]
    begins: frozenset[int]
    """Numbers of the frames with the first voiced sample of a phrase."""
    tells: Mapping[tuple[int, int], int]
    """How many frames later the rules tell of it: by that number, and where its windows lie (`sent % GRIDS`)."""


def free_ms() -> Iterator[float]:
    """How much more audio it takes, from a phrase's first voiced frame on, until the rules tell of a voice.

    With the audio in several places of the grids of frames and of windows.
    """
    for shift_ms in range(0, 40, 8):
        frames, begins = _spoken(shift_ms)
        for frames_later in _tells(frames, begins).values():
            yield frames_later * FRAME_MS


def _tells(frames: list[bytes], begins: frozenset[int]) -> dict[tuple[int, int], int]:
    """See `Loop.tells`. Said again and again, from the second time on: a voice is judged by what was before it."""
    found: dict[tuple[int, int], int] = {}
    before, voice, state, detector = Cut("m"), Silero(), Silero.silent, TurnDetector(TurnRules())
    began: int | None = None
    for sent in range((1 + GRIDS) * len(frames)):
        place = sent % len(frames)
        began = sent if place in begins else began
        before, windows = cut(before, Frame(sent, sent * FRAME_MS, frames[place]))
        (judged,) = voice.judge([(state, [window.samples for window in windows])])
        state = judged.state
        for window, probability in zip(windows, judged.probabilities, strict=True):
            detector, _ = hear(detector, window.at_ms, probability, 10**9)
            if began is not None and seems_to_speak(detector, probability):
                if sent >= len(frames):
                    found[began % len(frames), began % GRIDS] = sent - began
                began = None
    return found


def spoken_loop() -> Loop:
    frames, begins = _spoken()
    return Loop(frames, begins, _tells(frames, begins))


def _spoken(shift_ms: int = 0) -> tuple[list[bytes], frozenset[int]]:
    """Phrases and pauses, some of them not quite silent. An odd number of frames: said again, they lie otherwise among
    the windows."""
    pcm, begins = silence(shift_ms), set()
    for number, (phrase, pause_ms) in enumerate(zip(PHRASES, PAUSES_MS, strict=True)):
        pcm += noise(pause_ms, 40) if number % 2 else silence(pause_ms)
        spoken = speech(phrase)
        begins.add((len(pcm) + first_loud(spoken)) // FRAME_BYTES)
        pcm += spoken
    whole = (len(pcm) // FRAME_BYTES - 1) | 1
    return [pcm[n * FRAME_BYTES : (n + 1) * FRAME_BYTES] for n in range(whole)], frozenset(begins)

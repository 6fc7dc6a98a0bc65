"""Sound that is spoilt, lost or no sound: that nothing breaks, and what it costs. A section of the hearing bench."""

import time
from collections.abc import Iterator
from random import Random
from typing import Final

from rooms.quality import Sound, listen
from rooms.windows import Window
from scripts.bench.hearing.given import Given
from scripts.bench.rows import Row
from scripts.fuzz.sound import throw
from server.adapters.opus import OpusDecoder
from server.ports import BadSound
from tests.speech import length_ms, recorded, speech

CASES: Final = 100_000
RECORDINGS: Final = 2_000
VOICES: Final = 100
WINDOWS_PER_SECOND: Final = 1000 / 32
SAID: Final = "the first thing I did was to ask who needed it and why it had to be ready so soon"


def measure(given: Given) -> Iterator[Row]:
    """Frames, then recordings, then what measuring a voice costs."""
    yield from _frames(CASES // 20 if given.quick else CASES)
    sound = recorded(speech(SAID))
    yield from _recordings(sound, RECORDINGS // 20 if given.quick else RECORDINGS)
    yield _decoding(sound)
    yield _measuring()


def _frames(cases: int) -> Iterator[Row]:
    began = time.process_time()
    taken, broken = throw(seed=20_261_121, count=cases)
    each_us = (time.process_time() - began) / cases * 1e6
    yield Row.at_most(
        f"binary messages that broke the parser or what is behind it, of {cases:,}", len(broken), 0, digits=0
    )
    yield Row("of them taken for frames", taken, digits=0)
    yield Row("parsed, cut into windows and measured, CPU µs a message (making it included)", each_us)


def _recordings(sound: bytes, cases: int) -> Iterator[Row]:
    chance, slowest, refused = Random(7), 0.0, 0
    for _ in range(cases):
        wrong = bytearray(sound[: chance.randrange(1, len(sound))])
        for _ in range(chance.randrange(8)):
            wrong[chance.randrange(min(len(wrong), chance.choice((300, len(wrong)))))] = chance.randrange(256)
        began = time.process_time()
        try:
            OpusDecoder().decode(bytes(wrong))
        except BadSound:
            refused += 1
        slowest = max(slowest, time.process_time() - began)
    yield Row.at_most(f"slowest of {cases:,} spoilt recordings, CPU ms", slowest * 1000, 2_000)
    yield Row("of them refused; the others give some sound", refused, digits=0)


def _decoding(sound: bytes) -> Row:
    decoder, seconds = OpusDecoder(), length_ms(speech(SAID)) / 1000
    began = time.process_time()
    for start in range(0, len(sound), 800):
        decoder.decode(sound[start : start + 800])
    share = (time.process_time() - began) / seconds * 100
    return Row("a recording (WebM, Opus) into samples, % of a core a voice", share, digits=2)


def _measuring() -> Row:
    """Somebody who speaks all the time."""
    pcm = speech(SAID)
    windows = [Window("mic", n, 32 * n, pcm[n * 1024 : (n + 1) * 1024]) for n in range(len(pcm) // 1024)]
    sound, rounds = Sound(), 20
    began = time.process_time()
    for _ in range(rounds):
        for window in windows:
            sound = listen(sound, window)
    each_s = (time.process_time() - began) / rounds / len(windows)
    share = each_s * WINDOWS_PER_SECOND * VOICES * 100
    return Row.at_most(f"how {VOICES} voices sound, % of a core", share, 10)

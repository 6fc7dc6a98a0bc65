"""What one worker writes down, another reads; what another release wrote is left."""

from rooms.passages import OpenUtterance, Passage
from rooms.transcript import Word
from rooms.turns import TurnDetector, TurnRules
from rooms.windows import Cut
from server.hearing.checkpoint import EDITION, Checkpoint, Place, Stream, read, written

WORDS = (Word(text="naïve", start_ms=0, end_ms=1, confidence=0.5),)
CHECKPOINT = Checkpoint(
    place=Place(
        "1700000000000-3",
        2_000,
        1,
        TurnDetector(TurnRules(), next_ms=2_000, voiced=True, start_ms=100, spoke_ms=2_000),
        {"mic": Stream(Cut("mic", 32_000, 49, b"\xff\x00\x80"), bytes(range(256)) * 5)},
    ),
    utterance=OpenUtterance(
        turn=1, stream="mic", stream_ms=96, start_ms=100, passage=Passage(1_900, 2_000, 64, 32), words=WORDS
    ),
)


def test_what_was_written_is_read_as_it_was() -> None:
    assert read(written(CHECKPOINT)) == CHECKPOINT
    assert len(written(CHECKPOINT)) < 4_096


def test_what_another_release_wrote_is_left_and_so_is_what_nobody_wrote() -> None:
    _, _, body = written(CHECKPOINT).partition(b"\n")
    assert read(b"0.123456789abc\n" + body) is None
    assert read(body) is None
    assert read(b"") is None
    assert read(EDITION.encode() + b'\n{"place": 3}') is None

"""Which place a checkpoint names, what is forgotten with it, and how often one is written."""

import asyncio

import pytest

from rooms.passages import OpenUtterance, Passage
from rooms.turns import TurnDetector, TurnRules
from server.hearing.checkpoint import Checkpoint, Place, read
from server.hearing.keeping import Keeping
from server.ports import Fenced, Note
from tests.server.hearings import MemoryNotes

OPEN = OpenUtterance(turn=1, stream="mic", stream_ms=0, start_ms=0, passage=Passage(1_000, 1_000, 0))


class Audio:
    """Remembers what was forgotten."""

    def __init__(self) -> None:
        self.forgotten: list[str] = []

    async def forget(self, room: str, position: str) -> None:
        self.forgotten.append(position)


@pytest.fixture
def audio() -> Audio:
    return Audio()


@pytest.fixture
def notes(audio: Audio) -> MemoryNotes:
    return MemoryNotes(audio)


@pytest.fixture
def keeping(notes: MemoryNotes, monkeypatch: pytest.MonkeyPatch) -> Keeping:
    monkeypatch.setattr("server.hearing.keeping._EVERY_S", 1e-9)
    return Keeping(notes, "r-1", 7, place("", 0))


def place(position: str, at_ms: int, spoke_ms: int | None = None) -> Place:
    return Place(position, at_ms, 1, TurnDetector(TurnRules(), spoke_ms=spoke_ms), {})


def kept(notes: MemoryNotes) -> Checkpoint:
    found = read(notes.notes["r-1"])
    assert found
    return found


async def test_the_place_is_the_last_one_before_what_must_be_heard_again(notes: MemoryNotes, keeping: Keeping) -> None:
    for second in (1, 2, 3):
        keeping.heard(place(str(second), second * 1_000))
    await keeping.keep(None, 900, 900)
    assert kept(notes).place.position == ""  # from the oldest audio: nothing is forgotten yet
    await keeping.keep(None, 2_900, 2_900)
    assert kept(notes).place == place("2", 2_000)
    await keeping.keep(None, 3_000, 3_000)
    assert kept(notes).place == place("3", 3_000)


async def test_places_close_together_are_not_all_remembered_and_none_is_skipped_that_is_needed(
    notes: MemoryNotes, keeping: Keeping
) -> None:
    for number in range(1, 101):
        keeping.heard(place(str(number), number * 40))
    await keeping.keep(None, 2_000, 2_000)
    assert 2_000 - 540 <= kept(notes).place.at_ms <= 2_000
    assert len(keeping._marks) <= 2_000 / 500 + 2


async def test_audio_is_forgotten_up_to_the_place_and_not_beyond_what_a_cold_start_needs(
    audio: Audio, notes: MemoryNotes, keeping: Keeping
) -> None:
    for second in (1, 2, 3, 4):
        keeping.heard(place(str(second), second * 1_000))
    await keeping.keep(None, 3_500, 1_500)
    assert (audio.forgotten, kept(notes).place.position) == (["1"], "3")
    await keeping.keep(None, 3_500, 9_999)
    assert audio.forgotten == ["1", "3"]


async def test_nothing_behind_what_is_needed_is_forgotten_though_a_microphones_clock_ran_backwards(
    audio: Audio, notes: MemoryNotes, keeping: Keeping
) -> None:
    keeping.heard(place("1", 5_000))
    keeping.heard(place("2", 1_000))
    await keeping.keep(None, 2_500, 2_500)
    assert (audio.forgotten, kept(notes).place.position) == ([], "")


async def test_committed_words_are_kept_at_once_and_however_long_the_store_is_away(
    notes: MemoryNotes, keeping: Keeping
) -> None:
    keeping.heard(place("1", 1_000))
    notes.away = True
    committing = asyncio.create_task(keeping.commit(OPEN, 1_000, 0))
    await asyncio.sleep(0)
    assert not committing.done()
    notes.away = False
    await committing
    assert kept(notes) == Checkpoint(place=place("1", 1_000), utterance=OPEN)


async def test_what_is_not_in_the_audio_holds_at_every_place(notes: MemoryNotes, keeping: Keeping) -> None:
    for second in (1, 2):
        keeping.heard(place(str(second), second * 1_000))
    keeping.revise(lambda detector: detector._replace(spoke_ms=7))
    await keeping.keep(None, 1_000, 0)
    assert kept(notes).place == place("1", 1_000, spoke_ms=7)
    keeping.begin_here(place("", 0, spoke_ms=8).detector)
    await keeping.keep(None, 1_000, 0)  # though it is earlier: what was before is over
    assert kept(notes).place == place("2", 2_000, spoke_ms=8)


async def test_who_was_replaced_learns_it(notes: MemoryNotes, keeping: Keeping) -> None:
    await notes.keep([Note("r-1", 8, b"the other's", "")])
    keeping.heard(place("1", 1_000))
    with pytest.raises(Fenced):
        await keeping.keep(None, 1_000, 1_000)
    with pytest.raises(Fenced):
        await keeping.commit(OPEN, 1_000, 1_000)


async def test_what_did_not_change_is_not_written_and_what_changes_is_not_written_often(notes: MemoryNotes) -> None:
    keeping = Keeping(notes, "r-1", 7, place("", 0))
    for number in range(100):
        keeping.heard(place(str(number), number * 1_000))
        await keeping.keep(None, number * 1_000, 0)
    assert notes.written <= 2
    written = notes.written
    for _ in range(3):
        await keeping.commit(OPEN, 99_000, 0)
    assert notes.written == written + 1

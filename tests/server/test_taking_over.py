"""A worker dies anywhere in a long answer, again and again: the words are those of one that never died, each once."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

import pytest

from rooms import commands as c
from rooms.protocol import Partial
from rooms.transcript import Word
from server.hearing import checkpoint
from server.ports import Fenced
from tests.server.hearings import Echo, EchoStream, Rig, tone
from tests.speech import silence

Heard = list[tuple[str, int, int, tuple[Word, ...]]]

BREATHS = (350, 90, 400, 60, 330, 500, 200, 340)
ANSWER = (
    silence(700)
    + b"".join(tone(level, 1_900 + 37 * level) + silence(ms) for level, ms in enumerate(BREATHS, 3))
    + silence(900)
    + tone(20, 5_500)
    + silence(340)
    + tone(21, 900)
    + silence(4_000)
)
"""Two utterances of several passages each; the first is about 19 s long."""


class Counting(Echo):
    """Remembers for how many passages it gave final words, and for which though they had been told as certain."""

    def __init__(self) -> None:
        super().__init__()
        self.finished = 0
        self.certain = ""
        self.again: list[str] = []

    def open(self, hints: Sequence[str] = (), room: str = "") -> EchoStream:
        return _Counted(self)


class _Counted(EchoStream):
    def __init__(self, by: Counting) -> None:
        super().__init__()
        self._by = by

    async def finish(self, pcm: bytes = b"") -> Sequence[Word]:
        words = await super().finish(pcm)
        text = " ".join(word.text for word in words)
        self._by.finished += 1
        self._by.again += [text] if text in self._by.certain else []
        return words


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    rig = Rig()
    async with rig.up():
        yield rig


async def said(rig: Rig, pieces: Sequence[bytes], transcriber: Counting, room_id: str = "r-1") -> Heard:
    """What is written down when each piece is said to another worker, the last of which lives."""
    async with rig.room(room_id) as room:
        for number, piece in enumerate(pieces):
            transcriber.certain = " | ".join(told.stable for told in room.told("partial") if isinstance(told, Partial))
            async with rig.hearing(transcriber, room) as hearing:
                await room.until(lambda hearing=hearing: hearing._ears)
                await room.say(piece)
                if number < len(pieces) - 1:
                    await room.until(partial(_all_read, rig, hearing, room_id))
                else:
                    turn = await room.closed()
        for told in room.told("partial"):
            assert isinstance(told, Partial)
            final = next(u.text for u in turn.utterances if u.id == told.utterance)
            assert final.startswith(told.stable), "words that were told as certain were taken back"
        return [(u.text, u.start_ms, u.end_ms, u.words) for u in turn.utterances]


def _all_read(rig: Rig, hearing: Any, room: str) -> bool:
    return room in hearing._ears and bool(hearing._ears[room][0].position == str(rig.audio.appended))


def pieces_of(audio: bytes, seed: int) -> list[bytes]:
    chance = random.Random(seed)
    cuts = sorted(chance.randrange(0, len(audio) // 1_280) * 1_280 for _ in range(chance.randint(1, 9)))
    return [audio[a:b] for a, b in zip([0, *cuts], [*cuts, len(audio)], strict=True)]


@pytest.mark.parametrize("seed", range(6))
async def test_wherever_workers_die_each_word_is_written_once_and_each_passage_decoded_once(
    rig: Rig, seed: int
) -> None:
    whole, split = Counting(), Counting()
    once = await said(rig, [ANSWER], whole, "r-once")
    assert len(once) == 2
    assert len(once[0][0].split()) == 8
    assert whole.finished >= 4, "the answer has several passages"
    rig.audio.appended = 0
    assert await said(rig, pieces_of(ANSWER, seed), split, "r-split") == once
    assert split.again == []


async def test_an_utterance_is_whole_where_the_one_before_it_is_heard_again_on_the_way(rig: Rig) -> None:
    """Most of it came in one batch, so the place to go on at is in the middle of that one."""
    transcriber = Counting()
    async with rig.room() as room:
        async with rig.hearing(transcriber, room) as hearing:
            await room.say(silence(700) + tone(4, 320))
            await room.until(partial(_all_read, rig, hearing, room.id))
            await room.say(tone(4, 320) + silence(1_000) + tone(5, 5_500) + silence(340) + tone(6, 900))
            await room.until(lambda: "5x5500" in " ".join(told.stable for told in _partials(room)))
        async with rig.hearing(transcriber, room):
            await room.say(tone(6, 500) + silence(4_000))
            turn = await room.closed()
    assert [utterance.text for utterance in turn.utterances] == ["4x640", "5x5500 6x1400"]
    assert all(utterance.start_ms < utterance.end_ms for utterance in turn.utterances)


async def test_what_is_written_down_is_no_silence_where_it_is_heard_again(rig: Rig) -> None:
    """All came in one batch, so whoever takes over begins at its beginning."""
    async with rig.room() as room:
        await room.say(silence(700) + tone(4, 4_000) + silence(1_000))
        async with rig.hearing(Echo(), room):
            await room.until(lambda: room.texts)
        async with rig.hearing(Echo(), room) as hearing:
            await room.until(lambda: room.id in hearing._ears and hearing._ears[room.id][0]._end_ms >= 5_600)
            await asyncio.sleep(0.05)
            assert room.turn.open
            await room.say(tone(5, 640) + silence(4_000))
            turn = await room.closed()
    assert [utterance.text for utterance in turn.utterances] == ["4x4000", "5x640"]


async def test_words_that_were_told_as_certain_are_written_though_their_audio_does_not_come_again(rig: Rig) -> None:
    async with rig.room() as room:
        await room.say(silence(700) + tone(5, 5_500) + silence(340) + tone(6, 900))
        async with rig.hearing(Echo(), room):
            await room.until(lambda: "5x5500" in " ".join(told.stable for told in _partials(room)))
        await rig.audio.erase(room.id)
        await room.do(c.FinishAnswer(turn=1))
        async with rig.hearing(Echo(), room):
            turn = await room.closed()
    assert [utterance.text for utterance in turn.utterances] == ["5x5500"]


def _partials(room: Any) -> list[Partial]:
    return [told for told in room.told("partial") if isinstance(told, Partial)]


async def test_what_another_release_left_is_heard_again_from_the_audio(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    transcriber = Counting()
    async with rig.room() as room:
        async with rig.hearing(transcriber, room) as hearing:
            await room.say(silence(700) + tone(4, 4_500) + silence(400) + tone(5, 1_000))
            await room.until(partial(_all_read, rig, hearing, room.id))
            await room.until(lambda: transcriber.finished)
        monkeypatch.setattr(checkpoint, "EDITION", "2.another")
        async with rig.hearing(transcriber, room):
            await room.say(tone(5, 1_000) + silence(4_000))
            turn = await room.closed()
    assert [utterance.text for utterance in turn.utterances] == ["4x4500 5x2000"]


async def test_who_was_replaced_in_mid_word_tells_nothing_certain_any_more(rig: Rig) -> None:
    """As a worker that stood still past its lease: the other has recalled the note, and commits what follows."""
    async with rig.room() as room:
        with pytest.RaisesGroup(Fenced, flatten_subgroups=True, allow_unwrapped=True):
            async with rig.hearing(Echo(), room):
                await room.say(silence(700) + tone(4, 3_000))
                await room.until(lambda: room.told("speaking"))
                await rig.notes.recall(room.id, 2)
                await room.say(tone(5, 2_000) + silence(400) + tone(6, 1_000))
                await room.until(lambda: False)
        assert not [told for told in room.told("partial") if isinstance(told, Partial) and told.stable]


async def test_what_was_said_just_before_a_pause_is_heard_by_whoever_takes_over_in_it(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.hearing.ear._IDLE_PAUSED_S", 0.1)
    async with rig.room() as room:
        async with rig.hearing(Echo(), room):
            await room.say(silence(640) + tone(4, 640))
            await room.until(lambda: room.told("speaking"))
        await room.do(c.PauseInterview())
        await room.until(lambda: room.room.paused)
        async with rig.hearing(Echo(), room):
            await room.until(lambda: room.texts == ["4x640"])
            await room.say(tone(5, 640) + silence(1_000))  # a client that goes on sending
            await room.say(silence(500))
        async with rig.hearing(Echo(), room) as hearing:
            await room.until(partial(_all_read, rig, hearing, room.id))
            assert room.texts == ["4x640"]


async def test_an_interview_that_was_paused_is_not_ended_by_a_silence_before_it(rig: Rig) -> None:
    """The pause is not in the audio, so it must be in the checkpoint."""
    async with rig.room() as room:
        async with rig.hearing(Echo(), room) as hearing:
            for piece in (tone(4, 640) + silence(1_000), silence(600), silence(700)):
                await room.say(piece)
                await room.until(partial(_all_read, rig, hearing, room.id))
            await room.until(lambda: room.texts)
            await room.do(c.PauseInterview())
            await room.until(lambda: room.room.paused)
            await room.do(c.ResumeInterview())
            keeping = hearing._ears[room.id][0]._keeping
            await room.until(lambda: not room.room.paused)
            await room.until(lambda: keeping._kept and keeping._kept[0] == keeping._marks[0].place)
        async with rig.hearing(Echo(), room) as hearing:
            await room.say(silence(600))
            await room.until(partial(_all_read, rig, hearing, room.id))
            await room.say(tone(5, 640) + silence(4_000))
            assert [u.text for u in (await room.closed()).utterances] == ["4x640", "5x640"]

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from rooms import commands as c
from rooms.events import Finish
from rooms.people import SYSTEM
from rooms.phases import Phase
from rooms.protocol import DeliverySoFar, Partial, Speaking, Tell
from rooms.transcript import Source, Word
from rooms.turns import WINDOW_MS
from server.adapters.redis_audio import FRAMES_PER_READ
from server.hearing import Hearing
from server.hearing.ear import QUEUE_BATCHES, QUEUE_WINDOWS
from server.ports import Hypothesis, TranscriberFailed
from tests.server.hearings import Echo, EchoStream, Heard, LevelVoice, Rig, tone
from tests.speech import silence, uneven_frames


@pytest.fixture
async def rig(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    """Nothing ends here because it took too long, unless a test says so."""
    monkeypatch.setattr("server.hearing.ending._FRAMES_WAIT_S", 3_600.0)
    rig = Rig(transcribe_timeout_s=3_600)
    async with rig.up():
        yield rig


# --- words ----------------------------------------------------------------------------------------------------


async def test_what_was_said_is_written_with_the_rooms_time(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room):
        await room.say(silence(960) + tone(4, 640) + silence(1000))
        await room.until(lambda: room.texts)
        (utterance,) = room.turn.utterances
        assert utterance.text == "4x640"
        assert (utterance.words[0].start_ms, utterance.words[0].end_ms) == (960, 1600)
        assert utterance.start_ms == 640  # 300 ms of pre-roll, and the rest of the window that this begins in
        assert utterance.end_ms == 1800
        assert utterance.source is Source.VOICE


async def test_a_muted_stretch_is_not_in_the_words_times(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room):
        await room.say(tone(4, 640) + silence(1000))
        room.mute(60_008)
        await room.say(silence(512) + tone(5, 640) + silence(1000))
        await room.until(lambda: len(room.texts) == 2)
        assert room.turn.utterances[1].words[0].start_ms == 1640 + 60_008 + 512


@pytest.mark.parametrize("frame_ms", [20, 100, 137])
async def test_the_same_audio_in_any_frames_gives_the_same_words(rig: Rig, frame_ms: int) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room):
        await room.say(_answer(), frame_ms)
        turn = await room.closed()
        assert [(u.text, u.start_ms, u.end_ms) for u in turn.utterances] == _ANSWERED


@pytest.mark.parametrize("seed", range(5))
async def test_uneven_frames_and_an_uneven_pace_give_the_same_words(rig: Rig, seed: int) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room):
        for n, frame in enumerate(uneven_frames(_answer(), seed)):
            await room.send([frame])
            if n % (seed + 2) == 0:
                await asyncio.sleep(0.01)
        turn = await room.closed()
        assert [(u.text, u.start_ms, u.end_ms) for u in turn.utterances] == _ANSWERED


def _answer() -> bytes:
    return silence(500) + tone(4, 900) + silence(1100) + tone(5, 300) + silence(300) + tone(6, 777) + silence(3200)


_ANSWERED = [("4x900", 160, 1608), ("5x300 6x777", 2176, 4104)]


async def test_silence_gives_no_utterance_and_ends_no_turn(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room) as hearing:
        for _ in range(10):
            await room.say(silence(1_000))
            await _quiet(hearing, room)
        await room.until(lambda: len(rig.audio.kept[room.id]) < 3_000 / 40)
        assert room.texts == []
        assert room.turn.open


async def test_audio_of_an_earlier_microphone_keeps_its_place_in_time(rig: Rig) -> None:
    async with rig.room() as room:
        await room.say(silence(960) + tone(4, 640) + silence(1000))
        await room.do(c.OpenMicrophone(stream="mic-2", sample_rate=16_000))
        room.stream, room.seq, room.at_ms = "mic-2", 0, 0
        await room.say(silence(640) + tone(5, 640) + silence(1000))
        async with rig.hearing(Echo(), room):
            await room.until(lambda: len(room.texts) == 2)
        assert [u.words[0].start_ms for u in room.turn.utterances] == [960, 2600 + 640]


async def test_audio_of_a_microphone_that_nobody_opened_is_let_go(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room):
        room.stream = "unknown"
        await room.say(tone(4, 640) + silence(1000))
        await room.until(lambda: not rig.audio.kept[room.id])
        assert room.texts == []


async def test_the_recogniser_is_told_the_names_that_may_be_said(rig: Rig) -> None:
    transcriber = Echo()
    async with rig.room(terms=("Acme",)) as room, rig.hearing(transcriber, room):
        await room.say(silence(960) + tone(4, 640) + silence(1000))
        await room.until(lambda: room.texts)
    assert transcriber.hints == ("Acme",)


# --- turns ----------------------------------------------------------------------------------------------------


async def test_silence_ends_a_spoken_answer(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room):
        await room.say(tone(4, 640) + silence(4000))
        turn = await room.closed()
        assert turn.finished
        assert turn.finished.reason is Finish.SILENCE


async def test_silence_does_not_end_an_answer_that_goes_on_in_audio_already_here(rig: Rig) -> None:
    async with rig.room() as room:
        await room.say(tone(4, 640) + silence(3000) + tone(5, 640) + silence(4000))
        async with rig.hearing(Echo(), room):
            turn = await room.closed()
            assert [utterance.text for utterance in turn.utterances] == ["4x640", "5x640"]


async def test_an_unfinished_sentence_gets_more_time(rig: Rig) -> None:
    rig.settings = rig.settings.model_copy(update={"turn_silence_ms": None})

    class Undecided(Echo):
        def open(self, hints: Sequence[str] = (), room: str = "") -> EchoStream:
            return _Says("and")

    async with rig.room() as room, rig.hearing(Undecided(), room) as hearing:
        await room.say(tone(4, 640) + silence(4000))
        await _quiet(hearing, room)
        assert room.turn.open
        await room.say(silence(6000))
        await room.closed()


async def test_a_held_turn_waits_until_its_candidate_speaks_again(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room) as hearing:
        await room.say(tone(4, 640) + silence(1000))
        await room.until(lambda: room.texts)
        await room.do(c.HoldTurn(turn=1))
        await room.say(silence(6000))
        await _quiet(hearing, room)
        assert room.turn.open
        await room.say(tone(5, 640) + silence(4000))
        assert len((await room.closed()).utterances) == 2


async def test_im_done_keeps_the_last_words(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room):
        await room.say(silence(320) + tone(4, 640))
        await room.finish()
        turn = await room.closed()
        assert [utterance.text for utterance in turn.utterances] == ["4x640"]


async def test_im_done_waits_for_frames_that_are_still_on_their_way(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room):
        await room.say(tone(4, 320))
        await room.do(c.FinishAnswer(turn=1, stream="mic", through=15))
        await room.until(lambda: room.room.phase is Phase.SETTLING)
        await asyncio.sleep(0.2)
        assert room.turn.open
        await room.say(tone(4, 320))
        assert [utterance.text for utterance in (await room.closed()).utterances] == ["4x640"]


async def test_im_done_does_not_wait_for_ever(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.hearing.ending._FRAMES_WAIT_S", 0.2)
    async with rig.room() as room, rig.hearing(Echo(), room) as hearing:
        await room.say(tone(4, 320))
        await room.taken_in(hearing)
        await room.do(c.FinishAnswer(turn=1, stream="mic", through=1000))
        assert [utterance.text for utterance in (await room.closed()).utterances] == ["4x320"]


async def test_words_after_im_done_do_not_count(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room):
        await room.say(tone(4, 640))
        await room.finish()
        await room.say(tone(5, 640) + silence(1000))
        assert [utterance.text for utterance in (await room.closed()).utterances] == ["4x640"]


async def test_what_is_said_between_two_questions_belongs_to_none(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room):
        await room.say(tone(4, 640) + silence(640))
        await room.finish()
        await room.closed()
        await room.say(tone(5, 640) + silence(320))
        await room.until(lambda: not rig.audio.kept[room.id])
        await room.ask()
        await room.until(lambda: room.room.turn)
        await room.say(silence(640) + tone(6, 640) + silence(640))
        await room.finish()
        assert [utterance.text for utterance in (await room.closed(2)).utterances] == ["6x640"]


async def test_left_over_audio_does_not_answer_the_next_question(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room):
        await room.say(tone(4, 640) + silence(640))
        await room.finish()
        await room.closed()
        room.mute(2_000)
        await room.ask()
        await room.until(lambda: room.room.turn)
        rig.clock.ms += 500
        room.at_ms -= 1_000
        await room.say(tone(5, 640) + silence(1_000) + tone(6, 640) + silence(320))
        await room.finish()
        assert [utterance.text for utterance in (await room.closed(2)).utterances] == ["6x640"]


async def test_a_microphone_whose_clock_is_behind_is_heard(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room):
        await room.say(tone(4, 640) + silence(640))
        await room.finish()
        await room.closed()
        rig.clock.ms += 20_000
        await room.ask()
        await room.until(lambda: room.room.turn)
        rig.clock.ms += 5_000
        await room.say(tone(6, 640))
        await room.finish()
        assert [utterance.text for utterance in (await room.closed(2)).utterances] == ["6x640"]


async def test_a_typed_answer_that_is_finished_closes_at_once(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(None, room):
        await room.do(c.TypeAnswer(turn=1, text="I typed this."))
        await room.do(c.FinishAnswer(turn=1))
        assert (await room.closed()).transcript.text == "I typed this."


async def test_an_answer_without_words_can_be_skipped(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room):
        await room.do(c.SkipQuestion(turn=1))
        turn = await room.closed()
        assert turn.finished
        assert turn.finished.reason is Finish.SKIPPED


async def test_an_answer_has_a_limit(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room):
        await room.say(tone(4, 6_000))
        await room.do(c.WarnOfLimit(turn=1, counts_ms=room.turn.counts_ms or 0, ends_ms=0), SYSTEM)
        await room.until(lambda: room.turn.limit_ms)
        rig.clock.ms += 5_000
        await room.do(c.CallTime(turn=1), SYSTEM)
        turn = await room.closed()
        assert turn.finished
        assert turn.finished.reason is Finish.LIMIT
        assert room.texts  # what was being said is heard out


async def test_a_pause_stops_listening_and_keeps_what_was_said(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.hearing.ear._IDLE_PAUSED_S", 0.1)
    async with rig.room() as room, rig.hearing(Echo(), room) as hearing:
        await room.say(tone(4, 640))
        await _quiet(hearing, room)
        await room.do(c.PauseInterview())
        await room.until(lambda: room.texts)
        await room.say(silence(320) + tone(5, 640) + silence(5000))
        await _quiet(hearing, room)
        assert room.turn.open
        await room.do(c.ResumeInterview())
        await room.say(silence(640) + tone(6, 640) + silence(4000))
        assert [utterance.text for utterance in (await room.closed()).utterances] == ["4x640", "6x640"]


async def test_silence_counts_anew_after_a_pause(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room) as hearing:
        await room.say(tone(4, 640) + silence(1500))
        await room.until(lambda: room.texts)
        await room.do(c.PauseInterview())
        await room.say(silence(1500))
        await _quiet(hearing, room)
        await room.do(c.ResumeInterview())
        await room.say(silence(2000))
        await _quiet(hearing, room)
        assert room.turn.open
        await room.say(silence(1000))
        await room.closed()


async def test_an_utterance_whose_audio_stopped_is_written_down_after_a_while(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.hearing.ear._IDLE_S", 0.2)
    async with rig.room() as room, rig.hearing(Echo(), room):
        await room.say(tone(4, 640))
        await room.until(lambda: room.texts == ["4x640"])


# --- what is told ---------------------------------------------------------------------------------------------


async def test_a_click_is_told_as_a_voice_taken_back_and_not_written_down(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room):
        await room.say(silence(320) + tone(4, 40) + silence(960))
        await room.until(lambda: len(room.told("speaking")) == 2)
        assert [tell.on for tell in room.told("speaking") if isinstance(tell, Speaking)] == [True, False]
        assert room.turn.utterances == ()


async def test_guesses_speaking_and_figures_are_told(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room) as hearing:
        for _ in range(4):
            await room.say(tone(4, 320))
            await _quiet(hearing, room)
        await room.say(silence(1000))
        await room.until(lambda: room.told("delivery_so_far"))
        assert [tell.on for tell in room.told("speaking") if isinstance(tell, Speaking)] == [True, False]
        partials = [tell for tell in room.told("partial") if isinstance(tell, Partial)]
        assert len(partials) >= 3
        assert partials[0].turn == 1
        assert {partial.utterance for partial in partials} == {room.turn.utterances[0].id}
        (figures,) = room.told("delivery_so_far")
        assert isinstance(figures, DeliverySoFar)
        assert figures.words == 1
        assert not [raw for raw in await rig.log.told(room.id) if b'"partial"' in raw]


async def test_guesses_that_came_to_nothing_are_taken_back(rig: Rig) -> None:
    transcriber = _Failing(failures=2, guesses=True)
    async with rig.room() as room, rig.hearing(transcriber, room):
        await room.say(tone(4, 640))
        await room.until(lambda: room.told("partial"))
        await room.say(silence(1000))
        await room.until(lambda: room.told("hearing_trouble"))
        await room.until(lambda: len(room.told("partial")) >= 2)
        last = room.told("partial")[-1]
        assert isinstance(last, Partial)
        assert (last.stable, last.unstable) == ("", "")


async def test_a_new_worker_clears_the_trouble_of_the_one_before(rig: Rig) -> None:
    async with rig.room() as room:
        async with rig.hearing(_Failing(failures=2), room):
            await room.say(tone(4, 640) + silence(1000))
            await room.until(lambda: room.told("hearing_trouble"))
        async with rig.hearing(Echo(), room):
            await room.say(silence(640) + tone(5, 640) + silence(1000))
            await room.until(lambda: room.texts)
            assert not [raw for raw in await rig.log.told(room.id) if b"hearing_trouble" in raw]


async def test_a_room_without_a_recogniser_says_so(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(None, room):
        await room.until(lambda: room.room.transcriber)
        assert room.room.transcriber
        assert "Type your answers" in str(room.room.transcriber.caution)


async def test_the_recogniser_and_its_caution_are_named_once(rig: Rig) -> None:
    async with rig.room() as room:
        for _ in range(2):
            async with rig.hearing(Echo(), room):
                await room.until(lambda: room.room.transcriber)
        assert room.room.transcriber
        assert room.room.transcriber.label == "Echo"
        kinds = [record.event.kind for record in await rig.log.read(room.id, 0, 100)]
        assert kinds.count("transcriber_named") == 1


async def test_committed_words_are_told_before_the_utterance_is_over_and_stay(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room):
        await room.say(tone(4, 5_000) + silence(400) + tone(5, 640))
        await room.until(lambda: room.told("partial"))
        await room.until(lambda: _last(room.told("partial")).stable == "4x5000")
        assert room.texts == []
        await room.say(tone(5, 640) + silence(1_000))
        await room.until(lambda: room.texts)
        assert room.texts == ["4x5000 5x1280"]
        partials = [tell for tell in room.told("partial") if isinstance(tell, Partial)]
        assert all(room.texts[0].startswith(partial.stable) for partial in partials)
        first, second = room.turn.utterances[0].words
        assert (first.start_ms, first.end_ms) == (0, 5_000)
        assert (second.start_ms, second.end_ms) == (5_400, 6_680)


async def test_a_passage_without_words_costs_only_its_own(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(_Failing(failures=2), room):
        await room.say(tone(4, 5_000) + silence(400) + tone(5, 640) + silence(1_000))
        await room.until(lambda: room.texts)
        assert room.texts == ["5x640"]
        assert room.told("hearing_trouble")


# --- trouble --------------------------------------------------------------------------------------------------


async def test_a_worker_that_dies_in_the_middle_of_a_word_loses_and_doubles_nothing(rig: Rig) -> None:
    async with rig.room() as room:
        async with rig.hearing(Echo(), room):
            await room.say(silence(960) + tone(4, 640) + silence(1280) + tone(5, 320))
            await room.until(lambda: room.texts)
            await room.until(lambda: len(room.told("speaking")) == 3)
        async with rig.hearing(Echo(), room):
            await room.say(tone(5, 320) + silence(4000))
            turn = await room.closed()
        assert [utterance.text for utterance in turn.utterances] == ["4x640", "5x640"]
        assert turn.utterances[1].words[0].start_ms == 960 + 640 + 1280


@pytest.mark.parametrize("after_ms", range(100, 6_200, 610))
async def test_wherever_a_worker_dies_the_words_are_the_same(rig: Rig, after_ms: int) -> None:
    answer = _answer()
    async with rig.room() as room:
        async with rig.hearing(Echo(), room):
            await room.say(answer[: after_ms * 32])
            await asyncio.sleep(0.06)
        async with rig.hearing(Echo(), room):
            await room.say(answer[after_ms * 32 :])
            turn = await room.closed()
    assert [(u.text, u.words[0].start_ms, u.end_ms) for u in turn.utterances] == [
        ("4x900", 500, 1608),
        ("5x300 6x777", 2500, 4104),
    ]


async def test_a_worker_that_died_before_it_forgot_does_not_write_twice(rig: Rig) -> None:
    async with rig.room() as room:
        await room.say(silence(960) + tone(4, 640) + silence(1280))
        kept = list(rig.audio.kept[room.id])
        async with rig.hearing(Echo(), room):
            await room.until(lambda: room.texts)
        rig.audio.kept[room.id] = kept
        async with rig.hearing(Echo(), room):
            await room.say(silence(3000))
            assert [utterance.text for utterance in (await room.closed()).utterances] == ["4x640"]


async def test_a_worker_that_died_before_it_closed_a_finished_turn_is_followed_by_one_that_does(rig: Rig) -> None:
    async with rig.room() as room:
        async with rig.hearing(Echo(), room):
            await room.say(tone(4, 640) + silence(1000))
            await room.until(lambda: room.texts)
        rig.audio.kept[room.id] = []
        await room.finish()
        async with rig.hearing(Echo(), room):
            await room.closed()


async def test_a_recogniser_that_fails_once_is_asked_again(rig: Rig) -> None:
    transcriber = _Failing(failures=1)
    async with rig.room() as room, rig.hearing(transcriber, room):
        await room.say(tone(4, 640) + silence(1000))
        await room.until(lambda: room.texts == ["4x640"])
        assert room.told("hearing_trouble") == []


@pytest.mark.parametrize("hangs", [False, True])
async def test_a_recogniser_that_goes_on_failing_is_told_and_the_room_goes_on(rig: Rig, hangs: bool) -> None:
    transcriber = _Failing(failures=2, hangs=hangs)
    rig.settings = rig.settings.model_copy(update={"transcribe_timeout_s": 1 if hangs else 3_600})
    async with rig.room() as room, rig.hearing(transcriber, room):
        await room.say(tone(4, 640) + silence(1000))
        await room.until(lambda: room.told("hearing_trouble"))
        assert "transcriber_failed" in room.told("hearing_trouble")[0].model_dump_json()
        await room.say(tone(5, 640) + silence(1000))
        await room.until(lambda: room.texts == ["5x640"])
        assert not [raw for raw in await rig.log.told(room.id) if b"hearing_trouble" in raw]


async def test_one_rooms_hanging_recogniser_does_not_hold_up_another_room(rig: Rig) -> None:
    transcriber = _Failing(failures=1, hangs=True)
    async with rig.room("r-1") as slow, rig.room("r-2") as quick, rig.hearing(transcriber, slow, quick):
        await slow.say(tone(4, 640) + silence(1000))
        await slow.until(lambda: transcriber.hanging)
        await quick.say(tone(5, 640) + silence(4000))
        await quick.closed()
        assert slow.texts == []


async def test_audio_waits_in_its_log_while_the_recogniser_is_slow(rig: Rig) -> None:
    transcriber = _Failing(failures=1, hangs=True)
    async with rig.room() as room, rig.hearing(transcriber, room) as hearing:
        await room.say(tone(4, 640) + silence(1000))
        await room.until(lambda: transcriber.hanging)
        ear = hearing._ears[room.id][0]
        while ear.hungry:
            await room.say(silence(40))
            await room.until(lambda: ear.position == str(rig.audio.appended) or not ear.hungry)
        assert len(ear._batches) == QUEUE_BATCHES
        before = ear.position
        await room.say(silence(400))
        await asyncio.sleep(0.2)
        assert ear.position == before


async def test_however_much_waits_in_the_log_little_of_it_is_in_memory(rig: Rig) -> None:
    """As where a worker stood still, and all of its rooms catch up at once."""
    transcriber = _Failing(failures=1, hangs=True)
    async with rig.room() as room:
        await room.say(tone(4, 640) + silence(1000))
        await room.say(silence(60_000))
        async with rig.hearing(transcriber, room) as hearing:
            await room.until(lambda: transcriber.hanging)
            ear = hearing._ears[room.id][0]
            await room.until(lambda: not ear.hungry)
            waiting = sum(len(batch.judged) for batch in ear._batches)
            assert QUEUE_WINDOWS <= waiting <= QUEUE_WINDOWS + FRAMES_PER_READ * 40 // WINDOW_MS


async def test_a_log_that_was_away_is_read_on_when_it_is_back(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room):
        rig.audio.away = rig.log.away = True
        await room.say(tone(4, 640) + silence(1000))
        await asyncio.sleep(0.1)
        rig.audio.away = rig.log.away = False
        await room.until(lambda: room.texts == ["4x640"])


async def test_a_voice_detector_that_breaks_takes_no_room_down(rig: Rig) -> None:
    class Broken(LevelVoice):
        def likely(self, samples: bytes) -> float:
            raise RuntimeError("no model")

    async with rig.room() as room, rig.hearing(Echo(), room, voice=Broken):
        await room.say(tone(4, 640))
        await room.finish()
        await room.closed()


async def test_a_closed_rooms_audio_is_erased(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room) as hearing:
        await room.say(tone(4, 640))
        await room.do(c.EndInterview())
        turn = await room.closed()
        assert [utterance.text for utterance in turn.utterances] == ["4x640"]
        score = {"overall": None, "scorer": "local", "weights": "1.0.0", "abstained": "a test"}
        command = {"turn": 1, "score": score, "delivery": {"words": 0, "speaking_ms": 0}}
        await room.do(c.RecordScore.model_validate(command), SYSTEM)
        await room.do(c.CloseRoom(), SYSTEM)
        await room.until(lambda: room.id not in rig.audio.kept and not hearing._ears)


async def test_the_recogniser_is_closed_with_the_hearing(rig: Rig) -> None:
    transcriber = Echo()
    async with rig.room() as room, rig.hearing(transcriber, room):
        await asyncio.sleep(0)
    assert transcriber.closed


# --- consent --------------------------------------------------------------------------------------------------


async def test_consent_that_is_withdrawn_stops_hearing_at_once_and_erases_the_audio(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room):
        await room.say(silence(500) + tone(4, 640) + silence(1_000))
        await room.until(lambda: room.texts == ["4x640"])
        await room.say(tone(5, 2_000))
        await room.do(c.WithdrawConsent())
        turn = await room.closed()
        assert [utterance.text for utterance in turn.utterances] == ["4x640"]
        await room.until(lambda: not rig.audio.kept.get(room.id))


async def test_guesses_at_words_go_when_consent_is_withdrawn(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room):
        await room.say(silence(500) + tone(5, 2_000))
        await room.until(lambda: b"5x" in _kept(rig, room))
        await room.do(c.WithdrawConsent())
        await room.closed()
        last = room.told("partial")[-1]
        assert isinstance(last, Partial)
        assert (last.stable, last.unstable) == ("", "")
        assert b"5x" not in _kept(rig, room)


async def test_no_recogniser_is_given_what_was_being_said_when_consent_was_withdrawn(rig: Rig) -> None:
    finished = list[bytes]()

    class Stream(EchoStream):
        async def finish(self, rest: bytes = b"") -> Sequence[Word]:
            finished.append(rest)
            return await super().finish(rest)

    class Watched(Echo):
        def open(self, hints: Sequence[str] = (), room: str = "") -> Stream:
            return Stream()

    async with rig.room() as room:
        async with rig.hearing(Watched(), room):
            await room.say(silence(500) + tone(5, 2_000))
            await room.until(lambda: room.told("partial"))
            await room.do(c.WithdrawConsent())
            await room.closed()
        assert finished == []


@pytest.mark.parametrize("over", [True, False], ids=["an utterance", "a passage"])
async def test_words_that_are_recognised_when_consent_is_withdrawn_are_neither_kept_nor_told(
    rig: Rig, over: bool
) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    class Stream(EchoStream):
        async def finish(self, rest: bytes = b"") -> Sequence[Word]:
            asked.set()
            await go_on.wait()
            return await super().finish(rest)

    class Slow(Echo):
        def open(self, hints: Sequence[str] = (), room: str = "") -> Stream:
            return Stream()

    async with rig.room() as room, rig.hearing(Slow(), room):
        await room.say(silence(500) + tone(5, 2_000))
        await room.until(lambda: room.told("partial"))
        await room.say(tone(5, 3_000) + (silence(1_000) if over else silence(400) + tone(5, 640)))
        async with asyncio.timeout(5):
            await asked.wait()
        await room.do(c.WithdrawConsent())
        await room.until(lambda: room.room.withdrawn)
        told = len(room.told("partial"))
        go_on.set()
        turn = await room.closed()
        await room.until(lambda: not rig.audio.kept.get(room.id))
        assert turn.utterances == ()
        assert all((partial.stable, partial.unstable) == ("", "") for partial in room.told("partial")[told:])
        assert room.told("partial")[told:]
        assert b"5x" not in _kept(rig, room)
        assert b"5x" not in rig.notes.notes.get(room.id, b"")


async def test_guesses_that_another_worker_told_go_when_consent_is_withdrawn(rig: Rig) -> None:
    async with rig.room() as room:
        async with rig.hearing(Echo(), room):
            await room.say(silence(500) + tone(5, 2_000))
            await room.until(lambda: b"5x" in _kept(rig, room))
        await room.do(c.WithdrawConsent())
        assert b"5x" in _kept(rig, room)
        async with rig.hearing(Echo(), room):
            await room.closed()
            assert b"5x" not in _kept(rig, room)


def _kept(rig: Rig, room: Heard) -> bytes:
    """What whoever comes later is told."""
    return b"".join(rig.log._tellings[room.id].values())


async def test_a_worker_that_comes_after_consent_was_withdrawn_hears_nothing(rig: Rig) -> None:
    async with rig.room() as room:
        await room.say(tone(5, 2_000) + silence(1_000))
        await room.do(c.WithdrawConsent())
        async with rig.hearing(Echo(), room):
            turn = await room.closed()
            assert turn.utterances == ()
            await room.until(lambda: not rig.audio.kept.get(room.id))


# --- fakes ----------------------------------------------------------------------------------------------------


class _Says(EchoStream):
    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def _words(self) -> list[Word]:
        return [Word(text=self._text, start_ms=0, end_ms=100)]


class _Failing(Echo):
    """Fails or hangs in `finish`, so many times."""

    def __init__(self, failures: int, *, hangs: bool = False, guesses: bool = False) -> None:
        super().__init__()
        self.failures, self.hangs, self.hanging, self.guesses = failures, hangs, False, guesses

    def open(self, hints: Sequence[str] = (), room: str = "") -> EchoStream:
        owner = self

        class Stream(EchoStream):
            async def hear(self, pcm: bytes) -> Hypothesis | None:
                return await super().hear(pcm) if owner.guesses else self._kept(pcm)

            def _kept(self, pcm: bytes) -> None:
                self.pcm += pcm

            async def finish(self, rest: bytes = b"") -> Sequence[Word]:
                if owner.failures:
                    owner.failures -= 1
                    owner.hanging = owner.hangs
                    if owner.hangs:
                        await asyncio.Event().wait()
                    raise TranscriberFailed
                return await super().finish(rest)

        return Stream()


def _last(told: Sequence[Tell]) -> Partial:
    assert isinstance(told[-1], Partial)
    return told[-1]


async def _quiet(hearing: Hearing, room: Heard) -> None:
    """Wait until hearing has taken in what is there, and had the time to act on it."""
    await room.taken_in(hearing)
    for _ in range(4):
        await asyncio.sleep(0.05)

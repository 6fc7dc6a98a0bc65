"""A visit over real sockets that break: it comes back by itself, and what was put or said arrives."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from time import monotonic
from types import SimpleNamespace

import pytest

import client.connection
import client.visit
import client.wire
from client import (
    AudioLostError,
    AwayError,
    Back,
    Change,
    ClosedError,
    GreenroomError,
    LateError,
    Lost,
    Moved,
    RefusedError,
    Visit,
    Whole,
    connect,
)
from rooms import commands as c
from rooms.events import ConsentGiven, UtteranceHeard
from rooms.people import Participant, Role
from rooms.phases import Phase
from rooms.protocol import Accepted, Close, Do, Goodbye, Happened, Refused
from tests.client.toy import ToyRoom
from tests.client.toy_server import MOVE_WITHIN_MS, ToyServer
from tests.waiting import DEADLINE_S, Clock, until


@pytest.fixture
def toy() -> ToyRoom:
    return ToyRoom()


@pytest.fixture
async def server(toy: ToyRoom) -> AsyncIterator[ToyServer]:
    async with ToyServer(toy).running() as server:
        yield server


@asynccontextmanager
async def joined(*servers: ToyServer, role: Role = Role.CANDIDATE, patience_s: float = 20) -> AsyncIterator[Visit]:
    async with AsyncExitStack() as stack:
        greenroom = await stack.enter_async_context(connect(urls=[server.url for server in servers], token="secret"))
        yield await stack.enter_async_context(greenroom.join("r-1", role, patience_s=patience_s))


def refusals(toy: ToyRoom, monkeypatch: pytest.MonkeyPatch) -> list[Refused]:
    """What the room refuses from now on."""
    refused: list[Refused] = []
    do = toy.do

    def noting(wish: Do, who: Participant) -> Accepted | Refused:
        answer = do(wish, who)
        if isinstance(answer, Refused):
            refused.append(answer)
        return answer

    monkeypatch.setattr(toy, "do", noting)
    return refused


async def answering(server: ToyServer, visit: Visit) -> client.Microphone:
    """On to the first answer, microphone open."""
    await visit.do(c.GiveConsent(notice=visit.room.notice))
    microphone = await visit.open_microphone()
    await visit.do(c.StartInterview())
    server.toy.ask()
    server.stir()
    await visit.until(lambda room: room.phase is Phase.ASKING)
    await visit.do(c.BeginAnswer(turn=1))
    return microphone


# --- in a good network ---


async def test_whoever_joins_sees_the_room_at_once(server: ToyServer) -> None:
    async with joined(server) as visit:
        assert visit.room.phase is Phase.LOBBY
        assert visit.you.role is Role.CANDIDATE
        assert visit.connected


async def test_a_command_returns_the_version_at_which_it_stands(server: ToyServer, toy: ToyRoom) -> None:
    async with joined(server) as visit:
        version = await visit.do(c.GiveConsent(notice="2026-11"))
        assert version == len(toy.log)
        await visit.until(lambda room: room.consented)


async def test_a_refusal_is_raised_with_its_code_and_sentence(server: ToyServer) -> None:
    async with joined(server) as visit:
        with pytest.raises(RefusedError) as refused:
            await visit.do(c.StartInterview())
    assert (refused.value.code, refused.value.retry) == ("consent_needed", True)
    assert "consented" in refused.value.sentence


async def test_who_insists_is_heard_when_the_reason_is_gone(
    server: ToyServer, toy: ToyRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = refusals(toy, monkeypatch)
    async with joined(server) as visit:
        insisting = asyncio.create_task(visit.insist(c.StartInterview()))
        await until(lambda: refused)
        await visit.do(c.GiveConsent(notice="2026-11"))
        await insisting
        await visit.until(lambda room: room.phase is not Phase.LOBBY)


async def test_who_insists_is_done_once_although_the_first_answer_was_that_none_came(
    server: ToyServer, toy: ToyRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def do_it_and_say_that_redis_is_away(wish: Do, who: Participant) -> Accepted | Refused:
        monkeypatch.undo()
        toy.do(wish, who)
        return Refused(id=wish.id, code="redis_away", sentence="No answer came.", retry=True)

    async with joined(server) as visit:
        await visit.do(c.GiveConsent(notice="2026-11"))
        monkeypatch.setattr(toy, "do", do_it_and_say_that_redis_is_away)
        version = await visit.insist(c.StartInterview())
        assert version == len(toy.log)  # another wish would be told that the interview has started already


async def test_nobody_insists_on_what_will_never_be_granted(
    server: ToyServer, toy: ToyRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = refusals(toy, monkeypatch)
    async with joined(server) as visit:
        with pytest.raises(RefusedError) as last:
            await visit.insist(c.GiveConsent(notice="1999-01"))
        assert (last.value.code, len(refused)) == ("wrong_notice", 1)
        monkeypatch.setattr(client.visit, "monotonic", lambda: monotonic() + (DEADLINE_S if len(refused) > 2 else 0))
        with pytest.raises(RefusedError) as last:
            await visit.insist(c.StartInterview(), deadline_s=DEADLINE_S)
        assert (last.value.code, len(refused)) == ("consent_needed", 3)


async def test_changes_begin_with_the_room_and_tell_what_happens(server: ToyServer) -> None:
    async with joined(server) as visit:
        changes = visit.changes()
        assert isinstance(await anext(changes), Whole)
        await visit.do(c.GiveConsent(notice="2026-11"))
        change = await anext(changes)
        while not (isinstance(change, Happened) and isinstance(change.event, ConsentGiven)):
            change = await anext(changes)
        await changes.aclose()


async def test_two_readers_each_hear_everything(server: ToyServer) -> None:
    async with joined(server) as visit:
        one, two = visit.changes(), visit.changes()
        await anext(one), await anext(two)
        await visit.do(c.GiveConsent(notice="2026-11"))
        assert await anext(one) == await anext(two)
        await one.aclose()
        await two.aclose()


async def test_who_reads_too_slowly_gets_the_room_whole(
    server: ToyServer, toy: ToyRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client.visit, "CHANGES_LIMIT", 10)
    async with joined(server) as visit:
        changes = visit.changes()
        await anext(changes)
        for n in range(30):
            toy.coach(c.Whisper(text=f"{n}"))
        server.stir()
        await visit.until(lambda room: len(room.whispers) == 30)
        seen: list[Change] = [await anext(changes)]
        while len(seen[-1].room.whispers if isinstance(seen[-1], Whole) else seen) < 20:
            seen.append(await anext(changes))
        assert isinstance(seen[0], Whole)
        assert len(seen) <= 11
        await changes.aclose()


async def test_audio_arrives_whole_and_in_order(server: ToyServer, toy: ToyRoom) -> None:
    async with joined(server) as visit:
        microphone = await answering(server, visit)
        speech = bytes(range(256)) * 500
        await microphone.send(speech)
        await microphone.safe()
        assert b"".join(toy.audio[microphone.stream]) == speech
        assert microphone.through == len(toy.audio[microphone.stream]) - 1


async def test_a_second_microphone_starts_from_0_and_closes_the_first(server: ToyServer, toy: ToyRoom) -> None:
    async with joined(server) as visit:
        first = await answering(server, visit)
        await first.send(bytes(6400))
        second = await visit.open_microphone()
        await second.send(bytes(1280))
        await second.safe()
        assert len(toy.audio[second.stream]) == 1
        with pytest.raises(AudioLostError):
            await first.send(bytes(1280))


async def test_leaving_closes_the_socket_cleanly_and_ends_the_changes(server: ToyServer) -> None:
    async with joined(server) as visit:
        changes = visit.changes()
        await anext(changes)
    assert [change async for change in changes] == []
    await until(lambda: server.left == [1000])
    with pytest.raises(GreenroomError, match="left"):
        await visit.do(c.StartInterview())


# --- in a bad one ---


async def test_a_cut_connection_comes_back_where_it_was(server: ToyServer, toy: ToyRoom) -> None:
    async with joined(server) as visit:
        await visit.do(c.GiveConsent(notice="2026-11"))
        changes = visit.changes()
        await anext(changes)
        cursor = visit.mirror.cursor
        server.cut()
        seen = [await anext(changes), await anext(changes)]
        assert seen == [Lost(1006), Back(seen[1].missed)]
        assert json.loads(server.hellos[-1])["resume"]["version"] == cursor.version
        await visit.do(c.StartInterview())
        assert visit.room == toy.seen_by(Role.CANDIDATE)
        await changes.aclose()


async def test_every_connection_gets_its_own_ticket(server: ToyServer) -> None:
    async with joined(server) as visit:
        server.cut()
        await until(lambda: len(server.hellos) == 2 and visit.connected)
    assert len(set(server.tickets)) == len(server.hellos) == 2


async def test_a_command_whose_answer_was_lost_is_answered_after_the_return(server: ToyServer, toy: ToyRoom) -> None:
    async with joined(server) as visit:
        await answering(server, visit)
        server.before_answer = server.cut
        await visit.do(c.TypeAnswer(turn=1, text="Once."))
    assert [u.text for u in toy.room.turns[0].utterances] == ["Once."]


async def test_what_happened_while_away_is_told(server: ToyServer, toy: ToyRoom) -> None:
    async with joined(server) as visit:
        await answering(server, visit)
        server.cut()
        toy.command(c.TypeAnswer(turn=1, text="From elsewhere."), visit.you)
        room = await visit.until(lambda room: bool(room.turns[0].utterances))
        assert room.turns[0].utterances[0].text == "From elsewhere."


async def test_audio_survives_cuts_in_the_middle_of_speech(server: ToyServer, toy: ToyRoom) -> None:
    speech = b"".join(n.to_bytes(4, "little") for n in range(96_000))  # 12 s
    async with joined(server) as visit:
        microphone = await answering(server, visit)
        third = len(speech) // 3
        for start in range(0, len(speech), third):
            await microphone.send(speech[start : start + third])
            server.cut()
        await microphone.safe()
        assert b"".join(toy.audio[microphone.stream]) == speech


async def test_audio_that_was_dropped_silently_is_sent_again_by_the_clock(
    server: ToyServer, toy: ToyRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client.connection, "STALLED_AFTER_S", 0.1)
    async with joined(server) as visit:
        microphone = await answering(server, visit)
        toy.keeps_audio = False
        await microphone.send(bytes(64_000))
        await until(lambda: visit._talk.due() == [])
        toy.keeps_audio = True
        await microphone.safe()


async def test_a_full_ring_holds_the_speaker_back_until_hearing_catches_up(server: ToyServer, toy: ToyRoom) -> None:
    async with joined(server) as visit:
        microphone = await answering(server, visit)
        toy.keeps_audio = False
        with pytest.raises(LateError, match="behind"):
            await microphone.send(bytes(70 * 32_000), deadline_s=0.2)
        toy.keeps_audio = True
        server.cut()
        await microphone.safe()


async def test_a_worker_that_goes_away_is_left_for_the_next_one(server: ToyServer, toy: ToyRoom) -> None:
    async with ToyServer(toy).running() as other, joined(server, other) as visit:
        assert (len(server.hellos), len(other.hellos)) == (1, 0)
        server.close(Close.GOING_AWAY)
        await until(lambda: len(other.hellos) == 1 and visit.connected)
        assert (server.asked, other.asked) == (1, 1)  # after the first pause, which is the shortest
        assert await visit.do(c.GiveConsent(notice="2026-11"))


async def test_a_moving_worker_is_left_for_the_next_one_within_its_time(
    server: ToyServer, toy: ToyRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(seconds)

    async with ToyServer(toy).running() as other, joined(server, other) as visit:
        monkeypatch.setattr(client.connection, "asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": sleep}))
        server.move()
        await until(lambda: len(other.hellos) == 1)
        (pause,) = (seconds for seconds in pauses if seconds != client.connection.STALLED_AFTER_S / 5)
        assert pause <= client.connection.MOVE_SHARE * MOVE_WITHIN_MS / 1000
        assert await visit.do(c.GiveConsent(notice="2026-11"))
        await until(lambda: server.left == [1000])


async def test_nothing_is_lost_doubled_or_late_over_a_move(server: ToyServer, toy: ToyRoom) -> None:
    spoken: list[bytes] = []
    async with ToyServer(toy).running() as other, joined(server, other) as visit:
        microphone = await answering(server, visit)
        changes = visit.changes()
        await anext(changes)

        async def says_ten_lines() -> None:
            for _ in range(10):
                spoken.append(len(spoken).to_bytes(4, "little") * 1600)
                await microphone.send(spoken[-1])
                await visit.do(c.TypeAnswer(turn=1, text=f"line {len(spoken)}"))
                assert visit.connected

        server.refusal = other.refusal = (503, {"code": "going_away", "sentence": "Restarting.", "retry": True})
        server.move()
        await says_ten_lines()  # answered though there is no other socket yet
        other.refusal = None
        async with asyncio.timeout(DEADLINE_S):
            while not other.hellos:
                await says_ten_lines()
        await says_ten_lines()
        await microphone.safe()
        assert (len(server.hellos), len(other.hellos)) == (1, 1)
        assert b"".join(toy.audio[microphone.stream]) == b"".join(spoken)
        assert [u.text for u in toy.room.turns[0].utterances] == [f"line {n + 1}" for n in range(len(spoken))]
        assert visit.room == toy.seen_by(Role.CANDIDATE)
        seen = [await anext(changes)]
        while not isinstance(seen[-1], Moved):
            seen.append(await anext(changes))
        assert not any(isinstance(change, Lost | Back | Whole) for change in seen)
        await changes.aclose()


async def test_being_taken_over_by_oneself_is_no_news(server: ToyServer, toy: ToyRoom) -> None:
    async with ToyServer(toy).running() as other, joined(server, other) as visit:
        other.one_seat = True
        other._here = server._here  # workers share a room's seats
        changes = visit.changes()
        await anext(changes)
        server.move()
        change = await anext(changes)
        while isinstance(change, Happened):
            change = await anext(changes)
        assert isinstance(change, Moved)
        assert await visit.do(c.GiveConsent(notice="2026-11"))
        await changes.aclose()


async def test_another_device_that_comes_before_the_move_ends_the_visit(server: ToyServer, toy: ToyRoom) -> None:
    async with joined(server) as visit:
        server.refusal = (503, {"code": "redis_away", "sentence": "Not now.", "retry": True})
        server.move()
        await server.take_over()
        with pytest.raises(ClosedError):
            await visit.until(lambda room: room.consented)


async def test_a_second_socket_that_is_not_let_in_leaves_the_first_in_use(server: ToyServer, toy: ToyRoom) -> None:
    async with ToyServer(toy).running() as other, joined(server, other) as visit:
        other.refusal = (503, {"code": "going_away", "sentence": "Restarting.", "retry": True})
        server.refusal = other.refusal
        server.move()
        assert await visit.do(c.GiveConsent(notice="2026-11"))
        await until(lambda: server.asked + other.asked > 4)
        assert visit.connected
        server.refusal = other.refusal = None
        await until(lambda: len(server.hellos) + len(other.hellos) == 2)
        await visit.do(c.StartInterview())


async def test_a_server_that_stands_still_is_left_for_another_within_five_seconds(
    server: ToyServer, toy: ToyRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits: list[Visit] = []
    frozen: list[client.wire.Wire] = []

    def may_pass() -> bool:
        """While each ping is answered; then until nobody waits for an answer any more."""
        if frozen:
            return not frozen[0].given_up
        wire = visits[0]._lifeline._in_use if visits else None
        return wire is not None and not wire.pending_pings

    clock = Clock(may_pass)
    clock.rule(client.wire, monkeypatch)
    async with ToyServer(toy).running() as other, joined(server, other) as visit:
        visits.append(visit)
        await until(lambda: clock.now > 60)  # longer than a silence may last: pings are answered
        assert len(server.hellos) == 1
        server.freeze()
        frozen.append(visit._lifeline._in_use)
        await until(lambda: frozen[0].given_up)
        assert clock.now - frozen[0].heard_at <= 5
        await until(lambda: len(other.hellos) == 1)
        assert await visit.do(c.GiveConsent(notice="2026-11"))


async def test_a_dead_worker_is_left_for_the_next_one(server: ToyServer, toy: ToyRoom) -> None:
    async with ToyServer(toy).running() as other, joined(server, other) as visit:
        await server.stop()
        await visit.do(c.GiveConsent(notice="2026-11"))
        assert len(other.hellos) == 1


async def test_a_worker_that_never_was_there_does_not_keep_anybody_out(server: ToyServer) -> None:
    async with connect(urls=["http://127.0.0.1:9", server.url]) as greenroom, greenroom.join("r-1") as visit:
        assert visit.connected


async def test_a_server_that_says_nothing_is_given_up(
    server: ToyServer, toy: ToyRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client.connection, "WELCOME_DEADLINE_S", 0.2)
    server.silent = True
    async with ToyServer(toy).running() as other, joined(server, other) as visit:
        assert visit.connected


# --- the end ---


async def test_a_room_that_is_refused_is_not_entered(server: ToyServer) -> None:
    server.refusal = (404, {"code": "unknown_room", "sentence": "There is no such room.", "retry": False})
    with pytest.raises(RefusedError) as refused:
        async with joined(server):
            pass
    assert refused.value.code == "unknown_room"


async def test_a_visit_refused_at_the_door_of_the_socket_says_why(server: ToyServer) -> None:
    server.close(Close.REFUSED, Goodbye(code="seat_taken", sentence="Another sits there.", retry=False))
    with pytest.raises(RefusedError) as refused:
        async with joined(server) as visit:
            await visit.do(c.StartInterview())
    assert refused.value.code == "seat_taken"


async def test_another_device_ends_the_visit_for_everybody_who_waits(server: ToyServer) -> None:
    async with joined(server) as visit:
        changes = visit.changes()
        await anext(changes)
        waiting = asyncio.create_task(visit.until(lambda room: room.phase is Phase.CLOSED))
        await asyncio.sleep(0)
        server.close(Close.TAKEN_OVER)
        with pytest.raises(ClosedError) as ended:
            async for _ in changes:
                pass
        assert ended.value.close == Close.TAKEN_OVER
        with pytest.raises(ClosedError):
            await waiting
        with pytest.raises(ClosedError):
            await visit.do(c.StartInterview())


async def test_patience_ends_when_nobody_answers(server: ToyServer) -> None:
    async with joined(server, patience_s=0.5) as visit:
        await server.stop()
        with pytest.raises(AwayError, match="No connection"):
            await visit.do(c.GiveConsent(notice="2026-11"))


async def test_an_answer_that_takes_too_long_is_late_and_the_command_is_still_done(
    server: ToyServer, toy: ToyRoom
) -> None:
    async with joined(server) as visit:
        server.before_answer = lambda: None  # the answer is held back until somebody stirs
        with pytest.raises(LateError, match="may still be done"):
            await visit.do(c.GiveConsent(notice="2026-11"), deadline_s=0.1)
        await until(lambda: server.before_answer is None)  # it has arrived
        server.stir()
        await visit.until(lambda room: room.consented)


async def test_waiting_for_what_never_happens_is_late(server: ToyServer) -> None:
    async with joined(server) as visit:
        with pytest.raises(LateError):
            await visit.until(lambda room: room.phase is Phase.CLOSED, deadline_s=0.05)


async def test_a_fault_in_the_callers_block_is_raised_as_it_is(server: ToyServer) -> None:
    async def clumsy() -> None:
        async with joined(server) as visit:
            await visit.do(c.GiveConsent(notice="2026-11"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await clumsy()


async def test_utterances_reach_a_coach_as_they_are_written(server: ToyServer) -> None:
    async with joined(server) as candidate:
        await answering(server, candidate)
        async with joined(server, role=Role.COACH) as coach:
            changes = coach.changes()
            await anext(changes)
            await candidate.do(c.TypeAnswer(turn=1, text="We tried."))
            change = await anext(changes)
            assert isinstance(change, Happened)
            assert isinstance(change.event, UtteranceHeard)
            await changes.aclose()

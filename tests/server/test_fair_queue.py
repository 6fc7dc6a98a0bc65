"""Who is heard next: laws of the queue over any order of work, and the recogniser that works it off."""

import asyncio
from collections import deque
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.hearing.decoding import Busy, Decoding
from server.hearing.queue import FairQueue

ROOMS = st.sampled_from("abcd")
DEEDS = st.lists(st.tuples(st.sampled_from(["final", "guess", "next"]), ROOMS), max_size=60)

Work = tuple[str, str, int]
"""Kind, room, number."""


@given(DEEDS)
def test_finals_come_first_all_of_them_in_their_rooms_order_and_each_once(deeds: list[tuple[str, str]]) -> None:
    queue, wanted, done = FairQueue[Work](), list[Work](), list[Work]()
    for number, (deed, room) in enumerate(deeds):
        if deed == "final":
            assert queue.put_final(room, ("final", room, number)) == (_waiting(wanted, done, room) < 16)
            wanted += [("final", room, number)] if _waiting(wanted, done, room) < 16 else []
        elif deed == "guess":
            queue.put_guess(room, ("guess", room, number))
        else:
            finals = queue.finals
            for work in queue.next():
                assert (work[0] == "final") == bool(finals)
                done.append(work)
    while work_left := queue.next():
        done += work_left
    finals_done = [work for work in done if work[0] == "final"]
    assert sorted(finals_done) == sorted(wanted)
    for room in "abcd":
        assert [work for work in finals_done if work[1] == room] == [work for work in wanted if work[1] == room]


def _waiting(wanted: list[Work], done: list[Work], room: str) -> int:
    return len([w for w in wanted if w[1] == room]) - len([w for w in done if w[0] == "final" and w[1] == room])


@given(DEEDS)
def test_between_two_passages_of_a_room_every_other_one_that_waits_is_served(deeds: list[tuple[str, str]]) -> None:
    queue, waiting = FairQueue[str](), {room: deque[int]() for room in "abcd"}
    overtaken = {room: dict.fromkeys("abcd", 0) for room in "abcd"}
    for number, (deed, room) in enumerate(deeds):
        if deed != "next":
            if queue.put_final(room, room) and len(waiting[room]) == 0:
                overtaken[room] = dict.fromkeys("abcd", 0)
            waiting[room].append(number)
        for served in queue.next() if deed == "next" else ():
            waiting[served].popleft()
            for other in "abcd":
                if other != served and waiting[other]:
                    overtaken[other][served] += 1
                    assert overtaken[other][served] <= 1
            overtaken[served] = dict.fromkeys("abcd", 0)


@given(DEEDS)
def test_of_guesses_the_newest_of_each_room_is_made_and_no_room_waits_longer_for_guessing_often(
    deeds: list[tuple[str, str]],
) -> None:
    queue, newest, first = FairQueue[Work](), dict[str, Work](), ""
    for number, (deed, room) in enumerate(deeds):
        if deed == "next":
            for work in queue.next():
                assert newest.pop(work[1]) == work
                assert work[1] == first
        else:
            replaced = queue.put_guess(room, ("guess", room, number))
            assert replaced == newest.get(room)
            newest[room] = ("guess", room, number)
        first = next(iter(newest), "")
    assert len(queue) == len(newest)


def test_a_batch_holds_finals_or_guesses_and_of_many_rooms() -> None:
    queue = FairQueue[str]()
    queue.put_guess("a", "a?")
    for work in ("a1", "a2", "a3"):
        queue.put_final("a", work)
    queue.put_final("b", "b1")
    assert queue.next(3) == ["a1", "b1", "a2"]
    assert queue.next(3) == ["a3"]
    assert queue.next(3) == ["a?"]
    assert queue.next(3) == []


# --- the recogniser that works it off ---------------------------------------------------------------------------


class Bench:
    """Decodes when told to, and remembers what it got."""

    def __init__(self) -> None:
        self.seen: list[list[str]] = []
        self.go = asyncio.Semaphore(0)

    async def decode(self, jobs: Sequence[str]) -> Sequence[str]:
        self.seen.append(list(jobs))
        await self.go.acquire()
        if "broken" in jobs:
            raise ZeroDivisionError
        return [job.upper() for job in jobs]


async def test_a_room_that_never_stops_speaking_makes_another_wait_for_one_passage() -> None:
    bench = Bench()
    decoding = Decoding(bench.decode)
    busy = [asyncio.create_task(decoding.final("busy", f"busy {n}")) for n in range(5)]
    await asyncio.sleep(0)
    quiet = asyncio.create_task(decoding.final("quiet", "quiet"))
    guess = decoding.guess("quiet", "old guess")
    decoding.guess("quiet", "new guess")
    for _ in range(7):
        bench.go.release()
    assert await quiet == "QUIET"
    assert await asyncio.gather(*busy) == [f"BUSY {n}" for n in range(5)]
    assert guess.cancelled()
    assert [jobs[0] for jobs in bench.seen[:4]] == ["busy 0", "busy 1", "quiet", "busy 2"]
    await asyncio.sleep(0)
    assert bench.seen[-1] == ["new guess"]


async def test_finals_beyond_what_may_wait_wait_too_and_none_is_lost() -> None:
    bench = Bench()
    decoding = Decoding(bench.decode)
    all_of_them = [asyncio.create_task(decoding.final("a", str(n))) for n in range(40)]
    for _ in range(40):
        bench.go.release()
    assert await asyncio.gather(*all_of_them) == [str(n) for n in range(40)]


async def test_what_nobody_waits_for_is_not_decoded_and_a_failure_stays_its_batchs_own() -> None:
    bench = Bench()
    decoding = Decoding(bench.decode, most=2)
    first = asyncio.create_task(decoding.final("a", "broken"))
    await asyncio.sleep(0)
    left = asyncio.create_task(decoding.final("a", "left"))
    kept = [asyncio.create_task(decoding.final(room, room)) for room in "bc"]
    await asyncio.sleep(0)
    left.cancel()
    for _ in range(3):
        bench.go.release()
    with pytest.raises(ZeroDivisionError):
        await first
    assert await asyncio.gather(*kept) == ["B", "C"]
    assert not any("left" in jobs for jobs in bench.seen)
    assert decoding.idle


async def test_one_that_breaks_a_batch_fails_alone() -> None:
    bench = Bench()
    decoding = Decoding(bench.decode, most=3)
    first = asyncio.create_task(decoding.final("a", "a"))
    await asyncio.sleep(0)
    rest = [asyncio.create_task(decoding.final(room, room)) for room in ("b", "broken", "c")]
    await asyncio.sleep(0)
    for _ in range(5):
        bench.go.release()
    assert await first == "A"
    assert await rest[0] == "B"
    assert await rest[2] == "C"
    with pytest.raises(ZeroDivisionError):
        await rest[1]


def test_busyness_follows_the_work() -> None:
    busy = Busy(lanes=2)
    busy.begun(100.0)
    assert busy.share(200.0) == pytest.approx(0.5, abs=0.01)
    busy.begun(200.0)
    assert busy.share(300.0) == pytest.approx(1.0, abs=0.01)
    busy.ended(300.0)
    busy.ended(300.0)
    assert busy.share(305.0) == pytest.approx(0.5, abs=0.01)
    assert busy.share(400.0) == pytest.approx(0.0, abs=0.01)

"""An outbox in a file: what was put outlives the process that put it, is done once, and does not lie about for ever."""

import asyncio
import os
import shutil
import stat
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from client import GreenroomError, LateError, RefusedError, Unkept, Whole, connect
from client.kept import KeptOutbox, room_of
from rooms import commands as c
from rooms.protocol import Do, Refused
from tests.client.toy import ToyRoom
from tests.client.toy_server import ToyServer
from tests.waiting import DEADLINE_S, until

CONSENT = Do(id="c-1", command=c.GiveConsent(notice="2026-11"))
START = Do(id="c-2", command=c.StartInterview())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.jsonl"


def crashed(kept: KeptOutbox) -> None:
    """The process ends without a word: the system closes its files."""
    os.close(kept._file)


def test_what_was_put_is_there_for_the_next_process_in_order(path: Path) -> None:
    kept = KeptOutbox(path, "r-1")
    for wish in (CONSENT, START):
        kept.put(wish)
    crashed(kept)
    assert KeptOutbox(path, "r-1").wishes == (CONSENT, START)


def test_the_room_of_a_killed_process_is_known_also_when_all_it_put_was_safe(path: Path) -> None:
    assert room_of(path) is None
    kept = KeptOutbox(path, "r-1")
    kept.put(CONSENT)
    kept.gone(CONSENT.id)
    assert room_of(path) == "r-1"
    kept.close(over=False)
    assert room_of(path) is None


def test_what_is_gone_is_gone_for_the_next_process_too(path: Path) -> None:
    kept = KeptOutbox(path, "r-1")
    for wish in (CONSENT, START):
        kept.put(wish)
    kept.gone(CONSENT.id)
    crashed(kept)
    assert KeptOutbox(path, "r-1").wishes == (START,)


def test_a_line_that_was_torn_by_a_crash_is_left_out(path: Path) -> None:
    kept = KeptOutbox(path, "r-1")
    kept.put(CONSENT)
    kept.put(START)
    crashed(kept)
    path.write_bytes(path.read_bytes()[:-20])
    assert KeptOutbox(path, "r-1").wishes == (CONSENT,)


def test_what_is_put_behind_a_torn_line_outlives_the_next_crash(path: Path) -> None:
    kept = KeptOutbox(path, "r-1")
    kept.put(CONSENT)
    kept.put(START)
    crashed(kept)
    path.write_bytes(path.read_bytes()[:-20])
    again = KeptOutbox(path, "r-1")
    again.put(START)
    crashed(again)
    assert KeptOutbox(path, "r-1").wishes == (CONSENT, START)


def test_only_its_owner_may_read_it(path: Path) -> None:
    path.touch(0o644)
    KeptOutbox(path, "r-1")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_is_written_twice_into_a_file_that_empties_itself(path: Path) -> None:
    kept = KeptOutbox(path, "r-1")
    empty = path.stat().st_size
    for _ in range(100):
        kept.put(CONSENT)
        kept.gone(CONSENT.id)
    assert path.stat().st_size == empty
    kept.close(over=False)
    assert not path.exists()


def test_an_outbox_of_another_room_or_in_use_is_not_taken(path: Path) -> None:
    kept = KeptOutbox(path, "r-1")
    kept.put(CONSENT)
    with pytest.raises(GreenroomError, match="in use"):
        KeptOutbox(path, "r-1")
    crashed(kept)
    with pytest.raises(GreenroomError, match="belongs to room r-1"):
        KeptOutbox(path, "r-2")
    with pytest.raises(GreenroomError, match="cannot be opened"):
        KeptOutbox(path / "x", "r-1")


# --- with a visit ---


@pytest.fixture
async def server() -> AsyncIterator[ToyServer]:
    async with ToyServer(ToyRoom()).running() as server:
        yield server


async def killed_in_mid_sentence(server: ToyServer, path: Path, *typed: str) -> Path:
    """A process puts these and is killed before any answer came: what it leaves."""
    left = path.with_suffix(".left")
    async with connect(server.url, token="secret") as greenroom, greenroom.join("r-1", outbox=path) as visit:
        await visit.do(c.GiveConsent(notice="2026-11"))
        await visit.do(c.StartInterview())
        server.toy.ask()
        server.stir()
        await visit.until(lambda room: room.turn is not None)
        for text in typed:
            server.before_answer = lambda: None
            with pytest.raises(LateError):
                await visit.do(c.TypeAnswer(turn=1, text=text), deadline_s=0.1)
            await until(lambda: server.before_answer is None)  # it has arrived
        shutil.copy(path, left)
    return left


def said(server: ToyServer) -> list[str]:
    assert server.toy.room is not None
    return [utterance.text for utterance in server.toy.room.turns[0].utterances]


async def test_what_a_killed_process_had_put_is_done_once_and_in_order(server: ToyServer, path: Path) -> None:
    left = await killed_in_mid_sentence(server, path, "One.", "Two.")
    assert said(server) == ["One.", "Two."]
    server.toy.fail_over(versions=2)  # and Redis with it: the second never was
    assert said(server) == ["One."]
    async with connect(server.url, token="secret") as greenroom, greenroom.join("r-1", outbox=left) as visit:
        await visit.do(c.TypeAnswer(turn=1, text="Three."))
        assert said(server) == ["One.", "Two.", "Three."]
        assert visit.standing.accepted == 5
        server.toy.archive()
        server.stir()
        await visit.until(lambda _: visit.standing.durable == 5)
    assert not left.exists()


async def test_what_is_late_because_the_disk_is_slow_is_sent_all_the_same(
    server: ToyServer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = threading.Event()
    monkeypatch.setattr(KeptOutbox, "sync", lambda _: disk.wait(DEADLINE_S))
    async with connect(server.url, token="secret") as greenroom, greenroom.join("r-1", outbox=path) as visit:
        try:
            with pytest.raises(LateError):
                await visit.do(c.GiveConsent(notice="2026-11"), deadline_s=0.05)
            await visit.until(lambda room: room.consented, DEADLINE_S / 2)
        finally:
            disk.set()


async def test_what_somebody_insists_on_is_kept_also_between_two_tries(server: ToyServer, path: Path) -> None:
    refusal = Refused(id="x", code="redis_away", sentence="Not now.", retry=True)
    toy, do = server.toy, server.toy.do
    toy.do = lambda wish, who: refusal.model_copy(update={"id": wish.id})  # type: ignore[method-assign]
    async with connect(server.url, token="secret") as greenroom, greenroom.join("r-1", outbox=path) as visit:
        with pytest.raises(RefusedError):
            await visit.do(c.GiveConsent(notice="2026-11"))
        assert "give_consent" not in path.read_text()  # nobody puts that again
        insisting = asyncio.create_task(visit.insist(c.GiveConsent(notice="2026-11")))
        await visit.until(lambda _: visit.standing.pending == 0 and "give_consent" in path.read_text())
        toy.do = do  # type: ignore[method-assign]
        await insisting
        assert toy.room is not None
        assert toy.room.consented


async def test_what_is_refused_by_then_is_told_and_forgotten(server: ToyServer, path: Path) -> None:
    left = await killed_in_mid_sentence(server, path, "Too late.")
    server.toy.fail_over(versions=2)
    server.toy.coach(c.EndInterview())
    async with connect(server.url, token="secret") as greenroom, greenroom.join("r-1", outbox=left) as visit:
        await visit.until(lambda _: not visit.standing.pending)
        changes = visit.changes()
        assert isinstance(await anext(changes), Whole)
        told = await anext(changes)
        assert isinstance(told, Unkept)
        assert (told.command, told.refused.code) == (
            c.TypeAnswer(turn=1, text="Too late.", question="Why?"),
            "already_finished",
        )
        await changes.aclose()
        server.toy.archive()
        server.stir()
        await visit.until(lambda _: not visit.standing.accepted)
        assert "Too late" not in left.read_text()
    assert said(server) == []

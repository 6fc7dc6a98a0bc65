"""What the checker breaks things with: each part does what its fault says, and a run goes on where it was."""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as open_server

from client import RefusedError, Visit
from rooms import events as e
from rooms.commands import PersonCommand
from scripts.hardening import history as h
from scripts.hardening.disk import Disk
from scripts.hardening.faults import of_people
from scripts.hardening.faults.at_once import together
from scripts.hardening.faults.fault import Fault
from scripts.hardening.faults.of_people import StuckReader
from scripts.hardening.history import History
from scripts.hardening.lanes import played
from scripts.hardening.page import write
from scripts.hardening.people import LENGTH, PATIENCE_S, Candidate
from scripts.hardening.post import COMES_UP_S, Post
from scripts.hardening.proxy import Proxy
from scripts.hardening.rounds import END_DEADLINE_S
from scripts.hardening.stage import Stage
from scripts.hardening.verdicts import Ledger, Round, Verdict, summary, table
from tests.waiting import DEADLINE_S, until

ROOT = Path(__file__).parents[2]
HELD = Verdict(faults=("web-killed",), seed=1, seconds=9.5, entries=1_200)


# --- a wall clock that jumps ----------------------------------------------------------------------------------


def test_a_process_reads_the_wall_clock_that_it_is_given_and_counts_on_as_before(tmp_path: Path) -> None:
    post = Post("web-1", tmp_path, {"REDIS_URL": "redis://127.0.0.1:1/0", "DATABASE_URL": "sqlite+aiosqlite:///x"})
    post.clock_jumps_to(-3600)
    ask = (
        "import time; from pathlib import Path; from scripts.hardening.clocked import follow; "
        "was = time.time_ns(), time.monotonic_ns(); "
        f"follow(Path({str(tmp_path / 'web-1.clock')!r})); from server.clock import SystemClock; "
        "print((SystemClock().now_ms() - was[0] // 1_000_000) // 1000, (time.monotonic_ns() - was[1]) // 10**10)"
    )
    ran = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, timeout=60)
    jumped, counted = map(int, ran.stdout.split())
    assert -3600 <= jumped < -3500, ran.stderr
    assert counted == 0


# --- faults at once -------------------------------------------------------------------------------------------


class _Breaking(Fault):
    lasts_s = 3.0

    def __init__(self, stage: Stage, chance: random.Random) -> None:
        super().__init__(stage, chance)
        self.done = list[str]()

    async def inject(self) -> None:
        self.into = "somewhere"
        self.done.append("broken")

    async def heal(self) -> None:
        self.done.append("mended")


class _Failing(_Breaking):
    lasts_s = 1.0

    async def heal(self) -> None:
        raise OSError("it cannot be mended")


async def test_faults_at_once_are_each_made_good_also_where_one_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.hardening.faults.at_once.APART_S", (0.0,))
    kind = together([_Breaking, _Failing, _Breaking])
    both = kind(cast(Stage, None), random.Random(1))
    assert kind.lasts_s == 3.0
    await both.inject()
    with pytest.raises(OSError, match="cannot be mended"):
        await both.heal()
    done = [fault.done for fault in cast(Any, both)._faults if not isinstance(fault, _Failing)]
    assert done == [["broken", "mended"]] * 2
    assert both.into == "somewhere somewhere somewhere"


# --- a disk that is full --------------------------------------------------------------------------------------


def test_a_full_disk_takes_nothing_more_until_it_is_freed(tmp_path: Path) -> None:
    if os.geteuid() or (disk := Disk.mounted(tmp_path / "disk", None)) is None:
        pytest.skip("this machine does not let us mount a disk: a full one was NOT tested")
    try:
        (disk.place / "kept").write_bytes(b"x" * 100_000)
        disk.fill()
        with pytest.raises(OSError, match="No space left"):
            (disk.place / "more").write_bytes(b"x" * 10_000)
        disk.free()
        (disk.place / "more").write_bytes(b"x" * 10_000)
    finally:
        disk.close()


# --- a network that fails -------------------------------------------------------------------------------------


@asynccontextmanager
async def proxied(says: bytes) -> AsyncIterator[Proxy]:
    """A proxy before a server that says one thing and closes."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(says)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    proxy = Proxy(server.sockets[0].getsockname()[1])
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()
        server.close()


async def heard(proxy: Proxy) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        return await reader.read()
    finally:
        writer.close()


async def test_a_shut_proxy_resets_who_comes_and_passes_on_again_when_healed() -> None:
    async with proxied(b"hello") as proxy:
        assert await heard(proxy) == b"hello"
        proxy.shut()
        with pytest.raises(ConnectionResetError):
            await heard(proxy)
        proxy.heal()
        assert await heard(proxy) == b"hello"


async def test_a_proxy_that_is_led_elsewhere_leads_there() -> None:
    async with proxied(b"one") as proxy, proxied(b"two") as other:
        proxy.lead_to(other.port)
        assert await heard(proxy) == b"two"


async def test_a_hung_proxy_passes_on_later_what_it_was_given() -> None:
    async with proxied(b"late") as proxy:
        proxy.hang()
        waiting = asyncio.create_task(heard(proxy))
        done, _ = await asyncio.wait([waiting], timeout=0.1)
        assert not done
        proxy.heal()
        assert await waiting == b"late"


# --- packets that are lost --------------------------------------------------------------------------------------

IN_A_NETWORK = """
import socket, sys
from scripts.hardening import network as module
network = module.own_network()
if network is None:
    sys.exit("not allowed")

def joined(host):
    server = socket.create_server((host, 0))
    here = socket.create_connection(server.getsockname())
    there, _ = server.accept()
    return server, here, there

def hears(there, wait_s):
    there.settimeout(wait_s)
    try:
        return there.recv(9).decode()
    except TimeoutError:
        return "nothing"

def may_come(server, wait_s):
    try:
        return bool(socket.create_connection(server.getsockname(), wait_s).close()) or "in"
    except TimeoutError:
        return "waits"

one, other = joined(network.address()), joined("127.0.0.1")
address = one[0].getsockname()[0]
ways = [(lambda: network.lose(address), [one]), (network.down, [one, other])]
if network.isolates:
    print("isolates", file=sys.stderr)
    ways.append((lambda: network.isolate(address), [one]))
for break_it, broken in ways:
    break_it()
    for server, here, there in (one, other):
        here.send(b"late")
        wait_s = 0.2 if (server, here, there) in broken else 30
        print(hears(there, wait_s), may_come(server, wait_s))
    network.heal()
    for server, here, there in broken:
        print(may_come(server, 30), hears(there, 30))
"""


def test_packets_are_lost_without_a_word_and_come_once_the_network_is_healed() -> None:
    """All of them, or those of one address; nobody else of this machine notices, as the network is a run's own."""
    ran = subprocess.run([sys.executable, "-c", IN_A_NETWORK], cwd=ROOT, capture_output=True, text=True, timeout=60)
    if "not allowed" in ran.stderr:
        pytest.skip("this machine does not allow a network of one's own: lost packets were NOT tested")
    one_address, all_of_them = ["nothing waits", "late in", "in late"], ["nothing waits"] * 2 + ["in late"] * 2
    isolated = one_address if "isolates" in ran.stderr else []  # it takes more than the rest
    assert ran.stdout.splitlines() == [*one_address, *all_of_them, *isolated], ran.stderr


def test_where_no_network_of_our_own_is_allowed_none_is_entered() -> None:
    ask = (
        "import os; from scripts.hardening import network\n"
        "def refused(): raise PermissionError\n"
        "network._entered = refused; before = os.readlink('/proc/self/ns/net')\n"
        "print(network.own_network(), os.readlink('/proc/self/ns/net') == before)"
    )
    ran = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ran.stdout.split() == ["None", "True"], ran.stderr


# --- what a run came to ---------------------------------------------------------------------------------------


def test_what_was_played_on_some_code_is_remembered_for_it_alone(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "deep" / "verdicts.jsonl", "abc", "1234")
    ledger.keep(HELD)
    ledger.keep(HELD.model_copy(update={"seed": 2, "broken": ("order_is_kept",)}))
    assert [(kept.seed, kept.broken) for kept in ledger.kept()] == [(1, ()), (2, ("order_is_kept",))]
    assert len(ledger._replace(commit="def").kept()) == 2  # only the docs are other ones
    assert ledger._replace(code="5678").kept() == []
    assert ledger._replace(code="").kept() == []  # it was changed since its commit: nothing is known of it


def test_a_round_that_was_played_again_counts_as_it_came_out_last(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "verdicts.jsonl", "abc", "1234")
    ledger.keep(HELD.model_copy(update={"broken": ("order_is_kept",)}))
    ledger.keep(HELD)
    ledger.keep(HELD.model_copy(update={"voice": True, "broken": ("nothing_is_lost",)}))  # that is another round
    assert [kept.broken for kept in ledger.kept()] == [(), ("nothing_is_lost",)]


BEGINS, ENDS = "<!-- the long run begins -->\n", "<!-- the long run ends -->\n"


def test_a_run_takes_the_place_of_the_one_before_in_its_page(tmp_path: Path) -> None:
    page, run = tmp_path / "PAGE.md", HELD.model_copy(update={"commit": "abc", "at": "2026-11-21 21:25"})
    left_out = HELD.model_copy(update={"faults": ("loopback-down",), "left_out": True})
    page.write_text(f"before\n{BEGINS}**an old run**\n{ENDS}after\n", encoding="utf-8")
    later = run.model_copy(update={"seed": 2, "at": "2026-11-21 22:24"})
    write(page, [run, later, left_out], "scripts/room_hardening --seeds 2")
    text = page.read_text(encoding="utf-8")
    assert text.startswith(
        f"before\n{BEGINS}**2026-11-21 21:25 to 2026-11-21 22:24 UTC, `scripts/room_hardening --seeds 2`** (commit abc"
    )
    assert "| `web-killed` | 1-2 | 2 of 2 |" in text
    assert text.endswith(f"|\n{ENDS}after\n")
    assert text.count("loopback-down") == text.count("NOT DONE") == 1
    assert "an old run" not in text


def test_a_run_on_a_cluster_has_a_place_of_its_own(tmp_path: Path) -> None:
    page, run = tmp_path / "PAGE.md", HELD.model_copy(update={"commit": "abc", "at": "2026-11-21 21:25"})
    places = "<!-- the long run of --cluster begins -->\n<!-- the long run of --cluster ends -->\n"
    page.write_text(f"{BEGINS}**another run**\n{ENDS}{places}after\n", encoding="utf-8")
    write(page, [run], "scripts/room_hardening --cluster", "cluster")
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"{BEGINS}**another run**\n{ENDS}{places.splitlines()[0]}\n**2026-11-21 21:25 to")
    assert text.endswith(f"|\n{places.splitlines()[1]}\nafter\n")


def test_a_page_without_a_place_for_a_run_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "PAGE.md").write_text(f"{BEGINS}no end", encoding="utf-8")
    with pytest.raises(ValueError, match="no place for a run"):
        write(tmp_path / "PAGE.md", [HELD], "")
    assert (tmp_path / "PAGE.md").read_text(encoding="utf-8") == f"{BEGINS}no end"


def test_the_table_says_what_held_and_what_broke() -> None:
    broke = HELD.model_copy(update={"seed": 3, "seconds": 20.0, "waited_s": 7.4, "broken": ("order_is_kept",)})
    lines = table([HELD, HELD.model_copy(update={"seed": 2}), broke, HELD.model_copy(update={"seed": 5})])
    assert lines[2:] == ["| `web-killed` | 1-3, 5 | 3 of 4 | 10 to 20 | 7 | 4,800 | 1 x `order_is_kept` |"]
    assert summary([HELD, broke]).startswith("2 rounds, 1 kinds of fault")


# --- clusters side by side ------------------------------------------------------------------------------------

LANE = """
import json, sys
print("cluster up", flush=True)
for line in sys.stdin:
    one = json.loads(line)
    if one["seed"] == 13:
        sys.exit("this cluster is gone")
    print("a story", flush=True)
    other = {"failed": one["seed"] == 7, "left_out": one["seed"] == 11}
    print(json.dumps({**one, "seconds": 1, "entries": 2, **other}), flush=True)
"""


async def hand_out(seeds: Iterable[int], lanes: int) -> tuple[list[Verdict], list[str]]:
    said: list[str] = []
    rounds = iter([Round(seed=seed, faults=("web-killed",)) for seed in seeds])
    return [verdict async for verdict in played(rounds, lanes, (sys.executable, "-c", LANE), said.append)], said


async def test_rounds_are_handed_out_to_lanes_each_once() -> None:
    verdicts, said = await hand_out(range(1, 6), 2)
    assert sorted(verdict.seed for verdict in verdicts) == [1, 2, 3, 4, 5]
    assert said.count("1| cluster up") == said.count("2| cluster up") == 1
    assert sum("a story" in line for line in said) == 5


async def test_a_cluster_that_never_comes_up_is_no_finding_of_a_round_and_ends_the_run() -> None:
    dead = (sys.executable, "-c", "import sys; sys.exit('no port')")
    rounds = iter([Round(seed=1, faults=("web-killed",))])
    with pytest.raises(ExceptionGroup) as failed:
        _ = [verdict async for verdict in played(rounds, 1, dead, lambda _: None)]
    assert failed.group_contains(RuntimeError, match="did not come up")


async def test_what_a_machine_does_not_let_us_break_is_said_at_the_end_and_the_next_one_played() -> None:
    verdicts, said = await hand_out([1, 11, 2], 1)
    assert [(verdict.seed, verdict.left_out) for verdict in verdicts] == [(1, False), (11, True), (2, False)]
    assert said.count("1| cluster up") == 1
    told = summary(verdicts)
    assert told.startswith("2 rounds, 1 kinds of fault")
    assert told.endswith("0 rounds broken. NOT DONE, as this machine does not let us: web-killed")
    assert "NOT DONE" not in summary(verdicts[:1])


@pytest.mark.parametrize(("seed", "broken"), [(7, ()), (13, ("no_process_breaks",))])
async def test_a_lane_whose_cluster_failed_is_replaced_and_the_others_rounds_are_played(
    seed: int, broken: tuple[str, ...]
) -> None:
    verdicts, said = await hand_out([1, seed, 2], 1)
    assert [(verdict.seed, verdict.failed) for verdict in verdicts] == [(1, False), (seed, True), (2, False)]
    assert verdicts[1].broken == broken
    assert said.count("1| cluster up") == 2


# --- people who never read ------------------------------------------------------------------------------------


async def found(room_said: str, *ends: str) -> list[h.Unread]:
    """What is noted of those who read nothing of servers that end them like this, in a room where this was said."""
    done: list[str] = []

    async def serve(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send("welcome")
        assert connection.request is not None
        match end := connection.request.path.removeprefix("/"):
            case "by-a-ping":
                await connection.close(1011)
            case "without-a-word":
                connection.transport.abort()
            case "never":
                pass
        done.append(end)
        await connection.wait_closed()

    history = History()
    fault = StuckReader(cast(Stage, SimpleNamespace(history=history)), random.Random(1))
    fault.silence_s = 0.0
    async with open_server(serve, "127.0.0.1", 0, close_timeout=0.1) as server:
        port = server.sockets[0].getsockname()[1]
        for number, end in enumerate(ends):
            fault.stuck.append(await fault.comes(f"r-{number}", f"ws://127.0.0.1:{port}/{end}", "ticket"))
            said = e.Whispered(by="owner.coach", text=room_said, at_ms=0)
            history.note(h.Saw(room=f"r-{number}", who="coach", version=1, tag="t", event=said))
        await until(lambda: len(done) == len(ends))
        await fault.settle()
    return [entry for entry in history.entries if isinstance(entry, h.Unread)]


async def test_it_is_noted_how_whoever_never_reads_is_ended_however_little_they_were_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(of_people, "CUT_DEADLINE_S", DEADLINE_S)
    ended = await found("Psst.", "without-a-word", "by-a-ping")
    assert [(each.cut, each.by_ping, each.full) for each in ended] == [(True, False, False), (True, True, False)]
    monkeypatch.setattr(of_people, "CUT_DEADLINE_S", 0.1)
    assert [(each.cut, each.by_ping, each.full) for each in await found("Psst.", "never")] == [(False, False, False)]


async def test_it_is_noted_that_more_was_sent_than_anything_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_people, "ENOUGH_BYTES", 1_000)
    assert [each.full for each in await found("Psst." * 200, "by-a-ping")] == [True]


# --- people ---------------------------------------------------------------------------------------------------


class CutShort(Candidate):
    """A candidate who is told in this turn that the interview is over."""

    def __init__(self, turn: int) -> None:
        self.visit = cast(Visit, SimpleNamespace(room=SimpleNamespace(notice="n", starts_at=None)))
        self.turn, self.saw_the_end = turn, False

    async def do(self, command: PersonCommand) -> None:
        pass

    async def until(self, ready: object, awaited: str, due_in_ms: int = 0) -> Any:
        pass

    async def until_closed(self) -> None:
        self.saw_the_end = True

    async def _answer(self, turn: int) -> None:
        if turn == self.turn:
            raise RefusedError("room_closed", "This interview is over.", retry=False)


async def test_a_candidate_whose_last_answer_met_its_limit_comes_to_the_end_as_everybody() -> None:
    candidate = CutShort(LENGTH)
    await candidate.sit(asyncio.Event())
    assert candidate.saw_the_end


async def test_an_interview_that_is_over_before_its_last_question_is_a_finding() -> None:
    with pytest.raises(RefusedError):
        await CutShort(LENGTH - 1).sit(asyncio.Event())


def test_people_wait_longer_than_what_was_killed_may_take_to_come_up() -> None:
    assert PATIENCE_S > COMES_UP_S + 30
    assert END_DEADLINE_S > PATIENCE_S  # who is stuck says so before the round gives up

"""A room's log against a model of a few lines: whatever is done to it, in any order, both say the same.

What chance comes upon here: the same command again, a stale place, a lower lease, a mark for another log, a snapshot
that lets records go, a log that vanishes or is written anew. More: MODEL_STEPS=200 MODEL_EXAMPLES=500 pytest FILE.
"""

import asyncio
import os
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from rooms import events as e
from rooms.lineage import Place
from rooms.protocol import Cursor
from server.adapters.redis_connection import RedisConnection, room_key
from server.adapters.redis_log import RedisRoomLog
from server.ports import Anew, Appended, Clash, Fenced, Record, RoomLog
from tests.memory_log import MemoryRoomLog
from tests.waiting import PATIENT_MS

T = TypeVar("T")
EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "20"))
STEPS = int(os.environ.get("MODEL_STEPS", "25"))
AT = 1_795_000_000_000
COMMANDS = st.sampled_from([f"c-{number}" for number in range(6)])
BY_THE_CLOCK = 1 << 41
"""What leases are numbered by, as far as it matters here: most that are drawn were taken long before, one after."""
FENCES = st.sampled_from([None, None, 5, 7, 9, BY_THE_CLOCK << 3])


class LogMachine(RuleBasedStateMachine):
    """The model: the records of the log's present life, where each command ended, and four numbers."""

    def __init__(self, log: RoomLog, run: "Runs") -> None:
        super().__init__()
        self.log, self.run = log, run
        self.room = f"r-{uuid4().hex[:12]}"
        self.epoch = ""
        self.records: list[Record] = []
        self.commands: dict[str, Place] = {}
        self.durable = self.fence = self.trimmed = 0
        self.snapshot: bytes | None = None
        self.kept: tuple[list[Record], dict[str, Place]] = [], {}
        """What the database has of a log that vanished."""
        self.past: list[Cursor] = []
        """Every place that the log ever stood at, in any life."""

    # --- the model ---

    @property
    def head(self) -> Cursor | None:
        return self._cursor(len(self.records)) if self.epoch else None

    def _cursor(self, version: int) -> Cursor:
        return Cursor(epoch=self.epoch, version=version, tag=self.records[version - 1].tag if version else "")

    def _took(self, command: str, records: Sequence[Record], fence: int | None) -> None:
        self.records += records
        self.commands[command] = Place(len(self.records), self.records[-1].tag)
        self.fence = max(self.fence, fence or 0)

    # --- what is done ---

    @initialize()
    def open(self) -> None:
        self._append("open", None, 1, None)

    @rule(command=COMMANDS, count=st.integers(0, 3), fence=FENCES, place=st.integers(0, 9))
    def append(self, command: str, count: int, fence: int | None, place: int) -> None:
        """Mostly where the log stands, now and then where it once stood, or as if the room were new."""
        expected = self.head if place < 7 else None if place == 7 else self.past[place % len(self.past)]
        self._append(command, expected, count if self.epoch else 1, fence)

    def _append(self, command: str, expected: Cursor | None, count: int, fence: int | None) -> None:
        before = self.head
        events = [e.Whispered(by="p", text=f"{command}.{n}", at_ms=n) for n in range(count)]
        try:
            done = self.run(self.log.append(self.room, command, expected, AT, events, fence))
        except Fenced:
            assert command not in self.commands
            assert fence is not None
            assert fence < self.fence
            return
        if (known := self.commands.get(command)) is not None:
            assert done == Appended(Cursor(epoch=self.epoch, version=known.version, tag=known.tag), fresh=False)
        elif (fence or 0) and (fence or 0) < self.fence:
            raise AssertionError("a lower fence was let through")
        elif expected != before:
            assert isinstance(done, Clash)
            assert before is None or done.cursor == before
        else:
            assert isinstance(done, Appended)
            assert done.fresh
            self._check_new(before, done.cursor, events, command)
            new = self.run(self.log.read(self.room, len(self.records), 10))
            self.epoch = done.cursor.epoch
            self._took(command, new, fence)
            self.past.append(done.cursor)

    @precondition(lambda self: self.epoch)
    @rule(commands=st.lists(COMMANDS, min_size=1, max_size=3), count=st.integers(0, 2), stale=st.booleans())
    def append_all(self, commands: list[str], count: int, stale: bool) -> None:
        """All of them or none."""
        before = self.head
        assert before is not None
        expected = self.past[0] if stale else before
        wanted = [
            (command, [e.Whispered(by="p", text=f"{command}.{n}", at_ms=n) for n in range(count)])
            for command in commands
        ]
        done = self.run(self.log.append_all(self.room, expected, AT, wanted))
        new = self.run(self.log.read(self.room, len(self.records), 10))
        possible = len(set(commands)) == len(commands) and not self.commands.keys() & set(commands)
        assert (done is not None) == (possible and expected == before)
        assert [record.event for record in new] == [event for _, events in wanted for event in events if done]
        assert list(done.records if done else ()) == list(new)
        if done:
            ends = [new[number * count - 1] if count else before for number in range(1, len(commands) + 1)]
            for command, end in zip(commands, ends, strict=True):
                self.commands[command] = Place(end.version, end.tag)
            self.past += [before.but(version=end.version, tag=end.tag) for end in ends]
            assert done.cursor == self.past[-1]
        self.records += new

    def _check_new(self, before: Cursor | None, now: Cursor, events: Sequence[e.Event], command: str) -> None:
        """What was appended stands behind what was there, in one chain, by this command and in this order."""
        new = self.run(self.log.read(self.room, len(self.records), 10))
        assert [record.event for record in new] == list(events)
        assert {record.command for record in new} <= {command}
        tag = before.tag if before else ""
        for version, record in enumerate(new, len(self.records) + 1):
            assert (record.version, record.before, record.at) == (version, tag, AT)
            tag = record.tag
        assert (now.version, now.tag) == (len(self.records) + len(new), tag)
        assert before is None or now.epoch == before.epoch

    @precondition(lambda self: self.past)
    @rule(place=st.integers(0, 1_000), lies=st.booleans())
    def mark_durable(self, place: int, lies: bool) -> None:
        """Up to a place where the log stands or stood; `lies`: by a tag that it never had there."""
        upto = self.past[place % len(self.past)]
        upto = upto.model_copy(update={"tag": "never"}) if lies else upto
        here = upto.epoch == self.epoch and upto.version <= len(self.records)
        moved = self.run(self.log.mark_durable(self.room, upto))
        if here and not lies and upto.version > max(self.durable, self.trimmed):
            assert moved == (self._cursor(upto.version) == upto)
        elif not here:
            assert not moved
        if moved:
            self.durable = max(self.durable, upto.version)

    @precondition(lambda self: self.past)
    @rule(place=st.integers(0, 1_000), tail=st.integers(0, 4), lies=st.booleans())
    def keep_snapshot(self, place: int, tail: int, lies: bool) -> None:
        """At a place where the log stands or stood; `lies`: by a tag that it never had there."""
        upto = self.past[place % len(self.past)]
        upto = upto.model_copy(update={"tag": "never"}) if lies else upto
        snapshot = f"{upto.version} of {upto.epoch}".encode()
        kept = self.run(self.log.keep_snapshot(self.room, upto, snapshot, tail))
        here = upto.epoch == self.epoch and upto.version <= len(self.records) and self._cursor(upto.version) == upto
        assert kept == (here and (upto.version > self.trimmed or upto.version == len(self.records)))
        if kept:
            self.snapshot = snapshot
            self.trimmed = max(self.trimmed, min(upto.version, self.durable, len(self.records) - tail))

    @precondition(lambda self: self.epoch)
    @rule()
    def vanish(self) -> None:
        """Redis came back empty: with it goes what the log knew, and what it remembered of leases."""
        self.run(self._forget())
        self.kept = self.records, self.commands
        self.records, self.commands = [], {}
        self.epoch, self.snapshot, self.durable, self.fence, self.trimmed = "", None, 0, 0, 0

    async def _forget(self) -> None:
        if isinstance(self.log, MemoryRoomLog):
            self.log.forget(self.room)
        else:
            assert isinstance(self.log, RedisRoomLog)
            names = ("log", "head", "commands", "snapshot")
            await self.log._redis.calls([("DEL", room_key(self.room, name)) for name in names])

    @precondition(lambda self: not self.epoch and self.kept[0])
    @rule(through=st.integers(0, 1_000), more=st.integers(0, 2))
    def restore_afresh(self, through: int, more: int) -> None:
        """From what was kept up to somewhere, and what somebody saw behind it."""
        records, commands = self.kept
        keep = 1 + through % len(records)
        self.records = records[:keep]
        self.commands = {command: at for command, at in commands.items() if at.version <= keep}
        self._restore(None, keep, more, b"anew")

    @precondition(lambda self: self.epoch)
    @rule(more=st.integers(0, 3), place=st.integers(0, 3))
    def restore_again(self, more: int, place: int) -> None:
        """A log that fell behind gets what it lacks; or is not what was seen, and is left alone."""
        seen = self.head if place else self.past[0]
        self._restore(seen, len(self.records), more, None)

    def _restore(self, seen: Cursor | None, at: int, more: int, snapshot: bytes | None) -> None:
        tail = list(self.records)
        for number in range(more):
            event = e.Whispered(by="p", text=f"seen {number}", at_ms=number)
            tail.append(Record(at + number + 1, f"s{at + number + 1}", tail[-1].tag, AT, f"lost-{at + number}", event))
        end = Cursor(epoch=f"anew-{uuid4().hex[:8]}", version=len(tail), tag=tail[-1].tag)
        places = {record.command: Place(record.version, record.tag) for record in tail}
        commands = self.commands | {name: place for name, place in places.items() if name not in self.commands}
        done = self.run(self.log.restore(self.room, seen, Anew(end, at, snapshot, commands, tail[at:])))
        assert done == (seen == self.head)  # both None: there is none, as it was seen
        if done:
            if not self.epoch:
                self.trimmed, self.fence = at, BY_THE_CLOCK  # leases from before are void
            self.epoch, self.records, self.commands, self.durable = end.epoch, tail, commands, at
            self.snapshot = snapshot or self.snapshot
            self.past.append(end)

    # --- what is so at every moment ---

    @invariant()
    def it_stands_where_the_model_stands(self) -> None:
        heads = self.run(self.log.heads([self.room, "r-none"]))
        if not self.epoch:
            assert heads == {}
            return
        assert heads[self.room].cursor == self.head
        assert heads[self.room].durable == self.durable
        assert self.run(self.log.head(self.room)) == self.head
        assert self.run(self.log.snapshot(self.room)) == self.snapshot

    @invariant()
    def it_reads_as_the_model(self) -> None:
        if self.epoch:
            read = list(self.run(self.log.read(self.room, 0, 1_000)))
            assert read == self.records[self.trimmed :]
            behind = max(0, len(self.records) - 2)
            page = list(self.run(self.log.read(self.room, behind, 1)))
            assert page == [record for record in read if record.version > behind][:1]

    @invariant()
    def it_answers_for_every_command_as_the_model(self) -> None:
        if self.epoch:
            for command, at in list(self.commands.items())[-3:]:
                known = Appended(Cursor(epoch=self.epoch, version=at.version, tag=at.tag), fresh=False)
                assert self.run(self.log.check(self.room, command, None)) == known
            assert self.run(self.log.check(self.room, "never", self.head)) is None


class Runs:
    """A loop of our own for what is awaited: hypothesis itself waits for nobody."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner

    def __call__(self, what: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(what)


def check(log: RoomLog, run: Runs) -> None:
    machine = settings(
        max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, derandomize=EXAMPLES == 20,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(lambda: LogMachine(log, run), settings=machine)  # type: ignore[arg-type]


@pytest.mark.timeout(600)
def test_the_log_in_redis_does_as_the_model(redis_url: str) -> None:
    with asyncio.Runner() as runner:
        run, open_ones = Runs(runner), AsyncExitStack()
        redis = run(open_ones.enter_async_context(RedisConnection(redis_url, PATIENT_MS)))
        try:
            check(RedisRoomLog(redis), run)
        finally:
            run(open_ones.aclose())


def test_the_log_in_memory_does_as_the_model() -> None:
    with asyncio.Runner() as runner:
        check(MemoryRoomLog(), Runs(runner))

"""A candidate who types over a network and a server that go wrong in every way that this project knows of.

Drives `client.conversation` against a toy room: connections that break, moves to a second socket, messages that are
lost, doubled or swapped, logs that lose what is not archived, faults in the place of answers, and a client that is
killed and comes back from its outbox. Checks as it goes that nothing accepted is lost, nothing is done twice, and order
is kept. What came in and went out is written down in `trace`, for the browser's client to be held to.
"""

import json
from collections import deque
from collections.abc import Callable
from typing import Any

from client.closing import AfterClose
from client.conversation import Conversation
from client.news import News, Unkept
from rooms import commands as c
from rooms.people import SYSTEM
from rooms.protocol import Close, Do, Happened, Refused, ServerMessage
from rooms.transcript import Source
from tests.client.toy import ADA, ToyRoom

Step = dict[str, Any]


class Line:
    """One connection: what is on its way up, and down."""

    def __init__(self, name: str, down: list[ServerMessage]) -> None:
        self.name, self.down = name, down
        self.up: deque[str | bytes] = deque()


class Troubled:
    """The candidate, the room, and what is between them."""

    def __init__(self) -> None:
        self.toy = ToyRoom()
        self.talk = Conversation(new_id=self._id)
        self.line: Line | None = None
        self.second: Line | None = None
        self.puts: dict[str, c.TypeAnswer] = {}
        """What was typed, by id, in order."""
        self.refused: set[str] = set()
        self.safe: set[str] = set()
        """Ids that were accepted at a version that is in the archive."""
        self.trace: list[Step] = []
        self._ids = self._lines = 0
        for command in (c.GiveConsent(notice="2026-11"), c.StartInterview()):
            self.toy.command(c.Join(participant=ADA, connection="s-0", worker="w"), SYSTEM)
            self.toy.command(command, ADA)
        self.toy.ask()
        self.toy.command(c.BeginAnswer(turn=1), ADA)
        self.toy.archive()

    def _id(self) -> str:
        self._ids += 1
        return f"c-{self._ids}"

    # --- the candidate ---

    def type(self) -> None:
        if len(self.talk.unanswered) >= 30:
            return
        id = self._id()
        command = c.TypeAnswer(turn=1, text=f"line {id}")
        self.puts[id] = command
        self.talk.put(command, id)
        self._note({"in": "wish", "id": id, "command": command.model_dump(mode="json")})

    def killed_and_restored(self) -> None:
        """The client dies; another one starts from what it kept."""
        kept = [wish.message for wish in self.talk._outbox]
        self._hang_up_all()
        self.talk = Conversation(new_id=self._id, kept=kept)
        self._note({"in": "killed", "kept": [message.model_dump(mode="json") for message in kept]})

    # --- the network ---

    def come_back(self) -> None:
        if self.line is None:
            hello = self.talk.hello("ticket")
            self.line = self._connected(hello)
            self._note({"in": "opened", "second": False, "hello": _said(hello)})

    def drop(self, code: int) -> None:
        if self.line is None:
            return
        if self.second is not None:  # with a second socket on its way, the first one's end is none (Lifeline)
            self._hang_up(self.line)
            self.line, self.second = None, None
            self.talk.dropped(1006)
            self._note({"in": "closed_both"})
            return
        self._hang_up(self.line)
        self.line = None
        assert self.talk.dropped(code) is not AfterClose.STAY_AWAY
        self._note({"in": "closed", "code": code})

    def arrive_up(self, messages: int) -> None:
        if self.line is not None:
            self._serve(self.line, messages)

    def arrive_down(self, messages: int) -> None:
        for _ in range(messages):
            if self.line is None or not self.line.down:
                return
            self._take(self.line.down.pop(0))

    def lose_one(self) -> None:
        self._spoil(lambda facts, at: facts.pop(at))

    def double_one(self) -> None:
        self._spoil(lambda facts, at: facts.insert(at, facts[at]))

    def swap_two(self) -> None:
        self._spoil(lambda facts, at: facts.insert(at, facts.pop(at + 1)) if at + 1 < len(facts) else None)

    def _spoil(self, how: Callable[[list[ServerMessage], int], object]) -> None:
        """Do something to the first fact that is on its way and is not part of a welcome's story."""
        if self.line is None or self.talk.mirror.owed or not self.talk.live:
            return
        if self.line.down and isinstance(self.line.down[0], Happened):
            how(self.line.down, 0)

    # --- a worker that goes away ---

    def open_second(self) -> None:
        if self.line is not None and self.talk.live and self.second is None:
            hello = self.talk.hello("ticket")
            self.second = self._connected(hello)
            self._note({"in": "opened", "second": True, "hello": _said(hello)})

    def second_welcomes(self, still: int) -> None:
        """It takes the place of the first, of whose messages to the server some still arrive."""
        if self.second is None or self.line is None:
            return
        old, self.line, self.second = self.line, self.second, None
        message = self.line.down.pop(0)
        news = self.talk.taken_in(message.model_dump_json())
        assert news is not None
        self._note({"in": "message", "second": True, "message": message.model_dump(mode="json")})
        self._left(news)
        self._serve(old, still)
        self._hang_up(old)

    # --- the room and its log ---

    def coach_writes(self, seen: bool) -> None:
        self.toy.coach(c.Whisper(text="Slower") if seen else c.TakeNote(text="hm"))

    def pause_or_go_on(self) -> None:
        assert self.toy.room is not None
        self.toy.coach(c.ResumeInterview() if self.toy.room.paused else c.PauseInterview())

    def archive(self, versions: int) -> None:
        self.toy.archive(versions)

    def fail_over(self, versions: int) -> None:
        """Redis loses what is newest; what is archived comes back. Everybody is sent off to come back."""
        here, moving = self.line is not None, self.second is not None
        self._hang_up_all(forget=True)
        self.toy.fail_over(versions)
        if here and moving:
            self.talk.dropped(1006)
            self._note({"in": "closed_both"})
        elif here:
            self.talk.dropped(Close.LOST_TRACK)
            self._note({"in": "closed", "code": int(Close.LOST_TRACK)})

    def fault(self, done: bool) -> None:
        """What is offered again meets a fault in the place of its answer, whether it was done or not."""
        if self.line is None or not self.line.up:
            return
        wish = Do.model_validate_json(self.line.up[0])
        ours = self.talk._outbox.get(wish.id)
        if ours is None or not ours.again:
            return
        # Everything behind it meets the same: one Redis is away for all.
        for text in list(self.line.up):
            message = Do.model_validate_json(text)
            again = self.talk._outbox.get(message.id)
            if again is None or not again.again:
                return
            self.line.up.popleft()
            if done:
                self.toy.do(message, ADA)
            self.line.down.append(Refused(id=message.id, code="redis_away", sentence="Not now.", retry=True))

    def second_passes(self) -> None:
        if self.talk.live:
            self.talk.offer_held()
            self._note({"in": "tick"})

    # --- inside ---

    def _connected(self, hello: str) -> Line:
        self._lines += 1
        name = f"s-{self._lines}"
        return Line(name, self.toy.connect(name, hello, ADA))

    def _serve(self, line: Line, messages: int) -> None:
        for _ in range(min(messages, len(line.up))):
            if line.name in self.toy.connected:
                self.toy.receive(line.name, line.up.popleft())

    def _hang_up(self, line: Line) -> None:
        if line.name in self.toy.connected:
            self.toy.hang_up(line.name)

    def _hang_up_all(self, forget: bool = False) -> None:
        for line in (self.line, self.second):
            if line is not None and not forget:
                self._hang_up(line)
        self.line = self.second = None

    def _take(self, message: ServerMessage) -> None:
        news = self.talk.receive(message.model_dump_json())
        assert self.talk.over is None, self.talk.over
        self._note({"in": "message", "second": False, "message": message.model_dump(mode="json")})
        self._left(news)

    def _left(self, news: News) -> None:
        """What a message led to."""
        unkept = [change for change in news.changes if isinstance(change, Unkept)]
        for answer in [news.answer, *(change.refused for change in unkept)]:
            if isinstance(answer, Refused) and answer.id is not None:
                assert answer.code == "paused", answer
                self.refused.add(answer.id)
        if news.leave is not None:
            self._hang_up_all()
            self.talk.dropped(1000)
            self._note({"in": "left"})

    def _note(self, step: Step) -> None:
        said = [json.loads(message)["id"] for message in self._say()]
        cursor, standing = self.talk.mirror.cursor, self.talk.standing
        self.trace.append(
            step
            | {
                "says": said,
                "cursor": cursor.model_dump() if cursor else None,
                "standing": [standing.pending, standing.accepted, standing.durable],
            }
        )

    def _say(self) -> list[str]:
        """Whatever is due goes out at once."""
        out = [str(message) for message in self.talk.due(1_000)]
        if self.line is not None:
            self.line.up.extend(out)
        return out

    # --- the laws ---

    def typed(self) -> list[str]:
        assert self.toy.room is not None
        return [u.text for u in self.toy.room.turns[0].utterances if u.source is Source.TYPED]

    def check(self) -> None:
        """What holds at every moment."""
        typed = self.typed()
        assert len(set(typed)) == len(typed), "something was done twice"
        order = [command.text for command in self.puts.values()]
        assert typed == sorted(typed, key=order.index), "order is not kept"
        kept = {wish.message.id for wish in self.talk._outbox}
        for id in self.puts.keys() - kept - self.refused:
            assert self.toy.done.get(id, 1 << 30) <= self.toy.durable, f"{id} is let go and not safe"

    def settle(self) -> None:
        """A good network for as long as it takes."""
        self.coach_writes(True)  # a fact that was lost shows at the next one
        for _ in range(200):
            if self.second is not None:
                self.second_welcomes(0)
            self.come_back()
            self.arrive_up(1_000)
            self.arrive_down(1_000)
            self.second_passes()
            if self.line is not None and not self.line.up and not self.line.down and not self.talk.unanswered:
                break
        self.check()
        assert self.talk.unanswered == ()
        assert self.typed() == [command.text for id, command in self.puts.items() if id not in self.refused]
        self.toy.archive()
        self.arrive_down(10)
        assert self.talk.standing[:2] == (0, 0)
        assert self.talk.mirror.room == self.toy.seen_by(ADA.role)
        assert self.talk.mirror.cursor is not None
        assert self.toy.reset_reason(self.talk.mirror.cursor) is None


def _said(hello: str) -> Any:
    return json.loads(hello)["resume"]

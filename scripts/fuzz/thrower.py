"""Somebody who came into a room properly and then throws, and what is noted of the answers.

Decides how texts are thrown and what an answer must be like: a code of the one table with its sentence, the id of what
it answers, the same code each time, nothing of what was planted in other rooms and for other roles.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from pydantic import ValidationError

from rooms.protocol import SERVER_MESSAGE, VERSION, Hello
from scripts.bench.sockets import BINARY, Socket, frame
from scripts.fuzz.frames import frame as silence
from scripts.fuzz.messages import Bad, is_answered, understood
from server.errors import TABLE
from server.seat import MISTAKES

ANSWER_S: Final = 20.0
FORGIVEN: Final = MISTAKES - 1
"""Texts that a socket may throw of which none can be read."""
FENCES: Final[Mapping[str, str]] = {"candidate": "take_over", "coach": "start_interview", "observer": "start_interview"}
"""A command that each role is always refused, and whose answer therefore says that all before it was answered."""
COMPLAINTS: Final = frozenset({"frame_invalid", "no_microphone", "not_your_role"})
_numbers = count()


@dataclass
class Notes:
    """What was seen, of all who threw."""

    codes: Counter[str] = field(default_factory=Counter)
    """How often each code was the answer."""
    faults: list[str] = field(default_factory=list)
    """What must not be: each in a sentence. The first hundred."""
    planted: tuple[bytes, ...] = ()
    """Words that were said elsewhere: nobody who throws may hear them."""
    thrown: int = 0
    _codes: dict[tuple[str, str], str] = field(default_factory=dict)

    def fault(self, sentence: str) -> None:
        if len(self.faults) < 100:
            self.faults.append(sentence)

    def answered(self, where: str, name: str, code: str) -> None:
        """A text got its answer. `where`: room, role and phase, within which it must be the same each time."""
        self.codes[code] += 1
        if code == "internal" or code not in {*TABLE, "accepted", "pong"}:
            self.fault(f"{where}: {name} is answered with {code}")
        before = self._codes.setdefault((where, name), code)
        if before != code and "accepted" not in (before, code):
            self.fault(f"{where}: {name} is answered with {code}, and was with {before}")


class NotLetInError(Exception):
    """With the code of the goodbye."""


class Thrower:
    """One socket."""

    def __init__(self, notes: Notes, role: str, where: str) -> None:
        self._notes, self._role, self._where = notes, role, where
        self._answers: list[dict[str, Any]] = []
        self._fence, self._fenced = "", asyncio.Event()
        self._safe, self._again, self._news = -1, False, asyncio.Event()
        self.welcome: dict[str, Any] = {}
        self.goodbye = ""
        self.socket: Socket

    async def enter(self, port: int, room: str, ticket: str) -> None:
        """Come in, or NotLetInError."""
        self.socket = await Socket.connect(port, f"/rooms/{room}/socket", self._heard)
        self.say(json.dumps({"type": "hello", "protocol": VERSION, "ticket": ticket}))
        await self._until_fenced()
        if not self.welcome:
            raise NotLetInError(self.goodbye)

    async def begin_with(self, port: int, room: str, bad: Bad) -> str:
        """Say this instead of a hello; gives the code of the goodbye."""
        self.socket = await Socket.connect(port, f"/rooms/{room}/socket", self._heard)
        self.say(bad.text)
        self._notes.thrown += 1
        await self._until_fenced()
        self.leave()
        return self.goodbye

    def say(self, text: str) -> None:
        self.socket.send(text.encode())

    async def do(self, command: Mapping[str, Any]) -> str:
        """The code that answers a command."""
        return (await self.throw([wish(command)]))[0]

    async def throw(self, texts: Sequence[Bad]) -> list[str]:
        """The codes that answer these texts, in order. Notes whatever is not as it must be."""
        self._answers.clear()
        for bad in texts:
            self.say(bad.text)
        self._notes.thrown += len(texts)
        await self.catch_up()
        awaited = [bad for bad in texts if is_answered(bad.text)]
        if len(awaited) != len(self._answers):
            self._notes.fault(f"{self._where}: {len(awaited)} texts got {len(self._answers)} answers: {texts[0].name}")
        codes = []
        for bad, answer in zip(awaited, self._answers, strict=False):
            codes.append(self._judged(bad, answer))
            self._notes.answered(self._where, bad.name, codes[-1])
        return codes

    async def throw_frames(self, messages: Sequence[bytes]) -> None:
        """Binary messages, each a frame or none. A complaint comes once, however many there are."""
        self._answers.clear()
        self.socket.transport.write(b"".join(frame(BINARY, message) for message in messages))
        self._notes.thrown += len(messages)
        await self.catch_up()
        for answer in self._answers:
            self._notes.codes[answer["code"]] += 1
            if answer["id"] is not None or answer["code"] not in COMPLAINTS:
                self._notes.fault(f"{self._where}: a frame is answered with {answer}")

    async def catch_up(self) -> None:
        """Wait until all that was sent is answered."""
        self._fence = f"fence-{next(_numbers)}"
        self._fenced.clear()
        self.say(json.dumps({"type": "do", "id": self._fence, "command": {"kind": FENCES[self._role]}}))
        await self._until_fenced()
        if self.goodbye or self.socket.closed.is_set():
            raise ConnectionError(f"{self._where}: sent away with {self.goodbye} {self.socket.code}")

    async def _until_fenced(self) -> None:
        """Or until there is nothing more to come."""
        waits = [asyncio.ensure_future(event.wait()) for event in (self._fenced, self.socket.closed)]
        try:
            done, _ = await asyncio.wait(waits, timeout=ANSWER_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if not done:
            raise TimeoutError(f"{self._where}: no answer within {ANSWER_S:.0f} s")

    async def speak(self, count: int) -> int:
        """So many right frames, sent again from where that is asked for; gives up to where all are safe."""
        self._again = True
        async with asyncio.timeout(ANSWER_S):
            while self._safe < count - 1:
                if self._again:
                    self._again = False
                    await self.throw_frames([silence(seq) for seq in range(self._safe + 1, count)])
                elif not self._news.is_set():
                    await self._news.wait()
                self._news.clear()
        return self._safe

    def leave(self) -> None:
        self.socket.close()

    def _judged(self, bad: Bad, answer: dict[str, Any]) -> str:
        if answer["type"] != "refused":
            return str(answer["type"])
        code = str(answer["code"])
        problem = TABLE.get(code)
        if problem and (answer["sentence"], answer["retry"]) != (problem.sentence, problem.retry):
            self._notes.fault(f"{self._where}: {code} has another sentence than the table")
        if (code == "message_invalid") != isinstance(understood(bad.text), Hello | None):
            self._notes.fault(f"{self._where}: {bad.name} is answered with {code}")
        return code

    def _heard(self, message: bytes) -> None:
        if any(word in message for word in self._notes.planted):
            self._notes.fault(f"{self._where}: hears what was planted elsewhere")
        if message.startswith((b'{"type":"event"', b'{"type":"telling"')):
            return
        try:
            SERVER_MESSAGE.validate_json(message)
        except ValidationError as wrong:
            self._notes.fault(f"{self._where}: hears what the protocol does not have: {wrong.error_count()} errors")
        said = json.loads(message)
        match said["type"]:
            case "welcome":
                self.welcome = said
                self._fenced.set()
            case "accepted" | "refused" if said["id"] == self._fence:
                self._fenced.set()
            case "accepted" | "refused" | "pong":
                self._answers.append(said)
            case "audio_safe":
                self._safe = max(self._safe, -1 if said["through"] is None else said["through"])
                self._again |= said["again"]
                self._news.set()
            case "goodbye":
                self.goodbye = said["code"]
                self._notes.codes[f"goodbye {said['code']}"] += 1
                if said["code"] not in TABLE or said["code"] == "internal":
                    self._notes.fault(f"{self._where}: is sent away with {said['code']}")
                self._fenced.set()


def wish(command: Mapping[str, Any], name: str = "") -> Bad:
    """A command with a new id."""
    said = {"type": "do", "id": f"fuzz-{next(_numbers)}", "command": command}
    return Bad(name or json.dumps(command), json.dumps(said))

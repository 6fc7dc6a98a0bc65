"""Greenroom's HTTP side for programs: open rooms, get tickets, read reports, over one or more addresses.

Decides which address is asked and when the next one is; never what is sent on a room's socket (`client.visit`).
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from client.connection import LOOPBACK, Entry
from client.errors import AwayError, GreenroomError, LateError, RefusedError
from client.kept import KeptOutbox
from client.visit import Visit, visiting
from rooms.events import Mode, Profile, Seniority
from rooms.people import Participant, Role
from rooms.protocol import Happened

DEFAULT_URL = "http://127.0.0.1:8000"
REQUEST_DEADLINE_S = 10.0
KEPT_S = 2.0
"""How long an unused connection is kept: less than servers and balancers keep theirs (5 s and more), so that no
request goes out on one that is just being closed."""
REPORT_DEADLINE_S = 120.0
PATIENCE_S = 60.0


class Reply(BaseModel):
    """A reply's body. Fields that this release does not know are left aside: HTTP replies may grow."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class OpenedRoom(Reply):
    """A new room. `url` is the candidate's page; a coach's is `url` + "/coach"."""

    room: str
    url: str


class RoomCard(Reply):
    """A room in short. `roles`: which ones you may take."""

    room: str
    mode: Mode
    length: int
    phase: str
    stage: str = ""
    starts_at: int | None = None
    """Milliseconds since 1970, UTC."""
    roles: tuple[Role, ...] = ()


class Ticket(Reply):
    """Lets one person into one room, once, within `expires_in_s` seconds. `socket` is a path."""

    ticket: str
    expires_in_s: float
    socket: str
    participant: Participant


class History(Reply):
    """A page of what happened."""

    events: tuple[Happened, ...]
    through: int
    more: bool


class Notice(Reply):
    """What a candidate consents to."""

    version: str
    title: str
    paragraphs: tuple[str, ...] = ()
    points: tuple[str, ...] = ()


R = TypeVar("R", bound=Reply)


@asynccontextmanager
async def connect(
    url: str | None = None, *, urls: Sequence[str] = (), token: str | None = None
) -> AsyncIterator["Greenroom"]:
    """A Greenroom to talk to.

    `urls` names several web workers of one Greenroom where no balancer stands before them: when one is dead, the
    next is asked. `token` is the sign-in token, or whatever the server takes as a bearer token.
    """
    bases = [base.rstrip("/") for base in (urls or [url or DEFAULT_URL])]
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    outside = not all(urlsplit(base).hostname in LOOPBACK for base in bases)
    timeout = httpx.Timeout(REQUEST_DEADLINE_S, connect=3.0)
    kept, trusted = httpx.Limits(keepalive_expiry=KEPT_S), _trusted(outside)
    async with httpx.AsyncClient(
        headers=headers, timeout=timeout, limits=kept, trust_env=outside, verify=trusted
    ) as http:
        yield Greenroom(http, bases)


@cache
def _trusted(outside: bool) -> ssl.SSLContext:
    """Whom to trust over TLS, read once: each reading takes 20 ms, and a program may have many connections."""
    return httpx.create_ssl_context(trust_env=outside)


class Greenroom:
    """One Greenroom. Make one with `connect`."""

    def __init__(self, http: httpx.AsyncClient, bases: Sequence[str]) -> None:
        self._http = http
        self._bases = tuple(bases)
        self._at = 0

    @property
    def base(self) -> str:
        """The address in use."""
        return self._bases[self._at % len(self._bases)]

    def next_base(self) -> None:
        """Leave the address in use: it is dead or going away."""
        self._at += 1

    # --- rooms ---

    async def open_room(
        self,
        mode: Mode | str,
        length: int = 3,
        *,
        starts_at: int | None = None,
        profile: Profile | str | None = None,
        seniority: Seniority | str | None = None,
        terms: Sequence[str] = (),
    ) -> OpenedRoom:
        """Open a room for an interview of `length` questions, 3 to 10, to begin at `starts_at` (ms since 1970).

        `profile`: how patient hearing is with silences ("interview" or "rapid"); None: as the server is set.
        `seniority`: the level it is for ("junior", "mid", "senior"), which decides the weights that mark it.
        `terms`: names and terms that may be said, at most 50 of 40 characters: they help to recognise them.
        """
        wanted = {
            "starts_at": starts_at,
            "profile": profile and str(profile),
            "seniority": seniority and str(seniority),
            "terms": list(terms) or None,
        }
        body = {"mode": str(mode), "length": length} | {name: what for name, what in wanted.items() if what is not None}
        opened = _read(OpenedRoom, await self._ask("POST", "/api/rooms", body))
        return opened.model_copy(update={"url": self.address(opened.url)})

    async def room(self, room: str) -> RoomCard:
        return _read(RoomCard, await self._ask("GET", f"/api/rooms/{room}"))

    async def notice(self) -> Notice:
        return _read(Notice, await self._ask("GET", "/api/notice"))

    async def invite(self, room: str, role: Role | str) -> str:
        """A link that lets a guest into this room in this role."""
        reply = await self._ask("POST", f"/api/rooms/{room}/invitations", {"role": str(role)})
        return self.address(str(reply["url"]))

    async def ticket(self, room: str, role: Role | str, name: str | None = None) -> Ticket:
        """A ticket for one connection. `join` gets its own."""
        body = {"role": str(role)} | ({"name": name} if name else {})
        return _read(Ticket, await self._ask("POST", f"/api/rooms/{room}/tickets", body, again=True))

    @asynccontextmanager
    async def join(
        self,
        room: str | OpenedRoom,
        role: Role | str = Role.CANDIDATE,
        *,
        name: str | None = None,
        patience_s: float = PATIENCE_S,
        outbox: str | Path | None = None,
        takeover: bool = True,
    ) -> AsyncIterator[Visit]:
        """Be in a room until the block ends, over as many connections as it takes.

        Without a connection for `patience_s` seconds the visit is over and its calls raise AwayError. With a file as
        `outbox`, what was put and is not durable outlives this process: who joins with it again offers it again.
        A candidate who is here on another device takes over from it, or is refused where `takeover` is false.
        """
        id = room if isinstance(room, str) else room.room
        kept = KeptOutbox(Path(outbox), id) if outbox is not None else None
        async with visiting(_RoomDoor(self, id, role, name), patience_s, kept, takeover=takeover) as visit:
            yield visit

    async def history(self, room: str, role: Role | str | None = None) -> AsyncIterator[Happened]:
        """All that happened in a room so far, in order, as a role sees it (without one: as you see most)."""
        after, more = 0, True
        while more:
            as_role = f"&role={role}" if role else ""
            page = _read(History, await self._ask("GET", f"/api/rooms/{room}/events?after={after}{as_role}"))
            for fact in page.events:
                yield fact
            after, more = page.through, page.more

    async def erase(self, room: str) -> None:
        """Forget a room whose interview is over, with its report. Only its owner may, and it cannot be undone."""
        await self._ask("DELETE", f"/api/rooms/{room}", again=True)

    # --- reports ---

    async def report(self, room: str) -> dict[str, Any]:
        """A closed room's report as the server keeps it (GET /api/reports/{room}); refused while it is written."""
        return await self._ask("GET", f"/api/reports/{room}")

    async def wait_for_report(self, room: str, deadline_s: float = REPORT_DEADLINE_S) -> dict[str, Any]:
        """The report, as soon as it is written."""
        end, pause_s = monotonic() + deadline_s, 0.2
        while True:
            try:
                return await self.report(room)
            except RefusedError as refused:
                if not refused.retry:
                    raise
                why = refused.sentence
            except AwayError as away:
                why = away.sentence
            if monotonic() + pause_s > end:
                raise LateError(f"No report within {deadline_s:.0f} seconds: {why} See {self.report_page(room)} later.")
            await asyncio.sleep(pause_s)
            pause_s = min(2.0, pause_s * 1.5)

    # --- weights ---

    async def weights(self, version: str | None = None) -> dict[str, Any]:
        """The weights that this server has, what is in use, and every change of that; or the figures of one version."""
        return await self._ask("GET", f"/api/weights/{version}" if version else "/api/weights")

    async def calibration(self) -> dict[str, Any]:
        """What coaches' blind ratings say about the newest weights, and new ones where they are better."""
        return await self._ask("GET", "/api/calibration")

    async def activate_weights(
        self,
        version: str,
        reason: str,
        *,
        mode: Mode | str | None = None,
        seniority: Seniority | str | None = None,
        despite_drift: bool = False,
    ) -> dict[str, Any]:
        """Put weights into use for rooms that are opened from now on. Kept with your name and the reason."""
        body = {"version": version, "reason": reason, "despite_drift": despite_drift}
        body |= {"mode": mode and str(mode), "seniority": seniority and str(seniority)}
        return await self._ask("POST", "/api/weights/activations", body)

    async def rescored(self, room: str, weights: str) -> dict[str, Any]:
        """A room's answers with other weights, beside what they were given. Nothing is changed."""
        return await self._ask("GET", f"/api/rooms/{room}/rescored?weights={weights}")

    async def fairness(self, rows: Sequence[Mapping[str, Any]], cut: float, reference: str | None) -> dict[str, Any]:
        """Whether declared groups fare alike in my interviews: rows of room, group, candidate, word_error."""
        return await self._ask("POST", "/api/fairness", {"rows": list(rows), "cut": cut, "reference": reference})

    def report_page(self, room: str) -> str:
        """Where a person reads the report."""
        return self.address(f"/reports/{room}")

    def address(self, path: str) -> str:
        """A path of this Greenroom as a whole address."""
        return path if "://" in path else f"{self.base}{path}"

    # --- asking ---

    async def _ask(self, method: str, path: str, body: object = None, *, again: bool = False) -> dict[str, Any]:
        """One request: to the next address when one is dead, each at most once.

        A GET, or what may be done `again`, is also sent anew when the connection broke after it was sent: once to the
        same address, as a worker may have closed a connection that it kept, then to the next ones.
        """
        why: Exception | None = None
        untried, spare = len(self._bases), True
        while untried:
            try:
                return _reply(await self._http.request(method, self.base + path, json=body))
            except httpx.TransportError as error:
                why = error
                unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                if not unsent and not again and method != "GET":
                    break
                if spare and isinstance(error, httpx.ReadError | httpx.RemoteProtocolError):
                    spare = False
                    continue
            except _WorkerAwayError as away:
                why = away
            untried -= 1
            self.next_base()
        if isinstance(why, _WorkerAwayError) and why.refused:
            raise why.refused
        where = " or ".join(self._bases)
        sentence = f"Greenroom does not answer at {where}. Start it with `greenroom serve`, or check --url."
        raise AwayError(sentence) from why


class _RoomDoor:
    """Leads one person into one room: with a return ticket where there is one, else with a new ticket."""

    def __init__(self, greenroom: Greenroom, room: str, role: Role | str, name: str | None) -> None:
        self._greenroom, self._room, self._role, self._name = greenroom, room, role, name
        self._socket = ""

    async def enter(self, return_ticket: str | None = None) -> Entry:
        if return_ticket is None:
            ticket = await self._greenroom.ticket(self._room, self._role, self._name)
            self._socket, return_ticket = ticket.socket, ticket.ticket
        return Entry(_socket_address(self._greenroom.base, self._socket), return_ticket)

    def elsewhere(self) -> None:
        self._greenroom.next_base()


class _WorkerAwayError(Exception):
    """A gateway or a draining worker answered in the place of Greenroom."""

    def __init__(self, refused: RefusedError | None) -> None:
        super().__init__(refused.sentence if refused else "bad gateway")
        self.refused = refused


def _reply(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        body = None
    if response.is_success and isinstance(body, dict):
        return body
    if response.status_code == 204:
        return {}
    refused = None
    if isinstance(body, dict) and {"code", "sentence"} <= body.keys():
        refused = RefusedError(str(body["code"]), str(body["sentence"]), bool(body.get("retry")))
    if response.status_code in (502, 503, 504):
        raise _WorkerAwayError(refused)
    if refused is not None:
        raise refused
    raise GreenroomError(f"{response.url} answered {response.status_code}, which is not Greenroom's way. Check --url.")


def _read(kind: type[R], body: dict[str, Any]) -> R:
    try:
        return kind.model_validate(body, extra="ignore")
    except ValidationError as wrong:
        raise GreenroomError("The server's reply is not understood. Install the matching release.") from wrong


def _socket_address(base: str, path: str) -> str:
    if "://" in path:
        return path
    scheme, _, rest = base.partition("://")
    return f"{'wss' if scheme == 'https' else 'ws'}://{rest}{path}"

"""Who signed out, or was uninvited, is out of their rooms: on every worker, whoever heard of it, and nobody else is."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import ClassVar, cast

import httpx
import pytest

from client import ClosedError, Greenroom, RefusedError, connect
from rooms.commands import Whisper
from rooms.people import Participant, Role
from rooms.protocol import VERSION, Close
from server.clock import SystemClock
from server.errors import Failed
from server.fanout import Hall
from server.identity import Identity
from server.member import Member
from server.ports import Clock, Revocation, RoomLog, Unavailable
from server.revoked import LATE_MS, Revoked, of_invitation, of_session
from server.seat import Seat
from server.settings import Settings
from server.way import Gone
from server.way import Way as AnyWay
from server.writer import Writer
from tests.deployment import TOKEN
from tests.server.conftest import Standing
from tests.server.talker import Talker, as_guest, knocking
from tests.server.way import Way
from tests.waiting import until

SETTINGS = Settings(
    redis_url="redis://nowhere",
    database_url="sqlite+aiosqlite://",
    secret_key="k" * 32,  # type: ignore[arg-type]
    sign_out_check_ms=1,
)


FEW = 3


@pytest.fixture(scope="module")
def other(standing: Standing) -> str:
    """A second web worker, whose links begin few sessions."""
    return standing.deployment.web(SIGN_OUT_CHECK_MS="200", SESSIONS_PER_INVITATION=str(FEW)).url


class Browser:
    """Somebody's browser, whose pages may be served by either worker."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    @property
    def cookie(self) -> str:
        return f"greenroom={self.http.cookies['greenroom']}"

    async def ticket(self, base: str, room: str, role: Role) -> str:
        asked = f"{base}/api/rooms/{room}/tickets"
        given = await self.http.post(asked, json={"role": role}, headers={"Origin": base, "Cookie": self.cookie})
        return str(given.json()["ticket"])

    @asynccontextmanager
    async def page(self, base: str, room: str, role: Role = Role.COACH) -> AsyncIterator[Talker]:
        """A page of theirs that is in a room."""
        worker = Greenroom(self.http, [base])
        ticket = await self.ticket(base, room, role)
        async with knocking(worker, room, origin=base, cookie=self.cookie) as talker:
            await talker.hello(ticket)
            yield talker


@asynccontextmanager
async def browser(*links: str) -> AsyncIterator[Browser]:
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        for link in links:
            assert (await http.get(link)).status_code == 303
        yield Browser(http)


async def test_signing_out_ends_this_browsers_pages_on_every_worker_and_no_others(
    standing: Standing, other: str, room: str
) -> None:
    here, link = standing.web.url, f"{standing.web.url}/sign-in?token={TOKEN}"
    async with browser(link) as leaving, browser(link) as staying:
        async with leaving.page(here, room) as page, leaving.page(other, room) as far, staying.page(other, room) as on:
            assert (await far.do("whisper", text="Kept."))["type"] == "accepted"
            unspent, cookie = await leaving.ticket(other, room, Role.COACH), leaving.cookie
            assert (await leaving.http.post(f"{here}/api/sign-out", headers={"Origin": here})).status_code == 204
            assert "greenroom" not in leaving.http.cookies
            for gone in (page, far):
                await gone.is_sent_away("session_ended")
            asked = await leaving.http.get(f"{other}/api/me", headers={"Cookie": cookie})
            assert (asked.status_code, asked.json()["code"]) == (401, "signed_out")
            back, worker = far.heard[0]["return_ticket"], Greenroom(leaving.http, [other])
            for ticket, code in ((unspent, "session_ended"), (back, "ticket_invalid")):
                async with knocking(worker, room, origin=other, cookie=cookie) as thief:
                    await thief.say({"type": "hello", "protocol": VERSION, "ticket": ticket})
                    await thief.is_sent_away(code)
            await on.is_well()
            whispers = [m["event"]["text"] for m in on.heard if m["type"] == "event" and "text" in m["event"]]
            assert whispers == ["Kept."]
        async with staying.page(here, room) as again:
            await again.is_well()


async def test_a_withdrawn_invitation_puts_out_who_came_by_it_and_a_new_one_lets_them_in(
    standing: Standing, other: str, greenroom: Greenroom, room: str
) -> None:
    link = await greenroom.invite(room, Role.OBSERVER)
    withdrawn = f"{standing.web.url}/api/rooms/{room}/invitations/observer"
    async with browser(link) as guest, browser(await greenroom.invite(room, Role.COACH)) as coach:
        async with guest.page(other, room, Role.OBSERVER) as page, coach.page(other, room) as on:
            bearer = {"Authorization": f"Bearer {TOKEN}"}
            async with httpx.AsyncClient(trust_env=False, headers=bearer) as owner:
                assert (await owner.delete(withdrawn)).status_code == 204
            await page.is_sent_away("invitation_withdrawn")
            await on.is_well()
        assert (await guest.http.get(link)).json()["code"] == "invitation_invalid"
        assert (await guest.http.get(f"{standing.web.url}/api/rooms/{room}")).json()["code"] == "unknown_room"
        assert (await guest.http.get(await greenroom.invite(room, Role.OBSERVER))).status_code == 303
        async with guest.page(standing.web.url, room, Role.OBSERVER) as back:
            await back.is_well()


async def test_another_part_in_the_room_or_another_person_ends_the_pages_of_the_last(
    standing: Standing, other: str, greenroom: Greenroom, room: str
) -> None:
    coach, observer = [await greenroom.invite(room, role) for role in (Role.COACH, Role.OBSERVER)]
    sign_in = f"{standing.web.url}/sign-in?token={TOKEN}"
    async with browser(coach) as guest, guest.page(other, room) as coaching:
        assert (await guest.http.get(coach)).status_code == 303  # once more: nothing changes
        await coaching.is_well()
        await guest.http.get(observer)
        await coaching.is_sent_away("session_ended")
        async with guest.page(other, room, Role.OBSERVER) as watching:
            await guest.http.get(sign_in)
            await watching.is_sent_away("session_ended")
        async with guest.page(other, room) as owning:
            await guest.http.get(sign_in)  # the printed link, opened twice
            await owning.is_well()
            before = guest.cookie
            assert (await guest.http.get(coach)).status_code == 303
            assert guest.cookie == before  # no link makes an owner's session last longer


async def test_a_link_begins_so_many_sessions_and_who_came_by_it_stays(
    standing: Standing, other: str, greenroom: Greenroom, room: str
) -> None:
    """Each can be signed out of, which is kept for long: round and round, a guest would fill the database."""
    coach, observer = [
        (await greenroom.invite(room, role)).replace(standing.web.url, other) for role in (Role.COACH, Role.OBSERVER)
    ]
    async with browser() as first, browser(coach) as staying, staying.page(other, room) as on:
        for _ in range(FEW - 1):
            assert (await first.http.get(coach)).status_code == 303
            assert (await first.http.get(observer)).status_code == 303
        refused = await first.http.get(coach)  # from observer to coach is another session
        assert (refused.status_code, refused.json()["code"]) == (403, "invitation_used_up")
        assert (await staying.http.get(coach)).status_code == 303  # their own, again
        await on.is_well()
        async with browser(await greenroom.invite(room, Role.COACH)) as newcomer, newcomer.page(other, room) as new:
            await new.is_well()


async def test_the_python_client_says_what_happened_and_does_not_come_back(
    standing: Standing, greenroom: Greenroom, room: str
) -> None:
    async with as_guest(await greenroom.invite(room, Role.COACH)) as guest, guest.join(room, Role.COACH) as visit:
        await visit.do(Whisper(text="Kept."))
        base = standing.web.url
        async with connect(base, token=TOKEN) as owner, owner.join(room, Role.COACH) as on:
            async with httpx.AsyncClient(trust_env=False, headers={"Authorization": f"Bearer {TOKEN}"}) as http:
                await http.delete(f"{base}/api/rooms/{room}/invitations/coach")
            with pytest.raises(ClosedError, match="Ask for a new one") as closed:
                await visit.until(lambda _: False)
            assert closed.value.close == Close.SIGNED_OUT
            await on.until(lambda room: [w.text for w in room.whispers] == ["Kept."])
        with pytest.raises(RefusedError):
            await guest.ticket(room, Role.COACH)


# --- one worker's mind ------------------------------------------------------------------------------------------


class Kept:
    """Any store; it may be away."""

    def __init__(self, *kept: Revocation) -> None:
        self.kept, self.away, self.asked = list(kept), False, [0][:0]

    async def add(self, revocation: Revocation) -> Revocation:
        if self.away:
            raise Unavailable("database")
        before = max((one.at for one in self.kept if one.name == revocation.name), default=-1)
        self.kept.append(revocation._replace(at=max(revocation.at, before + 1)))
        return self.kept[-1]

    async def since(self, at: int) -> Sequence[Revocation]:
        self.asked.append(at)
        if self.away:
            raise Unavailable("database")
        return [one for one in self.kept if one.at >= at]


@asynccontextmanager
async def minding(kept: Kept, clock: Clock | None = None) -> AsyncIterator[Revoked]:
    revoked = Revoked(SETTINGS, kept, clock or SystemClock())
    looking = asyncio.create_task(revoked.run())
    await until(lambda: len(kept.asked) > 1)
    yield revoked
    looking.cancel()


async def test_what_was_revoked_while_the_database_was_away_or_late_is_made_good() -> None:
    kept, now = Kept(), SystemClock().now_ms()
    async with minding(kept) as here, minding(kept) as there:
        kept.away = True
        with pytest.raises(Unavailable):
            await here.revoke(of_session("s"))
        assert here.why_not(((of_session("s"), 0),)) is None  # nobody was told that it is over
        kept.away = False
        await here.revoke(of_session("s"))
        kept.kept.append(Revocation(of_session("late"), now - LATE_MS // 2, now + 1_000_000))
        for session in ("s", "late"):
            await until(lambda name=session: there.why_not(((of_session(name), 0),)) == "session_ended")  # type: ignore[misc]


async def test_a_clock_that_jumps_ahead_hides_nothing() -> None:
    class Ahead:
        def now_ms(self) -> int:
            return SystemClock().now_ms() + 3_600_000

    now = SystemClock().now_ms()
    kept = Kept(Revocation(of_session("before"), now - 1_000, now + 1_000_000))
    async with minding(kept, Ahead()) as revoked:
        kept.kept.append(Revocation(of_session("after"), now, now + 1_000_000))
        await until(lambda: revoked.why_not(((of_session("after"), 0),)))


async def test_only_invitations_from_before_they_were_withdrawn_are() -> None:
    now = SystemClock().now_ms()
    kept = Kept(Revocation(of_invitation("r-1", Role.COACH), now, now + 1_000_000))
    async with minding(kept) as revoked:
        whys = [revoked.why_not(((of_invitation("r-1", Role.COACH), now + late),)) for late in (-1, 0, 1)]
        assert whys == ["invitation_withdrawn", "invitation_withdrawn", None]
        assert revoked.why_not(((of_invitation("r-1", Role.CANDIDATE), 0), (of_session("s"), 0))) is None


async def test_a_link_made_before_is_withdrawn_and_one_made_after_holds_whichever_clocks_are_behind() -> None:
    class Clocked:
        def __init__(self, behind_ms: int) -> None:
            self._behind_ms = behind_ms

        def now_ms(self) -> int:
            return SystemClock().now_ms() - self._behind_ms

    kept, name = Kept(), of_invitation("r-1", Role.COACH)
    clocks = [Clocked(0), Clocked(LATE_MS - 5_000)]
    workers = [(Revoked(SETTINGS, kept, clock), clock) for clock in clocks]
    for makes, withdraws in ((0, 1), (1, 0), (0, 1), (1, 1), (0, 0)):
        revoked, clock = workers[makes]
        await revoked.look()
        identity = Identity(SETTINGS, clock=clock)
        _, link = identity.accept(identity.invite("r-1", Role.COACH, revoked.holds_from(name)), None)
        assert revoked.why_not(((name, link.made),)) is None
        await workers[withdraws][0].revoke(name)
        for there, _ in workers:
            await there.look()
            assert there.why_not(((name, link.made),)) == "invitation_withdrawn"


async def test_who_is_sent_off_and_reads_nothing_is_not_heard_any_more() -> None:
    """The goodbye waits behind what they did not read; what they say meanwhile is not done."""
    way = Way()
    member = Member(Participant(id="ben", name="Ben", role=Role.COACH), "c", cast(AnyWay, way), 1_000_000, 5)
    way.open = False
    member.send(b"a fact")
    member.end("session_ended")
    assert way.code is None

    class Saying:
        said: ClassVar = ['{"type":"do","id":"c-1","command":{"kind":"whisper","text":"Too late."}}']

        async def receive_some(self, most: int) -> list[str | bytes]:
            if not self.said:
                raise Gone(1005)
            return [self.said.pop()]

    class Hers:
        life, room_id = "e", "r-1"

    nobody = cast(Writer, None)  # nothing is put to it
    seat = Seat(SETTINGS, nobody, cast(RoomLog, None), None, cast(Hall, Hers()), member, None)  # type: ignore[arg-type]
    with pytest.raises(Failed) as failed:
        await seat.listen(cast(AnyWay, Saying()))
    assert failed.value.problem.code == "session_ended"

"""Who is asking, and who may enter."""

import secrets

import pytest
from pydantic import SecretStr, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from rooms.events import Mode, RoomOpened
from rooms.people import Role
from rooms.state import after
from server.adapters.redis_connection import room_key
from server.adapters.redis_slots import slot_of_key
from server.errors import Failed
from server.gate import Gate
from server.identity import MOST_INVITED, Identity, Person
from server.ports import Ticket
from server.settings import Settings
from tests.server.test_judges import MemoryPurses

SETTINGS = Settings(
    redis_url="redis://nowhere",
    database_url="sqlite+aiosqlite://",
    secret_key=SecretStr("k" * 32),
    sign_in_token=SecretStr("the-token-of-this-test"),
)
OPENED = RoomOpened(room="r-1", mode=Mode.TECHNICAL, length=3, notice="n", owner="owner", opened_at=0)
ROOM = after(None, OPENED)


class OneTicket:
    """Holds one ticket, as any store would."""

    def __init__(self) -> None:
        self.kept: dict[str, Ticket] = {}

    async def issue(self, ticket: Ticket, ttl_s: int) -> str:
        self.kept["secret"] = ticket
        return "secret"

    async def spend(self, secret: str) -> Ticket | None:
        return self.kept.pop(secret, None)


def asking(headers: dict[str, str] | None = None, method: str = "GET") -> Request:
    raw = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    return Request({"type": "http", "method": method, "path": "/", "headers": raw})


def cookie_of(response: Response) -> str:
    return response.headers["set-cookie"].partition(";")[0]


def gate(tickets: OneTicket | None = None, settings: Settings = SETTINGS) -> Gate:
    return Gate(settings, Identity(settings), tickets or OneTicket(), MemoryPurses())


def test_the_right_token_is_the_owner() -> None:
    owner = Identity(SETTINGS).person(asking({"authorization": "Bearer the-token-of-this-test"}))
    assert owner is not None
    assert owner.owner


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer ", "Basic the-token-of-this-test", "Bearer ünïcode", ""])
def test_anything_else_is_nobody(header: str) -> None:
    request = Request({"type": "http", "headers": [(b"authorization", header.encode())]})
    assert Identity(SETTINGS).person(request) is None


def test_without_a_sign_in_token_no_token_works() -> None:
    settings = SETTINGS.model_copy(update={"sign_in_token": None})
    assert Identity(settings).owner("") is None


def test_a_session_is_remembered_and_cannot_be_made_up() -> None:
    identity, response = Identity(SETTINGS), Response()
    identity.remember(response, Person(id="owner", name="You", owner=True))
    cookie = cookie_of(response)
    found = identity.person(asking({"cookie": cookie}))
    assert found is not None
    assert (found.id, found.name, found.owner) == ("owner", "You", True)
    assert identity.person(asking({"cookie": cookie[:-9] + ("a" if cookie[-9] != "a" else "b") + cookie[-8:]})) is None
    other = Identity(SETTINGS.model_copy(update={"secret_key": SecretStr("x" * 32)}))
    assert other.person(asking({"cookie": cookie})) is None


def test_another_sign_in_token_signs_the_owner_out_and_nobody_else() -> None:
    identity = Identity(SETTINGS)
    changed = Identity(SETTINGS.model_copy(update={"sign_in_token": SecretStr("another-token-of-this-test")}))
    owner = identity.sign_in("the-token-of-this-test", None)
    guest, _ = identity.accept(identity.invite("r-1", Role.COACH), None)
    assert owner is not None
    for person, stays in ((owner, False), (guest, True)):
        response = Response()
        identity.remember(response, person)
        asked = asking({"cookie": cookie_of(response)})
        assert identity.person(asked) == person
        assert (changed.person(asked) == person) is stays


def test_over_tls_the_cookie_is_bound_to_the_host() -> None:
    identity, response = Identity(SETTINGS.model_copy(update={"public_url": "https://rooms.example"})), Response()
    identity.remember(response, Person(id="owner", name="You"))
    set_cookie = response.headers["set-cookie"]
    assert set_cookie.startswith("__Host-greenroom=")
    assert {"httponly", "secure", "path=/", "samesite=lax"} <= {part.strip().lower() for part in set_cookie.split(";")}


def test_an_invitation_makes_a_guest_for_one_room_and_role() -> None:
    identity = Identity(SETTINGS)
    guest, invitation = identity.accept(identity.invite("r-1", Role.COACH), None)
    assert invitation.room == "r-1"
    assert ROOM is not None
    assert gate().roles(guest, ROOM) == (Role.COACH,)
    assert gate().roles(guest, ROOM.model_copy(update={"id": "r-2"})) == ()
    assert not guest.owner


def test_a_cookie_holds_the_rooms_that_were_opened_last_and_no_more_than_a_browser_keeps() -> None:
    identity, guest = Identity(SETTINGS), None
    rooms = [f"r-{secrets.token_urlsafe(9)}" for _ in range(MOST_INVITED + 1)]
    for room in [*rooms, rooms[1]]:  # which is the last one now
        guest, _ = identity.accept(identity.invite(room, Role.COACH), guest)
    assert guest is not None
    assert list(guest.invited) == list(guest.invited_at) == [*rooms[2:], rooms[1]]
    response = Response()
    identity.remember(response, guest)
    assert len(response.headers["set-cookie"]) < 4_096


def test_another_role_in_a_room_is_another_session_for_a_guest_and_not_for_the_owner() -> None:
    identity = Identity(SETTINGS)
    for person, stays in ((None, False), (identity.sign_in("the-token-of-this-test", None), True)):
        as_coach, _ = identity.accept(identity.invite("r-1", Role.COACH), person)
        again, _ = identity.accept(identity.invite("r-1", Role.COACH), as_coach)
        watching, _ = identity.accept(identity.invite("r-1", Role.OBSERVER), again)
        assert as_coach.session == again.session
        assert (watching.session == again.session) is stays


def test_a_made_up_invitation_is_refused() -> None:
    with pytest.raises(Failed) as failed:
        Identity(SETTINGS).accept("nonsense", None)
    assert failed.value.problem.code == "invitation_invalid"


async def test_an_unsafe_request_from_a_foreign_page_is_refused() -> None:
    headers = {"authorization": "Bearer the-token-of-this-test", "origin": "https://evil.example"}
    with pytest.raises(Failed) as failed:
        await gate().signed_in(asking(headers, "POST"))
    assert failed.value.problem.code == "origin_refused"
    assert await gate().signed_in(asking({**headers, "origin": "http://127.0.0.1:8000"}, "POST"))


async def test_a_stranger_does_not_learn_that_a_room_exists() -> None:
    assert ROOM is not None
    with pytest.raises(Failed) as failed:
        await gate().issue(Person(id="guest-1", name="G"), ROOM, Role.COACH, None, "")
    assert failed.value.problem.code == "unknown_room"


async def test_an_invited_coach_gets_no_candidate_ticket() -> None:
    assert ROOM is not None
    with pytest.raises(Failed) as failed:
        await gate().issue(Person(id="g", name="G", invited={"r-1": Role.COACH}), ROOM, Role.CANDIDATE, None, "")
    assert failed.value.problem.code == "not_your_role"


@pytest.mark.parametrize(("room", "origin"), [("r-2", "http://here"), ("r-1", "http://there")])
async def test_a_ticket_fits_one_room_and_origin(room: str, origin: str) -> None:
    assert ROOM is not None
    tickets = OneTicket()
    secret, _ = await gate(tickets).issue(Person(id="owner", name="You"), ROOM, Role.CANDIDATE, None, "http://here")
    with pytest.raises(Failed) as failed:
        await gate(tickets).admit(secret, room, origin)
    assert failed.value.problem.code == "ticket_invalid"


async def test_a_ticket_lets_in_once() -> None:
    assert ROOM is not None
    tickets = OneTicket()
    secret, participant = await gate(tickets).issue(Person(id="owner", name="You"), ROOM, Role.COACH, "Ana", "")
    assert await gate(tickets).admit(secret, "r-1", "") == Ticket("r-1", participant, "")
    assert (participant.name, participant.role) == ("Ana", Role.COACH)
    with pytest.raises(Failed):
        await gate(tickets).admit(secret, "r-1", "")


async def test_tickets_are_counted_for_each_person_role_and_room_apart() -> None:
    assert ROOM is not None
    purses = MemoryPurses()
    settings = SETTINGS.model_copy(update={"entries_per_half_minute": 2})
    door = Gate(settings, Identity(settings), OneTicket(), purses)
    owner, coach = Person(id="owner", name="You"), Person(id="g", name="G", invited={"r-1": Role.COACH})
    for _ in range(2):
        await door.issue(coach, ROOM, Role.COACH, None, "")
    with pytest.raises(Failed) as failed:
        await door.issue(coach, ROOM, Role.COACH, None, "")
    assert failed.value.problem.code == "entered_often"
    for role, room in ((Role.COACH, ROOM), (Role.OBSERVER, ROOM), (Role.COACH, ROOM.model_copy(update={"id": "r-2"}))):
        for _ in range(2):
            await door.issue(owner, room, role, None, "")
    kept_at = {slot_of_key(purse) for purse in purses.held}
    assert kept_at == {
        slot_of_key(room_key(room, "log")) for room in ("r-1", "r-2")
    }  # a cluster has them where rooms are


@pytest.mark.parametrize("empty", [{"secret_key": ""}, {"secret_key": "short"}, {"sign_in_token": "short"}])
def test_weak_secrets_are_refused_at_start(empty: dict[str, str]) -> None:
    given = {"redis_url": "redis://nowhere", "database_url": "sqlite+aiosqlite://", "secret_key": "k" * 32}
    with pytest.raises(ValidationError):
        Settings.model_validate({**given, **empty})


def test_an_empty_sign_in_token_lets_nobody_in() -> None:
    given = {"redis_url": "redis://nowhere", "database_url": "sqlite+aiosqlite://", "secret_key": "k" * 32}
    settings = Settings.model_validate({**given, "sign_in_token": ""})
    assert settings.sign_in_token is None
    assert Identity(settings).owner("") is None

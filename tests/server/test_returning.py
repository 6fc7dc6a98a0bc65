"""Who may come back without a new ticket: what a return ticket is bound to, and when it holds no more."""

import pytest
from pydantic import ValidationError

from rooms.people import Participant, Role
from rooms.state import Presence
from server.adapters.redis_holds import KEPT_MS
from server.errors import Failed
from server.returning import LONGEST_LINE_MS, Line, Return, Returns, after_ms
from server.settings import Settings
from tests.memory_holds import MemoryHolds
from tests.rooms.stages import lobby

COACH = Participant(id="ben", name="Ben", role=Role.COACH)
ROOM = lobby().room.but(people=(Presence(participant=COACH, connections=("w.1", "w.2")),))


class Now:
    ms = 1_000_000

    def now_ms(self) -> int:
        return self.ms


def settings(key: str = "k" * 32, ttl_s: int = 60, token: str | None = None) -> Settings:
    return Settings(
        secret_key=key,  # type: ignore[arg-type]
        sign_in_token=token,  # type: ignore[arg-type]
        return_ticket_ttl_s=ttl_s,
        redis_url="redis://x",
        database_url="sqlite://",
    )


def returns(clock: Now | None = None, holds: MemoryHolds | None = None, key: str = "k" * 32) -> Returns:
    return Returns(settings(key), clock or Now(), holds or MemoryHolds())


def refused(ours: Returns, ticket: str, room: str = "r-1", origin: str = "https://here") -> bool:
    with pytest.raises(Failed) as no:
        ours.read(ticket, room, origin)
    return no.value.problem.code == "ticket_invalid"


def test_a_return_ticket_says_to_every_worker_what_it_was_issued_for() -> None:
    back = returns().first("w.1", "epoch")
    assert returns().read(returns().issue(back, "r-1", "https://here"), "r-1", "https://here") == back
    assert Returns.who(back, ROOM, "epoch") == COACH


def test_the_longest_fits_in_a_hello() -> None:
    long = "w" * 17 + "." + "f" * 8  # a worker's kind and a few bytes more than its name has
    assert len(returns().issue(Return(long, long, "e" * 12, 9_999_999_999), "r", "")) <= 200


@pytest.mark.parametrize(("room", "origin"), [("r-2", "https://here"), ("r-1", "https://there"), ("r-1", "")])
def test_it_is_for_one_room_and_one_origin(room: str, origin: str) -> None:
    ours = returns()
    assert refused(ours, ours.issue(ours.first("w.1", "epoch"), "r-1", "https://here"), room, origin)


def test_nothing_in_it_can_be_changed_and_nobody_else_makes_one() -> None:
    ours = returns()
    ticket = ours.issue(ours.first("w.1", "epoch"), "r-1", "https://here")
    kind, *parts, signature = ticket.split("/")
    for place in range(len(parts)):
        forged = [*parts[:place], parts[place][:-1] + "2", *parts[place + 1 :]]
        assert forged == parts or refused(ours, "/".join((kind, *forged, signature)))
    assert refused(ours, ticket[:-1] + ("A" if ticket[-1] != "A" else "B"))
    assert refused(returns(key="another" * 5), ticket)
    for broken in ("back/", "back/é", "back/////", "back/w.1/w.1/epoch/never/", f"{ticket}/", f"back/{ticket}"):
        assert refused(ours, broken)


def test_with_another_sign_in_token_nobody_comes_back_who_signed_in_with_the_last_one() -> None:
    one, other = (Returns(settings(token=token * 32), Now(), MemoryHolds()) for token in "ab")
    ticket = one.issue(one.first("w.1", "epoch"), "r-1", "")
    assert one.read(ticket, "r-1", "")
    assert refused(other, ticket, origin="")


def test_another_kind_of_ticket_is_none_of_its_business() -> None:
    assert returns().read("made-up", "r-1", "") is None
    assert returns().read("back", "r-1", "") is None


def test_it_expires_and_coming_back_does_not_prolong_it() -> None:
    clock = Now()
    ours = returns(clock)
    back = ours.first("w.1", "epoch")
    clock.ms += 59_000
    again = ours.first("w.3", "epoch", back)
    assert ours.read(ours.issue(again, "r-1", "https://here"), "r-1", "https://here") == again
    clock.ms += 1_000
    assert refused(ours, ours.issue(again, "r-1", "https://here"))


def test_no_ticket_lives_longer_than_it_is_remembered_that_it_was_spent() -> None:
    assert settings(ttl_s=KEPT_MS // 1000).return_ticket_ttl_s == KEPT_MS // 1000
    with pytest.raises(ValidationError):
        settings(ttl_s=KEPT_MS // 1000 + 1)


@pytest.mark.parametrize(
    ("connection", "life"), [("w.3", "epoch"), ("w.1", "another")], ids=["who is gone", "what was restored"]
)
def test_it_holds_as_long_as_the_room_counts_the_connection_as_here(connection: str, life: str) -> None:
    with pytest.raises(Failed):
        Returns.who(returns().first(connection, "epoch"), ROOM, life)


async def test_it_is_spent_by_coming_back_and_the_next_one_holds() -> None:
    ours = returns(holds=MemoryHolds())
    back = ours.first("w.1", "epoch")
    again = await ours.take(back, "r-1", "x.1")
    assert (again.connection, again.holder) == ("w.1", "x.1")
    with pytest.raises(Failed):
        await ours.take(back, "r-1", "x.2")
    assert (await ours.take(again, "r-1", "x.2")).holder == "x.2"


def test_each_has_a_place_of_their_own_and_the_first_free_one() -> None:
    line = Line()
    assert [line.take() for _ in range(4)] == [0, 1, 2, 3]
    line.leave(2)
    line.leave(0)
    assert [line.take() for _ in range(3)] == [0, 2, 4]
    assert after_ms(0) == 0 < after_ms(1) < after_ms(2_000) <= after_ms(10**6) == LONGEST_LINE_MS


def test_what_the_next_release_says_besides_is_overlooked() -> None:
    ours = returns()
    back = ours.first("w.1", "epoch")
    text, _, _ = ours.issue(back, "r-1", "").rpartition("/")
    more = f"{text}/more"
    assert ours.read(f"{more}/{ours._signature(more, 'r-1', '')}", "r-1", "") == back

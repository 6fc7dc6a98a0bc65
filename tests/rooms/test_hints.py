import pytest

from rooms.hints import MOST, hints
from rooms.state import Room
from tests.rooms.stages import answering


def asked(text: str, terms: tuple[str, ...] = ()) -> Room:
    room = answering().room
    assert room.turn
    turn = room.turn.but(question=room.turn.question.but(text=text))
    return room.but(turns=(*room.turns[:-1], turn), terms=terms)


def named(text: str) -> list[str]:
    room = asked(text)
    return [term for term in hints(room) if term not in hints(asked("why?"))]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Tell me about a time you changed your mind.", []),
        ("How would you move from Postgres to CockroachDB?", ["Postgres", "CockroachDB"]),
        ("What did the Payments Team at Acme Ltd. do about it? Why?", ["Payments Team", "Acme Ltd"]),
        ("Would you use gRPC or HTTP2 here, and base62 for the codes?", ["gRPC", "HTTP2", "base62"]),
        ("Design a queue. Messages must not be lost.", []),
    ],
)
def test_names_and_terms_in_the_question_are_hints(text: str, found: list[str]) -> None:
    assert named(text) == found


def test_what_was_given_for_the_room_comes_first_and_the_candidate_is_named() -> None:
    found = hints(asked("How does Kafka keep order?", ("Acme", "kafka")))
    assert found[:2] == ("Acme", "kafka")
    assert "Ada" in found
    assert "Kafka" not in found


def test_there_is_an_end_to_hints() -> None:
    assert len(hints(asked("why?", tuple(f"term{n}" for n in range(50))))) == MOST

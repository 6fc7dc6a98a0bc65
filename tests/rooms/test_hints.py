import pytest

from rooms.hints import MOST, hints
from rooms.state import Room
from tests.rooms.stages import answering, lobby


def asked(text: str, terms: tuple[str, ...] = ()) -> Room:
    room = answering().room
    assert room.turn
    turn = room.turn.but(question=room.turn.question.but(text=text))
    return room.but(turns=(*room.turns[:-1], turn), terms=terms)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Tell me about a time you changed your mind.", ()),
        ("How would you move from Postgres to CockroachDB?", ("Postgres", "CockroachDB")),
        ("What did the Payments Team at Acme Ltd. do about it? Why?", ("Payments Team", "Acme Ltd")),
        ("Would you use gRPC or HTTP2 here, and base62 for the codes?", ("gRPC", "HTTP2", "base62")),
        ("Design a queue. Messages must not be lost.", ()),
    ],
)
def test_names_and_terms_in_the_question_are_hints(text: str, found: tuple[str, ...]) -> None:
    assert hints(asked(text)) == found


def test_what_was_given_for_the_room_comes_first_and_no_name_comes_twice() -> None:
    assert hints(asked("How does Kafka keep order on RabbitMQ?", ("Acme", "kafka"))) == ("Acme", "kafka", "RabbitMQ")


def test_without_a_question_there_is_what_was_given() -> None:
    assert hints(lobby().room.but(terms=("Acme",))) == ("Acme",)


def test_there_is_an_end_to_hints() -> None:
    assert len(hints(asked("why?", tuple(f"term{n}" for n in range(50))))) == MOST

import pytest

from server.hearing.invented import echoes, known, repeats


@pytest.mark.parametrize(
    "text",
    [
        "la la la la la la la",
        "I think so. I think so. I think so. I think so.",
        "and then we moved the queue and then we moved the queue and then we moved the queue",
        "Well you know you know you know you know you know what I mean",
    ],
)
def test_a_loop_is_noticed(text: str) -> None:
    assert repeats(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no no no, that was very, very, very good",
        "I want to, I want to, I want to say that we measured it",
        "we did it again and again and again until it worked",
        "one two three one two three and four five six",
    ],
)
def test_people_repeat_themselves_too(text: str) -> None:
    assert not repeats(text)


def test_a_piece_of_the_prompt_is_an_echo() -> None:
    hints = ["Kafka", "Ada Lovelace", "Postgres"]
    assert echoes("Kafka, Ada Lovelace, Postgres.", hints)
    assert echoes("ada lovelace postgres", hints)
    assert not echoes("Ada Lovelace", hints)
    assert not echoes("Postgres, Kafka and Ada Lovelace", hints)
    assert not echoes("lace Postgres Kafka", hints)


def test_ends_of_films_are_known_and_thanks_are_not() -> None:
    assert known("Thanks for watching!")
    assert known(" Subtitles by the Amara.org community ")
    assert not known("Thank you.")
    assert not known("Thanks for watching the demo with me, it failed twice.")

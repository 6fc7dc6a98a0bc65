"""A mark stands only on words that were said."""

from rooms.evidence import Level, Mark
from rooms.transcript import Quote, Transcript
from scoring.verdict import VOID, checked
from tests.scoring.answers import typed


def marked(transcript: Transcript, *texts: str, utterance: str = "u0") -> Mark:
    quotes = tuple(Quote(utterance=utterance, text=text, start_ms=0, end_ms=1) for text in texts)
    mark = Mark(point="a", criterion="First", level=Level.PRESENT, quotes=quotes, reason="Says it.")
    return checked([mark], transcript)[0]


def test_a_mark_with_true_quotes_stands() -> None:
    assert marked(typed("we moved the data"), "moved the", "we").level is Level.PRESENT


def test_a_quote_that_was_not_said_voids_the_mark() -> None:
    for wrong in (("moved data",), ("we", "we deleted it"), ("We moved",)):
        voided = marked(typed("we moved the data"), *wrong)
        assert (voided.level, voided.quotes, voided.reason) == (Level.ABSENT, (), VOID)


def test_a_quote_from_another_utterance_voids_the_mark() -> None:
    transcript = typed("we moved the data", "it worked")
    assert marked(transcript, "it worked", utterance="u0").reason == VOID
    assert marked(transcript, "it worked", utterance="u1").level is Level.PRESENT

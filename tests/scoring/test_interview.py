"""What is said of all answers together."""

from rooms.transcript import Transcript
from scoring.contradictions import Answer, Said
from scoring.interview import Interview, Reach, Ready, interview, rule
from scoring.local import score
from tests.scoring.answers import (
    GOOD,
    MIDDLING,
    MISTAKE_GOOD,
    PROMISE,
    WEAK,
    rubric,
    typed,
)


def answer(turn: int, text: str, competence: str = "ownership", question: str = PROMISE) -> Answer:
    kept, words = rubric(question), typed(text) if text else Transcript()
    return Answer(turn, competence, words, score(kept, words))


def said_in(found: Interview) -> list[Said]:
    kept = [said for one in found.competences for said in one.said]
    kept += [said for one in found.readiness.conditions for said in one.said]
    kept += found.consistency.said if found.consistency else ()
    kept += found.growth.said if found.growth else ()
    return kept


def test_competences_are_shown_touched_or_not_by_quotes() -> None:
    found = interview(
        [answer(1, GOOD), answer(2, WEAK, "conflict"), answer(3, "", "teamwork")], ["ownership", "learning"]
    ).competences
    assert {one.name: one.reach for one in found} == {
        "ownership": Reach.SHOWN,
        "conflict": Reach.NOT_SHOWN,
        "teamwork": Reach.UNKNOWN,
        "learning": Reach.NOT_ASKED,
    }
    assert found[0].said


def test_every_word_that_is_shown_was_said() -> None:
    given = [answer(1, WEAK), answer(2, MIDDLING, "conflict"), answer(3, GOOD, "teamwork"), answer(4, GOOD)]
    kept = said_in(interview(given))
    assert len(kept) > 8
    assert all(given[said.turn - 1].transcript.holds(said.quote) for said in kept)


def test_growth_names_the_side_that_moved_and_needs_four_answers() -> None:
    grown = interview([answer(1, WEAK), answer(2, WEAK), answer(3, GOOD), answer(4, GOOD)]).growth
    assert grown is not None
    assert grown.change > 1
    assert "more" in grown.sentence
    fallen = interview([answer(1, GOOD), answer(2, GOOD), answer(3, WEAK), answer(4, WEAK)]).growth
    assert fallen is not None
    assert fallen.change == -grown.change
    assert "less" in fallen.sentence
    level = interview([answer(n, GOOD) for n in range(1, 5)]).growth
    assert level is not None
    assert level.change == 0
    assert interview([answer(n, GOOD) for n in range(1, 4)]).growth is None


def test_evenness_says_from_where_to_where() -> None:
    uneven = interview([answer(1, GOOD), answer(2, WEAK), answer(3, GOOD)]).consistency
    assert uneven is not None
    assert "uneven" in uneven.sentence
    assert uneven.said[0].turn == 1
    assert uneven.said[-1].turn == 2
    assert interview([answer(1, GOOD), answer(2, WEAK)]).consistency is None


def test_readiness_follows_its_rule_line_by_line() -> None:
    weak = interview([answer(n, WEAK) for n in (1, 2, 3)]).readiness
    assert weak.level is Ready.NOT_YET
    for given in ([GOOD, GOOD, GOOD], [GOOD, MIDDLING, WEAK], [WEAK, MIDDLING, WEAK]):
        found = interview([answer(n + 1, text) for n, text in enumerate(given)]).readiness
        assert len(found.conditions) == 4 * len(rule().level)
        held = [bar.name for bar in rule().level if all(c.met for c in found.conditions if c.level is bar.name)]
        assert found.level == (held[0] if held else Ready.NOT_YET)
    assert interview([answer(n, GOOD) for n in (1, 2, 3)]).readiness.level in (Ready.NEARLY, Ready.READY)


def test_too_little_says_why_and_no_level() -> None:
    for given in ([], [answer(1, GOOD), answer(2, GOOD)], [answer(n, "") for n in (1, 2, 3)]):
        found = interview(given).readiness
        assert found.level is None
        assert found.abstained
        assert found.conditions == ()


def test_what_does_not_fit_keeps_an_interview_from_being_ready() -> None:
    texts = [
        f"{GOOD} At Acme I led the payments team of five engineers.",
        f"{MISTAKE_GOOD} The payments team at Acme had eight engineers.",
        GOOD,
    ]
    found = interview([answer(n + 1, text) for n, text in enumerate(texts)])
    assert len(found.contradictions) == 1
    lines = [c for c in found.readiness.conditions if "fit together" in c.sentence]
    assert [line.met for line in lines] == [False, True]
    assert {said.turn for said in lines[0].said} == {1, 2}


def test_the_rule_rises_from_level_to_level() -> None:
    high, low = rule().level
    assert (high.name, low.name) == (Ready.READY, Ready.NEARLY)
    assert high.overall > low.overall
    assert high.weakest > low.weakest
    assert high.shown > low.shown
    assert high.contradictions < low.contradictions

"""Weights out of ratings: better on what they have not seen, or none at all."""

from collections.abc import Collection
from functools import cache

from rooms.evidence import Dimension
from scoring.calibrate import FEWEST_ANSWERS, SHARE, Calibration, Rated, calibrated
from scoring.calibration import sample
from scoring.evaluate.content import rubric_of
from scoring.local import score
from scoring.rubric import Family
from scoring.weights import Weights, Width, dumps, load_weights, parse_weights
from tests.scoring.answers import GOOD, MIDDLING, PROMISE, WEAK, rubric, typed

BASE, HOLDING_AGAINST = load_weights("1.0.0"), load_weights()
ROOMS = 9


def rated(
    level: float, *, rooms: int = ROOMS, upside_down: bool = False, by_themselves: Collection[int] = ()
) -> list[Rated]:
    """Answers of so many rooms, rated by people who think as the machine does, but milder or stricter.

    In the rooms `by_themselves` they are milder than the machine.
    """
    kept, found = rubric(PROMISE), []
    for room in range(rooms):
        milder = 1.3 if room in by_themselves else level
        for text in (GOOD, MIDDLING, WEAK):
            said = typed(f"{text} That was in room {room}.")
            machine = {one.dimension: one.score or 0.0 for one in score(kept, said, BASE).dimensions}
            scores = {
                dimension: min(5.0, max(0.0, round((5 - points if upside_down else points * milder) * 2) / 2))
                for dimension, points in machine.items()
            }
            found.append(Rated(f"r-{room}", kept, said, None, scores))
    return found


@cache
def of_two_families() -> tuple[list[Rated], Calibration]:
    """Answers to behavioural and technical questions, each rated twice; people are stricter and, at the technical ones,
    further apart."""
    found = []
    for n, case in enumerate([*sample()[0]] * 2):
        off = {Family.BEHAVIOURAL: 0.5, Family.TECHNICAL: 2.0}.get(case.rubric.family)
        marked = score(case.rubric, case.transcript, BASE)
        if off and marked.overall is not None:
            scores = {
                one.dimension: min(5.0, max(0.0, round(((one.score or 0.0) * 0.75 + off * (n % 3 - 1)) * 2) / 2))
                for one in marked.dimensions
            }
            found.append(Rated(f"r-{n % 10}", case.rubric, case.transcript, case.caution, scores))
    return found, calibrated(found, BASE)


def widths(told: Calibration) -> dict[Family, Width]:
    return {one.family: one.after for one in told.widths}


def made(told: Calibration) -> Weights:
    assert told.weights is not None, told.why_not
    return told.weights


def test_stricter_people_lower_the_level_and_the_gain_is_shown_on_rooms_that_were_held_out() -> None:
    told = calibrated(rated(0.75), BASE)
    weights = made(told)
    assert (told.answers, told.rooms, weights.version) == (27, ROOMS, "1.0.1000")
    assert (told.after or 9) < (told.before or 0)
    new, old = (each.families[Family.BEHAVIOURAL].features[Dimension.RELEVANCE] for each in (weights, BASE))
    assert all(abs(new[name]) < abs(points) for name, points in old.items() if points)
    assert weights.families[Family.TECHNICAL].features == BASE.families[Family.TECHNICAL].features
    assert (told.covered or 0) >= 0.85


def test_the_next_weights_of_ones_own_have_the_next_version() -> None:
    assert made(calibrated(rated(0.75), BASE.but(version="1.0.1000"))).version == "1.0.1001"


def test_intervals_are_tried_on_rooms_that_did_not_set_their_width() -> None:
    """Two rooms of ten are like no other and are left out together: no width learnt elsewhere holds them.

    Of the answers that set a width it holds .9 at the least, by how it is taken.
    """
    told = calibrated(rated(0.5, rooms=10, by_themselves=(0, 5)), BASE)
    even = calibrated(rated(0.5, rooms=10), BASE)
    assert (even.covered or 0) > 0.85
    assert told.covered is not None
    assert told.covered < SHARE


def test_each_family_has_intervals_of_its_own_as_wide_as_its_ratings_say() -> None:
    _, told = of_two_families()
    weights, found = made(told), widths(told)
    assert set(found) == {Family.BEHAVIOURAL, Family.TECHNICAL}
    assert found[Family.TECHNICAL].dimension > found[Family.BEHAVIOURAL].dimension + 0.5
    assert found[Family.TECHNICAL].overall > found[Family.BEHAVIOURAL].overall + 0.5
    assert weights.families[Family.SYSTEM_DESIGN].width is None
    assert weights.families[Family.TECHNICAL].width == found[Family.TECHNICAL]
    assert (told.covered or 0) > 0.85
    assert parse_weights(dumps(weights), "local-1.0.1000.toml").families == weights.families


def test_nine_of_ten_ratings_lie_in_the_new_intervals_and_not_many_more() -> None:
    ratings, told = of_two_families()
    weights = made(told)
    for family in (Family.BEHAVIOURAL, Family.TECHNICAL):
        within = [
            (one.low or 0) <= each.scores[one.dimension] <= (one.high or 0)
            for each in ratings
            if each.rubric.family is family
            for one in score(each.rubric, each.transcript, weights, caution=each.caution).dimensions
        ]
        assert 0.87 <= sum(within) / len(within) <= 0.97  # ends are tenths, outward


def test_what_a_model_answer_decides_is_not_learnt_from() -> None:
    """Its relevance is made by other figures, so moving these would miss it and everything else."""
    asked = rubric_of("What is a stack?", "A collection in which the element added last is removed first.")
    said = typed("A list of things of which the last one added is taken out first.")
    short = [Rated(f"r-{n}", asked, said, None, dict.fromkeys(Dimension, 0.0)) for n in range(30)]
    learnt = made(calibrated([*rated(0.75), *short], HOLDING_AGAINST)).families[Family.TECHNICAL].features
    before = HOLDING_AGAINST.families[Family.TECHNICAL].features
    assert learnt[Dimension.RELEVANCE] == before[Dimension.RELEVANCE]
    assert learnt[Dimension.CLARITY] != before[Dimension.CLARITY]


def test_answers_without_scores_teach_nothing() -> None:
    silent = [one._replace(transcript=typed("")) for one in rated(0.75)]
    assert calibrated(silent, BASE).why_not == "On answers that were held out the new weights are no better."


def test_new_weights_are_a_file_that_fits_its_hash_and_score_as_they_promised() -> None:
    weights = made(calibrated(rated(0.75), BASE))
    read = parse_weights(dumps(weights), "local-1.0.1000.toml")
    assert read.but(sha256="") == weights.but(sha256="")
    kept, said = rubric(PROMISE), typed(GOOD)
    assert score(kept, said, read).model_dump_json() == score(kept, said, weights).model_dump_json()


def test_people_who_agree_with_the_machine_change_nothing() -> None:
    told = calibrated(rated(1.0), BASE)
    assert (told.weights, told.why_not) == (None, "On answers that were held out the new weights are no better.")


def test_worse_weights_are_not_made_whatever_the_ratings_say() -> None:
    told = calibrated(rated(1.0, upside_down=True), BASE)
    assert told.weights is None or (told.after or 9) < (told.before or 0)


def test_too_few_ratings_say_so() -> None:
    told = calibrated(rated(0.75, rooms=3), BASE)
    assert told.weights is None
    assert str(FEWEST_ANSWERS) in (told.why_not or "")


def test_the_same_ratings_give_the_same_file() -> None:
    once, again = (dumps(made(calibrated(rated(0.75), BASE))) for _ in range(2))
    assert once == again

"""Rubrics and anchors hold together, or say where they do not."""

from importlib.resources import files

import pytest

from rooms.evidence import Dimension
from scoring.rubric import Family, Rubric, RubricError, anchors_of, parse_anchors


@pytest.mark.parametrize("family", Family)
def test_every_family_has_three_anchors_for_each_dimension(family: Family) -> None:
    anchors = anchors_of(family)
    assert set(anchors) == set(Dimension)
    for one in anchors.values():
        assert len({one.low, one.middle, one.high}) == 3
        assert [one.at(score) for score in (0, 1.5, 2, 3.5, 4, 5)] == [
            one.low, one.low, one.middle, one.middle, one.high, one.high,
        ]  # fmt: skip


def shipped() -> str:
    return (files("scoring") / "rubrics" / "technical.toml").read_text(encoding="utf-8")


def test_a_missing_anchor_is_named_with_its_file() -> None:
    text = shipped().replace('middle = "Explains why in places, but no limits or trade-offs."\n', "")
    with pytest.raises(RubricError, match=r"technical\.toml, line 27: depth: middle"):
        parse_anchors(text, "technical.toml")


def test_a_missing_dimension_is_named() -> None:
    with pytest.raises(RubricError, match=r"technical\.toml: no anchors for the dimension relevance"):
        parse_anchors(
            shipped().replace("[relevance]", "[clarity2]").split("[structure]")[0].replace("[clarity2]", "[depth]"),
            "technical.toml",
        )


def test_an_unknown_dimension_is_named() -> None:
    with pytest.raises(RubricError, match="no such dimension: charm"):
        parse_anchors(shipped() + '\n[charm]\nlow = "x"\n', "technical.toml")


def test_broken_toml_names_file_and_line() -> None:
    with pytest.raises(RubricError, match=r"technical\.toml: .*line 1"):
        parse_anchors("[relevance\n\n", "technical.toml")


def test_two_points_with_one_id_are_refused() -> None:
    point = ("same", "Says something", 1.0, ("cue",))
    with pytest.raises(RubricError, match="same id"):
        Rubric.from_question("What is it?", "technical", points=[point, point])


def test_an_unknown_family_is_refused() -> None:
    with pytest.raises(RubricError, match="gardening"):
        Rubric.from_question("What is it?", "gardening")


@pytest.mark.parametrize("weight", [0, -1, float("nan"), float("inf")])
def test_a_point_without_a_sensible_weight_is_refused(weight: float) -> None:
    with pytest.raises(RubricError, match="weight"):
        Rubric.from_question("What is it?", "technical", points=[("one", "Says something", weight, ())])

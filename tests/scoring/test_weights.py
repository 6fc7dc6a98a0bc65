"""A weights file is what it claims to be, or it is refused."""

import tomllib
from importlib.resources import files

import pytest

from scoring.local import score
from scoring.rubric import Family
from scoring.weights import NEWEST, OWN_FROM, WeightsError, digest, in_order, load_weights, parse_weights
from scoring.weights import shipped as shipped_versions
from tests.scoring.answers import GOOD, rubric, typed


def shipped() -> str:
    return (files("scoring") / "weights" / f"local-{NEWEST}.toml").read_text(encoding="utf-8")


def resigned(text: str) -> str:
    raw = tomllib.loads(text)
    return text.replace(raw["sha256"], digest(raw))


def test_the_newest_weights_load_and_cover_every_family() -> None:
    weights = load_weights()
    assert weights.version == NEWEST
    assert set(weights.families) == set(Family)
    assert weights.training_set


@pytest.mark.parametrize("scorer", ["local", "judge"])
def test_no_release_has_a_version_that_people_give_their_own(scorer: str) -> None:
    assert all(in_order(version)[-1] < OWN_FROM for version in shipped_versions(scorer))


def test_a_nudged_figure_breaks_the_hash() -> None:
    assert "points = 4.0" in shipped()
    with pytest.raises(WeightsError, match="hash does not fit"):
        parse_weights(shipped().replace("points = 4.0", "points = 4.2"), "nudged.toml")


def test_comments_and_layout_do_not_change_the_hash() -> None:
    assert parse_weights("# another comment\n\n" + shipped(), "same.toml") == load_weights()


def test_shares_that_do_not_add_up_are_named() -> None:
    text = resigned(shipped().replace("relevance = 0.55\n", "relevance = 0.65\n"))
    with pytest.raises(WeightsError, match=r"odd\.toml: technical: the shares of the whole add up to 1\.1"):
        parse_weights(text, "odd.toml")


def test_a_date_without_quotes_is_named() -> None:
    text = resigned(shipped().replace('training_set = "prior-2026-11"', "training_set = 2026-11-22"))
    with pytest.raises(WeightsError, match="training_set"):
        parse_weights(text, "odd.toml")


def test_an_unknown_feature_is_named() -> None:
    with pytest.raises(WeightsError, match="no such feature: charm"):
        parse_weights(resigned(shipped().replace("alternative = 0.5", "charm = 0.5")), "odd.toml")


def test_a_version_that_does_not_exist_is_refused() -> None:
    with pytest.raises(WeightsError, match=r"no weights 9\.9\.9"):
        load_weights("9.9.9")


def test_other_weights_give_another_score_under_another_version() -> None:
    text = resigned(
        shipped().replace(f'version = "{NEWEST}"', 'version = "1.0.1"').replace("points = 4.0", "points = 1.0")
    )
    found = score(rubric(), typed(GOOD), parse_weights(text, "other.toml"))
    usual = score(rubric(), typed(GOOD))
    assert found.weights == "1.0.1"
    assert (found.overall or 0) < (usual.overall or 0)
    assert found.marks == usual.marks

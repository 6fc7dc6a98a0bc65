"""The policy of a release: the same bytes as ever, no way to talk a score up, no gap in an explanation."""

import copy
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from rooms.evidence import Level, Score
from scoring.calibration import sample, snapshot_of
from scoring.drift import STOP, WARN, Shift, drift, psi, taken, written
from scoring.local import score
from scoring.paraphrase import paraphrases
from scoring.prompt import shown_words
from scoring.reading import read
from scoring.weights import NEWEST, Weights, WeightsError, digest, load_weights, parse_weights
from scoring.weights.paraphrase import load_paraphrase_weights
from scripts.calibration_snapshot import hashes, released, versions
from server.adapters.sentences import sentence_encoder
from tests.policy import pack, policy

RAW = tomllib.loads((files("scoring") / "weights" / f"local-{NEWEST}.toml").read_text(encoding="utf-8"))
CASES = sample()[0]
MODEL = Path(__file__).parents[3] / "shared" / "models" / "minilm"
ALSO_ENCODED = ("off_topic", "echoed", "template", "boasts_alone", "swapped", "injection_speech")
"""What an encoder might fall for: it knows what a whole sentence means, not whether it answers."""


# --- released versions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", versions())
def test_a_released_version_gives_the_same_bytes_as_on_its_day(version: str) -> None:
    released = snapshot_of(version)
    assert list(policy.other_figures(load_weights(version), released)) == []
    given = {id: sha256(written(found)).hexdigest() for id, found in policy.scores(version).items()}
    assert given == released.bytes


@pytest.mark.parametrize("version", versions())
def test_whole_scores_that_were_kept_are_given_again_byte_for_byte(version: str) -> None:
    kept = policy.golden(version)
    assert len(kept) > 15
    given = {id: written(found).decode() for id, found in policy.scores(version).items() if id in kept}
    assert given == kept


def test_no_file_of_figures_differs_from_its_release() -> None:
    """Also those of judges and of model answers, whose nudged figures might move no score of the sample."""
    assert hashes() == released(), "what is new is written down by python -m scripts.calibration_snapshot"


@pytest.mark.parametrize("newer", ["1.3.0", "1.4.0"])
def test_without_an_encoder_newer_versions_score_as_1_2_0(newer: str) -> None:
    """They differ only in what an encoder finds: the version apart, the bytes are the same."""
    for id, before in policy.scores("1.2.0").items():
        assert written(policy.scores(newer)[id].but(weights="1.2.0")) == written(before), id


def test_every_answer_is_explained_without_a_gap() -> None:
    found = [(c.id, gap) for c in CASES for gap in policy.gaps(c.rubric, c.transcript, policy.scores(NEWEST)[c.id])]
    tried = [
        (t.id, gap) for t in pack.trials()[::3] for gap in policy.gaps(t.rubric, t.tried, score(t.rubric, t.tried))
    ]
    assert found + tried == []


# --- the adversarial pack -------------------------------------------------------------------------------------


def test_the_pack_has_cases_of_every_kind_and_many() -> None:
    counts: dict[str, int] = defaultdict(int)
    for trial in pack.trials():
        counts[trial.kind] += 1
    assert sum(counts.values()) >= 200
    assert min(counts.values()) >= 5
    assert len(counts) == 15
    assert len({(trial.rubric.question, str(trial.plain), str(trial.tried)) for trial in pack.trials()}) >= 0.98 * sum(
        counts.values()
    )


@pytest.mark.parametrize("kind", sorted(pack.rules()))
def test_nobody_talks_a_score_up(kind: str) -> None:
    outcomes = [pack.tried(trial) for trial in pack.trials() if trial.kind == kind]
    shifts = [outcome.shift for outcome in outcomes]
    print(f"{kind}: {len(shifts)} cases, moved by {min(shifts):+.1f} to {max(shifts):+.1f}")
    assert [(outcome.trial.id, outcome.breach) for outcome in outcomes if outcome.breach] == []


@pytest.mark.skipif(
    not MODEL.is_dir(), reason="no ../shared/models/minilm here: the pack was not tried with an encoder"
)
def test_nobody_talks_a_score_up_with_an_encoder_either() -> None:
    encoder = sentence_encoder(str(MODEL))
    assert encoder is not None
    how = paraphrases(load_paraphrase_weights(load_weights().paraphrase or ""), encoder)
    chosen = [trial for trial in pack.trials() if trial.kind in ALSO_ENCODED][::4]
    outcomes = [pack.tried(trial, other_words=how) for trial in chosen]
    assert [(outcome.trial.id, outcome.breach) for outcome in outcomes if outcome.breach] == []
    for kind in ("off_topic", "echoed", "template", "boasts_alone"):
        some = [trial for trial in pack.trials() if trial.kind == kind]
        by_words = sum(reached(score(trial.rubric, trial.tried)) for trial in some)
        assert sum(reached(score(trial.rubric, trial.tried, other_words=how)) for trial in some) <= by_words, kind


def reached(found: Score) -> int:
    return sum(mark.level is not Level.ABSENT for mark in found.marks)


def test_a_judge_does_not_even_read_what_speaks_to_it() -> None:
    spoken = pack.rules()["injection_speech"]["additions"]
    for trial in pack.trials()[::3]:
        if trial.kind == "injection_speech":
            assert not any(addition in shown_words(read(trial.tried)) for addition in spoken), trial.id


# --- drift ----------------------------------------------------------------------------------------------------


def test_the_newest_version_is_its_own_snapshot() -> None:
    moved = drift(snapshot_of(NEWEST), taken(load_weights(), *sample()))
    assert (moved.worst, moved.shift) == (0.0, Shift.STEADY)


def test_a_shift_of_half_a_point_is_a_warning_and_of_much_more_a_stop() -> None:
    even = [10] * 10 + [0]
    assert psi(even, even) == 0.0
    assert psi(even, [10, 10, 10, 10, 7, 13, 10, 8, 10, 12, 0]) < WARN
    assert WARN < psi(even, [4, 6, 12, 10, 8, 12, 10, 8, 15, 15, 0]) < STOP
    assert psi(even, [20, 20, 20, 20, 20, 0, 0, 0, 0, 0, 0]) > STOP


def test_snapshots_of_different_samples_are_not_compared() -> None:
    released = snapshot_of(NEWEST)
    with pytest.raises(ValueError, match="different samples"):
        drift(released, released.model_copy(update={"sample": "another"}))


# --- the pack turns red ---------------------------------------------------------------------------------------


def leaves(node: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in node.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, key))
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield (*path, key)


def nudged(paths: list[tuple[str, ...]], factor: float = 1.05) -> dict[str, Any]:
    """The figures with some of them moved by 5%; whole numbers by one."""
    raw = copy.deepcopy(RAW)
    for path in paths:
        node = raw
        for key in path[:-1]:
            node = node[key]
        value = node[path[-1]]
        node[path[-1]] = value + 1 if isinstance(value, int) else value * factor
    return {**raw, "sha256": digest(raw)}


FAMILIES: dict[tuple[str, ...], list[tuple[str, ...]]] = defaultdict(list)
for _path in leaves(RAW):
    FAMILIES[_path[:-1]].append(_path)


def test_any_figure_nudged_by_a_twentieth_turns_the_pack_red() -> None:
    released = snapshot_of(NEWEST)
    for path in leaves(RAW):
        raw = nudged([path])
        assert list(policy.other_figures(Weights.model_validate(raw), released)), path
        assert digest(raw) != RAW["sha256"], path


@pytest.mark.parametrize("family", sorted(FAMILIES), ids=".".join)
def test_a_family_of_figures_nudged_by_a_twentieth_gives_other_bytes(family: tuple[str, ...]) -> None:
    """Even if somebody gave the nudged figures a fitting hash and forgot that they were released."""
    weights = Weights.model_validate(nudged(FAMILIES[family]))
    assert next(policy.other_bytes(weights, snapshot_of(NEWEST)), None), family


def test_a_file_with_a_nudged_figure_is_not_even_read() -> None:
    text = (files("scoring") / "weights" / f"local-{NEWEST}.toml").read_text(encoding="utf-8")
    tampered = re.sub(r"(?m)^(overall = )(\d)", r"\g<1>1\2", text, count=1)
    assert tampered != text
    with pytest.raises(WeightsError, match=rf"local-{NEWEST}\.toml, line \d+: the hash does not fit"):
        parse_weights(tampered, f"local-{NEWEST}.toml")


def test_figures_that_favour_length_or_boasts_turn_the_pack_red() -> None:
    raw = copy.deepcopy(RAW)
    for family in raw["families"].values():
        family["features"]["clarity"]["amount"] = 5.0
        family["amount"]["enough_words"] = 300
        family["features"]["relevance"]["topic"] = 5.0
    weights = Weights.model_validate({**raw, "sha256": digest(raw)})
    assert next(policy.out_of_bounds(weights), None)

"""The figures that turn marks and features into numbers: versioned, with a hash, so an old score can be replayed.

Decides whether a weights file is what it claims to be. Never which version a room uses.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Any

from pydantic import Field, ValidationError

from rooms.evidence import Dimension
from rooms.places import line_of
from rooms.values import Value
from scoring.rubric import Family

Share = Annotated[float, Field(ge=0, le=1)]
Points = Annotated[float, Field(ge=-5, le=5)]
NEWEST = "1.5.0"
NEWEST_JUDGE = "1.0.0"
OWN_FROM = 1_000
"""The last number of versions that people make themselves: no release uses it, so that none comes to mean another."""
MEASURED = frozenset(
    {"points", "reference", "topic", "parts", "in_order", "measured", "amount", "short_sentences", "varied_words"}
) | {f"judged_{dimension}" for dimension in Dimension}
"""Features that are shares already; all others are counted and divided by what is enough."""


class WeightsError(ValueError):
    """A weights file is missing, malformed, or not the file its hash promises."""


class Recall(Value):
    """How found words become a level."""

    present: Share
    partial: Share
    nearest: Share
    """From here on the words are shown for a point that is absent, as the nearest to it."""
    word_cue: Share
    """What one single-word cue is worth."""
    common_cue: Share
    """What an everyday word is worth as a cue: by itself next to nothing."""
    phrase_cue: Share
    taken_back: Share
    """What remains of a cue after "not"."""
    cue_slack_words: Annotated[int, Field(ge=0, le=20)]
    """Words that may stand between the words of a cue."""
    window_words: Annotated[int, Field(ge=5, le=200)]
    """The words of a point must stand this close together."""
    recall_from: Share
    """Below this share of a point's words nothing is recalled."""
    recall_full: Share
    """From this share on everything is."""
    question_words: Share
    """What a word of the question is worth where it counts at all."""


class Abstain(Value):
    """When there is too little to go on."""

    words: Annotated[int, Field(ge=1, le=100)]
    """Words in all, fillers left out."""
    own_words: Annotated[int, Field(ge=1, le=100)]
    """Different content words that are not the question's."""
    telling_words: Annotated[int, Field(ge=1, le=100)]
    """From so many words on, words that miss the point are a low score and not too little, whatever they are."""
    english_share: Share
    """Share of everyday function words below which a long answer is not taken for English."""
    english_from_words: Annotated[int, Field(ge=5, le=200)]


class Amount(Value):
    """How many different content words are enough in a family; more never adds.

    A question with a short outline, or with one or two points and no outline, needs fewer.
    """

    enough_words: Annotated[int, Field(ge=5, le=300)]
    least_words: Annotated[int, Field(ge=1, le=100)]
    point_words: Annotated[int, Field(ge=1, le=100)]
    """For each rubric point where there is no outline."""


class OffTopic(Value):
    """How much an answer that misses the question loses in the other dimensions."""

    full_from: Annotated[float, Field(gt=0, le=5)]
    """Relevance, in points before rounding, from which nothing is lost."""
    floor: Share
    """What remains when relevance is 0."""


class Spread(Value):
    """Half-widths of the 90% interval, in points of 5."""

    overall: Annotated[float, Field(gt=0, le=3)]
    dimension: Annotated[float, Field(gt=0, le=3)]
    thin: Annotated[float, Field(ge=0, le=3)]
    """Added in full when almost nothing was said, and not at all when enough was."""
    no_points: Annotated[float, Field(ge=0, le=3)]
    """Added when the question has no rubric points."""
    doubt: Annotated[float, Field(ge=0, le=5)]
    """Times the doubt of the recogniser (1 - its mean confidence)."""
    caution: Annotated[float, Field(ge=0, le=3)]
    """Added when a reader is told to be careful with the words."""
    distrust: Annotated[float, Field(ge=0, le=5)] = 0.0
    """Times how far the sound cannot be relied on (1 - trust, `rooms.transcript.AudioQuality`)."""
    disagreement: Annotated[float, Field(ge=0, le=5)] = 0.0
    """Times how far the runs of a judge were apart, 0 to 1."""


class Width(Value):
    """Half-widths of a family's 90% intervals, learnt from people's ratings of answers to such questions."""

    overall: Annotated[float, Field(gt=0, le=3)]
    dimension: Annotated[float, Field(gt=0, le=3)]


class FamilyWeights(Value):
    """One family's figures: what each dimension is in the whole, and what each feature is in a dimension."""

    amount: Amount
    width: Width | None = None
    """In the place of `Spread.overall` and `Spread.dimension`; None where too few answers were rated."""
    overall: dict[Dimension, Annotated[float, Field(ge=0)]]
    """Shares of the whole; together 1."""
    features: dict[Dimension, dict[str, Points]]
    """Points a feature adds when it is fully there."""


class Weights(Value):
    """One version of all figures."""

    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    training_set: str
    sha256: str
    metrics: Mapping[str, float] = Field(default_factory=dict)
    """What was measured on held-out answers when it was made."""
    modes: tuple[Family, ...] = tuple(Family)
    """The kinds of interview it was made for."""
    seniority: tuple[str, ...] = ()
    """The levels it was made for; none named: any."""
    recall: Recall
    abstain: Abstain
    off_topic: OffTopic
    enough: dict[str, Annotated[int, Field(ge=1, le=50)]]
    """How many different findings make a feature full."""
    spread: Spread
    answers: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")] | None = None
    """The version of the figures for answers that have a model answer (`answers-X.Y.Z.json`), if any."""
    paraphrase: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")] | None = None
    """The version of the figures by which an encoder finds points in other words (`paraphrase-X.Y.Z.json`), if any."""
    families: dict[Family, FamilyWeights]

    def width(self, family: Family) -> Width:
        """The half-widths of an interval before anything makes a score less sure."""
        known = self.families[family].width
        return known or Width(overall=self.spread.overall, dimension=self.spread.dimension)


def digest(raw: Mapping[str, Any]) -> str:
    """The hash of a weights file's content, its own `sha256` line left out; layout and comments do not count."""
    content = {key: value for key, value in raw.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":"), default=str).encode()).hexdigest()


def parse_weights(text: str, file: str) -> Weights:
    """Weights from TOML. Raises WeightsError naming the file, the line and what is wrong.

    A file whose hash does not fit its figures is no weights, however well formed they are.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        raise WeightsError(f"{file}: {wrong}") from wrong
    if "sha256" not in raw:
        raise WeightsError(f"{file}: no sha256; expected sha256 = {digest(raw)}")
    if raw["sha256"] != digest(raw):
        line = line_of(text, ("sha256",))
        raise WeightsError(f"{file}, line {line}: the hash does not fit the figures; expected sha256 = {digest(raw)}")
    try:
        weights = Weights.model_validate(raw)
    except ValidationError as wrong:
        first = wrong.errors(include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise WeightsError(f"{file}, line {line_of(text, first['loc'])}: {place}: {first['msg']}") from wrong
    for family in Family:
        _check_family(weights, family, file)
    return weights


def _check_family(weights: Weights, family: Family, file: str) -> None:
    if family not in weights.families:
        raise WeightsError(f"{file}: no figures for {family}")
    figures = weights.families[family]
    named = {name for features in figures.features.values() for name in features}
    unknown = named - set(weights.enough) - MEASURED
    if unknown:
        raise WeightsError(f"{file}: {family}: no such feature: {', '.join(sorted(unknown))}")
    for table in (figures.overall, figures.features):
        missing = set(Dimension) - set(table)
        if missing:
            raise WeightsError(f"{file}: {family}: nothing for {', '.join(sorted(missing))}")
    if abs((total := sum(figures.overall.values())) - 1) > 1e-9:
        raise WeightsError(f"{file}: {family}: the shares of the whole add up to {total}, not 1")


def dumps(weights: Weights) -> str:
    """The weights as a file: TOML with the hash that fits."""
    content = weights.model_dump(mode="json", exclude={"sha256"}, exclude_none=True)
    text = "\n".join(_toml(content))
    return f'sha256 = "{digest(tomllib.loads(text))}"\n{text}\n'


def _toml(table: Mapping[str, Any], name: str = "") -> Iterator[str]:
    """A table of plain values and tables; TOML wants the plain ones first."""
    if name:
        yield f"\n[{name}]"
    for key, value in table.items():
        if not isinstance(value, Mapping):
            yield f"{key} = {json.dumps(value)}"
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _toml(value, f"{name}.{key}" if name else key)


def shipped(scorer: str = "local") -> tuple[str, ...]:
    """The versions that ship, the oldest first."""
    names = (file.name for file in (files("scoring") / "weights").iterdir())
    stems = (name.removeprefix(f"{scorer}-").removesuffix(".toml") for name in names if name.startswith(f"{scorer}-"))
    return tuple(sorted(stems, key=in_order))


def in_order(version: str) -> tuple[int, ...]:
    """A semantic version as numbers, to sort by."""
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


@lru_cache(maxsize=16)
def load_weights(version: str | None = None, scorer: str = "local") -> Weights:
    """A version of the weights that ship, the newest if None, of the local scorer or of a "judge".

    Raises WeightsError when there is no such version or it was changed.
    """
    version = version or (NEWEST_JUDGE if scorer == "judge" else NEWEST)
    file = files("scoring") / "weights" / f"{scorer}-{version}.toml"
    if not file.is_file():
        raise WeightsError(f"there are no weights {version}")
    return parse_weights(file.read_text(encoding="utf-8"), file.name)

"""The adversarial pack: cases/*.toml written out into single cases, and what each of them may do to a score.

A case either compares an answer with the same answer tampered with, or bounds what an answer by itself may be worth.
"""

import re
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from rooms.evidence import Dimension, Score
from rooms.transcript import Transcript
from scoring.calibration import sample, spoken, typed
from scoring.local import score
from scoring.paraphrase import Paraphrases
from scoring.rubric import Rubric
from scoring.weights import Weights

FOLDER = Path(__file__).parent / "cases"
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


class Trial(NamedTuple):
    """One case. `plain` is None where the answer stands by itself."""

    kind: str
    id: str
    rubric: Rubric
    plain: Transcript | None
    tried: Transcript


class Outcome(NamedTuple):
    trial: Trial
    shift: float
    """Of the overall score, no score counting 0; where nothing is compared, the score itself."""
    breach: str | None
    """What is wrong, or None."""


@lru_cache(maxsize=1)
def texts() -> dict[str, tuple[Rubric, str]]:
    """The whole answers of the calibration sample, by their names."""
    whole = {case.id.rpartition(".")[0]: case for case in sample()[0]}  # the last of each is the longest
    return {id: (case.rubric, case.transcript.text) for id, case in whole.items()}


GOOD = {
    "promise-at-risk": "promise-good",
    "own-mistake": "mistake-good",
    "helped-a-colleague": "helped-good",
    "hash-map-inside": "hash-map-good",
    "cache-invalidation": "cache-good",
    "short-links": "links-good",
    "chat-rooms": "chat-good",
}
"""A good answer to each question of the bank that the pack asks."""


def rubric_of(id: str) -> Rubric:
    known = {"promise-at-risk": "promise", "own-mistake": "mistake", "helped-a-colleague": "helped"}
    known |= {
        "hash-map-inside": "hash-map",
        "cache-invalidation": "cache",
        "short-links": "links",
        "chat-rooms": "chat",
    }
    return texts()[f"{known[id]}-good"][0]


def rules() -> dict[str, dict[str, Any]]:
    """Each kind of case: its bounds and what it is made of."""
    files = sorted(FOLDER.glob("*.toml"))
    return {file.stem: tomllib.loads(file.read_text(encoding="utf-8")) for file in files}


@lru_cache(maxsize=1)
def trials() -> tuple[Trial, ...]:
    """Every case, written out."""
    found = []
    for kind, rule in rules().items():
        for at, (rubric, plain, tried) in enumerate(_written_out(kind, rule)):
            found.append(Trial(kind, f"{kind}-{at}", rubric, plain, tried))
    return tuple(found)


def tried(trial: Trial, weights: Weights | None = None, other_words: Paraphrases | None = None) -> Outcome:
    """Score a case and hold it against the bounds of its kind."""
    rule = rules_once()[trial.kind]
    after = score(trial.rubric, trial.tried, weights, other_words=other_words)
    before = None if trial.plain is None else _plain(trial.rubric, trial.plain, weights, other_words)
    shift = round((after.overall or 0.0) - ((before.overall or 0.0) if before else 0.0), 2)
    return Outcome(trial, shift, _breach(rule, before, after, shift))


def _plain(rubric: Rubric, transcript: Transcript, weights: Weights | None, other_words: Paraphrases | None) -> Score:
    """The score of the answer that is tampered with: the same one for many cases."""
    if weights or other_words:
        return score(rubric, transcript, weights, other_words=other_words)
    return _plain_today(rubric, transcript)


@lru_cache(maxsize=100)
def _plain_today(rubric: Rubric, transcript: Transcript) -> Score:
    return score(rubric, transcript)


@lru_cache(maxsize=1)
def rules_once() -> dict[str, dict[str, Any]]:
    return rules()


def _breach(rule: dict[str, Any], before: Score | None, after: Score, shift: float) -> str | None:
    if rule.get("abstains") and after.overall is not None:
        return f"a score of {after.overall} where there is nothing to go on"
    if "most_score" in rule and (after.overall or 0.0) > rule["most_score"]:
        return f"{after.overall} is more than {rule['most_score']}"
    if "most_gain" in rule and shift > rule["most_gain"]:
        return f"gains {shift}"
    if "most_shift" in rule and abs(shift) > rule["most_shift"]:
        return f"moves by {shift}"
    if rule.get("same") and before is not None and _numbers(before) != _numbers(after):
        return f"other numbers: {_numbers(before)} and {_numbers(after)}"
    return None


def _numbers(found: Score) -> list[float | None]:
    by_dimension = {one.dimension: (one.score, one.low, one.high) for one in found.dimensions}
    return [found.overall, found.low, found.high, *(n for d in Dimension for n in by_dimension[d])]


Written = Iterator[tuple[Rubric, Transcript | None, Transcript]]


def _written_out(kind: str, rule: dict[str, Any]) -> Written:
    for case in rule.get("case", ()):
        yield rubric_of(case["rubric"]), None, typed(case["text"])
    for base in rule.get("bases", ()):
        yield from _tampered(rule, *texts()[base])
    for id in rule.get("rubrics", ()):
        rubric = rubric_of(id)
        for text in (*(f.format(question=rubric.question) for f in rule.get("frames", ())), *rule.get("texts", ())):
            yield rubric, None, typed(text)
    for id in rule.get("asked_back", ()):
        rubric = rubric_of(id)
        for base, form in product(rule["answers"], rule["forms"]):
            text = texts()[base][1]
            yield rubric, typed(text), typed(form.format(question=rubric.question, answer=text))
    for named in rule.get("named", ()):
        first, *others = (typed(named["text"].format(name=name)) for name in named["names"])
        for other in others:
            yield rubric_of(named["rubric"]), first, other


def _tampered(rule: dict[str, Any], rubric: Rubric, text: str) -> Written:
    beside = (rule["beside"],) if "beside" in rule else ()
    for addition in rule.get("additions", ()):
        for place in rule["places"]:
            yield rubric, typed(text, *beside), _with(text, addition, place, beside)
    sentences = _SENTENCE.split(text)
    ways = {
        "all": f"{text} {text}",
        "last sentence three times": " ".join([*sentences, *[sentences[-1]] * 3]),
        "first sentence at the end": f"{text} {sentences[0]}",
    }
    for way in rule.get("again", ()):
        yield rubric, typed(text), typed(ways[way])
    for swap in rule.get("swaps", ()):
        swapped = re.sub(r"\b(?:" + "|".join(swap) + r")\b", lambda match, swap=swap: swap[match.group()], text)
        if swapped != text:
            yield rubric, typed(text), typed(swapped)
    for filler in rule.get("fillers", ()):
        words = text.split()
        yield rubric, typed(text), typed(" ".join(_sprinkled(words, filler, rule["every"])))
    for noise in rule.get("noise", ()):
        yield rubric, spoken(_bare(text), 0.9), spoken(_noisy(_bare(text), noise), 0.9)


def _with(text: str, addition: str, place: str, beside: tuple[str, ...]) -> Transcript:
    sentences = _SENTENCE.split(text)
    half = len(sentences) // 2
    match place:
        case "start":
            return typed(f"{addition} {text}", *beside)
        case "middle":
            return typed(" ".join([*sentences[:half], addition, *sentences[half:]]), *beside)
        case "end":
            return typed(f"{text} {addition}", *beside)
        case _:
            return typed(text, *(f"{part} {addition}" for part in beside)) if beside else typed(text, addition)


def _sprinkled(words: list[str], filler: str, every: int) -> Iterator[str]:
    for at, word in enumerate(words):
        if at % every == every - 1:
            yield filler
        yield word


def _bare(text: str) -> str:
    """As a recogniser writes it: small letters and no marks."""
    return re.sub(r"[.,;:!?]", "", text.lower())


def _noisy(text: str, noise: dict[str, Any]) -> str:
    words = [word for word in text.split() if word not in noise.get("lost", ())]
    return " ".join(noise.get("heard", {}).get(word, word) for word in words)

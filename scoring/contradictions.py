"""Answers that do not fit together: two numbers or years for one thing, or something both done and never done.

Decides what is shown to a person to ask about. Prefers to miss one over naming one that is none: it wants the same
thing named by more than one word in both answers, and stays away from "if", "at first", "until". Never a lie detector,
and never a part of a score.
"""

import tomllib
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from itertools import combinations, groupby
from typing import NamedTuple

from rooms.evidence import Score
from rooms.transcript import Quote, Transcript, Utterance, quote
from rooms.values import Value
from scoring.cues import denied
from scoring.words import Token, stem, tokens_of, weight_of, word_lists

SHARED_WORDS = 2
"""Words of topic that two sentences must share besides what is counted, or one name."""
UNIT_WITHIN = 2
"""What is counted stands so soon after its number."""
OBJECT_WITHIN = 6
YEARS = (1950.0, 2100.0)
DAYS = {stem(unit): days for unit, days in (
    ("seconds", 1 / 86_400), ("minutes", 1 / 1_440), ("hours", 1 / 24), ("days", 1.0), ("weeks", 7.0), ("months", 30.4),
    ("years", 365.0))}  # fmt: skip
"""Spans of time, which are compared with each other."""
SPANS_DIFFER_BY = 1.5
"""Times: "a month" and "four weeks" are the same."""
DENIED_OBJECTS = 2
"""Words that the act must share where it is not simply never done."""


class _Lists(NamedTuple):
    times_change: frozenset[str]
    rough: frozenset[str]
    changing: frozenset[str]
    speaker: frozenset[str]
    pointing: frozenset[str]
    numbers: dict[str, float]


@lru_cache(maxsize=1)
def _lists() -> _Lists:
    raw = tomllib.loads((files("scoring") / "lexicon" / "contradictions.toml").read_text(encoding="utf-8"))
    numbers = {word: float(n) for n, word in enumerate(raw.pop("numbers").split())}
    return _Lists(**{name: frozenset(words.split()) for name, words in raw.items()}, numbers=numbers)


class Kind(StrEnum):
    AMOUNT = "amount"
    YEAR = "year"
    DENIAL = "denial"


class Said(Value):
    """Words of one answer."""

    turn: int
    quote: Quote


class Contradiction(Value):
    """Two answers that do not fit together, as far as words can tell. A person asks; nothing follows by itself."""

    kind: Kind
    about: str
    first: Said
    second: Said


class Answer(NamedTuple):
    """A turn as this page and `interview` need it."""

    turn: int
    competence: str | None
    transcript: Transcript
    score: Score | None


class _Sentence(NamedTuple):
    turn: int
    utterance: Utterance
    tokens: tuple[Token, ...]
    topic: frozenset[str]
    names: frozenset[str]
    not_so: frozenset[int]
    acts: tuple[tuple[int, str], ...]
    """Places and stems of what the speaker does; none where the sentence says that things change with time."""

    @property
    def said(self) -> Said:
        return Said(turn=self.turn, quote=quote(self.utterance, self.tokens[0].start, self.tokens[-1].end))


class _Amount(NamedTuple):
    sentence: _Sentence
    value: float
    written: str
    unit: Token | None
    """None for a year."""


def contradictions(answers: Sequence[Answer]) -> tuple[Contradiction, ...]:
    """What does not fit together between different answers; each pair of sentences once."""
    sentences = [sentence for answer in answers for sentence in _sentences(answer)]
    amounts = [amount for sentence in sentences for amount in _amounts(sentence)]
    found = [c for one, other in combinations(amounts, 2) if (c := _differing(one, other))]
    doing = [sentence for sentence in sentences if sentence.acts]
    found += [c for one, other in combinations(doing, 2) if (c := _denied(one, other) or _denied(other, one))]
    return tuple({(c.first, c.second): c for c in found}.values())


def _sentences(answer: Answer) -> Iterator[_Sentence]:
    for utterance in answer.transcript.utterances:
        for _, group in groupby(tokens_of(utterance.text), key=lambda token: token.sentence):
            tokens = tuple(group)
            topic = frozenset(t.stem for t in tokens if t.content and not t.numeric and weight_of(t.stem) == 1.0)
            names = frozenset(token.stem for token in tokens[1:] if token.named and not token.numeric)
            yield _Sentence(answer.turn, utterance, tokens, topic, names, denied(tokens), tuple(_acts(tokens)))


# --- numbers and years ----------------------------------------------------------------------------------------


def _amounts(sentence: _Sentence) -> Iterator[_Amount]:
    """The numbers of a sentence with what they count. A sentence in which something changes has none."""
    tokens = sentence.tokens
    if any(
        token.word in _lists().changing or token.stem in _lists().changing or token.word in _lists().times_change
        for token in tokens
    ):
        return
    for i, token in enumerate(tokens):
        value = _value(token)
        if value is None or i in sentence.not_so or any(t.word in _lists().rough for t in tokens[max(0, i - 3) : i]):
            continue
        if token.word.isdigit() and YEARS[0] <= value <= YEARS[1]:
            yield _Amount(sentence, value, token.word, None)
            continue
        after = [t for t in tokens[i + 1 : i + 1 + UNIT_WITHIN] if t.content and not t.numeric]
        if after:
            yield _Amount(sentence, value, token.word, after[0])
        elif i > 1 and tokens[i - 1].word == "of" and tokens[i - 2].content:
            yield _Amount(sentence, value, token.word, tokens[i - 2])


def _value(token: Token) -> float | None:
    if token.word in _lists().numbers:
        return _lists().numbers[token.word]
    return float(token.word.replace(",", "")) if token.word.replace(",", "").isdigit() else None


def _differing(one: _Amount, other: _Amount) -> Contradiction | None:
    a, b = one.sentence, other.sentence
    if a.turn == b.turn or one.value == other.value or (one.unit is None) != (other.unit is None):
        return None
    units = frozenset(unit.stem for unit in (one.unit, other.unit) if unit is not None)
    if units <= DAYS.keys() and units:
        short, long = sorted(DAYS[amount.unit.stem] * amount.value for amount in (one, other) if amount.unit)
        if long < short * SPANS_DIFFER_BY:
            return None
    elif len(units) > 1:
        return None
    if not _same_thing(a, b, units):
        return None
    if one.unit is None:
        about = f"Two years for the same: {one.written} and {other.written}."
        return Contradiction(kind=Kind.YEAR, about=about, first=a.said, second=b.said)
    counted = other.unit.word if other.unit else one.unit.word
    about = f"Two numbers: {one.written} {one.unit.word} and {other.written} {counted}."
    return Contradiction(kind=Kind.AMOUNT, about=about, first=a.said, second=b.said)


def _same_thing(a: _Sentence, b: _Sentence, besides: frozenset[str]) -> bool:
    """Whether two sentences speak of one thing: words of topic in common, and no name that only one of them has."""
    if a.names and b.names and not a.names & b.names:
        return False
    shared = (a.topic & b.topic) - besides
    return len(shared) >= SHARED_WORDS or bool(shared & a.names & b.names and len(shared) > 1)


# --- done, and never done -------------------------------------------------------------------------------------


def _denied(no: _Sentence, yes: _Sentence) -> Contradiction | None:
    """Whether one sentence says that the speaker did what the other says that the speaker did not."""
    if no.turn == yes.turn:
        return None
    for i, act in no.acts:
        if i not in no.not_so:
            continue
        never = any(t.word == "never" for t in no.tokens[:i]) and not any(
            t.word in _lists().pointing for t in no.tokens[i:]
        )
        for k, other in yes.acts:
            if act != other or k in yes.not_so:
                continue
            if len(_objects(no, i) & _objects(yes, k)) >= (1 if never else DENIED_OBJECTS):
                about = f"Said not to have happened, and to have: “{no.tokens[i].word}”."
                first, second = (no, yes) if no.turn < yes.turn else (yes, no)
                return Contradiction(kind=Kind.DENIAL, about=about, first=first.said, second=second.said)
    return None


def _acts(tokens: Sequence[Token]) -> Iterator[tuple[int, str]]:
    """Verbs of which the speaker is the one who acts: after "I" or "we", with little between."""
    lists = word_lists()
    if any(token.word in _lists().times_change for token in tokens):
        return
    for i, token in enumerate(tokens):
        if token.word not in _lists().speaker:
            continue
        for k in range(i + 1, min(i + 5, len(tokens))):
            verb = tokens[k]
            passed = verb.word in lists.function or verb.word in lists.negations or verb.word in lists.between
            if not passed:
                if verb.word not in lists.states:
                    yield k, verb.stem
                break


def _objects(sentence: _Sentence, verb: int) -> frozenset[str]:
    after = sentence.tokens[verb + 1 : verb + 1 + OBJECT_WITHIN]
    return frozenset(token.stem for token in after if token.content and not token.numeric)

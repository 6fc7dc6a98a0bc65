"""How far an answer reaches each rubric point, and on which words that rests.

Weighted soft recall of the point's own words, with the question's words taken out, joined with its cue phrases.
Decides the level of every point. Never a number of the score.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from rooms.evidence import Level, Mark
from rooms.transcript import Quote
from scoring.cues import general_phrases, taken_back
from scoring.reading import Reading
from scoring.rubric import Criterion, Rubric
from scoring.weights import Recall
from scoring.words import NUMBER, TOKEN, stem, stems_of, weight_of, word_lists

QUOTE_WORDS = 22
"""A quote is a phrase to recognise, not the whole answer."""


class Cue(NamedTuple):
    text: str
    stems: tuple[str, ...]
    exact: bool
    """Whether the words must stand as they are; else they may stand in any order with words between."""
    denies: bool
    """Whether the cue itself is a "not"."""
    general: bool
    """Whether it shows something in any story, such as "in the end"."""


class Target(NamedTuple):
    """What to look for: the weighted stems of a text, and its cues."""

    stems: dict[str, float]
    total: float
    cues: tuple[Cue, ...]


class Compiled(NamedTuple):
    """A rubric made ready for matching."""

    question: frozenset[str]
    wanted: frozenset[str]
    """Every stem that is evidence for something and not the question's own."""
    points: tuple[Target, ...]
    reference: Target


class Evidence(NamedTuple):
    """What was found for a target: strength 0 to 1, and the token spans it rests on, strongest first."""

    strength: float
    topical: float
    """The strength without cues that would fit any story."""
    spans: tuple[tuple[int, int], ...]


class Index(NamedTuple):
    """Where each stem of an answer stands, and which stems share a beginning."""

    places: dict[str, list[int]]
    by_prefix: dict[str, tuple[str, ...]]


@lru_cache(maxsize=2_000)
def compile_rubric(rubric: Rubric, question_words: float) -> Compiled:
    """The stems and cues of a rubric, weighed once. A stem that several points share tells less about each.

    `question_words` is what a word of the question is worth, 0 to 1: saying the question back must not pay.
    """
    question = frozenset(s for s in stems_of(rubric.question) if weight_of(s) > 0)
    texts = [_content(point.text, question, question_words, word_lists().criterion) for point in rubric.points]
    shared: dict[str, int] = {}
    for stems in texts:
        for found in stems:
            shared[found] = shared.get(found, 0) + 1
    points = tuple(
        _target({s: w / shared[s] for s, w in stems.items()}, point.cues, question)
        for stems, point in zip(texts, rubric.points, strict=True)
    )
    reference = _target(_content(rubric.reference, question, question_words, frozenset()), (), question)
    evidence = {s for target in (*points, reference) for s in target.stems}
    evidence |= {s for target in points for cue in target.cues for s in cue.stems}
    return Compiled(question, frozenset(evidence - question - {NUMBER}), points, reference)


def _content(text: str, question: frozenset[str], question_words: float, left_out: frozenset[str]) -> dict[str, float]:
    found = {}
    for match in TOKEN.finditer(text):
        word = match.group().lower()
        stemmed = stem(word)
        if word not in word_lists().function and stemmed not in left_out:
            weight = weight_of(stemmed) * (question_words if stemmed in question else 1.0)
            if weight > 0:
                found[stemmed] = weight
    return found


def _target(stems: dict[str, float], cues: Iterable[str], question: frozenset[str]) -> Target:
    compiled = []
    for cue in cues:
        parts = stems_of(cue)
        content = tuple(s for s in parts if s == NUMBER or weight_of(s) > 0)
        # "asked him" or "now I" hold one content word or none: only as a whole do they mean something.
        exact = len(parts) > 1 and len(content) < 2
        if not content or not all(s in question for s in content):
            denies = not word_lists().negations.isdisjoint(cue.lower().split())
            compiled.append(Cue(cue, parts if exact else content or parts, exact, denies, parts in general_phrases()))
    return Target(stems, sum(stems.values()), tuple(compiled))


def index(reading: Reading) -> Index:
    """Stems to their places, in order."""
    places: dict[str, list[int]] = {}
    for i, token in enumerate(reading.tokens):
        places.setdefault(token.stem, []).append(i)
        if token.numeric:
            places.setdefault(NUMBER, []).append(i)
    prefixes: dict[str, list[str]] = {}
    for found in places:
        if len(found) >= 5:
            prefixes.setdefault(found[:5], []).append(found)
    return Index(places, {prefix: tuple(stems) for prefix, stems in prefixes.items()})


def similar(index: Index, stem: str) -> tuple[str, float]:
    """The stem of the answer nearest to this one, and how near: 1 the same, less for a shared beginning, 0 none."""
    if stem in index.places:
        return stem, 1.0
    best, nearness = "", 0.0
    for other in index.by_prefix.get(stem[:5], ()) if len(stem) >= 5 else ():
        shared = next((i for i, (a, b) in enumerate(zip(stem, other, strict=False)) if a != b), min(len(stem), len(other)))
        share = shared / max(len(stem), len(other))
        if share >= 0.6 and share > nearness:
            best, nearness = other, share
    return best, 0.8 * nearness


def weigh(target: Target, reading: Reading, index: Index, figures: Recall) -> Evidence:
    """All evidence for one target in an answer. Pieces of evidence add up like independent chances."""
    cues = _cue_hits(target, reading, index, figures)
    recalled, where = _recalled(target, index, figures)
    spans = [span for _, span, _ in cues]
    if recalled > 0 and where:
        spans.append(where)
    missing, missing_topical = 1.0 - recalled, 1.0 - recalled
    for worth, _, general in cues:
        missing *= 1.0 - worth
        missing_topical *= 1.0 if general else 1.0 - worth
    return Evidence(1.0 - missing, 1.0 - missing_topical, tuple(spans))


def weigh_points(compiled: Compiled, reading: Reading, index: Index, figures: Recall) -> list[Evidence]:
    """The evidence for every point of a rubric.

    A result or a lesson told in words that fit any story counts only in an answer that is about the question.
    """
    found = [weigh(target, reading, index, figures) for target in compiled.points]
    if len(found) > 1 and max(evidence.topical for evidence in found) < figures.present:
        return [evidence._replace(strength=evidence.topical) for evidence in found]
    return found


def _recalled(target: Target, index: Index, figures: Recall) -> tuple[float, tuple[int, int] | None]:
    """How far the words of the target themselves are there, 0 to 1, and where.

    One word of several is no more than half of it, and words of the question alone are next to nothing.
    """
    share, where, words = _recall(target, index, figures.window_words)
    strength = (share - figures.recall_from) / (figures.recall_full - figures.recall_from)
    most = 0.5 if len(words) == 1 and len(target.stems) > 1 else 1.0
    return min(most, target.total, max(0.0, strength)), where


def _cue_hits(target: Target, reading: Reading, index: Index, figures: Recall) -> list[tuple[float, tuple[int, int], bool]]:
    """(worth, span, whether general) of every cue found, strongest first; cues resting on the same words count once."""
    negations = word_lists().negations
    hits = []
    for cue in target.cues:
        find = _find_exact if cue.exact else _find
        span = find(cue.stems, reading, index, figures.cue_slack_words)
        if span is not None:
            worth = figures.word_cue if len(cue.stems) == 1 else figures.phrase_cue
            if not cue.denies and taken_back(reading.tokens, span[0], negations):
                worth *= figures.taken_back
            hits.append((worth, span, cue.general))
    hits.sort(key=lambda hit: (-hit[0], hit[1], hit[2]))
    kept: list[tuple[float, tuple[int, int], bool]] = []
    for hit in hits:
        if all(hit[1][1] < other[1][0] or hit[1][0] > other[1][1] for other in kept):
            kept.append(hit)
    return kept


def _find(stems: tuple[str, ...], reading: Reading, index: Index, slack: int) -> tuple[int, int] | None:
    """The first tight place where all stems stand together, in any order, in one utterance."""
    places = [index.places.get(s) for s in stems]
    if any(not found for found in places):
        return None
    lists = [found for found in places if found]
    rarest = min(lists, key=len)
    if len(lists) == 1:
        return rarest[0], rarest[0]
    reach = len(stems) + slack
    for anchor in rarest:
        near = [_nearest(found, anchor) for found in lists]
        first, last = min(near), max(near)
        if last - first < reach and reading.tokens[first].utterance == reading.tokens[last].utterance:
            return first, last
    return None


def _find_exact(stems: tuple[str, ...], reading: Reading, index: Index, slack: int) -> tuple[int, int] | None:
    """The first place where the stems follow one another. Nothing may stand between, so `slack` is not used."""
    del slack
    tokens, size = reading.tokens, len(stems)
    for first in index.places.get(stems[0], ()):
        run = tokens[first : first + size]
        if len(run) == size and run[-1].utterance == run[0].utterance:
            if all(s == token.stem or (s == NUMBER and token.numeric) for s, token in zip(stems, run, strict=True)):
                return first, first + size - 1
    return None


def _nearest(places: list[int], anchor: int) -> int:
    at = bisect_left(places, anchor)
    around = places[max(0, at - 1) : at + 1]
    return min(around, key=lambda place: (abs(place - anchor), place))


def _recall(target: Target, index: Index, window: int) -> tuple[float, tuple[int, int] | None, tuple[str, ...]]:
    """The best share of the target's weight that stands within one window of words; where; and which words."""
    hits = []
    for wanted, weight in target.stems.items():
        found, nearness = similar(index, wanted)
        if nearness > 0:
            hits += [(place, wanted, weight * nearness, found) for place in index.places[found]]
    if not hits:
        return 0.0, None, ()
    hits.sort()
    best, best_range = 0.0, (0, 0)
    counts: dict[str, int] = {}
    total, left = 0.0, 0
    for right, (place, wanted, weight, _) in enumerate(hits):
        counts[wanted] = counts.get(wanted, 0) + 1
        total += weight if counts[wanted] == 1 else 0.0
        while hits[left][0] <= place - window:
            gone = hits[left]
            counts[gone[1]] -= 1
            total -= gone[2] if counts[gone[1]] == 0 else 0.0
            left += 1
        if total > best + 1e-9:
            best, best_range = total, (left, right)
    inside = hits[best_range[0] : best_range[1] + 1]
    return best / target.total, (inside[0][0], inside[-1][0]), tuple(dict.fromkeys(hit[3] for hit in inside))


def mark(point: Criterion, evidence: Evidence, reading: Reading, figures: Recall) -> Mark:
    """The mark of one point: its level, exact quotes, and the reason in a sentence."""
    quotes = quotes_of(reading, evidence.spans)
    if evidence.strength >= figures.present and quotes:
        level, reason = Level.PRESENT, f"Says it: {_said(quotes)}."
    elif evidence.strength >= figures.partial and quotes:
        level, reason = Level.PARTIAL, f"Touches it with {_said(quotes)}, but leaves part of it out."
    else:
        level, quotes, reason = Level.ABSENT, (), "Nothing in the answer shows this."
    return Mark(point=point.id, criterion=point.text, level=level, quotes=quotes, reason=reason)


def quotes_of(reading: Reading, spans: Sequence[tuple[int, int]], most: int = 2) -> tuple[Quote, ...]:
    """Exact quotes around token spans, widened to the phrase they stand in; at most `most`, none twice."""
    quotes: list[Quote] = []
    covered: list[tuple[int, int]] = []
    for first, last in spans:
        if len(quotes) < most and not any(a <= first and last <= b for a, b in covered):
            a, b = _widen(reading, first, last)
            covered.append((a, b))
            quotes.append(reading.quote(a, b))
    return tuple(quotes)


def _widen(reading: Reading, first: int, last: int) -> tuple[int, int]:
    """Out to the ends of the sentence, but no further than QUOTE_WORDS words, and never out of the utterance."""
    tokens = reading.tokens
    home, sentences = tokens[first].utterance, {tokens[first].sentence, tokens[last].sentence}
    while last > first and tokens[last].utterance != home:
        last -= 1
    last = min(last, first + QUOTE_WORDS - 1)
    while last - first + 1 < QUOTE_WORDS:
        before = first > 0 and tokens[first - 1].utterance == home and tokens[first - 1].sentence in sentences
        after = (
            last + 1 < len(tokens)
            and tokens[last + 1].utterance == home
            and tokens[last + 1].sentence in sentences
        )
        if not before and not after:
            break
        first -= 1 if before else 0
        last += 1 if after and last - first + 1 < QUOTE_WORDS else 0
    return first, last


def _said(quotes: Sequence[Quote]) -> str:
    return " and ".join(f"“{quote.text}”" for quote in quotes)

"""How strongly an answer shows each rubric point, and where.

Weighted soft recall of the point's own words, joined with its cue phrases. Decides the strength of the evidence;
never the level or the number that comes of it.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from scoring.cues import Hit, denied, different, meant
from scoring.reading import Reading
from scoring.targets import Compiled, Target, Telling
from scoring.weights import Recall
from scoring.weights.paraphrase import ParaphraseWeights
from scoring.words import NUMBER, word_lists


class Evidence(NamedTuple):
    """What was found for a target: strength 0 to 1, and the token spans it rests on, strongest first."""

    strength: float
    topical: float
    """The strength without cues that would fit any story."""
    spans: tuple[tuple[int, int], ...]
    in_other_words: bool = False
    """Whether words alone would have found too little of it."""


class Meant(NamedTuple):
    """What a passage means of a point, by a sentence encoder."""

    weights: ParaphraseWeights
    recall: float
    """Of the point's words, the share that is said, or meant by others."""
    likeness: float
    span: tuple[int, int] | None

    def strength(self, words: float, figures: Recall) -> float:
        """How far the point is said, 0 to 1, where words alone recall it as far as `words`.

        What words alone did not find is said in part at most, unless as much of it is recalled as words must recall.
        """
        parts = self.weights
        found = parts.words * words + parts.recall * self.recall + parts.likeness * self.likeness
        strength = min(1.0, max(0.0, (found - parts.nothing) / (parts.full - parts.nothing)))
        alone = words < figures.partial and self.recall < parts.alone
        return min(strength, math.nextafter(figures.present, 0.0)) if alone else strength


class CueHit(NamedTuple):
    worth: float
    span: tuple[int, int]
    general: bool


class Index(NamedTuple):
    """Where each stem and each general phrase of an answer stands, and which stems share a beginning."""

    places: dict[str, list[int]]
    by_prefix: dict[str, tuple[str, ...]]
    denied: frozenset[int]
    """Places shortly after a "not"."""
    cues: dict[str, list[Hit]]
    """General phrases that are meant, by what they show."""


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
    not_so = denied(reading.tokens)
    by_prefix = {prefix: tuple(stems) for prefix, stems in prefixes.items()}
    return Index(places, by_prefix, not_so, meant(reading.tokens, not_so))


def similar(index: Index, stem: str) -> tuple[str, float]:
    """The stem of the answer nearest to this one, and how near: 1 the same, less for a shared beginning, 0 none."""
    if stem in index.places:
        return stem, 1.0
    best, nearness = "", 0.0
    for other in index.by_prefix.get(stem[:5], ()) if len(stem) >= 5 else ():
        share = _shared_beginning(stem, other) / max(len(stem), len(other))
        if share >= 0.6 and share > nearness:
            best, nearness = other, share
    return best, 0.8 * nearness


def _shared_beginning(a: str, b: str) -> int:
    shortest = min(len(a), len(b))
    return next((i for i in range(shortest) if a[i] != b[i]), shortest)


def weigh(target: Target, reading: Reading, index: Index, figures: Recall, meant: Meant | None = None) -> Evidence:
    """All evidence for one target in an answer. Pieces of evidence add up like independent chances."""
    cues = _cue_hits(target, reading, index, figures)
    words, where = recalled(target, index, figures, figures.window_words)
    spans = [span for _, span, _ in cues]
    if words > 0 and where:
        spans.append(where)
    if meant is None:
        return _together(words, cues, spans)
    # As with words: what of a point is the question's own tells next to nothing, whoever finds it.
    found = _together(min(target.total, meant.strength(words, figures)), cues, spans)
    other = found.strength >= figures.partial > _together(words, cues, spans).strength
    if other and meant.span:
        spans.insert(0, meant.span)
    return found._replace(spans=tuple(spans), in_other_words=other)


def _together(strength: float, cues: Sequence[CueHit], spans: Sequence[tuple[int, int]]) -> Evidence:
    missing, missing_topical = 1.0 - strength, 1.0 - strength
    for worth, _, general in cues:
        missing *= 1.0 - worth
        missing_topical *= 1.0 if general else 1.0 - worth
    return Evidence(1.0 - missing, 1.0 - missing_topical, tuple(spans))


def weigh_points(
    compiled: Compiled, reading: Reading, index: Index, figures: Recall, meant: Sequence[Meant] | None = None
) -> list[Evidence]:
    """The evidence for every point of a rubric; with an encoder, `meant` says what it found for each.

    A result or a lesson told in words that fit any story counts only in an answer that is about the question.
    """
    each: Sequence[Meant | None] = meant or [None] * len(compiled.points)
    found = [weigh(target, reading, index, figures, means) for target, means in zip(compiled.points, each, strict=True)]
    if len(found) > 1 and max(evidence.topical for evidence in found) < figures.present:
        return [evidence._replace(strength=evidence.topical) for evidence in found]
    return found


def recalled(target: Target, index: Index, figures: Recall, window: int) -> tuple[float, tuple[int, int] | None]:
    """How far the words of the target themselves stand within a window of words, 0 to 1, and where.

    One word of several is no more than half of it, and words of the question alone are next to nothing.
    """
    share, where, words = _recall(target, index, figures, window)
    strength = (share - figures.recall_from) / (figures.recall_full - figures.recall_from)
    most = 0.5 if len(words) == 1 and len(target.stems) > 1 else 1.0
    return min(most, target.total, max(0.0, strength)), where


def _cue_hits(target: Target, reading: Reading, index: Index, figures: Recall) -> list[CueHit]:
    """Every cue found, strongest first; cues resting on the same words count once."""
    worths = {
        Telling.PHRASE: figures.phrase_cue,
        Telling.WORD: figures.word_cue,
        Telling.COMMON: figures.common_cue,
    }
    hits = []
    for cue in target.cues:
        find = _find_exact if cue.exact else _find
        span = find(cue.stems, reading, index, figures.cue_slack_words)
        if span is not None:
            worth = worths[cue.telling]
            if not cue.denies and span[0] in index.denied:
                worth *= figures.taken_back
            hits.append(CueHit(worth, span, cue.general))
    for name in target.classes:
        hits += [CueHit(figures.word_cue, (hit.first, hit.last), True) for hit in different(index.cues.get(name, []))]
    hits.sort(key=lambda hit: (-hit.worth, hit.span, hit.general))
    kept: list[CueHit] = []
    for hit in hits:
        if all(hit.span[1] < other.span[0] or hit.span[0] > other.span[1] for other in kept):
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
    """The first place where the stems follow one another; only an "also" or "once" may stand between. No `slack`."""
    del slack
    tokens, between = reading.tokens, word_lists().between
    for first in index.places.get(stems[0], ()):
        at = first
        for wanted in stems[1:]:
            at += 1
            while at < len(tokens) and tokens[at].word in between and tokens[at].stem != wanted:
                at += 1
            if at >= len(tokens) or not (wanted == tokens[at].stem or (wanted == NUMBER and tokens[at].numeric)):
                break
        else:
            if tokens[at].utterance == tokens[first].utterance:
                return first, at
    return None


def _nearest(places: list[int], anchor: int) -> int:
    at = bisect_left(places, anchor)
    around = places[max(0, at - 1) : at + 1]
    return min(around, key=lambda place: (abs(place - anchor), place))


def _recall(
    target: Target, index: Index, figures: Recall, window: int
) -> tuple[float, tuple[int, int] | None, tuple[str, ...]]:
    """The best share of the target's weight that stands within one window of words; where; and which words."""
    hits = []
    for wanted, weight in target.stems.items():
        found, nearness = similar(index, wanted)
        if nearness > 0:
            places = index.places[found]
            meant = places if target.denies else [place for place in places if place not in index.denied]
            worth = weight * nearness * (1.0 if meant else figures.taken_back)
            hits += [(place, wanted, worth, found) for place in meant or places]
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

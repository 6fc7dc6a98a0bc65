"""Phrases that show something whatever the topic: numbers, reasons, trade-offs, results, lessons, parts of a story.

Decides where in an answer such a phrase stands. Never what it adds to a score.
"""

import tomllib
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

from scoring.words import Token, stems_of, word_lists

GENERAL = ("result", "reflection", "cause", "order", "close", "when_and_where", "doing", "example")
CLASSES = {f"<{name}>": name for name in ("result", "reflection", "doing")}
"""What a rubric point may ask for in place of a phrase: `<result>` is any phrase that names a result."""
OPENINGS = frozenset(["i", "i'd", "and"])
NEGATION_REACH = 4
"""A negation this many words before a phrase takes it back ("we never measured")."""


class Hit(NamedTuple):
    """A phrase found: the tokens `first` to `last` of a reading."""

    cue: str
    phrase: str
    first: int
    last: int


class CueBook(NamedTuple):
    labels: dict[str, str]
    """What a reader calls each cue."""
    by_opening: dict[tuple[str, ...], tuple[tuple[tuple[str, ...], str, str], ...]]
    """The first two stems, or the only one -> (stems, cue, phrase), longest phrase first."""
    parts: dict[str, tuple[str, ...]]
    """Family -> its parts in the order in which they are best told."""


@lru_cache(maxsize=1)
def cue_book() -> CueBook:
    """The cue phrases of the package, read once."""
    raw = tomllib.loads((files("scoring") / "lexicon" / "cues.toml").read_text(encoding="utf-8"))
    families: dict[str, dict[str, Any]] = raw.pop("part")
    cues = raw | {f"{family}.{part}": cue for family, parts in families.items() for part, cue in parts.items()}
    by_opening: dict[tuple[str, ...], list[tuple[tuple[str, ...], str, str]]] = {}
    for name, cue in cues.items():
        for phrase in dict.fromkeys(cue["phrases"]):
            stems = stems_of(phrase)
            by_opening.setdefault(stems[:2], []).append((stems, name, phrase))
    return CueBook(
        labels={name: cue["label"] for name, cue in cues.items()},
        by_opening={
            start: tuple(sorted(found, key=lambda f: (-len(f[0]), f[1:]))) for start, found in by_opening.items()
        },
        parts={family: tuple(f"{family}.{part}" for part in parts) for family, parts in families.items()},
    )


@lru_cache(maxsize=1)
def general_phrases() -> frozenset[tuple[str, ...]]:
    """The stems of every phrase that shows something in any story; words of a field are not among them."""
    found = cue_book().by_opening.values()
    return frozenset(
        stems for phrases in found for stems, cue, _ in phrases if cue in GENERAL or cue.startswith("behavioural.")
    )


def find_cues(tokens: tuple[Token, ...]) -> dict[str, list[Hit]]:
    """Every cue phrase in the tokens, by cue, in order; within one cue no two hits overlap."""
    book = cue_book().by_opening
    stems = tuple(token.stem for token in tokens)
    found: dict[str, list[Hit]] = {}
    for i in range(len(stems)):
        for phrase, cue, text in book.get(stems[i : i + 2], ()) + book.get(stems[i : i + 1], ()):
            last = i + len(phrase) - 1
            if stems[i : last + 1] == phrase and tokens[i].utterance == tokens[last].utterance:
                hits = found.setdefault(cue, [])
                if not hits or hits[-1].last < i:
                    hits.append(Hit(cue, text, i, last))
    return found


def meant(tokens: tuple[Token, ...], not_so: frozenset[int]) -> dict[str, list[Hit]]:
    """The cues that are meant: what was denied was not done; but a limit or a lesson may well be told with a "not"."""
    cues = find_cues(tokens)
    did = acts(tokens)
    for name in ("doing", "behavioural.action"):
        told = {place for hit in cues.get(name, ()) for place in range(hit.first, hit.last + 1)}
        others = [hit._replace(cue=name) for hit in did if hit.first not in told and hit.last not in told]
        cues[name] = sorted([*cues.get(name, ()), *others], key=lambda hit: hit.first)
    for name in ("result", "doing", "close"):
        cues[name] = [hit for hit in cues.get(name, []) if hit.first not in not_so]
    return cues


def acts(tokens: tuple[Token, ...]) -> list[Hit]:
    """What the speaker did or would do: "I" and a verb in the past, "and" and another one, "I would store"."""
    lists = word_lists()
    found: list[Hit] = []
    speaker = -1
    """The sentence in which the speaker is the one who acts."""
    for i, token in enumerate(tokens):
        if token.word not in OPENINGS or (token.word == "and" and token.sentence != speaker):
            continue
        wish = token.word == "i'd"
        at = i + 1
        while at < len(tokens) and tokens[at].word in lists.between:
            wish = wish or tokens[at].word == "would"
            at += 1
        if at < len(tokens) and tokens[at].sentence == token.sentence and tokens[at].utterance == token.utterance:
            verb = tokens[at]
            own = verb.word not in lists.states and verb.word not in lists.function
            if own and (lists.is_past(verb.word) or (wish and not verb.numeric)):
                speaker = token.sentence
                found.append(Hit("doing", f"i {verb.word}", i, at))
    return found


def different(hits: Iterable[Hit]) -> list[Hit]:
    """One hit for each different phrase: saying "because" ten times shows no more than saying it once."""
    return list({hit.phrase: hit for hit in reversed(list(hits))}.values())[::-1]


def denied(tokens: tuple[Token, ...]) -> frozenset[int]:
    """The places that stand shortly after a negation, in the same sentence."""
    negations = word_lists().negations
    return frozenset(
        place
        for i, token in enumerate(tokens)
        if token.word in negations
        for place in range(i + 1, min(len(tokens), i + 1 + NEGATION_REACH))
        if tokens[place].sentence == token.sentence
    )

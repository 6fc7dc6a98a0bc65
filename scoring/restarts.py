"""Signs that a sentence was begun and taken back: cries, words of correction, copies, question words said twice.

Decides what is to be seen in the words. Never whether it amounts to a disfluency (that is `disfluency`), and nothing
about who speaks: words of a topic are all alike to it.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple

from scoring.words import word_lists

WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*|\d+(?:[.,:]\d+)*|[^\W\d_]+")
NEAR_LETTERS = 5
"""Two words that begin alike for so long are forms of one: "concentrate", "concentrated"."""
NEAR_WORDS = 7


class Lexicon(NamedTuple):
    cry: re.Pattern[str]
    cues: Mapping[str, tuple[tuple[tuple[str, ...], bool], ...]]
    """First word -> (phrase, whether it is certain)."""
    innocent: Mapping[str, tuple[tuple[str, ...], ...]]
    """First word -> phrases."""
    known: frozenset[str]
    """Words that keep their name; all others are content, whatever they say."""
    question: frozenset[str]
    auxiliary: frozenset[str]
    hanging: frozenset[str]
    telling: frozenset[str]
    correcting: frozenset[str]


class Place(NamedTuple):
    """Words `first` to `last` that say something is taken back."""

    first: int
    last: int
    certain: bool


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    raw = tomllib.loads((files("scoring") / "lexicon" / "repairs.toml").read_text(encoding="utf-8"))
    certain, possible, innocent = (
        tuple(tuple(phrase.split()) for phrase in raw[kind]) for kind in ("certain", "possible", "innocent")
    )
    cues = [(phrase, True) for phrase in certain] + [(phrase, False) for phrase in possible]
    return Lexicon(
        cry=re.compile("(?:" + "|".join("".join(raw["cries"].split()).split("|")) + ")"),
        cues={first: tuple(c for c in cues if c[0][0] == first) for first in {phrase[0] for phrase, _ in cues}},
        innocent={first: tuple(p for p in innocent if p[0] == first) for first in {phrase[0] for phrase in innocent}},
        known=word_lists().function | word_lists().fillers | {word for phrase, _ in cues for word in phrase},
        question=frozenset(raw["question"].split()),
        auxiliary=frozenset(raw["auxiliary"].split()),
        hanging=frozenset(raw["hanging"].split()),
        telling=frozenset(raw["telling"].split()),
        correcting=frozenset(raw["correcting"].split()),
    )


def words_of(text: str) -> list[str]:
    """The words of a text as they are written, without marks between them."""
    return [word.replace("’", "'") for word in WORD.findall(text)]


def places(words: Sequence[str]) -> list[Place]:
    """Where lower-case words say that something before them is taken back; the longest cue at each place."""
    known, idle = lexicon(), _innocent(words)
    found: list[Place] = []
    for i, word in enumerate(words):
        if i in idle or (found and i <= found[-1].last):
            continue
        cues = known.cues.get(word, ())
        sizes = [(len(cue), certain) for cue, certain in cues if tuple(words[i : i + len(cue)]) == cue]
        if known.cry.fullmatch(word):
            sizes.append((1, True))
        if sizes:
            size, certain = max(sizes)
            found.append(Place(i, i + size - 1, certain))
    return found


def _innocent(words: Sequence[str]) -> frozenset[int]:
    """The places of words that belong to a phrase which takes nothing back ("no longer")."""
    phrases = lexicon().innocent
    return frozenset(
        place
        for i, word in enumerate(words)
        for phrase in phrases.get(word, ())
        if tuple(words[i : i + len(phrase)]) == phrase
        for place in range(i, i + len(phrase))
    )


def signs(text: str) -> dict[str, float]:
    """Everything in a text that may show a disfluency, each sign with how much of it there is; zeros are left out."""
    written = words_of(text)
    words = [word.lower() for word in written]
    idle = _innocent(words)
    kinds = ["<idiom>" if i in idle and word in lexicon().telling else _kind(word) for i, word in enumerate(words)]
    found: dict[str, float] = {}
    _sequences(kinds, found)
    _cues(words, written, kinds, found)
    _questions(words, kinds, found)
    _copies(words, found)
    _marks(text, written, found)
    return {sign: value for sign, value in found.items() if value}


@lru_cache(maxsize=20_000)
def _kind(word: str) -> str:
    if lexicon().cry.fullmatch(word):
        return "<cry>"
    if word in lexicon().known:
        return word
    return "<number>" if word[0].isdigit() else "<content>"


def _sequences(kinds: Sequence[str], found: dict[str, float]) -> None:
    """Up to three kinds of words in a row, where one of them may tell of a correction."""
    ends = ["<start>", *kinds, "<end>"]
    for size in (1, 2, 3):
        for i in range(len(ends) - size + 1):
            row = ends[i : i + size]
            if not lexicon().correcting.isdisjoint(row):
                found["is " + " ".join(row)] = 1.0


def _cues(words: Sequence[str], written: Sequence[str], kinds: Sequence[str], found: dict[str, float]) -> None:
    """Words of correction, and what stands around them."""
    certain = 0
    for first, last, sure in places(words):
        inside = first > 0 and last < len(words) - 1
        cue = "<cry>" if kinds[first] == "<cry>" else " ".join(words[first : last + 1])
        where = "inside" if inside else "outside"
        found[f"cue {cue} {where}"] = 1.0
        certain += sure and inside
        if inside:
            kind = "certain" if sure else cue
            found[f"between {_stands(written[first - 1], first == 1)} {kind} {_stands(written[last + 1], False)}"] = 1.0
            if _stands(written[first - 1], first == 1) == _stands(written[last + 1], False) != "word":
                found[f"same around {kind}"] = 1.0
    found["certain"] = float(min(2, certain))
    for i, word in enumerate(words):
        key = "<cry>" if kinds[i] == "<cry>" else word
        if key != "<cry>" and (word not in lexicon().telling or kinds[i] == "<idiom>"):
            continue
        after, before = words[i + 1 : i + 3], words[:i]
        if after and after[0] in before:
            found[f"goes back {key}"] = 1.0
        if len(after) == 2 and tuple(after) in set(pairwise(before)):
            found[f"goes back two {key}"] = 1.0
        if after and after[0] in lexicon().question:
            found[f"asks after {key}"] = 1.0
        if before and before[-1] in lexicon().hanging | lexicon().auxiliary:
            found[f"hangs before {key}"] = 1.0
        found[f"from start {key}"] = min(i, 6) / 6
        found[f"to end {key}"] = min(len(words) - i - 1, 5) / 5


def _stands(written: str, first: bool) -> str:
    """What a word beside a cue is like: a number, a name, a question word, or any other."""
    word = written.lower()
    if word[0].isdigit():
        return "number"
    if word in lexicon().question:
        return "question"
    if word in lexicon().auxiliary:
        return "auxiliary"
    if word in lexicon().hanging:
        return "hanging"
    return "name" if written[0].isupper() and not first else "word"


def _questions(words: Sequence[str], kinds: Sequence[str], found: dict[str, float]) -> None:
    """A question asked twice: its word comes again, with another verb of its own."""
    asked = [i for i, word in enumerate(words) if word in lexicon().question]
    found["questions"] = float(min(3, len(asked)))
    found["auxiliaries"] = min(4, sum(word in lexicon().auxiliary for word in words)) / 2
    found["length"] = min(len(words), 40) / 20
    if len(asked) < 2:
        return
    found["asked again"] = 1.0
    found["asked first"] = float(asked[0] == 0)
    found["asked the same"] = float(len({words[i] for i in asked}) < len(asked))
    found["asked apart"] = min(asked[1] - asked[0], 8) / 8
    with_verb = sum(i + 1 < len(words) and words[i + 1] in lexicon().auxiliary for i in asked)
    found["asked with verbs"] = float(with_verb >= 2)
    for i in asked[1:]:
        found[f"asked after {kinds[i - 1]}"] = 1.0
        found[f"asked {words[asked[0]]} then {words[i]}"] = 1.0


def _copies(words: Sequence[str], found: dict[str, float]) -> None:
    """Words said again: at once, or as a run of some words later on."""
    function = word_lists().function
    for size in (1, 2, 3, 4):
        runs = Counter(tuple(words[i : i + size]) for i in range(len(words) - size + 1))
        again = [run for run, times in runs.items() if times > 1]
        found[f"again {size}"] = float(min(2, len(again)))
        found[f"again {size} of topic"] = float(min(2, sum(any(word not in function for word in run) for run in again)))
    found["twice in a row"] = float(any(a == b for a, b in pairwise(words)))
    near = 0
    for i, word in enumerate(words):
        for other in words[i + 1 : i + NEAR_WORDS]:
            near += len(word) >= NEAR_LETTERS and word != other and word[:NEAR_LETTERS] == other[:NEAR_LETTERS]
    found["nearly again"] = float(min(3, near))


def _marks(text: str, written: Sequence[str], found: dict[str, float]) -> None:
    """What punctuation and capitals show: a recogniser, too, writes a capital where a sentence starts anew."""
    function = word_lists().function
    capitals = [word for word in written[1:] if word[:1].isupper()]
    found["capital question"] = float(
        min(2, sum(word.lower() in lexicon().question and not word.isupper() for word in capitals))
    )
    ordinary = [word for word in capitals if word.lower() in function and len(word) > 1 and not word.isupper()]
    found["capital inside"] = float(min(2, len(ordinary)))
    found["asks inside"] = float("?" in text.strip()[:-1])
    found["commas"] = min(3, text.count(",")) / 3
    found["dots"] = float(".." in text or "…" in text)
    found["dash"] = float(" -" in text or "--" in text or "–" in text)

"""Text into tokens, and tokens into stems. One place decides what counts as the same word.

Never decides what a word is worth to a score: that is `local` with its weights.
"""

import re
import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

TOKEN = re.compile(r"\d+(?:[.,:]\d+)*%?|\w+(?:['’]\w+)*(?:\+\+|#)?")
SENTENCE_END = re.compile(r"[.!?;\n]")
NUMBER = "<number>"
"""Stands for any number in a cue."""


class Token(NamedTuple):
    """One word of an answer: `start` and `end` are characters in the text of its utterance."""

    word: str
    stem: str
    utterance: int
    start: int
    end: int
    sentence: int
    named: bool
    """Written with a capital, as a name is; the first word of a sentence may be so without being one."""
    numeric: bool
    content: bool
    """No function word ("the", "of", "because")."""


class WordLists(NamedTuple):
    function: frozenset[str]
    function_stems: frozenset[str]
    common: frozenset[str]
    criterion: frozenset[str]
    fillers: frozenset[str]
    filler_phrases: tuple[tuple[str, ...], ...]
    repair_phrases: tuple[tuple[str, ...], ...]
    numbers: frozenset[str]
    first_names: frozenset[str]
    negations: frozenset[str]
    clause_openers: frozenset[str]
    """Words that begin a clause more often than not."""
    between: frozenset[str]
    """Words that may stand between "I" and what I did."""
    states: frozenset[str]
    """Verbs that tell of no act."""
    irregular: dict[str, str]

    def is_past(self, word: str) -> bool:
        """Whether a word has the form of a verb in the past; some adjectives have it too."""
        if len(word) <= 2 or word.endswith(("ing", "s")):
            return False
        return word.endswith("ed") or self.irregular.get(word, word) != word


@lru_cache(maxsize=1)
def word_lists() -> WordLists:
    """The word lists of the package, read once."""
    raw = tomllib.loads((files("scoring") / "lexicon" / "words.toml").read_text(encoding="utf-8"))
    irregular = {form: base.rstrip("_") for base, forms in raw["irregular"].items() for form in forms.split()}
    return WordLists(
        function=frozenset(raw["function"].split()),
        function_stems=frozenset(_stem_with(word, irregular) for word in raw["function"].split()),
        common=frozenset(_stem_with(word, irregular) for word in raw["common"].split()),
        criterion=frozenset(_stem_with(word, irregular) for word in raw["criterion"].split()),
        fillers=frozenset(raw["fillers"].split()),
        filler_phrases=tuple(tuple(phrase.split()) for phrase in raw["filler_phrases"]),
        repair_phrases=tuple(tuple(phrase.split()) for phrase in raw["repair_phrases"]),
        numbers=frozenset(raw["number_words"].split()),
        first_names=frozenset(raw["first_names"].split()),
        negations=frozenset(raw["negations"].split()),
        clause_openers=frozenset(raw["clause_openers"].split()),
        between=frozenset(raw["between"].split()),
        states=frozenset(raw["states"].split()),
        irregular=irregular,
    )


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """The part of a lower-case English word that its forms share. Light on purpose: it may miss, seldom lies."""
    return _stem_with(word, word_lists().irregular)


_ENDINGS = (
    ("isations", "ize"), ("izations", "ize"), ("isation", "ize"), ("ization", "ize"), ("ising", "ize"),
    ("izing", "ize"), ("ised", "ize"), ("ized", "ize"), ("ises", "ize"), ("izes", "ize"), ("ise", "ize"),
    ("fulness", ""), ("ousness", "ous"), ("abilities", "able"), ("ability", "able"), ("ibility", "ible"),
    ("ations", "ate"), ("ation", "ate"), ("ments", ""), ("ment", ""), ("nesses", ""), ("ness", ""),
    ("ingly", ""), ("edly", ""), ("ally", "al"), ("ies", "y"), ("ied", "y"), ("sses", "ss"), ("ings", ""),
    ("ing", ""), ("ed", ""), ("ly", ""), ("ers", "er"), ("es", "e"), ("s", ""),
)  # fmt: skip


def _stem_with(word: str, irregular: dict[str, str]) -> str:
    word = word.replace("’", "'").removesuffix("'s")
    word = irregular.get(word, word)
    if len(word) <= 3 or not word.isalpha():
        return word
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            if ending == "s" and word.endswith(("ss", "us", "is")):
                break
            word = word[: -len(ending)] + instead
            break
    return _bare(word.replace("our", "or") if word.endswith(("our", "ours")) else word)


def _bare(word: str) -> str:
    """Doubled last letters and a silent e are an accident of the ending: `stopp`, `stope` and `stop` are one."""
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "lsz":
        word = word[:-1]
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    if len(word) > 3 and word.endswith("y") and word[-2] not in "aeiou":
        word = word[:-1] + "i"
    return word


def tokens_of(text: str, utterance: int = 0, sentence: int = 0) -> list[Token]:
    """All words of a text in order, fillers included. `sentence` is the number the first sentence gets."""
    found: list[Token] = []
    last_end = 0
    for match in TOKEN.finditer(text):
        start, end = match.span()
        # Most words are one space apart: the search is for the others.
        if found and text[last_end:start] != " " and SENTENCE_END.search(text, last_end, start):
            sentence += 1
        word, stemmed, named, numeric, content = _looked_up(match.group())
        found.append(Token(word, stemmed, utterance, start, end, sentence, named, numeric, content))
        last_end = end
    return found


@lru_cache(maxsize=20_000)
def _looked_up(raw: str) -> tuple[str, str, bool, bool, bool]:
    """What a written word is wherever it stands: word, stem, named, numeric, content."""
    lists = word_lists()
    word = raw.lower().replace("’", "'")
    numeric = raw[0].isdigit() or word in lists.numbers
    content = word not in lists.function
    return word, stem(word), raw[0].isupper() and content, numeric, content


def stems_of(text: str) -> tuple[str, ...]:
    """The stems of a phrase, in order; `<number>` is kept as it is."""
    if NUMBER in text:
        return tuple(s for part in text.split() for s in ((NUMBER,) if part == NUMBER else stems_of(part)))
    return tuple(stem(match.group().lower()) for match in TOKEN.finditer(text))


@lru_cache(maxsize=20_000)
def weight_of(stemmed: str) -> float:
    """How much topic a stem carries, 0 to 1: the place of an inverse document frequency where no corpus ships.

    Function words none, everyday words a third, other words fully. Calibration may replace it by counted ones.
    """
    lists = word_lists()
    if stemmed in lists.function_stems or len(stemmed) < 2:
        return 0.0
    return 0.35 if stemmed in lists.common else 1.0

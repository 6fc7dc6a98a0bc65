"""Whether words sound as if their speaker were done: `completeness(words)` in log-odds, from what the last words are.

Decides nothing: how long to wait is `rooms.patience`'s. Looks at words only, never at a voice, and knows English only:
for words of another language nearly all of it is silent and the wait is that of plain words.
"""

import re
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Final

_LOOK_BACK_WORDS: Final = 12
"""Words looked at. What was said before says little about whether the last sentence is whole."""

_WORD: Final = re.compile(r"[a-z0-9']+")

_CLASSES: Final = MappingProxyType(
    {
        "joins": "and or but so because although though unless until whereas nor plus if when while since"
        " where whether as than that which who whom whose how why what",
        "determines": "a an the my your our their its his her this these those every each any some no another"
        " both all most many more several few other such",
        "leads": "of to in on at by for from with into onto about after before between through during"
        " without within under over against among across behind toward towards upon per via like"
        " around along except including",
        "helps": "is are was were be been being am has have had having do does did will would can could"
        " shall should may might must isn't aren't wasn't weren't don't doesn't didn't can't"
        " couldn't won't wouldn't shouldn't haven't hasn't it's that's there's i'm we're they're"
        " you're he's she's i'd i'll i've we'd we'll we've they'd they'll they've let's",
        "stands_for": "i we they he she",
        "points": "it you me us them him one something there here",
        "weighs": "very really quite just also only even still already always never often usually actually"
        " basically maybe perhaps probably then not mostly rather too well almost",
        "wants_more": "get gets got make makes made take takes took use uses used using need needs needed want"
        " wants wanted give gives gave put puts see sees saw said says say think thought know knew"
        " called find found keep kept set sets allow allows include includes contains contain"
        " provides provide based",
        "hesitates": "um umm uh uhm uhh er erm hmm mm ah eh",
    }
)
_CLASS_OF: Final = {word: name for name, words in _CLASSES.items() for word in words.split()}

THINKING: Final = re.compile(
    r"\b(let me (just )?(think|see|recall|remember)|give me (a|one|just a) (second|sec|moment|minute)"
    r"|(one|just a) (second|sec|moment|minute)|hold on|bear with me|where was i|what's the word"
    r"|(good|tough|hard|tricky|interesting) question|how (do|should|can) i (put|say) (it|this))"
    r"( about (it|this|that))?( for a (second|moment|minute))?( (okay|ok|so|um|uh|hmm))*$"
)
"""Who says so at the end goes on after a while."""

CLOSING: Final = re.compile(
    r"\b(that's (it|all|about it|my answer|everything|pretty much it)|that is (it|all|my answer)|i'm done"
    r"|thank you( very much)?|thanks( a lot)?|does that (answer|make)( your question| sense)?|hope that helps"
    r"|(i think )?that's (all|what) i (have|had|did|would do|can say)( to say)?)$"
)
"""Who says so at the end means it."""


_WEIGHTS: Final = MappingProxyType(
    {
        "any": 0.2,
        "joins": -3.1,
        "determines": -3.3,
        "leads": -2.5,
        "helps": -2.7,
        "stands_for": -3.0,
        "points": -0.9,
        "weighs": -0.8,
        "wants_more": -1.4,
        "hesitates": -3.7,
        "joins, then a word": -0.2,
        "determines, then a word": -0.5,
        "leads, then a word": -0.3,
        "helps, then a word": -0.2,
        "stands_for, then a word": 0.8,
        "weighs, then a word": -0.3,
        "-ed": 0.1,
        "-ing": -0.2,
        "-ly": 0.4,
        "-s": 0.2,
    }
)
"""Log-odds. Fitted on answers that people wrote (SAF and Mohler's, half of the questions), but for the words
that hesitate and the subjects ("we"), which people do not write at an end and hardly write at all."""
_UNFINISHED: Final = -2.5
"""A recogniser wrote a comma or dots: it heard that more is to come."""
_THINKING: Final = -8.0
_CLOSING: Final = 3.0


def completeness(words: Sequence[str]) -> float:
    """Log-odds that a sentence may end on these words, the last ones of an answer; 0 where nothing is known."""
    spoken = plain(words[-_LOOK_BACK_WORDS:])
    if not spoken:
        return 0.0
    ending = " ".join(spoken)
    if THINKING.search(ending):
        return _THINKING
    if CLOSING.search(ending):
        return _CLOSING
    left_open = words[-1].rstrip().endswith((",", "...", "…", "-", "–", ":", ";"))
    return sum(_WEIGHTS.get(name, 0.0) for name in features(spoken)) + (_UNFINISHED if left_open else 0.0)


def plain(words: Sequence[str]) -> list[str]:
    """Words without capitals and punctuation, as they are looked up here."""
    return [word for text in words for word in _WORD.findall(text.lower().replace("’", "'"))]


def kind_of(word: str) -> str | None:
    """The class of a plain word, if it is in one."""
    return _CLASS_OF.get(word)


def features(spoken: Sequence[str]) -> Iterable[str]:
    """What is seen in plain words, by name: for `completeness`, and for what fits its weights."""
    last, before = spoken[-1], spoken[-2] if len(spoken) > 1 else ""
    kind, kind_before = kind_of(last), kind_of(before)
    yield "any"
    if kind is not None:
        yield kind
        return
    if kind_before is not None:
        yield f"{kind_before}, then a word"
    yield from (f"-{ending}" for ending in ("ing", "ed", "ly", "s") if last.endswith(ending))

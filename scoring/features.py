"""How an answer was spoken: pace, pauses, fillers, repairs. For coaching.

Decides what the words and their times say about delivery. Never touches a content score, and never looks at pitch,
accent, gender or feeling.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from rooms.evidence import Delivery, Pause
from rooms.transcript import Quote, Source, Transcript, Utterance, Word, quote
from scoring.disfluency import load_disfluency, taken_back
from scoring.words import word_lists

PAUSE_MS = 250
"""Shorter silences belong to articulation: one of the usual thresholds, which go from 100 to 1,000 ms (de Jong & Bosker
2013)."""
RATE_FROM_MS = 2_000
"""Rates over less speech than this say nothing."""
LIKE_PAUSE_MS = 200
"""`like` is a filler where it stands alone; in bare recognised words a silence on a side tells."""
ALLOWED_TWICE = frozenset(
    ["had", "that", "very", "really", "no", "yes", "so", "many", "much", "far", "bye", "well", "ha"]
)
"""Said twice in a row on purpose more often than not."""

GOVERNED = frozenset(
    ["a", "an", "the", "what", "how", "that", "it", "why", "who", "where", "if", "this", "him", "her", "them"]
)
"""Before one of these `you know` and `kind of` say something."""
GOVERNING = frozenset(["a", "the", "this", "that", "some", "any", "what", "do", "did", "if"])
"""After one of these they do too."""

_VOWELS = re.compile(r"[aeiouy]+")


class Said(NamedTuple):
    """One word of an utterance with its place in the text, and its times where it was spoken."""

    word: str
    start: int
    end: int
    timed: Word | None


def delivery(transcript: Transcript, *, floor_ms: int | None = None) -> Delivery:
    """How an answer was spoken. `floor_ms` is when the speaker got the floor, in the room's time.

    Figures that need timed speech are None for typed answers. Thinking before the first word is not speaking time.
    """
    spoken = [utterance for utterance in transcript.utterances if utterance.source is Source.VOICE]
    timed = [word for utterance in spoken for word in utterance.words]
    fillers = tuple(q for utterance in spoken for q in fillers_of(utterance))
    repairs = tuple(q for utterance in spoken for q in repairs_of(utterance))
    words = sum(len(_said(utterance)) for utterance in transcript.utterances)
    if not timed:
        return Delivery(words=words, speaking_ms=0, fillers=fillers, repairs=repairs)
    speaking_ms = max(word.end_ms for word in timed) - timed[0].start_ms
    pauses = pauses_of(timed)
    talking_ms = speaking_ms - sum(pause.end_ms - pause.start_ms for pause in pauses)
    syllables = sum(syllables_of(word.text) for word in timed)
    return Delivery(
        words=words,
        speaking_ms=speaking_ms,
        words_per_minute=_rate(len(timed), speaking_ms, 60_000),
        articulation_rate=_rate(syllables, talking_ms, 1_000),
        pauses=pauses,
        fillers=fillers,
        fillers_per_minute=_rate(len(fillers), speaking_ms, 60_000),
        repairs=repairs,
        thinking_ms=None if floor_ms is None else max(0, timed[0].start_ms - floor_ms),
    )


def pauses_of(words: Sequence[Word]) -> tuple[Pause, ...]:
    """The silences of 250 ms and more between words, across utterances too."""
    pauses = []
    ended = words[0].end_ms if words else 0
    for before, word in pairwise(words):
        if word.start_ms - ended >= PAUSE_MS:
            pauses.append(Pause(start_ms=ended, end_ms=word.start_ms, in_clause=_breaks_clause(before, word)))
        ended = max(ended, word.end_ms)
    return tuple(pauses)


def _breaks_clause(before: Word, after: Word) -> bool:
    """Whether a clause goes on over a silence: no mark before it, and no word after it that begins a new one."""
    begins = re.sub(r"\W+$", "", after.text.lower()) in word_lists().clause_openers
    return not begins and re.search(r"[.,;:?!…]['\"”’)]*$", before.text) is None


def fillers_of(utterance: Utterance) -> tuple[Quote, ...]:
    """Every filled gap as an exact quote: "um", "you know", and "like" where it fills one."""
    said = _said(utterance)
    lists = word_lists()
    found, skip = [], 0
    for i, one in enumerate(said):
        if i < skip:
            continue
        size = 1 if one.word in lists.fillers or _fills(said, i, utterance.text) else 0
        for phrase in lists.filler_phrases:
            if _phrase_at(said, i, (phrase,)) and _is_aside(said, i, len(phrase), utterance.text):
                size = max(size, len(phrase))
        if size:
            found.append(quote(utterance, one.start, said[i + size - 1].end))
            skip = i + size
    return tuple(found)


def repairs_of(utterance: Utterance) -> tuple[Quote, ...]:
    """Every sentence begun again as an exact quote: words said twice, and words that take something back.

    Fillers in between do not hide it.
    """
    lists = word_lists()
    said = [one for one in _said(utterance) if one.word not in lists.fillers]
    spans: list[tuple[int, int]] = []
    i = 0
    while i < len(said):
        size = _repeated(said, i) or _phrase_at(said, i, lists.repair_phrases)
        if size:
            spans.append((said[i].start, said[i + size - 1].end))
        i += size or 1
    others = taken_back(utterance.text, load_disfluency())
    spans += [(a, b) for a, b in others if not any(start < b and a < end for start, end in spans)]
    return tuple(quote(utterance, start, end) for start, end in sorted(spans))


def syllables_of(word: str) -> int:
    """Syllables by groups of vowels, one at least. Off by one for some words, right enough for a rate."""
    bare = re.sub(r"[^a-z0-9]", "", word.lower())
    groups = len(_VOWELS.findall(bare))
    silent = bare.endswith("e") and not bare.endswith(("le", "ee")) and groups > 1
    return max(1, groups - silent + sum(char.isdigit() for char in bare))


def _said(utterance: Utterance) -> list[Said]:
    """The words of an utterance; those with letters or digits, so that a lone dash is none."""
    said, position = [], 0
    texts: list[tuple[str, Word | None]] = [(word.text, word) for word in utterance.words]
    texts = texts or [(text, None) for text in utterance.text.split()]
    for text, word in texts:
        start = utterance.text.index(text, position)
        position = start + len(text)
        bare = re.sub(r"^\W+|\W+$", "", text)
        if bare:
            inner = start + text.index(bare)
            said.append(Said(bare.lower().replace("’", "'"), inner, inner + len(bare), word))
    return said


def _repeated(said: Sequence[Said], i: int) -> int:
    """How many words the repetition that begins here takes: "I I", "we had we had"; 0 if there is none."""
    for size in (3, 2, 1):
        if i + 2 * size > len(said) or said[i].word != said[i + size].word:
            continue
        once, again = said[i : i + size], said[i + size : i + 2 * size]
        if all(a.word == b.word for a, b in zip(once, again, strict=True)):
            on_purpose = size == 1 and (once[0].word in ALLOWED_TWICE or once[0].word.isdigit())
            if not on_purpose:
                return 2 * size
    return 0


def _phrase_at(said: Sequence[Said], i: int, phrases: Sequence[tuple[str, ...]]) -> int:
    """How many words the longest of the phrases that begins here takes; 0 if none does."""
    return max((len(p) for p in phrases if p[0] == said[i].word and _reads(said, i, p)), default=0)


def _reads(said: Sequence[Said], i: int, phrase: tuple[str, ...]) -> bool:
    return tuple(one.word for one in said[i : i + len(phrase)]) == phrase


def _fills(said: Sequence[Said], i: int, text: str) -> bool:
    """Whether a "like" fills a gap: between commas, beside a silence, or beside another filler."""
    if said[i].word != "like":
        return False
    beside = [said[j].word for j in (i - 1, i + 1) if 0 <= j < len(said)]
    return _is_aside(said, i, 1, text, strict=True) or any(word in word_lists().fillers for word in beside)


def _is_aside(said: Sequence[Said], i: int, size: int, text: str, strict: bool = False) -> bool:
    """Whether words are cut off from what follows by a comma or a silence.

    Where neither punctuation nor times are to be had, a phrase is taken for an aside unless `strict`. "You know the
    answer" and "a kind of tree" are not asides: a word follows that they govern.
    """
    before = text[said[i - 1].end : said[i].start] if i else ","
    after = text[said[i + size - 1].end : said[i + size].start] if i + size < len(said) else ","
    if "," in after and (size > 1 or "," in before):
        return True
    silent = _gap(said, i - 1, i) >= LIKE_PAUSE_MS and _gap(said, i + size - 1, i + size) >= LIKE_PAUSE_MS
    if silent or strict:
        return silent
    follows = said[i + size].word if i + size < len(said) else ""
    precedes = said[i - 1].word if i else ""
    return follows not in GOVERNED and precedes not in GOVERNING


def _gap(said: Sequence[Said], a: int, b: int) -> int:
    """Silence between two neighbouring words in ms; without bound at an end, none where times are missing."""
    if a < 0 or b >= len(said):
        return LIKE_PAUSE_MS
    first, second = said[a].timed, said[b].timed
    return second.start_ms - first.end_ms if first and second else 0


def _rate(count: int, over_ms: int, per_ms: int) -> float | None:
    return round(count * per_ms / over_ms, 1) if over_ms >= RATE_FROM_MS else None

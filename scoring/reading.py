"""What of an answer counts as content: a transcript read once, with everything else set aside.

Set aside are fillers, words said twice in a row, passages repeated later on, and sentences that speak to the marker
instead of the interviewer. So none of them can raise or lower a content score. Never decides what the rest is worth.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from rooms.transcript import Quote, Transcript, quote, word_starts
from scoring.words import SENTENCE_END, Token, tokens_of, word_lists

REPEAT_LENGTH = 6
"""A run of this many words that came before already is a repetition, not a turn of phrase."""
ASKED_WORDS = 4
"""A question of so many words is not in an answer by chance."""
ASIDE_WORDS = 15
"""Recognised speech has no full stops: this many words after an instruction to the marker go with it."""

_TO_THE_MARKER = re.compile(
    r"\b(?:system|assistant|developer)\s*(?:prompt|message|note)?\s*:"
    r"|\b(?:ignore|disregard|forget|override|bypass)\b[^.!?\n]{0,40}"
    r"\b(?:rubric|instructions?|prompts?|criteria|guidelines|rules above|scoring|previous|above)\b"
    r"|\b(?:give|award|grant|assign|grade|mark|rate|score)\s+"
    r"(?:me|this|it|my|the answer|this answer|the candidate|us)\b"
    r"[^.!?\n]{0,40}?\b(?:(?:a|an|the|at|as|with|full|maximum|max|perfect|top|highest|high|best)\s+)*"
    r"(?:five|5|ten|10|100|hundred|full marks|maximum|perfect|top marks|highest|points|present|score)\b"
    r"(?!\s+(?:minutes?|seconds?|hours?|days?|weeks?|months?|years?|people|engineers|reasons|examples|options|%|percent))"
    r"|\bmark (?:every|all|each)\b[^.!?\n]{0,30}\b(?:points?|criteri\w+|present)\b"
    r"|\b(?:this|my) answer (?:deserves|should (?:get|receive|score)|must (?:get|receive|score))\b"
    r"|\byou are (?:now )?(?:an? )?(?:grader|grading|marker|judge|scorer)\b"
    r"|\b(?:note|message|instructions?) (?:to|for) (?:the )?(?:grader|marker|judge|scorer|scoring model|ai)\b",
    re.IGNORECASE,
)


class Reading(NamedTuple):
    """The tokens of an answer that count, in order, and what was set aside."""

    transcript: Transcript
    tokens: tuple[Token, ...]
    spoken: int
    """Words before anything but fillers was set aside."""
    asides: tuple[Quote, ...]
    """Sentences that addressed the marker."""
    starts: tuple[list[int], ...]
    """Where the words of each utterance start, found once for all quotes."""

    def quote(self, first: int, last: int) -> Quote:
        """The exact words from token `first` to token `last`, both in one utterance."""
        start, end = self.tokens[first], self.tokens[last]
        place = start.utterance
        return quote(self.transcript.utterances[place], start.start, end.end, self.starts[place])


def read(transcript: Transcript) -> Reading:
    """Read a transcript. Same transcript, same reading."""
    tokens: list[Token] = []
    asides: list[Quote] = []
    spoken, sentence = 0, 0
    for number, utterance in enumerate(transcript.utterances):
        found = without_fillers(tokens_of(utterance.text, number, sentence))
        spoken += len(found)
        if found:
            sentence = found[-1].sentence + 1
        for start, end in _asides(utterance.text):
            asides.append(quote(utterance, start, end))
            found = [token for token in found if token.end <= start or token.start >= end]
        tokens += found
    kept = tuple(_without_repeats(_without_stutter(tokens)))
    starts = tuple(word_starts(utterance) for utterance in transcript.utterances)
    return Reading(transcript, kept, spoken, tuple(asides), starts)


def without_question(reading: Reading, question: str) -> Reading:
    """The reading without the question where it is said back word for word: whoever does says nothing by it."""
    words = [token.word for token in reading.tokens]
    echoed: set[int] = set()
    for asked in _asked(question):
        at = -1
        while (at := _next(words, asked[0], at + 1)) >= 0:
            if words[at : at + len(asked)] == asked:
                echoed.update(range(at, at + len(asked)))
    if not echoed:
        return reading
    return reading._replace(tokens=tuple(token for at, token in enumerate(reading.tokens) if at not in echoed))


def _next(words: list[str], word: str, start: int) -> int:
    try:
        return words.index(word, start)
    except ValueError:
        return -1


@lru_cache(maxsize=2_000)
def _asked(question: str) -> tuple[list[str], ...]:
    """The words of the question and of each of its sentences; so few that anybody might say them are none."""
    whole, *sentences = map(_words, (question, *SENTENCE_END.split(question)))
    runs = [run for run in sentences if len(run) >= REPEAT_LENGTH]
    return (whole, *runs) if len(whole) >= ASKED_WORDS else ()


def _words(text: str) -> list[str]:
    return [token.word for token in _without_stutter(without_fillers(tokens_of(text)))]


def without_fillers(tokens: Sequence[Token]) -> list[Token]:
    """The tokens that are not filled gaps ("um", "you know")."""
    lists = word_lists()
    kept = [token for token in tokens if token.word not in lists.fillers]
    mask = phrase_mask(kept, lists.filler_phrases)
    return [token for token, in_phrase in zip(kept, mask, strict=True) if not in_phrase]


def phrase_mask(tokens: Sequence[Token], phrases: Sequence[tuple[str, ...]]) -> list[bool]:
    """For each token whether it is part of one of the phrases."""
    mask = [False] * len(tokens)
    firsts = {phrase[0] for phrase in phrases}
    for i, token in enumerate(tokens):
        if token.word in firsts:
            for phrase in phrases:
                if tuple(t.word for t in tokens[i : i + len(phrase)]) == phrase:
                    mask[i : i + len(phrase)] = [True] * len(phrase)
    return mask


def _asides(text: str) -> list[tuple[int, int]]:
    """Where the text speaks to the marker: the sentence around, but no more than a breath of it after."""
    spans = []
    for match in _TO_THE_MARKER.finditer(text):
        before = [m.end() for m in SENTENCE_END.finditer(text, 0, match.start())]
        start = before[-1] if before else 0
        if len(text[start : match.start()].split()) > ASIDE_WORDS:
            start = match.start()
        after = SENTENCE_END.search(text, match.end())
        end = after.end() if after else len(text)
        words_after = list(re.finditer(r"\S+", text[match.end() : end]))
        if len(words_after) > ASIDE_WORDS:
            end = match.end() + words_after[ASIDE_WORDS - 1].end()
        while start < match.start() and text[start].isspace():
            start += 1
        spans.append((start, end))
    return spans


def _without_stutter(tokens: Sequence[Token]) -> list[Token]:
    """Of a word, or of two to three words, said twice in a row only the last is kept: the first was a false start."""
    kept: list[Token] = []
    for token in tokens:
        kept.append(token)
        if token.numeric:
            continue
        for size in (3, 2, 1):
            if len(kept) < 2 * size or kept[-1 - size].word != token.word:
                continue
            if all(a.word == b.word for a, b in zip(kept[-size:], kept[-2 * size : -size], strict=True)):
                del kept[-2 * size : -size]
                break
    return kept


def _without_repeats(tokens: Sequence[Token]) -> list[Token]:
    """Passages that came before, word for word, count once."""
    words = [token.word for token in tokens]
    seen: set[tuple[str, ...]] = set()
    repeated = [False] * len(tokens)
    for i in range(len(words) - REPEAT_LENGTH + 1):
        run = tuple(words[i : i + REPEAT_LENGTH])
        if run in seen:
            repeated[i : i + REPEAT_LENGTH] = [True] * REPEAT_LENGTH
        seen.add(run)
    return [token for token, again in zip(tokens, repeated, strict=True) if not again]

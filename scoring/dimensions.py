"""What an answer shows of the six dimensions, as shares between 0 and 1 with the words they rest on.

Decides how strongly each feature is there. Never how many points that is (`weights`), and never anything about the
voice: no feature here changes with pace, pauses or fillers.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from scoring.cues import Hit, cue_book, different
from scoring.quoting import longest_sentence, nearest
from scoring.reading import Reading
from scoring.recall import Index, recalled, similar
from scoring.rubric import Family
from scoring.targets import Compiled
from scoring.weights import Amount, Recall, Weights
from scoring.words import weight_of

NEAR_WORDS = 12
"""A number this many words from a result belongs to it."""
COUNTED_WORDS = 80
"""Variety is looked at over this many content words, so that a long answer is not punished for repeating itself."""


TELLING_AMOUNT = 0.5
"""From half of what is enough one can tell whether sentences can be followed."""


class Feature(NamedTuple):
    """A share 0 to 1, a label for the reader, and token spans that show it."""

    value: float
    label: str
    spans: tuple[tuple[int, int], ...] = ()


LABELS = {
    "points": "Rubric points reached",
    "reference": "Close to the outline of a strong answer",
    "topic": "Takes up the question",
    "parts": "Parts of a whole answer",
    "in_order": "Parts come in order",
    "order_words": "Words that order the answer",
    "close": "Closes with a conclusion",
    "numbers": "Numbers",
    "names": "Names",
    "when_and_where": "Says when or where",
    "doing": "Says what was done",
    "example": "Gives an example",
    "vague": "Vague words",
    "cause": "Gives reasons",
    "tradeoff": "Weighs one thing against another",
    "alternative": "Considers alternatives",
    "condition": "Names conditions and limits",
    "terms": "Uses the words of the field",
    "result": "Names a result",
    "measured": "The result has a number",
    "reflection": "Names a lesson",
    "check": "Names a check or a consequence",
    "amount": "Enough is said",
    "short_sentences": "Sentences one can follow",
    "varied_words": "Few words wasted",
    "hedge": "Hedges",
}


def own_stems(reading: Reading, compiled: Compiled) -> frozenset[str]:
    """The different content stems of an answer that are not the question's: what the speaker brought."""
    brought = {(token.stem, token.numeric) for token in reading.tokens if token.content}
    return frozenset(s for s, numeric in brought if s not in compiled.question and (numeric or weight_of(s) > 0))


def measure(reading: Reading, compiled: Compiled, index: Index, family: Family, weights: Weights) -> dict[str, Feature]:
    """Every feature of an answer except `points`, which comes from the marks."""
    cues = index.cues
    own = own_stems(reading, compiled)
    amount = min(1.0, len(own) / _enough(compiled, weights.families[family].amount))
    telling = min(1.0, amount / TELLING_AMOUNT)
    features = {name: _counted(name, cues.get(name, []), enough) for name, enough in weights.enough.items()}
    features |= _figures_and_names(reading, weights.enough)
    features |= _parts(cues, cue_book().parts[family])
    features["reference"] = _reference(reading, compiled, index, weights.recall)
    features["topic"] = _topic(compiled, index, amount)
    # How it came out is told last, so the last result is the one to show.
    results = cues.get("result", [])[::-1]
    features["result"] = features["result"]._replace(spans=tuple((hit.first, hit.last) for hit in results))
    features["measured"] = _measured(reading, results)
    features["amount"] = Feature(amount, f"{LABELS['amount']}: {len(own)} different words of the speaker's own")
    features["short_sentences"] = _sentences(reading, telling)
    features["varied_words"] = _varied(reading, telling)
    return features


def _enough(compiled: Compiled, figures: Amount) -> int:
    """How many words of one's own are enough: no more than the outline has, for a question with a short answer."""
    outline = len(compiled.reference.stems) or figures.point_words * len(compiled.points)
    return min(figures.enough_words, max(figures.least_words, outline) if outline else figures.enough_words)


def says_no_answer(index: Index) -> bool:
    """Whether the speaker says that there is no answer ("I don't know")."""
    return "non_answer" in index.cues


def _counted(name: str, hits: Sequence[Hit], enough: int) -> Feature:
    found = different(hits)
    spans = tuple((hit.first, hit.last) for hit in found)
    return Feature(min(1.0, len(found) / enough), _with_words(name, [hit.phrase for hit in found]), spans)


def _with_words(name: str, words: Sequence[str]) -> str:
    shown = ", ".join(f"“{word}”" for word in words[:3])
    return f"{LABELS[name]}: {shown}{' …' if len(words) > 3 else ''}" if words else LABELS[name]


def _figures_and_names(reading: Reading, enough: dict[str, int]) -> dict[str, Feature]:
    numbers = {t.word: (i, i) for i, t in enumerate(reading.tokens) if t.numeric and t.content}
    # A name shows that a name was given. Which one must not matter, so it is never printed into a label.
    inner = [(i, b) for i, (a, b) in enumerate(pairwise(reading.tokens), 1) if a.sentence == b.sentence]
    names = {t.word: (i, i) for i, t in inner if t.named and not t.numeric}
    return {
        "numbers": Feature(
            min(1.0, len(numbers) / enough["numbers"]), _with_words("numbers", list(numbers)), tuple(numbers.values())
        ),
        "names": Feature(
            min(1.0, len(names) / enough["names"]), f"{LABELS['names']}: {len(names)}", tuple(names.values())
        ),
    }


def _parts(cues: dict[str, list[Hit]], parts: Sequence[str]) -> dict[str, Feature]:
    """How many parts of a whole answer are there, and whether each begins after the one before it."""
    labels = cue_book().labels
    firsts = [(part, cues[part][0]) for part in parts if cues.get(part)]
    pairs = list(pairwise(firsts))
    in_order = sum(before[1].first <= after[1].first for before, after in pairs) / max(1, len(parts) - 1)
    spans = tuple((hit.first, hit.last) for _, hit in firsts)
    named = ", ".join(labels[part] for part, _ in firsts)
    return {
        "parts": Feature(len(firsts) / len(parts), f"{LABELS['parts']}: {named}" if named else LABELS["parts"], spans),
        "in_order": Feature(in_order, LABELS["in_order"]),
    }


def _reference(reading: Reading, compiled: Compiled, index: Index, figures: Recall) -> Feature:
    if not compiled.reference.stems:
        return Feature(0.0, LABELS["reference"])
    # The outline covers a whole answer, so its words may stand anywhere in it.
    strength, _ = recalled(compiled.reference, index, figures, len(reading.tokens))
    spans = (nearest(reading, compiled.reference.stems.keys()),) if strength > 0 else ()
    return Feature(strength, LABELS["reference"], spans)


def _topic(compiled: Compiled, index: Index, amount: float) -> Feature:
    """The share of the question's words taken up, as far as something of one's own is said about them."""
    weighed = {s: weight_of(s) for s in sorted(compiled.question)}
    # Everyday words ("time", "work") tell of a question only where it has no others.
    wanted = {s: weight for s, weight in weighed.items() if weight >= 1} or weighed
    total = sum(wanted.values())
    taken = sum(weight * similar(index, s)[1] for s, weight in wanted.items())
    spans = tuple((places[0], places[0]) for s in wanted if (places := index.places.get(similar(index, s)[0])))
    return Feature(min(1.0, 2 * taken / total) * amount if total else amount, LABELS["topic"], spans)


def _measured(reading: Reading, results: Sequence[Hit]) -> Feature:
    for hit in results:
        for i in range(max(0, hit.first - NEAR_WORDS), min(len(reading.tokens), hit.last + NEAR_WORDS + 1)):
            token = reading.tokens[i]
            if token.numeric and token.content and token.utterance == reading.tokens[hit.first].utterance:
                return Feature(1.0, LABELS["measured"], ((min(i, hit.first), max(i, hit.last)),))
    return Feature(0.0, LABELS["measured"])


def _sentences(reading: Reading, amount: float) -> Feature:
    """Long sentences are hard to follow. Words without full stops are the recogniser's doing and count as middling."""
    longest = longest_sentence(reading)
    sentences = len({token.sentence for token in reading.tokens})
    if sentences == len({token.utterance for token in reading.tokens}) and len(reading.tokens) > 30:
        return Feature(0.7 * amount, f"{LABELS['short_sentences']}: no full stops to tell by", (longest,))
    mean = len(reading.tokens) / max(1, sentences)
    ease = min(1.0, max(0.0, (45 - mean) / 23))
    most = longest[1] - longest[0] + 1
    return Feature(
        ease * amount, f"{LABELS['short_sentences']}: {mean:.0f} words on average, {most} at most", (longest,)
    )


def _varied(reading: Reading, amount: float) -> Feature:
    stems = [token.stem for token in reading.tokens if token.content][:COUNTED_WORDS]
    share = len(set(stems)) / max(1, len(stems))
    return Feature(min(1.0, max(0.0, (share - 0.35) / 0.4)) * amount, LABELS["varied_words"])

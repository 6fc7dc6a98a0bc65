"""Answers of our own writing, and short ways to make transcripts and rubrics of them."""

from rooms.interview.bank import load_bank
from rooms.transcript import Source, Transcript, Utterance, Word
from scoring.rubric import Rubric

PROMISE = "promise-at-risk"
GOOD = (
    "At my last job I had promised a customer, a bank with forty branches, a new export by the end of March. "
    "Two weeks before the deadline I saw that the tests alone would take ten days, because their files were three "
    "times bigger than our samples. So I called the customer the same day and told my manager right away. I offered "
    "two options: the full export three weeks later, or the accounts part on time and the rest in April. They took "
    "the second option because the auditors only needed accounts. I cut the scope, wrote the importer myself and we "
    "delivered the first part on the 28th of March. In the end they renewed the contract for two years. Since then I "
    "put a buffer of twenty percent into each estimate. I learned to warn early instead of hoping."
)
MIDDLING = (
    "We had promised a client a release by Friday and it was clear that we could not make it. I told my manager "
    "about it. We worked late for some days and then we delivered a part of it. The client was not very happy "
    "but it was okay."
)
WEAK = (
    "Well, I think keeping promises is really important and I always try to do my best. Sometimes things get difficult "
    "at work and there is a lot of stuff going on. But I work hard and communicate with the team and so on."
)
OFF_TOPIC = (
    "My favourite holiday was in Portugal. We went to Lisbon in June because the flights were cheap, and then we took "
    "the train to Porto. However the hotel was full, so we slept in a hostel instead of waiting. In the end it cost us "
    "40 euros a night and I learned to book earlier next time."
)
HASH_MAP = (
    "A hash map keeps its entries in an array of buckets. A hash function turns the key into a number, and modulo the "
    "array size that gives the bucket, so a lookup takes constant time on average. Two keys can collide in the same "
    "bucket; then they are chained in a linked list. It stops being quick when the hash is poor or the load factor is "
    "high, because the chains grow long and the worst case is linear. That is why the table is resized and rehashed."
)
SHORT_LINKS = (
    "First I would ask how many links and how many reads. Let's assume a hundred million links a year and a hundred "
    "reads for every write, so it is read heavy. For the code I would use a counter and encode it in base 62, so there "
    "are no collisions. I would store the mapping in a key value table with the code as primary key. On a read the "
    "server looks in a cache first, and answers with a 302 redirect. The downside is more load on us, but we can count "
    "clicks. If the cache fails we fall back to the database. I would rate limit creation against abuse."
)
ANSWERS = {PROMISE: GOOD, "hash-map-inside": HASH_MAP, "short-links": SHORT_LINKS}
"""A good answer for one question of each mode."""


def rubric(question: str = PROMISE) -> Rubric:
    """The rubric of a question of the bank."""
    text, family, reference, points = load_bank().rubric_fields(question)
    return Rubric.from_question(text, family, reference=reference, points=points)


def typed(*texts: str) -> Transcript:
    return Transcript(
        utterances=tuple(
            Utterance(id=f"u{i}", source=Source.TYPED, text=text, start_ms=1000 * i, end_ms=1000 * i + 500)
            for i, text in enumerate(texts)
            if text
        )
    )


def spoken(text: str, *, start_ms: int = 0, word_ms: int = 300, gap_ms: int = 100, confidence: float | None = None,
           id: str = "u1") -> Transcript:  # fmt: skip
    """A transcript of one utterance whose words follow one another evenly; `...` in the text is a second of silence."""
    words, at = [], start_ms
    for part in text.split():
        if part == "...":
            at += 1_000
            continue
        words.append(Word(text=part, start_ms=at, end_ms=at + word_ms, confidence=confidence))
        at += word_ms + gap_ms
    utterance = Utterance(
        id=id, source=Source.VOICE, text=" ".join(word.text for word in words), start_ms=start_ms,
        end_ms=words[-1].end_ms, words=tuple(words),
    )  # fmt: skip
    return Transcript(utterances=(utterance,))

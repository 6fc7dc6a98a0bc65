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
MISTAKE_GOOD = (
    "Last autumn I deleted a table in production because I thought I was on the test server. Forty colleagues in "
    "support could not see any orders for about two hours. I told my manager at once and posted in the team channel "
    "what I had done. Then I restored the backup from the night before and typed in the missing orders with a "
    "colleague. Afterwards I coloured the production terminal red and wrote a script that asks for the name of the "
    "table before it drops anything. It has not happened again, and I learned never to hold two servers open at the "
    "same time."
)
MISTAKE_MIDDLING = (
    "I once broke the login page with a change I had not tested properly. Some customers complained in the morning. I "
    "fixed it after a while and told the team about it. After that I tested a bit more carefully."
)
MISTAKE_WEAK = (
    "I am quite careful, so I do not make many mistakes really. Everybody makes mistakes sometimes, and it is "
    "important to stay positive and to work on yourself and so on."
)
HELPED_GOOD = (
    "A junior colleague had been quiet for days, and in our stand-up I noticed that she was stuck on a failing "
    "import. I asked her what she had tried and let her walk me through the code. I could see the bug, but instead of "
    "fixing it I asked what the log said at that line, because I wanted her to find it. We paired for an hour and she "
    "found a date in the wrong format. In the end she fixed it on her own and later she wrote a guide about it for "
    "new people. Since then she has solved three such problems without me."
)
HELPED_MIDDLING = (
    "A new colleague was stuck with his setup. I sat with him for an afternoon and we went through it together step "
    "by step. After that it worked and he was happy."
)
CACHE_GOOD = (
    "I would add a cache when the same expensive result is read far more often than it changes, and only after I have "
    "measured that this is the bottleneck. For example a product page that is read a thousand times a minute. The "
    "price is stale data, so every entry needs a time to live or must be invalidated when the product changes. It "
    "also costs memory, so old entries are evicted, usually the least recently used. When the cache restarts, all "
    "requests hit the database at once, which is why I would let only one request fill an entry. I would watch the "
    "hit rate and make sure that everything still works when the cache is down."
)
CACHE_MIDDLING = (
    "You add a cache when the database is too slow and the same things are read again and again. The cost is that the "
    "data can be stale, so you need to expire it after some time."
)
CACHE_WEAK = "A cache makes everything faster, so I would basically always add one. It is just best practice somehow."
CHAT_GOOD = (
    "First I would ask how large a room is and how many people are online; let's assume a hundred thousand online and "
    "rooms of up to fifty. Each client keeps a websocket open to a gateway server. A message goes to the server, gets "
    "a number within its room, is stored in a database and is then published to a broker, to which all gateways "
    "subscribe. The number keeps the order the same for everyone, and a client that was offline asks for all after "
    "its last number. A message has an id from the client, so that a retry does not store it twice. The downside of "
    "storing first is some latency, but we do not lose messages. If a gateway dies its clients reconnect to another "
    "one. I would monitor the time from sending to seeing."
)
LEVELS = {
    "good": [
        (PROMISE, GOOD), ("own-mistake", MISTAKE_GOOD), ("helped-a-colleague", HELPED_GOOD),
        ("hash-map-inside", HASH_MAP), ("cache-invalidation", CACHE_GOOD), ("short-links", SHORT_LINKS),
        ("chat-rooms", CHAT_GOOD),
    ],
    "middling": [
        (PROMISE, MIDDLING), ("own-mistake", MISTAKE_MIDDLING), ("helped-a-colleague", HELPED_MIDDLING),
        ("cache-invalidation", CACHE_MIDDLING),
    ],
    "weak": [(PROMISE, WEAK), ("own-mistake", MISTAKE_WEAK), ("cache-invalidation", CACHE_WEAK)],
}  # fmt: skip
"""Answers of three levels as a person would sort them: (question, answer)."""
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

"""How it was said, against listeners: speakers and topics are left out whole. No score uses any of it."""

from collections.abc import Iterator

from scripts.bench.rows import Row
from scripts.bench.scoring.given import Given
from scripts.fitting import delivery, disfluency

PEOPLE = "one listener against the others .82 and .81; GOPT .756 and .764"


def measure(given: Given) -> Iterator[Row]:
    given.need_ratings()
    heard = delivery.fit(None)
    yield Row.at_least("fluency: r", heard["fluency r, with_words"], 0.75, compared=f"goal .80; {PEOPLE}", digits=3)
    yield Row.at_least("prosody: r", heard["prosody r, with_words"], 0.71, compared="goal .77", digits=3)
    for rating in ("fluency", "prosody"):
        yield Row(f"{rating}, from the sound alone: r", heard[f"{rating} r, without_words"], digits=3)
    found = disfluency.fit(None)
    yield Row.at_least("disfluencies: F1", found["f1"], 0.90, compared="goal .96; rules .81, logistic .97", digits=3)
    alarms = 100 * found["false_alarms"]
    yield Row.at_most("fluent texts called disfluent, %", alarms, 1, compared="goal .5", digits=2)

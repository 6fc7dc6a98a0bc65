"""Short answers against people's grades: assignments (Mohler) and questions (SAF) are left out whole.

Figures are learnt anew for each part that is left out, as `scripts.fitting.answers` does it.
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from scripts.bench.rows import Row
from scripts.bench.scoring.given import Given, called
from scripts.fitting.answers import fitted, graded_answers

SETS: Final = {"mohler": "Mohler, assignments left out", "saf": "SAF, questions left out"}
COVERED: Final = (0.87, 0.93)
"""What a 90 % interval has to hold."""
SUREST: Final = 0.65
"""The error of the half of the answers that it is surest of, over that of all."""


class Bar(NamedTuple):
    """A floor for r and for the error (of 5), the goals, and what others reach."""

    r: float
    error: float
    beside: str


BARS: Final = {
    ("mohler", "plain"): Bar(0.55, 0.93, "goal .60/.89; features .56/.92; Sultan 2016 .59/.89; two people .60"),
    ("mohler", "encoded"): Bar(0.63, 0.91, "goal .68/.86; seven figures and cosines .65/.89 on other assignments"),
    ("saf", "plain"): Bar(0.50, 0.234 * 5, "goal .58/1.10; features .52/1.175 on other questions"),
    ("saf", "encoded"): Bar(0.58, 0.23 * 5, "goal .64/1.075; seven figures and cosines .60/1.125 on other questions"),
}
RATED_R: Final = {"mohler": (0.70, "goal .76; known .75")}
"""With about 25 rated answers to the question."""


def measure(given: Given) -> Iterator[Row]:
    given.need_ratings()
    for variant, encoder in given.variants:
        reached = fitted(graded_answers(encoder), variant, encoder)[1]
        for name, title in SETS.items():
            bar = BARS[name, variant]
            found, who = reached[f"{name} {variant}"], f"{title}, {called(variant)}"
            yield Row.at_least(f"{who}: r", found["r"], bar.r, compared=bar.beside, digits=3)
            yield Row.at_most(f"{who}: RMSE of 5", found["rmse"], bar.error, digits=3)
            yield from _intervals(who, found)
            taught, who = reached[f"{name} {variant} rated"], f"{title}, 25 rated, {called(variant)}"
            if name in RATED_R:
                floor, beside = RATED_R[name]
                yield Row.at_least(f"{who}: r", taught["r"], floor, compared=beside, digits=3)
            else:
                yield Row(f"{who}: r", taught["r"], digits=3)
            yield Row(f"{who}: RMSE of 5", taught["rmse"], digits=3)
            yield from _intervals(who, taught)


def _intervals(who: str, found: Mapping[str, float]) -> Iterator[Row]:
    least, most = COVERED
    share, width = found["coverage"], found["width"]
    yield Row(
        f"{who}: in the 90 % interval",
        share,
        compared=f"its width {width:.2f} (goal 1.8; known 2.1)",
        target=f"{least:g} to {most:g}",
        met=least <= share <= most,
        digits=3,
    )
    what = f"{who}: error of the surest half over that of all"
    yield Row.at_most(what, found["surest_half"], SUREST, compared="goal .55; known .53", digits=3)

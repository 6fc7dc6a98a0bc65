"""`python -m scripts.bench.hearing.sureness SHARED`: what a sureness costs and brings, on the tuning half.

Prints a line for each that `rooms.patience` could ask for; changes nothing. Six stitchings of each kind of speech,
without listening (`planned`): of the 1,300 pauses of one, 1 % is known to a quarter only. Half a minute of one core.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rooms.events import Profile
from rooms.patience import PROFILES
from scripts.bench.hearing import material, turns
from scripts.bench.hearing.silences import planned
from scripts.bench.hearing.stitched import Room, rooms

SEEDS: Final = tuple(range(10, 16))
"""Not the one that is judged."""
ASKED: Final = tuple(percent / 100 for percent in range(80, 97))


def main() -> None:
    shared = Path(sys.argv[1])
    told = material.told(shared, judged=False, speakers=28, answers=5, silent=True)
    read = material.read(shared, judged=False, answers=4, kept=turns.KEPT / "aligned")
    kinds = {"written": _stitched([*told]), "read aloud": _stitched([*read])}
    for sure in ASKED:
        rule = turns.ours(PROFILES[Profile.INTERVIEW].but(sure=sure))
        found = {name: turns.point(kind, rule) for name, kind in kinds.items()}
        told_of = (f"{name}: {p.cut_percent:.2f} %, {p.median_ms:.0f} ms" for name, p in found.items())
        print(f"{sure:.2f}  {'; '.join(told_of)}")


def _stitched(speakers: Sequence[material.Speaker]) -> turns.Set:
    found: list[Room] = [room for seed in SEEDS for room in rooms(speakers, seed=seed)]
    return turns.of("tuning", found, planned)


if __name__ == "__main__":
    main()

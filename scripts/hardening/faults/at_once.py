"""Several faults at once, as one.

Decides how far apart they hit, and that each is made good whatever becomes of the others; what each does is its own.
"""

import asyncio
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import ClassVar

from scripts.hardening.cluster import Cluster
from scripts.hardening.faults.fault import Fault
from scripts.hardening.stage import Stage

APART_S = (0.0, 0.05, 0.3, 1.0)
"""Behind the first: at once, while it is noticed, while it is dealt with, and when that is about over."""


class Together(Fault):
    """Several faults at once."""

    kinds: ClassVar[Sequence[type[Fault]]] = ()

    def __init__(self, stage: Stage, chance: random.Random) -> None:
        super().__init__(stage, chance)
        # Chance of its own for each: which of them asks first is the machine's affair.
        self._faults = [kind(stage, random.Random(chance.random())) for kind in self.kinds]
        chance.shuffle(self._faults)

    async def inject(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for place, fault in enumerate(self._faults):
                tasks.create_task(_later(fault, place * self.chance.choice(APART_S)))

    async def heal(self) -> None:
        self.into = " ".join(filter(None, (fault.into for fault in self._faults)))
        async with AsyncExitStack() as each:
            for fault in self._faults:
                each.push_async_callback(fault.heal)

    async def settle(self) -> None:
        async with AsyncExitStack() as each:
            for fault in self._faults:
                each.push_async_callback(fault.settle)

    @classmethod
    def fits(cls, cluster: Cluster) -> bool:
        return all(kind.fits(cluster) for kind in cls.kinds)


def together(kinds: Sequence[type[Fault]]) -> type[Fault]:
    """A fault that is all of these."""

    class All(Together):
        pass

    All.kinds, All.lasts_s = kinds, max(kind.lasts_s for kind in kinds)
    return All


async def _later(fault: Fault, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await fault.inject()

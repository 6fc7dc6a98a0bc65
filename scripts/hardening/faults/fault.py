"""What a fault is: one thing that breaks, for a while, somewhere.

Decides how it is chosen where it hits, and that it ends; never what must still be true afterwards.
"""

import random
from abc import ABC, abstractmethod
from typing import ClassVar

from scripts.hardening.cluster import Cluster
from scripts.hardening.post import Post
from scripts.hardening.stage import Stage
from tests.servers import Redis


class Fault(ABC):
    """One thing that breaks. `inject` breaks it, `heal` makes it good after `lasts_s` seconds."""

    lasts_s: ClassVar[float] = 2.0

    def __init__(self, stage: Stage, chance: random.Random) -> None:
        self.stage, self.chance = stage, chance
        self.into = ""
        """What was hit."""

    @property
    def cluster(self) -> Cluster:
        return self.stage.cluster

    @abstractmethod
    async def inject(self) -> None: ...

    async def heal(self) -> None:
        """Make good what `Cluster.heal` does not know of."""
        return

    async def settle(self) -> None:
        """Once the interviews are over: note what only shows afterwards, and leave nothing behind."""
        return

    @classmethod
    def fits(cls, cluster: Cluster) -> bool:
        """Whether this cluster has what breaks."""
        return True

    def chosen(self, posts: list[Post]) -> Post:
        post = self.chance.choice(posts)
        self.into = post.name
        return post


class OnOneRedis(Fault):
    """Breaks the one Redis, or the way there; what befalls others is `of_sentinel`'s and `of_cluster`'s."""

    @classmethod
    def fits(cls, cluster: Cluster) -> bool:
        return isinstance(cluster.stores, Redis)

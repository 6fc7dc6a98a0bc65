"""What each process marks with, as it says itself, and where processes differ: then a room is opened with one thing and
marked with another.

Decides what must be the same everywhere, and the sentence that says it is not. Never keeps a process from working:
while a new release comes in they differ for a while.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Final, Protocol

from pydantic import BaseModel

from rooms.events import EVENT
from rooms.evidence import JudgePolicy
from server.ports import Unavailable
from server.shape import shape

SAY_EVERY_S: Final = 2.0
NONE: Final = "none"
_log = logging.getLogger(__name__)
MUST_AGREE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "encoder": "Processes have different sentence encoders: rooms that one opened are marked without by another. "
        "Set ENCODER_MODEL alike for web workers and workers.",
        "weights": "Processes have different weights: rooms may be marked with others than they were opened with. "
        "Give all the same release and WEIGHTS_DIR.",
        "judges": "Processes know different judges, or ask them otherwise: answers are marked by rules, or say so. "
        "Set JUDGES and JUDGE_PANEL alike for web workers and workers.",
        "facts": "Processes of two releases are running: as it should be while a new one comes in, and not for longer. "
        "What the older one cannot read it leaves to the newer one (docs/REDIS.md).",
    }
)
"""What is compared -> what to tell whoever runs this, where it differs."""


class Equipment(BaseModel):
    """What one process marks with, or opens rooms for."""

    worker: str
    encoder: str
    """The short name of the encoder's sha256, or "none"; the same goes for the others."""
    weights: str
    judges: str
    facts: str = NONE
    """The shape of the facts that it reads (`shape`): a release's own, unless nothing changed in them."""


class Equipments(Protocol):
    """What each process said lately about it; forgotten when it says nothing more."""

    async def say(self, equipment: Equipment) -> None: ...

    async def all(self) -> Sequence[Equipment]: ...


class Difference(BaseModel):
    """Something that must be the same everywhere and is not."""

    what: str
    sentence: str
    found: dict[str, list[str]]
    """What it is -> the processes that have it."""


def differences(said: Iterable[Equipment]) -> list[Difference]:
    """Empty where all agree."""
    equipments, found = list(said), []
    for what, sentence in MUST_AGREE.items():
        who = defaultdict[str, list[str]](list)
        for one in equipments:
            who[getattr(one, what)].append(one.worker)
        if len(who) > 1:
            found.append(Difference(what=what, sentence=sentence, found=dict(who)))
    return found


@cache
def facts() -> str:
    """What this release reads. Asked once: it takes some 50 ms."""
    return shape(EVENT.json_schema())


def judges_in_words(policy: JudgePolicy | None, endpoints: Sequence[str]) -> str:
    """`endpoints`: where they are, each by a short name: two at one host are not one."""
    if policy is None:
        return NONE
    asked = "; ".join(f"{judge} ({place})" for judge, place in zip(policy.judges, endpoints, strict=True))
    return f"{asked}; {policy.panel} together; prompt {policy.prompt}; weights {policy.weights}"


async def keep_saying(equipments: Equipments, now: Callable[[], Equipment]) -> None:
    """Say it every two seconds, until cancelled: weights may be added while a process runs. Whatever goes wrong here
    keeps no process from working."""
    told = False
    while True:
        try:
            await equipments.say(await asyncio.to_thread(now))  # the first time weights are read from files
            told = False
        except Unavailable:
            pass
        except Exception:
            if not told:
                _log.exception("what this process marks with cannot be said")
            told = True
        await asyncio.sleep(SAY_EVERY_S)

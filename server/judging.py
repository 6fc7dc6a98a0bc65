"""The judges of this process as the settings want them, and the marker that asks them.

Decides what is built of JUDGES, and that a server without any is as if there were none.
"""

import contextlib
import os
from collections.abc import AsyncIterator, Callable

from rooms.evidence import JudgePolicy
from rooms.interview.bank import Bank
from scoring.meaning import Encoder
from scoring.prompt import PROMPT
from scoring.weights import NEWEST_JUDGE
from server.judge_settings import JudgeSettings, judges_of, named
from server.judges import Judges
from server.marker import Marker
from server.notice import Notice, notice_of
from server.ports import Clock, Judge, Purses
from server.settings import Settings
from server.shelf import Shelf


def notice_for(settings: Settings) -> Notice:
    """What candidates consent to on this server. Raises Misconfigured where JUDGES cannot work."""
    return notice_of([judge.label for judge in named(settings.judges)])


def policy_of(settings: Settings) -> JudgePolicy | None:
    """How judges mark on this server; None: rules alone. Raises Misconfigured where JUDGES cannot work."""
    manners = tuple(judge.manner for judge in named(settings.judges))
    return (
        JudgePolicy(judges=manners, panel=settings.judge_panel, prompt=PROMPT, weights=NEWEST_JUDGE)
        if manners
        else None
    )


def endpoints_of(settings: Settings) -> tuple[str, ...]:
    """Where the judges of this server are, each by a short name. Raises Misconfigured where JUDGES cannot work."""
    return tuple(judge.endpoint for judge in named(settings.judges))


@contextlib.asynccontextmanager
async def marker(
    settings: Settings,
    bank: Bank,
    shelf: Shelf,
    encoder: Encoder | None,
    purses: Purses,
    clock: Clock,
    make: Callable[[JudgeSettings, str], Judge],
) -> AsyncIterator[Marker]:
    """Who marks on this server; connections to judges are closed in the end."""
    key = settings.judge_api_key.get_secret_value() if settings.judge_api_key else None
    found = judges_of(settings.judges, os.environ, key)
    if not found:
        yield Marker(bank, shelf, encoder=encoder)
        return
    judges = Judges(
        [(make(judge, key), judge) for judge, key in found],
        purses,
        clock,
        deadline_s=settings.judge_deadline_s,
        panel=settings.judge_panel,
    )
    try:
        yield Marker(bank, shelf, judges, notice_for(settings).version, encoder, policy_of(settings))
    finally:
        await judges.close()

"""Which Greenroom a verb means that is typed into a second terminal with nothing set: the laptop's.

Decides where `greenroom serve` keeps its things, and lends a verb its settings: those of the one that runs, else its
Redis is started for as long as the verb takes. What is set in the environment stays. Never makes a new laptop's data.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from server import embedded
from server.laptop import kept
from server.ports import Misconfigured
from server.settings import Settings

NEEDED = ("REDIS_URL", "DATABASE_URL", "SECRET_KEY")
UNUSED_REDIS = "redis://127.0.0.1"
"""For verbs that never connect to it."""


@contextmanager
def settings(var: Path | None = None, *, redis: bool = True) -> Iterator[Settings]:
    """The settings of this environment; what is missing in it is the laptop's that keeps its data in `var`.

    `redis`: the verb needs one. Misconfigured when there is neither; RedisNotStartedError when the laptop's is not to
    be had.
    """
    missing = [name for name in NEEDED if name not in os.environ]
    if not missing:
        yield Settings()
        return
    given: dict[str, Any] = {
        name: value for name, value in _kept(var, missing).items() if name.upper() not in os.environ
    }
    if "REDIS_URL" not in missing:
        yield Settings(**given)
    elif not redis:
        yield Settings(**given, redis_url=UNUSED_REDIS)
    else:
        with _redis(Path(given["var_dir"]) / "redis") as url:
            yield Settings(**given, redis_url=url)


def _kept(var: Path | None, missing: list[str]) -> dict[str, str]:
    found = _found(var)
    if found is None:
        where = f"{var} holds" if var else "no var/ here or above holds"
        raise Misconfigured(
            f"{', '.join(missing)} must be set, or the laptop's data be near: {where} what `greenroom serve` keeps. "
            "Go to where it was started, or name its folder with --var."
        )
    return kept(found.absolute())


def _found(var: Path | None) -> Path | None:
    """As the client looks for its token."""
    here = Path.cwd()
    near = [var] if var else [place / "var" for place in (here, *here.parents, Path(__file__).parent.parent)]
    return next((place for place in near if (place / "secret-key").is_file()), None)


@contextmanager
def _redis(directory: Path) -> Iterator[str]:
    if url := embedded.running(directory):
        yield url
        return
    with asyncio.Runner() as runner:
        server = runner.run(embedded.start(directory))
        try:
            yield server.url
        finally:
            runner.run(server.stop())

"""What each verb of the server's command line runs, from its settings to its end.

Each reads the code that it runs and no other: a process's start is mostly reading code.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from server.app.promptness import start_without_the_collector
from server.logs import configure
from server.settings import Settings

T = TypeVar("T")


def run_web(settings: Settings, host: str, port: int, fd: int | None) -> None:
    start_without_the_collector()
    from server.app.web import serve_web

    _run(settings, serve_web(settings, host, port, fd))


def run_worker(settings: Settings) -> None:
    start_without_the_collector()
    from server.app.worker import serve_worker

    _run(settings, serve_worker(settings))


def run_migrations(settings: Settings) -> None:
    from server.adapters.migrations import migrate

    _run(settings, migrate(settings.database_url))


def run_status(settings: Settings) -> str:
    """How far the archive is behind, and which rooms cannot be archived."""
    return _run(settings, _status(settings))


async def _status(settings: Settings) -> str:
    from server.app.parts import parts
    from server.operations import told

    async with parts(settings, "status") as p:
        return told(await p.backlog.look())


def run_dead_letters(settings: Settings, again: bool, room: str | None) -> str:
    """The rooms that cannot be archived; or, `again`, those that are tried again: this one, or all (None)."""
    return _run(settings, _dead_letters(settings, again, room))


async def _dead_letters(settings: Settings, again: bool, room: str | None) -> str:
    from server.app.parts import parts
    from server.operations import line_of, replay

    async with parts(settings, "dead-letters") as p:
        if again:
            rooms = await replay(p.letters, p.leases, room)
            return "\n".join(f"tried again: {each}" for each in rooms) or "There is no such dead letter."
        letters = (await p.backlog.look()).dead_letters
        return "\n".join(map(line_of, letters)) or "There are no dead letters."


def run_fetch(settings: Settings) -> str:
    """Get the speech model that the settings want, with its progress on standard error. Gives what was found, as
    settings for those who shall not look again."""
    return _run(settings, _fetch(settings))


async def _fetch(settings: Settings) -> str:
    from server.adapters.transcribers import choose, found

    transcriber = await choose(settings)
    if transcriber:
        await transcriber.close()
    return "\n".join(f"{name}={value}" for name, value in found(transcriber).items())


def _run(settings: Settings, main: Coroutine[Any, Any, T]) -> T:
    configure(settings.log_level)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(main)


def _loop_factory() -> Any:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop

"""The verbs that start Greenroom: serve (everything on one machine), web, worker, migrate, fetch; and those that look
after it: status, dead-letters.

Decides arguments and exit codes; what the verbs do is `laptop`'s and `app`'s.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from server import nearby
from server.embedded import RedisNotStartedError
from server.ports import Misconfigured, Unavailable
from server.settings import Settings


def run(argv: Sequence[str]) -> int:
    """Run one verb; returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        match arguments.verb:
            case "serve":
                from server.laptop import serve

                return asyncio.run(serve(arguments.host, arguments.port, arguments.web, arguments.var))
            case "web":
                from server.app import run_web

                run_web(Settings(), host=arguments.host, port=arguments.port, fd=arguments.fd)
            case "worker" if arguments.check:
                from server.pulse import is_well

                with nearby.settings(redis=False) as settings:
                    return 0 if is_well(settings.var_dir, settings.worker_ttl_ms) else 1
            case "worker":
                from server.app import run_worker

                run_worker(Settings())
            case "migrate":
                from server.app import run_migrations

                with nearby.settings(arguments.var, redis=False) as settings:
                    run_migrations(settings)
            case "fetch":
                from server.app import run_fetch

                with nearby.settings(arguments.var, redis=False) as settings:
                    print(run_fetch(settings))
            case "status":
                from server.app import run_status

                with nearby.settings(arguments.var) as settings:
                    print(run_status(settings))
            case "dead-letters":
                from server.app import run_dead_letters

                with nearby.settings(arguments.var) as settings:
                    room = getattr(arguments, "room", None)
                    print(run_dead_letters(settings, arguments.what == "replay", room))
    except ValidationError as wrong:
        for error in wrong.errors(include_input=False):
            name = str(error["loc"][0]).upper() if error["loc"] else "settings"
            wrong_how = "is not set" if error["type"] == "missing" else f"is wrong: {error['msg']}"
            print(f"greenroom: the setting {name} {wrong_how}", file=sys.stderr)
        if any(error["type"] == "missing" for error in wrong.errors(include_input=False)):
            print("greenroom: `greenroom serve` needs none of them, and runs all on this machine", file=sys.stderr)
        return 2
    except Misconfigured as why:
        print(f"greenroom: {why}", file=sys.stderr)
        return 2
    except (RedisNotStartedError, Unavailable) as why:
        print(f"greenroom: {why}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="greenroom")
    verbs = parser.add_subparsers(dest="verb", required=True)
    serve = verbs.add_parser("serve", help="run everything on this machine: Redis, web, worker, SQLite")
    serve.add_argument("--web", type=int, default=1, metavar="N", help="how many web workers (default 1)")
    serve.add_argument("--var", type=Path, default=Path("var"), help="where to keep data (default var/)")
    web = verbs.add_parser("web", help="run one web worker against REDIS_URL and DATABASE_URL")
    web.add_argument("--fd", type=int, default=None, help="serve on this inherited listening socket")
    for verb in (serve, web):
        verb.add_argument("--host", default="127.0.0.1")
        verb.add_argument("--port", type=int, default=8000)
    worker = verbs.add_parser("worker", help="run one worker: hearing, interviewing, scoring, archiving")
    worker.add_argument("--check", action="store_true", help="only say, by the exit code, whether the one here is well")
    migrate = verbs.add_parser("migrate", help="bring the database up to date")
    fetch = verbs.add_parser("fetch", help="get the speech model that TRANSCRIBER and WHISPER_MODEL want")
    status = verbs.add_parser("status", help="say how far the database is behind the rooms")
    dead = verbs.add_parser("dead-letters", help="list the rooms that cannot be archived, or have them tried again")
    what = dead.add_subparsers(dest="what")
    what.add_parser("list", help="list them (the default)")
    again = what.add_parser("replay", help="have them tried again")
    which = again.add_mutually_exclusive_group(required=True)
    which.add_argument("room", nargs="?", help="this one")
    which.add_argument("--all", action="store_true", help="all of them")
    for verb in (migrate, fetch, status, dead):
        near = "where `greenroom serve` keeps its data, for what is not set (default: var/ here or above)"
        verb.add_argument("--var", type=Path, help=near)
    return parser

"""The command `greenroom`: play recordings as a candidate, watch as a coach, open rooms, start servers.

Decides arguments, where the token comes from, and exit codes: 0 done, 1 it did not work, 2 wrong arguments, 130 left
with Ctrl-C. Expected errors are one sentence on stderr, never a traceback.
"""

import argparse
import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from client.api import DEFAULT_URL, Greenroom, connect
from client.connection import LOOPBACK
from client.errors import GreenroomError, PublishError, UnwritableError
from client.fairness import declared, keep
from client.fairness import table as fairness_table
from client.replay import replay
from client.screen import Screen, show_until_over
from client.tables import audit, calibration, shelf, side_by_side
from rooms.events import Mode, Profile, Seniority
from rooms.people import Role

SHORTEST_REASON = 3

SERVER_VERBS = {
    "serve": "run everything on this machine: Redis, web, worker, SQLite",
    "web": "run one web worker against REDIS_URL and DATABASE_URL",
    "worker": "run one worker: hearing, interviewing, scoring, archiving",
    "migrate": "bring the database up to date",
    "fetch": "get the speech model that TRANSCRIBER and WHISPER_MODEL want",
    "status": "say how far the database is behind the rooms",
    "dead-letters": "list the rooms that cannot be archived, or have them tried again",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    if given and given[0] in SERVER_VERBS:
        from server.cli import run  # a client alone must not load the server's parts

        return run(given)
    arguments = _parser().parse_args(given)
    try:
        asyncio.run(_run(arguments))
    except KeyboardInterrupt:
        print("\ngreenroom: left.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except GreenroomError as error:
        print(f"greenroom: {error.sentence}", file=sys.stderr)
        return 1
    return 0


# --- verbs ----------------------------------------------------------------------------------------------------


async def _run(arguments: argparse.Namespace) -> None:
    screen = Screen(sys.stdout, as_json=arguments.json)
    async with _greenroom(arguments) as greenroom:
        match arguments.verb:
            case "play":
                from client.play import Plan, play  # loads the audio decoder

                plan = Plan(
                    mode=arguments.mode,
                    length=arguments.length,
                    pace=arguments.pace,
                    name=arguments.name,
                    room=arguments.room,
                    skip_rest=arguments.skip_rest,
                    report_deadline_s=arguments.report_deadline,
                    outbox=arguments.outbox,
                )
                await play(greenroom, arguments.files, plan, screen)
            case "watch":
                await _watch(greenroom, arguments.room, arguments.name, screen)
            case "replay":
                await _replay(greenroom, arguments, screen)
            case "erase":
                await greenroom.erase(_room_in(arguments.room))
                screen.say("Erased: what was said, its marks and its report.", type="erased")
            case "weights":
                await _weights(greenroom, arguments, screen)
            case "calibrate":
                await _calibrate(greenroom, arguments.into, screen)
            case "rescore":
                found = await greenroom.rescored(_room_in(arguments.room), arguments.weights)
                screen.say("\n".join(side_by_side(found)), type="rescored", **found)
            case "fairness":
                found = await greenroom.fairness(
                    await declared(greenroom, arguments.groups), arguments.cut, arguments.reference
                )
                keep(arguments.out, found)
                screen.say("\n".join(fairness_table(found)), type="fairness", **found)
            case "open":
                await _open(greenroom, arguments, screen)


async def _watch(greenroom: Greenroom, room: str, name: str | None, screen: Screen) -> None:
    """Show a room as its coach sees it, until the interview is over."""
    room = _room_in(room)
    async with greenroom.join(room, Role.COACH, name=name) as visit:
        screen.say("Watching; Ctrl-C leaves.")
        await show_until_over(visit, screen)
    page = greenroom.report_page(room)
    screen.say(f"Report: {page}", type="over", url=page)


async def _replay(greenroom: Greenroom, arguments: argparse.Namespace, screen: Screen) -> None:
    """Show what happened in a room, as it happened."""
    room, speed = _room_in(arguments.room), None if arguments.at_once else arguments.speed
    told = await replay(greenroom.history(room, arguments.role), screen, speed)
    screen.say(f"That was all so far: {told} facts.", type="replayed", facts=told)


async def _weights(greenroom: Greenroom, arguments: argparse.Namespace, screen: Screen) -> None:
    match arguments.what:
        case "show":
            found = await greenroom.weights(arguments.version)
            screen.say(json.dumps(found, indent=2), type="weights", weights=found)
        case "activate":
            done = await greenroom.activate_weights(
                arguments.version,
                arguments.reason,
                mode=arguments.mode,
                seniority=arguments.seniority,
                despite_drift=arguments.despite_drift,
            )
            screen.say("\n".join([*audit([done["activation"]]), _moved(done)]), type="activated", **done)
        case _:
            found = await greenroom.weights()
            screen.say("\n".join(shelf(found)), type="shelf", **found)


def _moved(done: dict[str, Any]) -> str:
    word = {"steady": "scores stay where they are", "warn": "scores move", "stop": "scores move far"}[done["shift"]]
    return f"Rooms that are opened from now on get them; {word} (stability index {done['drift']})."


async def _calibrate(greenroom: Greenroom, into: Path | None, screen: Screen) -> None:
    """Show what ratings say about the weights; where new ones are better, write their file. Raises PublishError."""
    found = await greenroom.calibration()
    screen.say("\n".join(calibration(found)), type="calibration", **found)
    if found["file"] is None:
        raise PublishError(f"No new weights. {found['why_not']}")
    name = f"local-{found['version']}.toml"
    if into is None:
        screen.say(f"Better: --into FOLDER writes {name}. Put it where every worker looks (WEIGHTS_DIR).")
        return
    await asyncio.to_thread(_write, into / name, found["file"])
    screen.say(f"Written: {into / name}. With WEIGHTS_DIR there: greenroom weights activate {found['version']}")


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as wrong:
        raise UnwritableError(f"{file}: cannot be written ({wrong}).") from wrong


def _room_in(given: str) -> str:
    """The room's id, from itself or from the address of one of its pages."""
    return given.rstrip("/").removesuffix("/coach").rpartition("/")[2]


async def _open(greenroom: Greenroom, arguments: argparse.Namespace, screen: Screen) -> None:
    opened = await greenroom.open_room(
        arguments.mode,
        arguments.length or 5,
        starts_at=arguments.starts_at,
        profile=arguments.profile,
        seniority=arguments.seniority,
        terms=arguments.term,
    )
    coach, guest = f"{opened.url}/coach", await greenroom.invite(opened.room, Role.CANDIDATE)
    screen.say(
        f"Room:      {opened.room}\nCandidate: {opened.url}\nCoach:     {coach}\nInvite:    {guest}\n"
        f"The first two are for you, signed in; the last lets somebody else be the candidate.",
        type="opened",
        room=opened.room,
        candidate=opened.url,
        coach=coach,
        invite=guest,
    )


# --- where and who --------------------------------------------------------------------------------------------


@asynccontextmanager
async def _greenroom(arguments: argparse.Namespace) -> AsyncIterator[Greenroom]:
    urls = arguments.url or [os.environ.get("GREENROOM_URL") or _laptops("address") or DEFAULT_URL]
    token = arguments.token or os.environ.get("GREENROOM_TOKEN") or _laptop_token(urls)
    async with connect(urls=urls, token=token) as greenroom:
        yield greenroom


def _laptop_token(urls: Sequence[str]) -> str | None:
    """For this machine only."""
    return None if any(urlsplit(url).hostname not in LOOPBACK for url in urls) else _laptops("sign-in-token")


def _laptops(name: str) -> str | None:
    """What `greenroom serve` left in a file under var/ here or in a directory above."""
    here = Path.cwd()
    for directory in (here, *here.parents, Path(__file__).parent.parent):
        try:
            return (directory / "var" / name).read_text().strip()
        except OSError:
            continue
    return None


# --- arguments ------------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="greenroom", description="Live voice interview rooms.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    play = verbs.add_parser("play", help="be a candidate whose answers are recordings; ends with the report")
    play.add_argument("files", nargs="+", type=Path, metavar="FILE", help="wav, flac, mp3, webm: one an answer")
    play.add_argument("--pace", type=_pace, default=1.0, help="1: as fast as spoken (default); 2: twice; 0: at once")
    play.add_argument("--room", help="join this room instead of opening one")
    play.add_argument("--skip-rest", action="store_true", help="skip questions when no file is left; else end")
    play.add_argument(
        "--outbox", type=Path, metavar="FILE", help="keep what is not safe yet here; started again, it is offered again"
    )
    play.add_argument("--report-deadline", type=float, default=120.0, metavar="SECONDS")
    watch = verbs.add_parser("watch", help="print what a coach sees, as it happens")
    watch.add_argument("room", metavar="ROOM", help="the room's id or its address")
    again = verbs.add_parser("replay", help="print what happened in a room, in its own time; also when it is over")
    again.add_argument("room", metavar="ROOM", help="the room's id or its address")
    timing = again.add_mutually_exclusive_group()
    timing.add_argument("--speed", type=_speed, default=1.0, help="4: four times as fast as it was (default 1)")
    timing.add_argument("--at-once", action="store_true", help="without waiting")
    again.add_argument("--role", choices=["candidate", "coach", "observer"], help="as this role saw it (default: most)")
    erasing = verbs.add_parser("erase", help="forget a room that is over: words, marks, report; cannot be undone")
    erasing.add_argument("room", metavar="ROOM", help="the room's id or its address")
    weights = verbs.add_parser("weights", help="which weights turn marks into numbers, for whom, and who decided it")
    what = weights.add_subparsers(dest="what", metavar="WHAT")
    listing = what.add_parser("list", help="all versions and every change of what is in use (the default)")
    showing = what.add_parser("show", help="the figures of one version")
    activating = what.add_parser("activate", help="put a version into use for rooms that are opened from now on")
    for part in (showing, activating):
        part.add_argument("version", metavar="VERSION", type=_version)
    activating.add_argument("--reason", required=True, type=_reason, help="why; kept with your name")
    activating.add_argument("--mode", choices=[mode.value for mode in Mode], help="only for this kind of interview")
    activating.add_argument("--seniority", choices=list(Seniority), help="only for rooms of this level")
    activating.add_argument("--despite-drift", action="store_true", help="also if scores move far")
    calibrating = verbs.add_parser("calibrate", help="make weights from coaches' blind ratings; never worse ones")
    calibrating.add_argument("--into", type=Path, metavar="FOLDER", help="write the new weights' file here")
    rescoring = verbs.add_parser("rescore", help="score a room again with other weights, side by side; changes nothing")
    rescoring.add_argument("room", metavar="ROOM", help="the room's id or its address")
    rescoring.add_argument(
        "--weights", required=True, type=_version, metavar="VERSION", help="such as 1.0.0 or judge-1.0.0"
    )
    for part in (weights, listing, showing, activating, calibrating, rescoring):
        _add_place(part, again=part in (listing, showing, activating))
    fair = verbs.add_parser("fairness", help="whether groups that people declared fare alike in your interviews")
    fair.add_argument("groups", type=Path, metavar="GROUPS.csv", help="columns room, group; also candidate, reference")
    fair.add_argument("out", type=Path, metavar="OUT.csv", help="all figures, a row for each group")
    fair.add_argument("--cut", type=float, default=3.0, help="an overall from here on counts as passed (default 3)")
    fair.add_argument("--reference", metavar="GROUP", help="whom to compare the others with (default: the largest)")
    opening = verbs.add_parser("open", help="open a room and print its links")
    opening.add_argument("--seniority", choices=list(Seniority), help="the level it is for: which weights mark it")
    opening.add_argument("--profile", choices=list(Profile), help="how patient it is with silences in an answer")
    opening.add_argument("--term", action="append", default=[], help="a name or term that may be said; once for each")
    opening.add_argument("--starts-at", type=_moment, metavar="TIME", help="when it begins, as 2026-11-23T10:00")
    for verb in (play, opening):
        verb.add_argument("--mode", choices=[mode.value for mode in Mode], default=Mode.BEHAVIOURAL.value)
        verb.add_argument("--length", type=int, choices=range(3, 11), metavar="3..10", help="how many questions")
    for verb in (play, watch):
        verb.add_argument("--name", help="the name that others in the room see")
    for verb in (play, watch, again, erasing, fair, opening):
        _add_place(verb)
    for name, does in SERVER_VERBS.items():
        verbs.add_parser(name, help=does, add_help=False)
    return parser


def _add_place(verb: argparse.ArgumentParser, *, again: bool = False) -> None:
    """`again`: the verb above has the same arguments, and what was said there stays."""
    kept: dict[str, Any] = {"default": argparse.SUPPRESS} if again else {}
    url = "Greenroom's address (default: GREENROOM_URL, or that of `greenroom serve` nearby); again for more"
    verb.add_argument("--url", action="append", help=url, **kept)
    token = "the sign-in token (default: GREENROOM_TOKEN, or var/sign-in-token nearby)"  # noqa: S105 - a help text
    verb.add_argument("--token", help=token, **kept)
    verb.add_argument("--json", action="store_true", help="one JSON object a line instead of text", **kept)


def _version(text: str) -> str:
    if not re.fullmatch(r"(judge-)?\d+\.\d+\.\d+", text):
        raise argparse.ArgumentTypeError(f"{text!r}: a version is wanted, such as 1.0.0 or judge-1.0.0")
    return text


def _reason(text: str) -> str:
    if len(text.strip()) < SHORTEST_REASON:
        raise argparse.ArgumentTypeError("a reason that somebody understands later is wanted")
    return text


def _pace(text: str) -> float:
    pace = float(text)
    if not 0 <= pace <= 20:
        raise argparse.ArgumentTypeError("a pace from 0 to 20")
    return pace


def _speed(text: str) -> float:
    speed = float(text)
    if not 0.01 <= speed <= 1_000:
        raise argparse.ArgumentTypeError("a speed from 0.01 to 1000")
    return speed


def _moment(text: str) -> int:
    """Milliseconds since 1970 of a time in ISO 8601; without a zone it is this machine's."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)


if __name__ == "__main__":
    sys.exit(main())

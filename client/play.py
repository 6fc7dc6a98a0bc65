"""`greenroom play`: be a candidate whose voice is a row of recordings, and read the report at the end.

Decides when to speak, be silent, go on and end; the room's rules decide what comes of it.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from client.api import Greenroom, OpenedRoom
from client.audio import Pace, decode, duration_ms, paced, silence
from client.errors import LateError, RefusedError
from client.kept import room_of
from client.report import report_lines
from client.screen import Screen, show_until_over
from client.visit import Microphone, Visit
from rooms.commands import BeginAnswer, EndInterview, FinishAnswer, GiveConsent, SkipQuestion, StartInterview
from rooms.people import Role
from rooms.phases import Phase
from rooms.state import Room, Turn

QUESTION_DEADLINE_S = 60.0
SILENCE_DEADLINE_S = 30.0
"""Silence that does not end the answer is ended by hand after so long: nothing was heard, perhaps."""
SILENCE_PIECE_MS = 200
LAST_SILENCE_MS = 800
"""Lets the last utterance come to its end."""
CLOSING_DEADLINE_S = 120.0
COMMAND_DEADLINE_S = 30.0
AGAIN_S = 0.5
_LATE = "The interview {}. Look whether a worker runs, and into the server's log."


class Recording(NamedTuple):
    """A decoded file."""

    name: str
    pcm: bytes


class Plan(NamedTuple):
    """What was asked for on the command line."""

    mode: str
    length: int | None
    pace: float
    name: str | None
    room: str | None = None
    """Join this room instead of opening one."""
    skip_rest: bool = False
    """When no recording is left, skip the questions that come, instead of ending the interview."""
    report_deadline_s: float = 120.0
    outbox: Path | None = None
    """Where what was put outlives this process; the room that it belongs to is joined again."""


async def play(greenroom: Greenroom, files: Sequence[Path], plan: Plan, screen: Screen) -> None:
    """One whole interview. The last thing written is the report's address."""
    recordings = [Recording(path.name, await asyncio.to_thread(decode, path)) for path in files]
    opened = await _room(greenroom, plan, len(recordings))
    screen.say(f"Candidate: {opened.url}\nCoach:     {opened.url}/coach", type="opened", **opened.model_dump())
    async with greenroom.join(opened, Role.CANDIDATE, name=plan.name, outbox=plan.outbox) as visit:
        await _both(_interview(visit, recordings, plan, screen), show_until_over(visit, screen))
    await _report(greenroom, opened.room, plan, screen)


async def _room(greenroom: Greenroom, plan: Plan, answers: int) -> OpenedRoom:
    room = plan.room or (room_of(plan.outbox) if plan.outbox else None)
    if room is not None:
        return OpenedRoom(room=room, url=greenroom.address(f"/rooms/{room}"))
    return await greenroom.open_room(plan.mode, plan.length or max(3, min(10, answers)))


async def _both(*ways: Coroutine[None, None, None]) -> None:
    """Run these side by side; when one fails, the others end and its error is raised as it is."""
    tasks = [asyncio.create_task(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in tasks:
            if task.done():
                await task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _interview(visit: Visit, recordings: Sequence[Recording], plan: Plan, screen: Screen) -> None:
    await visit.insist(GiveConsent(notice=visit.room.notice))
    microphone = await visit.open_microphone()
    if visit.room.phase is Phase.LOBBY:
        await visit.insist(StartInterview())
    # A program that was killed goes on where it was: what it had spoken is not spoken again.
    answered = sum(turn.finished is not None for turn in visit.room.turns) if plan.outbox else 0
    waiting = list(recordings)[answered:]
    while (turn := await _next_turn(visit, answered)) is not None:
        if waiting:
            await _speak(visit, microphone, turn, waiting.pop(0), plan, screen)
            if not waiting and not plan.skip_rest and turn.number < visit.room.length:
                await _end_with(visit, microphone)
            else:
                await _be_silent(visit, microphone, turn, Pace(plan.pace or 1.0), screen)
        elif plan.skip_rest:
            await _unless_late(visit, SkipQuestion(turn=turn.number))
        else:
            await visit.insist(EndInterview())
        answered = turn.number
        await _until_closed(visit, answered)
    await visit.until(lambda room: room.phase is Phase.CLOSED, CLOSING_DEADLINE_S, _LATE.format("did not end"))


async def _next_turn(visit: Visit, answered: int) -> Turn | None:
    """The next open turn; None when no question comes any more."""

    def ready(room: Room) -> bool:
        if room.phase is Phase.CLOSED or (room.questions_done and room.turn is None):
            return True
        return room.turn is not None and room.turn.number > answered and not room.paused

    while True:
        try:
            return (await visit.until(ready, QUESTION_DEADLINE_S, _LATE.format("asks no question"))).turn
        except LateError:
            # A person may sit in the interviewer's chair, or the interview be paused: that takes as long as it takes.
            if not (visit.room.paused or visit.room.chair):
                raise


async def _speak(
    visit: Visit, microphone: Microphone, turn: Turn, recording: Recording, plan: Plan, screen: Screen
) -> None:
    """Answer with a recording."""
    await _unless_late(visit, BeginAnswer(turn=turn.number))
    screen.say(f"       ♪ {recording.name}, {duration_ms(recording.pcm) / 1000:.1f} s")
    microphone.skip_to_now()
    pace = Pace(plan.pace)
    async for piece in paced(recording.pcm, pace):
        if _finished(visit.room, turn.number):
            return
        await _not_paused(visit, microphone, pace)
        await microphone.send(piece)


async def _end_with(visit: Visit, microphone: Microphone) -> None:
    """The last answer, though more questions are planned: end with it, before the next is asked."""
    await _not_paused(visit, microphone, Pace())
    await microphone.send(silence(LAST_SILENCE_MS))
    await microphone.safe()  # what is safe by now is heard out and scored
    await visit.insist(EndInterview())


async def _be_silent(visit: Visit, microphone: Microphone, turn: Turn, pace: Pace, screen: Screen) -> None:
    """Send silence, as a microphone does, until it ends the turn."""
    end = monotonic() + SILENCE_DEADLINE_S
    while not _finished(visit.room, turn.number):
        if monotonic() > end:
            screen.say("       Silence did not end the answer (nothing was heard?), so it is ended by hand.")
            done = FinishAnswer(turn=turn.number, stream=microphone.stream, through=microphone.through)
            await _unless_late(visit, done)
            return
        await pace.spoken(SILENCE_PIECE_MS)
        if await _not_paused(visit, microphone, pace):
            end = monotonic() + SILENCE_DEADLINE_S
        await microphone.send(silence(SILENCE_PIECE_MS))


async def _not_paused(visit: Visit, microphone: Microphone, pace: Pace) -> bool:
    """Wait while the interview is paused. Whether it was."""
    if not visit.room.paused:
        return False
    await visit.until(lambda room: not room.paused or room.phase is Phase.CLOSED, 3600)
    microphone.skip_to_now()
    pace.start_anew()
    return True


async def _unless_late(visit: Visit, command: BeginAnswer | FinishAnswer | SkipQuestion) -> None:
    """Do this, unless somebody or something has ended the turn meanwhile."""
    end = monotonic() + COMMAND_DEADLINE_S
    while not _finished(visit.room, command.turn):
        try:
            await visit.do(command)
            return
        except RefusedError as refused:
            if _finished(visit.room, command.turn):
                return
            if not refused.retry or monotonic() > end:
                raise
        await asyncio.sleep(AGAIN_S)


def _finished(room: Room, number: int) -> bool:
    return len(room.turns) >= number and (room.turns[number - 1].finished is not None or _closed(room, number))


def _closed(room: Room, number: int) -> bool:
    return len(room.turns) >= number and not room.turns[number - 1].open


async def _until_closed(visit: Visit, number: int) -> None:
    await visit.until(lambda room: _closed(room, number), CLOSING_DEADLINE_S, _LATE.format("does not close the turn"))


async def _report(greenroom: Greenroom, room: str, plan: Plan, screen: Screen) -> None:
    screen.say("Waiting for the report ...")
    report = await greenroom.wait_for_report(room, plan.report_deadline_s)
    page = greenroom.report_page(room)
    screen.say("\n".join(report_lines(report)), type="report", url=page, report=report)
    screen.say(f"Report: {page}")

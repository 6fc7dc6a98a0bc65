"""The people of the journeys, on the real client: a candidate who types or speaks, and a coach who watches."""

import asyncio
from collections.abc import Sequence

from client import Visit
from client.visit import Microphone
from rooms.commands import BeginAnswer, FinishAnswer, GiveConsent, StartInterview, TypeAnswer
from rooms.phases import Phase
from rooms.state import Room, Turn

TURN_DEADLINE_S = 60.0
FRAME_MS = 40

ANSWERS = (
    "In my last job our release broke twice a month, so I measured where the time went and wrote a checklist. "
    "I asked two colleagues to try it, we changed three steps, and in ten weeks failures fell by 60 percent.",
    "First I would ask who uses it and how often. Then I decided to cache the result because reads were 50 times as "
    "common as writes; the trade-off was stale data for a minute, which the team accepted.",
    "I learnt that I explain too late. Since then I write one page before I start, and my manager reads it first.",
)


async def begin(candidate: Visit) -> None:
    """Consent and start."""
    await candidate.do(GiveConsent(notice=candidate.room.notice))
    await candidate.do(StartInterview())


async def next_turn(candidate: Visit, number: int) -> Turn:
    """The turn with this number, once its question was asked."""
    room = await candidate.until(lambda room: len(room.turns) >= number, TURN_DEADLINE_S)
    return room.turns[number - 1]


async def type_answer(candidate: Visit, number: int, text: str) -> None:
    """Answer one question by typing."""
    turn = await next_turn(candidate, number)
    await candidate.do(TypeAnswer(turn=turn.number, text=text))
    await candidate.do(FinishAnswer(turn=turn.number))


async def type_interview(candidate: Visit, answers: Sequence[str] = ANSWERS) -> None:
    """A whole interview by typing."""
    await begin(candidate)
    for number, text in enumerate(answers, 1):
        await type_answer(candidate, number, text)
    await until_closed(candidate)


async def until_closed(visit: Visit) -> Room:
    return await visit.until(lambda room: room.phase is Phase.CLOSED, TURN_DEADLINE_S)


async def speak(microphone: Microphone, pcm: bytes, pace: float = 1.0) -> None:
    """Send speech as it would be spoken."""
    step = 32 * FRAME_MS
    for start in range(0, len(pcm), step):
        await microphone.send(pcm[start : start + step])
        await asyncio.sleep(FRAME_MS / 1000 / pace)


async def speak_and_fall_silent(candidate: Visit, microphone: Microphone, number: int, pcm: bytes) -> None:
    """Answer one question by voice and be silent until that ends the answer."""
    turn = await next_turn(candidate, number)
    await candidate.do(BeginAnswer(turn=turn.number))
    microphone.skip_to_now()
    await speak(microphone, pcm)
    await fall_silent(candidate, microphone, number)


async def fall_silent(candidate: Visit, microphone: Microphone, number: int) -> None:
    """Be silent at an open microphone until that ends the answer."""
    quiet = bytes(32 * FRAME_MS)
    async with asyncio.timeout(TURN_DEADLINE_S):
        while candidate.room.turns[number - 1].finished is None:
            await speak(microphone, quiet)

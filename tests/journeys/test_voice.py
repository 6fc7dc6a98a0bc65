"""An interview by voice on real processes: real voice detection, a real recogniser, processes that die mid-answer."""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import aclosing
from difflib import SequenceMatcher
from pathlib import Path

import pytest

from client import Visit, connect
from client.audio import decode
from rooms.commands import BeginAnswer, EndInterview, FinishAnswer
from rooms.people import Role
from rooms.phases import Phase
from rooms.protocol import Telling
from rooms.state import Turn
from server.adapters import moonshine_files
from tests import canned_whisper
from tests.deployment import START_DEADLINE_S, TOKEN, Deployment, deployed
from tests.journeys.people import begin, fall_silent, next_turn, speak, speak_and_fall_silent, until_closed
from tests.speech import length_ms, speech
from tests.waiting import until

pytestmark = pytest.mark.voice

SAID = "we measured the queue and moved the slow part out of the request"
SPEECH = speech("We measured the queue, and moved the slow part out of the request.")
RECORDINGS = Path(__file__).parents[3] / "shared" / "audio"


@pytest.fixture(scope="module")
def canned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Whisper that always hears SAID, through the real loading and decoding."""
    words = canned_whisper.evenly(SAID, 0.0, length_ms(SPEECH) / 1000)
    return canned_whisper.write(tmp_path_factory.mktemp("whisper") / "model", words)


@pytest.fixture
def on_postgres(redis_url: str, postgres_url: str, canned: Path) -> Iterator[Deployment]:
    settings = {"TRANSCRIBER": "whisper", "WHISPER_MODEL": str(canned), "TURN_SILENCE_MS": "1200"}
    with deployed(redis_url, postgres_url, WORKER_TTL_MS="1500", **settings) as deployment:
        yield deployment


def words_of(turn: Turn) -> str:
    return " ".join(utterance.text for utterance in turn.utterances)


async def test_exact_words_become_evidence_though_both_her_workers_die_mid_answer(on_postgres: Deployment) -> None:
    """Real Postgres; her web worker dies, then her worker in mid-word, and the next one stands still in mid-word."""
    one, two = on_postgres.web(), on_postgres.web()
    hearing = on_postgres.worker()
    async with connect(urls=[one.url, two.url], token=TOKEN) as hers, connect(urls=[two.url], token=TOKEN) as his:
        opened = await hers.open_room("technical", 3)
        async with hers.join(opened) as candidate, his.join(opened.room, Role.COACH) as coach:
            await begin(candidate)
            await until(lambda: "room taken" in hearing.log, START_DEADLINE_S)
            second = on_postgres.worker()
            microphone = await candidate.open_microphone()
            await next_turn(candidate, 1)
            await candidate.do(BeginAnswer(turn=1))
            microphone.skip_to_now()
            await speak(microphone, SPEECH[: len(SPEECH) // 4 * 2])
            one.kill()
            await speak(microphone, SPEECH[len(SPEECH) // 4 * 2 :])
            await fall_silent(candidate, microphone, 1)
            room = await coach.until(lambda room: not room.turns[0].open)
            assert words_of(room.turns[0]) == SAID
            assert room.turns[0].finished is not None
            assert room.turns[0].finished.reason.value == "silence"

            await next_turn(candidate, 2)
            await candidate.do(BeginAnswer(turn=2))
            microphone.skip_to_now()
            await until(lambda: "worker up" in second.log, START_DEADLINE_S)
            third = len(SPEECH) // 6 * 2
            await speak(microphone, SPEECH[:third])
            hearing.kill()
            await until(lambda: "room taken" in second.log)
            await speak(microphone, SPEECH[third : 2 * third])
            second.pause()
            on_postgres.worker()
            await speak(microphone, SPEECH[2 * third :])
            await candidate.do(FinishAnswer(turn=2, stream=microphone.stream, through=microphone.through))
            second.resume()
            room = await coach.until(lambda room: len(room.turns) > 1 and not room.turns[1].open)
            assert words_of(room.turns[1]) == SAID

            await next_turn(candidate, 3)
            await candidate.do(EndInterview())
            room = await until_closed(coach)
            assert room.turns[2].utterances == ()
        report = await hers.wait_for_report(opened.room)
    turns = report["turns"]
    assert [turn["transcript"]["utterances"][0]["text"] for turn in turns[:2]] == [SAID, SAID]
    for turn in turns[:2]:
        assert all(word["start_ms"] <= word["end_ms"] for word in turn["transcript"]["utterances"][0]["words"])
    quotes = [q["text"] for turn in turns for d in turn["score"]["dimensions"] for q in d["quotes"]]
    assert quotes
    assert all(quote in SAID for quote in quotes)
    assert turns[2]["score"]["abstained"]


async def test_a_coach_reads_along_while_she_speaks(on_postgres: Deployment) -> None:
    web = on_postgres.web()
    on_postgres.worker(TRANSCRIBER="pocketsphinx")
    async with connect(urls=[web.url], token=TOKEN) as greenroom:
        opened = await greenroom.open_room("behavioural", 3)
        async with greenroom.join(opened) as candidate, greenroom.join(opened, Role.COACH) as coach:
            await begin(candidate)
            microphone = await candidate.open_microphone()
            seen: set[str] = set()
            listening = asyncio.create_task(_told(coach, seen))
            await speak_and_fall_silent(candidate, microphone, 1, SPEECH)
            await coach.until(lambda room: not room.turns[0].open)
            listening.cancel()
            assert {"speaking", "partial", "delivery_so_far"} <= seen
            assert coach.room.transcriber is not None
            assert coach.room.transcriber.caution is not None
            await candidate.do(EndInterview())
            await until_closed(candidate)


async def _told(visit: Visit, kinds: set[str]) -> None:
    """Note the kinds of everything told, until cancelled."""
    async with aclosing(visit.changes()) as changes:
        async for change in changes:
            if isinstance(change, Telling):
                kinds.add(change.what.kind)


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="no recordings beside the project: ../shared/audio")
@pytest.mark.skipif(moonshine_files.find() is None, reason="there is no wheel of Moonshine for this machine")
async def test_three_recordings_are_three_answers_with_quotes(redis_url: str) -> None:
    """People reading aloud, heard without a hub: their words are there, timed in order, and every quote is of them."""
    names = ("austen-0870.wav", "LJ001-0004.wav", "libri-6930.flac")
    known = {clip["file"]: clip["transcript"] for clip in json.loads((RECORDINGS / "manifest.json").read_text())}
    with deployed(redis_url, TRANSCRIBER="moonshine", TURN_SILENCE_MS="1200") as deployment:
        web = deployment.web()
        deployment.worker()
        async with connect(urls=[web.url], token=TOKEN) as greenroom:
            opened = await greenroom.open_room("behavioural", 3)
            async with greenroom.join(opened) as candidate:
                await begin(candidate)
                microphone = await candidate.open_microphone()
                for number, name in enumerate(names, 1):
                    await speak_and_fall_silent(candidate, microphone, number, decode(RECORDINGS / name))
                room = await until_closed(candidate)
                assert room.phase is Phase.CLOSED
            report = await greenroom.wait_for_report(opened.room)
        for name, turn in zip(names, report["turns"], strict=True):
            said = [utterance["text"] for utterance in turn["transcript"]["utterances"]]
            assert _alike(" ".join(said), known[name]) > 0.8, said
            spans = [
                (word["start_ms"], word["end_ms"])
                for heard in turn["transcript"]["utterances"]
                for word in heard["words"]
            ]
            assert all(start < end for start, end in spans)
            assert spans == sorted(spans)
            score = turn["score"]
            quotes = [q["text"] for part in (*score["dimensions"], *score["marks"]) for q in part["quotes"]]
            assert quotes, f"turn {turn['number']} has no quote"
            assert all(any(quote in text for text in said) for quote in quotes)
        assert report["caution"] is None


def _alike(heard: str, known: str) -> float:
    """The share of the known words that were heard, in their order."""
    one, other = (re.findall(r"[a-z']+", text.casefold()) for text in (heard, known))
    return sum(block.size for block in SequenceMatcher(None, one, other).get_matching_blocks()) / len(other)

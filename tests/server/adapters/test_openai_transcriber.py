"""The real `openai` client against a small server that speaks the wire protocol of POST /v1/audio/transcriptions."""

import asyncio
import contextlib
import email
import email.policy
import io
import wave
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from server.adapters.openai_transcriber import OpenAITranscriber
from server.ports import TranscriberFailed
from tests.speech import noise
from tests.waiting import DEADLINE_S, until

Answer = Callable[[], Response]


@dataclass
class Api:
    """What it was asked, and what it answers: the next of `answers`, the last one over and over."""

    answers: list[Answer] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    hang: bool = False
    url: str = ""

    async def transcribe(self, request: Request) -> Response:
        head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
        form = email.message_from_bytes(head + await request.body(), policy=email.policy.HTTP)
        asked: dict[str, Any] = {"key": request.headers["authorization"]}
        for part in form.iter_parts():
            sound, name = part.get_payload(decode=True), part.get_param("name", header="content-disposition")
            asked[str(name)] = sound if part.get_filename() else bytes(sound).decode()
        self.asked.append(asked)
        if self.hang:
            await asyncio.sleep(3_600)
        return (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])()


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    api = Api()
    app = Starlette(routes=[Route("/v1/audio/transcriptions", api.transcribe, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=0))
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    api.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    yield api
    server.should_exit = server.force_exit = True
    with contextlib.suppress(asyncio.CancelledError):
        await serving


async def transcribed(api: Api, model: str = "whisper-1", timeout_s: float = DEADLINE_S) -> list[tuple[str, int, int]]:
    transcriber = OpenAITranscriber("sk-test", api.url, model, timeout_s)
    try:
        utterance = transcriber.open(["Kafka"])
        assert await utterance.hear(noise(1_000)) is None
        await utterance.hear(noise(1_000))
        return [(word.text, word.start_ms, word.end_ms) for word in await utterance.finish()]
    finally:
        await transcriber.close()


async def test_timed_words_come_from_whisper_api(api: Api) -> None:
    words = [{"word": "Hello", "start": 0.1, "end": 0.4}, {"word": " world", "start": 0.5, "end": 9.0}]
    api.answers = [
        lambda: JSONResponse({"text": "Hello world", "language": "english", "duration": 2.0, "words": words})
    ]
    assert await transcribed(api) == [("Hello", 100, 400), ("world", 500, 2_000)]
    (asked,) = api.asked
    assert asked["model"] == "whisper-1"
    assert asked["response_format"] == "verbose_json"
    assert asked["timestamp_granularities[]"] == "segment"  # the last of two; "word" came before
    assert asked["prompt"] == "Kafka"
    assert asked["key"] == "Bearer sk-test"
    with wave.open(io.BytesIO(asked["file"])) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (16_000, 1, 2)
        assert sound.getnframes() == 32_000


async def test_untimed_words_share_the_time_by_length(api: Api) -> None:
    api.answers = [lambda: JSONResponse({"text": "Hi there"})]
    assert await transcribed(api, "gpt-4o-mini-transcribe") == [("Hi", 0, 666), ("there", 666, 2_000)]
    assert api.asked[0]["response_format"] == "json"


@pytest.mark.parametrize(
    "doubt",
    [
        {"no_speech_prob": 0.9, "avg_logprob": -1.4},
        {"compression_ratio": 3.0},
        {"text": "Thanks for watching!"},
        {"text": "so we so we so we so we so we"},
    ],
)
async def test_what_nobody_said_is_left_out(api: Api, doubt: dict[str, Any]) -> None:
    sure = {"no_speech_prob": 0.1, "avg_logprob": -0.2, "compression_ratio": 1.1}
    segments = [{"text": "Hello", "start": 0, "end": 1, **sure}, {"text": "so", "start": 1, "end": 2, **sure, **doubt}]
    words = [{"word": "Hello", "start": 0.1, "end": 0.4}, {"word": "so", "start": 1.2, "end": 1.5}]
    api.answers = [lambda: JSONResponse({"text": "Hello so", "words": words, "segments": segments})]
    assert await transcribed(api) == [("Hello", 100, 400)]


async def test_a_prompt_is_bounded_and_its_echo_left_out(api: Api) -> None:
    names = [f"Name{n:02}" for n in range(40)]
    api.answers = [lambda: JSONResponse({"text": "Name00, Name01, Name02."})]
    transcriber = OpenAITranscriber("sk-test", api.url, "gpt-4o-mini-transcribe", DEADLINE_S)
    assert await transcriber.open(names).finish(noise(1_000)) == ()
    assert api.asked[0]["prompt"] == ", ".join(names[:31])
    await transcriber.close()


async def test_nothing_said_is_no_words(api: Api) -> None:
    api.answers = [lambda: JSONResponse({"text": ""})]
    assert await transcribed(api) == []


async def test_too_many_requests_are_tried_once_more(api: Api) -> None:
    busy = JSONResponse({"error": {"message": "slow down"}}, 429, headers={"retry-after-ms": "10"})
    api.answers = [lambda: busy, lambda: JSONResponse({"text": "Hi"})]
    assert await transcribed(api, "gpt-4o-mini-transcribe") == [("Hi", 0, 2_000)]
    assert len(api.asked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        lambda: JSONResponse({"error": {"message": "no such key"}}, 401),
        lambda: JSONResponse({"error": {"message": "broken"}}, 500, headers={"retry-after-ms": "1"}),
        lambda: PlainTextResponse("<html>gateway</html>"),
        lambda: JSONResponse({"words": [{"word": "a"}], "text": "a"}),
        lambda: JSONResponse({}),
        lambda: JSONResponse([1, 2]),
        lambda: Response(b"{", media_type="application/json"),
    ],
    ids=["401", "500", "html", "words without times", "empty", "a list", "half"],
)
async def test_errors_and_garbage_fail_the_utterance(api: Api, answer: Answer) -> None:
    api.answers = [answer]
    with pytest.raises(TranscriberFailed):
        await transcribed(api)


async def test_a_server_that_hangs_fails_in_time(api: Api) -> None:
    api.answers, api.hang = [lambda: JSONResponse({"text": "late"})], True
    async with asyncio.timeout(DEADLINE_S):
        with pytest.raises(TranscriberFailed):
            await transcribed(api, timeout_s=0.2)


async def test_a_server_that_is_not_there_fails() -> None:
    with pytest.raises(TranscriberFailed):
        await transcribed(Api(url="http://127.0.0.1:9/v1"), timeout_s=1)


def test_its_label_says_where_the_audio_goes() -> None:
    transcriber = OpenAITranscriber("k", "https://speech.example/v1", "whisper-1", 1)
    assert transcriber.label == "whisper-1 at speech.example"

"""A small server that speaks OpenAI's chat completions, streamed, with the faults that real ones have."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.waiting import until

Marks = Callable[[dict[str, Any], str], Any]
"""What is asked and the words of the answer, to the marks of the reply."""
TOKENS = 700


def generous(asked: dict[str, Any], words: str) -> dict[str, Any]:
    """Every point and dimension present, each with the first words of the answer."""
    return marks_of(asked, "present", [" ".join(words.split()[:4])])


def stern(asked: dict[str, Any], words: str) -> dict[str, Any]:
    return marks_of(asked, "absent", [])


def marks_of(asked: dict[str, Any], level: str, quotes: list[str]) -> dict[str, Any]:
    found = {"level": level, "quotes": quotes, "reason": "It is said."}
    return {
        "points": [{"point": point["point"], **found} for point in asked["points"]],
        "dimensions": [{"dimension": one["dimension"], **found} for one in asked["dimensions"]],
    }


@dataclass
class JudgeServer:
    """What it was asked, and how it answers: the next of `moods`, the last one over and over."""

    moods: list[str] = field(default_factory=lambda: ["well"])
    marks: list[Marks] = field(default_factory=lambda: [generous])
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Somebody hung up on a hanging answer."""
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    """Answers hang no more: they are refused."""
    url: str = ""

    async def complete(self, request: Request) -> Response:
        body = await request.json()
        self.asked.append(body)
        self.keys.append(request.headers["authorization"])
        mood = self.moods.pop(0) if len(self.moods) > 1 else self.moods[0]
        marks = self.marks.pop(0) if len(self.marks) > 1 else self.marks[0]
        match mood:
            case "hang":
                self.hanging.set()
                await until(lambda: self.let_go.is_set() or request.is_disconnected())
                if self.let_go.is_set():
                    return JSONResponse({"error": {"message": "no such key"}}, 401)
                self.left.set()
            case "429":
                return JSONResponse({"error": {"message": "slow down"}}, 429, headers={"retry-after-ms": "20"})
            case "429 for an hour":
                return JSONResponse({"error": {"message": "slow down"}}, 429, headers={"retry-after": "3600"})
            case "500":
                return JSONResponse({"error": {"message": body["messages"][1]["content"]}}, 500)
            case "401":
                return JSONResponse({"error": {"message": "no such key"}}, 401)
            case "html":
                return PlainTextResponse("<html>gateway</html>")
            case "garbage":
                return StreamingResponse(_texts("data: {nonsense\n\n"), media_type="text/event-stream")
        text = _reply(mood, marks, body)
        return StreamingResponse(self._stream(mood, text), media_type="text/event-stream")

    async def _stream(self, mood: str, text: str) -> AsyncIterator[str]:
        yield _chunk({"role": "assistant", "content": ""})
        if mood == "slow":
            self.hanging.set()
            await asyncio.sleep(30)
        for at in range(0, len(text), 50):
            yield _chunk({"content": text[at : at + 50]})
            if mood == "breaks off":
                raise ConnectionAbortedError("as the mood wants it")
            if mood == "stalls":
                self.hanging.set()
                await asyncio.sleep(30)
        yield _chunk({}, finish="length" if mood == "cut" else "stop")
        usage = {"prompt_tokens": TOKENS - 100, "completion_tokens": 100, "total_tokens": TOKENS}
        yield _line({"choices": [], "usage": usage})
        yield "data: [DONE]\n\n"


def parts_of(body: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The question and the words of an answer, out of a request."""
    user = body["messages"][1]["content"]
    asked, end = json.JSONDecoder().raw_decode(user)
    fenced = user[end:].strip()
    fence = fenced.splitlines()[0]
    return asked, fenced.removeprefix(fence).removesuffix(fence).strip()


def _reply(mood: str, marks: Marks, body: dict[str, Any]) -> str:
    asked, words = parts_of(body)
    said = marks(asked, words)
    match mood:
        case "prose":
            return "I think this is a fine answer and would give it a five."
        case "empty":
            return ""
        case "too many":
            said["points"].append(said["points"][0])
        case "unknown":
            said["points"][0]["point"] = "charm"
        case "missing":
            said["points"].pop()
        case "false quotes":
            for one in (*said["points"], *said["dimensions"]):
                one["quotes"] = ["I saved the company single-handedly"]
        case "shape":
            said = {"score": 5}
    return json.dumps(said)


def _chunk(delta: dict[str, Any], finish: str | None = None) -> str:
    return _line({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def _line(fields: dict[str, Any]) -> str:
    head = {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "judge-1"}
    return f"data: {json.dumps({**head, **fields})}\n\n"


async def _texts(*texts: str) -> AsyncIterator[str]:
    for text in texts:
        yield text


@contextlib.asynccontextmanager
async def judge_server() -> AsyncIterator[JudgeServer]:
    """One on a port of its own."""
    judge = JudgeServer()
    app = Starlette(routes=[Route("/v1/chat/completions", judge.complete, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=0))
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    judge.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    try:
        yield judge
    finally:
        server.should_exit = server.force_exit = True
        with contextlib.suppress(asyncio.CancelledError):
            await serving

"""A judge behind OpenAI's chat completions, or any server that speaks them. The words of an answer leave the house.

Decides what is sent, how long the first word may take, and which failures are worth a second try. Never what a reply
is worth (`scoring.verdict`), and never retries by itself. No error of this module holds a word of what was sent or
came back.
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any, Final

from openai import APIConnectionError, APIStatusError, AsyncOpenAI, AsyncStream, OpenAIError, Timeout
from openai.types.chat import ChatCompletionChunk

from scoring.prompt import Request
from server.judge_settings import OPENAI, JudgeSettings
from server.ports import JudgeFailed, JudgeReply

_CONNECT_S: Final = 5.0
_MOST_CHARACTERS: Final = 100_000
"""A reply that goes on for longer is cut off: no set of marks is as long."""
_AGAIN: Final = frozenset({408, 409, 429})

# At lower levels the client writes down what it sends.
for _name in ("openai", "httpx", "httpx2"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class OpenAIJudge:
    """One model at one address."""

    def __init__(self, settings: JudgeSettings, key: str) -> None:
        self._settings = settings
        self._client = AsyncOpenAI(
            api_key=key,
            base_url=settings.base_url or OPENAI,  # not what OPENAI_BASE_URL says: that is the recogniser's
            timeout=Timeout(settings.total_ms / 1000, connect=_CONNECT_S),
            max_retries=0,
        )
        self.label = settings.label

    async def close(self) -> None:
        await self._client.close()

    async def ask(self, request: Request) -> JudgeReply:
        """The reply, whole. Raises JudgeFailed; the caller sets the deadline for all of it."""
        first_word = asyncio.timeout(self._settings.first_token_ms / 1000)
        used: int | None = 0
        try:
            async with first_word:
                stream = await self._client.chat.completions.create(**self._asked(request))
                used = None  # it is answering: what that takes is not known before the end
                async with stream:
                    return await _read(stream, first_word)
        except TimeoutError:
            raise JudgeFailed("first_token", again=True) from None
        except APIStatusError as refused:
            again = refused.status_code in _AGAIN or refused.status_code >= 500
            after_s = _after_s(refused.response.headers)
            raise JudgeFailed(f"status_{refused.status_code}", again=again, after_s=after_s, tokens=0) from None
        except APIConnectionError:
            raise JudgeFailed("unreachable", again=True, tokens=used) from None
        except (OpenAIError, ValueError, TypeError, AttributeError, LookupError):
            raise JudgeFailed("garbage", again=True) from None

    def _asked(self, request: Request) -> dict[str, Any]:
        system = request.system
        asked: dict[str, Any] = {"model": self._settings.model, "stream": True}
        match self._settings.output:
            case "json_schema":
                shape = {"name": "marks", "strict": True, "schema": request.schema}
                asked["response_format"] = {"type": "json_schema", "json_schema": shape}
            case "json_object":
                asked["response_format"] = {"type": "json_object"}
                system += f"\n\nThe shape, as JSON Schema: {json.dumps(request.schema)}"
            case "text":
                system += f"\n\nThe shape, as JSON Schema: {json.dumps(request.schema)}"
        asked["messages"] = [{"role": "system", "content": system}, {"role": "user", "content": request.user}]
        if self._settings.temperature is not None:
            asked["temperature"] = self._settings.temperature
        if self._settings.usage:
            asked["stream_options"] = {"include_usage": True}
        return asked


async def _read(stream: AsyncStream[ChatCompletionChunk], first_word: asyncio.Timeout) -> JudgeReply:
    parts: list[str] = []
    characters, tokens, finish = 0, None, None
    async for chunk in stream:
        if chunk.usage:
            tokens = chunk.usage.total_tokens
        for choice in chunk.choices[:1]:
            finish = choice.finish_reason or finish
            if choice.delta.refusal:
                raise JudgeFailed("refused", tokens=tokens)
            if text := choice.delta.content:
                first_word.reschedule(None)
                parts.append(text)
                characters += len(text)
        if characters > _MOST_CHARACTERS:
            raise JudgeFailed("too_long", tokens=tokens)
    if finish in ("length", "content_filter"):
        raise JudgeFailed("cut_off" if finish == "length" else "refused", tokens=tokens)
    return JudgeReply("".join(parts), tokens)


def _after_s(headers: Mapping[str, str]) -> float | None:
    """How long the server wants to be left alone; only plain seconds are understood."""
    try:
        if wished := headers.get("retry-after-ms"):
            return max(0.0, float(wished) / 1000)
        return max(0.0, float(headers.get("retry-after", "")))
    except ValueError:
        return None

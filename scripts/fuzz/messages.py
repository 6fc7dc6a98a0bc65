"""Everything that can be wrong with a text on a room's socket, and what is to be answered.

Decides which texts are thrown; the places where a message can break come from the protocol's schema (`shapes`).
"""

import json
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from rooms.protocol import CLIENT_MESSAGE, ClientMessage, Typing
from scripts.fuzz.shapes import Shapes, text

SHAPES: Final = Shapes(CLIENT_MESSAGE.json_schema())


class Bad(NamedTuple):
    """A text that no client of ours would send."""

    name: str
    text: str


@cache
def wholes() -> tuple[tuple[str, dict[str, Any]], ...]:
    """Every kind of message, once, as it should be."""
    return tuple(SHAPES.wholes())


@cache
def broken() -> tuple[Bad, ...]:
    """Every kind of message with each of its places broken in every way, and what is no message at all."""
    return (*_no_messages(), *_broken_messages())


def commands() -> list[dict[str, Any]]:
    """Every command of the protocol, well shaped; those about a turn also about one that is not there, and about a
    question that is not asked there."""
    right = [whole["command"] for _, whole in wholes() if whole["type"] == "do"]
    other = [command for command in right if "turn" in command]
    about = [{**command, "question": None} if "turn" in command else command for command in right]
    return about + other + [{**command, "turn": 1_000} for command in other]


@lru_cache(maxsize=8_192)  # each text is thrown, awaited and judged, and most of them again and again
def understood(said: str) -> ClientMessage | None:
    """What the protocol reads in a text. None: it is to be refused with `message_invalid`."""
    try:
        return CLIENT_MESSAGE.validate_json(said, strict=True)
    except ValidationError:
        return None


def is_answered(said: str) -> bool:
    """Whether a text gets an answer of its own: all but the news that somebody is typing."""
    return not isinstance(understood(said), Typing)


def _broken_messages() -> Iterator[Bad]:
    for kind, whole in wholes():
        for one in SHAPES.breaks(whole):
            yield Bad(f"{kind}, {one.name}", text(one.value))
        yield from _spoilt(kind, json.dumps(whole))


def _spoilt(kind: str, right: str) -> Iterator[Bad]:
    """A right text, spoilt as text."""
    for share in range(1, 8):
        yield Bad(f"{kind}, cut at {share}/8", right[: len(right) * share // 8])
    yield from (
        Bad(f"{kind}, {name}", spoilt)
        for name, spoilt in {
            "twice": right + right,
            "two lines": f"{right}\n{right}",
            "in a list": f"[{right}]",
            "as text": json.dumps(right),
            "with a comma": right[:-1] + ",}",
            "with a comment": f"{right} // well",
            "with a nul": right + "\0",
            "byte order mark": "\ufeff" + right,
            "single quotes": right.replace('"', "'"),
            "typographic quotes": right.replace('"', "\N{RIGHT DOUBLE QUOTATION MARK}"),
            "equals": right.replace(":", "="),
            "blanks": right + " " * 50_000,
            "backwards": right[::-1],
        }.items()
    )


def _no_messages() -> Iterator[Bad]:
    for said in ("", " ", "\n", "\0", "null", "true", "0", "-", '""', "[]", "{}", "{", "}", "[[[[", "hello", "\ufffd"):
        yield Bad(f"no message: {said!r}", said)
    yield Bad("no message: 60,000 brackets", "[" * 60_000)
    yield Bad("no message: 60,000 digits", "9" * 60_000)
    yield Bad("no message: 60,000 blanks", " " * 60_000)
    yield Bad("no message: a type only", '{"type":"do"}')
    yield Bad("no message: the server's own", '{"type":"accepted","id":"c-1","version":1}')
    yield Bad("no message: 3,000 keys", json.dumps({f"key{number}": number for number in range(3_000)}))
    yield Bad("no message: a page", "GET / HTTP/1.1\r\nHost: x\r\n\r\n")

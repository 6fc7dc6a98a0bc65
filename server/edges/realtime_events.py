"""The events of OpenAI's Realtime API that a room takes and makes: their shapes, and nothing of what they lead to.

Shapes and names are those of the `openai` package (`openai.types.realtime`).
"""

import json
import secrets
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from server.edges.interpreted import Said, ToThem
from server.edges.items import Item
from server.edges.sound import Encoding

ASKED, OURS = "invalid_request_error", "server_error"
"""Whose fault an error is."""
TRANSCRIPTION: Final = "conversation.item.input_audio_transcription"


class ClientEvent(BaseModel):
    """What all have that a client says."""

    model_config = ConfigDict(extra="ignore", strict=True)

    event_id: Annotated[str, Field(max_length=512)] | None = None


class Append(ClientEvent):
    type: Literal["input_audio_buffer.append"]
    audio: str


class Commit(ClientEvent):
    type: Literal["input_audio_buffer.commit"]


class Clear(ClientEvent):
    type: Literal["input_audio_buffer.clear"]


class Update(ClientEvent):
    type: Literal["session.update"]
    session: dict[str, Any]


CLIENT_EVENT: TypeAdapter[Append | Commit | Clear | Update] = TypeAdapter(
    Annotated[Append | Commit | Clear | Update, Field(discriminator="type")]
)


class _Format(BaseModel):
    type: Encoding
    rate: int | None = None


class _Vad(BaseModel):
    type: Literal["server_vad", "semantic_vad"]


class _Input(BaseModel):
    format: _Format | None = None
    turn_detection: _Vad | None = None


class _Audio(BaseModel):
    input: _Input = _Input()


class Session(BaseModel):
    """Of an update, what makes a difference here."""

    type: Literal["transcription"]
    audio: _Audio = _Audio()


def committed(item: Item) -> Iterator[Said]:
    """Nothing more will be said in this item."""
    item.committed = True
    message = {"id": item.id, "type": "message", "role": "user", "status": "completed"}
    heard = [{"type": "input_audio", "transcript": None}]
    yield event("input_audio_buffer.committed", item_id=item.id, previous_item_id=item.previous)
    yield event("conversation.item.added", item={**message, "content": heard}, previous_item_id=item.previous)


def delta(item: Item, text: str) -> Iterator[Said]:
    """What is certain of the item's text and was not said yet. What was said is never taken back."""
    if len(text) > len(item.said) and text.startswith(item.said):
        more, item.said = text[len(item.said) :], text
        yield event(f"{TRANSCRIPTION}.delta", item_id=item.id, content_index=0, delta=more)


def completed(item: Item, text: str, seconds: float) -> Said:
    """All words of an item; "" where it came to nothing."""
    usage = {"type": "duration", "seconds": seconds}
    return event(f"{TRANSCRIPTION}.completed", item_id=item.id, content_index=0, transcript=text, usage=usage)


def what_is_wrong(invalid: ValidationError) -> Said:
    """The stable code of an event that cannot be read."""
    first = invalid.errors(include_input=False, include_url=False)[0]
    match first["type"]:
        case "json_invalid":
            return error("invalid_json", "An event is a JSON object.")
        case "union_tag_invalid":
            return error("unsupported_event", "A room transcribes: it takes audio and session updates, nothing else.")
        case _:
            place = ".".join(str(part) for part in first["loc"][1:])
            return error("invalid_event", f"{place or 'the event'}: {first['msg']}.", param=place or None)


def error(code: str, sentence: str, event_id: str | None = None, param: str | None = None, kind: str = ASKED) -> Said:
    """`event_id` and `param`: of the client's event, and the place in it that is wrong."""
    what = {"type": kind, "code": code, "message": sentence, "param": param, "event_id": event_id}
    return event("error", error=what)


def event(kind: str, **fields: Any) -> Said:
    """Any event of the server's, under an id of its own."""
    return ToThem(json.dumps({"type": kind, "event_id": f"event_{secrets.token_hex(10)}", **fields}))

"""The transcription session of OpenAI's Realtime API, spoken over a room: words come out as they are written down.

Decides how its events map to a room's. Audio appended is the candidate's voice; what the room holds for certain of an
open utterance is the deltas, the written utterance is the completion, and an item is an utterance. Shapes and names of
events are those of the `openai` package (`openai.types.realtime`). What a room cannot do (answers in sound or text,
other languages, other turn detection) is answered with an `error` event, and the session goes on.
"""

import json
import secrets
from base64 import b64decode
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from rooms import events as e
from rooms.protocol import (
    VERSION,
    Accepted,
    AudioSafe,
    Goodbye,
    Happened,
    HearingTrouble,
    Hello,
    Partial,
    Refused,
    ServerMessage,
    Speaking,
    Telling,
    Welcome,
)
from rooms.transcript import Source, Utterance
from server.edges.interpreted import HANGUP, Said, ToRoom, ToThem
from server.edges.items import Item, Items
from server.edges.sound import Decoder, Encoding
from server.edges.voice import Voice

CLIENT: Final = "openai-realtime"
COMMIT_SILENCE_MS: Final = 1_000
"""Committing the buffer says that the speaker has stopped: the room hears this much silence."""
_ASKED, _OURS = "invalid_request_error", "server_error"


class _Event(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    event_id: Annotated[str, Field(max_length=512)] | None = None


class _Append(_Event):
    type: Literal["input_audio_buffer.append"]
    audio: str


class _Commit(_Event):
    type: Literal["input_audio_buffer.commit"]


class _Clear(_Event):
    type: Literal["input_audio_buffer.clear"]


class _Update(_Event):
    type: Literal["session.update"]
    session: dict[str, Any]


_EVENT: TypeAdapter[_Append | _Commit | _Clear | _Update] = TypeAdapter(
    Annotated[_Append | _Commit | _Clear | _Update, Field(discriminator="type")]
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


class _Session(BaseModel):
    """Of an update, what makes a difference here."""

    type: Literal["transcription"]
    audio: _Audio = _Audio()


class OpenAiRealtime:
    """One session: an `Interpreter`."""

    def __init__(self, ticket: str, consent: str | None, utterance_silence_ms: int) -> None:
        self._ticket, self._silence_ms = ticket, utterance_silence_ms
        self._voice = Voice(consent)
        self._decoder = Decoder(Encoding.PCM)
        self._vad = True
        self._label: str | None = None
        self._items = Items()
        self._appended_ms = 0.0
        """Since the last commit or clear."""
        self._id = f"sess_{secrets.token_hex(12)}"
        self._said_consent_is_missing = False

    @property
    def full(self) -> bool:
        return self._voice.full

    def begin(self) -> Iterable[Said]:
        yield ToRoom(Hello(protocol=VERSION, ticket=self._ticket, client=CLIENT).model_dump_json())

    # --- what the client says ---------------------------------------------------------------------------------------

    def heard(self, message: str | bytes, now_s: float) -> Iterable[Said]:
        try:
            event = _EVENT.validate_json(message)
        except ValidationError as invalid:
            return [_what_is_wrong(invalid)]
        match event:
            case _Append():
                return self._append(event, now_s)
            case _Commit():
                return self._commit(event, now_s)
            case _Clear():
                return self._clear()
            case _Update():
                return self._update(event)

    def _append(self, event: _Append, now_s: float) -> Iterable[Said]:
        try:
            data = b64decode(event.audio, validate=True)
            pcm = self._decoder.decode(data)
        except ValueError:  # no base 64, or half a sample
            return [_error("invalid_audio", "The audio is not base 64 of whole samples.", event.event_id)]
        if self._voice.needs_consent:
            return self._ask_for_consent(event)
        self._appended_ms += self._decoder.duration_ms(data)
        return self._voice.speak(pcm, now_s)

    def _ask_for_consent(self, event: _Event) -> list[Said]:
        if self._said_consent_is_missing:
            return []
        self._said_consent_is_missing = True
        sentence = "Nothing is heard before the candidate consents: connect with the query parameter consent=NOTICE."
        return [_error("consent_needed", sentence, event.event_id)]

    def _commit(self, event: _Commit, now_s: float) -> list[Said]:
        if self._appended_ms < 100:
            sentence = "The buffer has less than 100 ms of audio: append some before committing it."
            return [_error("input_audio_buffer_commit_empty", sentence, event.event_id)]
        self._appended_ms = 0.0
        said = self._voice.speak(self._decoder.rest() + bytes(32 * COMMIT_SILENCE_MS), now_s)
        said += self._voice.flush()
        item = self._items.to_commit()
        return [*said, *(_committed(item) if not item.committed else ())]

    def _clear(self) -> list[Said]:
        """What was passed on is heard; a room takes nothing back."""
        self._appended_ms = 0.0
        return [_event("input_audio_buffer.cleared")]

    def _update(self, event: _Update) -> list[Said]:
        try:
            wanted = _Session.model_validate(event.session)
        except ValidationError as invalid:
            place = ".".join(str(part) for part in ("session", *invalid.errors()[0]["loc"]))
            return [_error("invalid_value", f"{place}: {invalid.errors()[0]['msg']}.", event.event_id, place)]
        given = wanted.audio.input
        if given.format and given.format.rate not in (None, 24_000):
            sentence = "audio/pcm has 24000 samples a second."
            return [_error("invalid_value", sentence, event.event_id, "session.audio.input.format.rate")]
        if given.format and given.format.type is not self._decoder.encoding:
            self._decoder = Decoder(given.format.type)
        if "turn_detection" in given.model_fields_set:
            self._vad = given.turn_detection is not None
        return [_event("session.updated", session=self._session())]

    def _session(self) -> dict[str, Any]:
        """As it is, not as it was asked for."""
        vad = {
            "type": "server_vad",
            "threshold": 0.5,
            "prefix_padding_ms": 300,
            "silence_duration_ms": self._silence_ms,
        }
        pcm = self._decoder.encoding is Encoding.PCM
        heard = {
            "format": {"type": self._decoder.encoding, **({"rate": 24_000} if pcm else {})},
            "noise_reduction": None,
            "transcription": {"model": self._label or "none", "language": "en"},
            "turn_detection": vad if self._vad else None,
        }
        return {
            "id": self._id,
            "object": "realtime.transcription_session",
            "type": "transcription",
            "audio": {"input": heard},
        }

    # --- what the room says -----------------------------------------------------------------------------------------

    def told(self, message: ServerMessage) -> Iterable[Said]:
        match message:
            case Welcome():
                return self._welcomed(message)
            case Happened(event=event):
                return [*self._voice.happened(event), *self._happened(event)]
            case Telling(what=Speaking(on=on)):
                return self._began() if on else self._stopped()
            case Telling(what=Partial() as partial):
                return self._guessed(partial)
            case Telling(what=HearingTrouble() as trouble):
                return self._troubled(trouble)
            case Accepted():
                return self._voice.accepted(message)
            case AudioSafe():
                return self._voice.safe(message)
            case Refused():
                tell = self._voice.refused(message)
                return [_error(message.code, message.sentence)] if tell else []
            case Goodbye():
                return [_error(message.code, message.sentence, kind=_ASKED if not message.retry else _OURS)]
            case _:
                return []

    def _welcomed(self, welcome: Welcome) -> Iterator[Said]:
        assert welcome.room is not None, "an edge never resumes"
        named, turn = welcome.room.transcriber, welcome.room.turn
        self._label = named.label if named else None
        yield _event("session.created", session=self._session())
        yield from self._voice.welcomed(welcome)
        if turn:
            yield self._question(turn.question)

    def _happened(self, event: e.Event) -> list[Said]:
        match event:
            case e.UtteranceHeard(utterance=utterance) if utterance.source is Source.VOICE:
                return list(self._written(utterance))
            case e.QuestionAsked(question=question):
                return [self._question(question)]
            case e.TranscriberNamed(label=label):
                self._label = label
                return []
            case e.RoomClosed():
                return [_error("room_closed", "The interview is over."), HANGUP]
            case _:
                return []

    def _question(self, question: e.Question) -> Said:
        previous = self._items.last
        item = {
            "id": self._items.new_id(),
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": question.text}],
        }
        return _event("conversation.item.added", item=item, previous_item_id=previous)

    def _began(self) -> list[Said]:
        latest = self._items.open
        if latest and latest.spoken and not latest.committed:
            return []  # another worker hears it now, and said so
        item, came_to_nothing = self._items.begin()
        said = [_completed(nothing, "", 0.0) for nothing in came_to_nothing]
        if self._vad:
            at = max(0, self._voice.sent_ms - 300)
            said.append(_event("input_audio_buffer.speech_started", item_id=item.id, audio_start_ms=at))
        return said

    def _stopped(self) -> list[Said]:
        item = self._items.open
        if item is None or item.committed:
            return []
        said: list[Said] = []
        if self._vad:
            at = self._voice.sent_ms
            said.append(_event("input_audio_buffer.speech_stopped", item_id=item.id, audio_end_ms=at))
        self._appended_ms = 0.0
        return [*said, *_committed(item)]

    def _guessed(self, partial: Partial) -> list[Said]:
        item = self._items.of(partial.utterance)
        if item.committed and not partial.stable and not partial.unstable:
            self._items.done(item)
            return [_completed(item, "", 0.0)]
        return list(_delta(item, partial.stable))

    def _written(self, utterance: Utterance) -> Iterator[Said]:
        item = self._items.of(utterance.id)
        if not item.committed:
            yield from _committed(item)
        yield from _delta(item, utterance.text)
        yield _completed(item, utterance.text, (utterance.end_ms - utterance.start_ms) / 1000)
        self._items.done(item)

    def _troubled(self, trouble: HearingTrouble) -> list[Said]:
        item = self._items.open
        if trouble.code != "transcriber_failed" or item is None:
            return [_error(trouble.code, trouble.sentence, kind=_OURS)]
        error = {"type": _OURS, "code": trouble.code, "message": trouble.sentence}
        return [_event(f"{_TRANSCRIPTION}.failed", item_id=item.id, content_index=0, error=error)]


_TRANSCRIPTION: Final = "conversation.item.input_audio_transcription"


def _committed(item: Item) -> Iterator[Said]:
    item.committed = True
    message = {"id": item.id, "type": "message", "role": "user", "status": "completed"}
    heard = [{"type": "input_audio", "transcript": None}]
    yield _event("input_audio_buffer.committed", item_id=item.id, previous_item_id=item.previous)
    yield _event("conversation.item.added", item={**message, "content": heard}, previous_item_id=item.previous)


def _delta(item: Item, text: str) -> Iterator[Said]:
    """What is certain of the item's text and was not said yet. What was said is never taken back."""
    if len(text) > len(item.said) and text.startswith(item.said):
        delta, item.said = text[len(item.said) :], text
        yield _event(f"{_TRANSCRIPTION}.delta", item_id=item.id, content_index=0, delta=delta)


def _completed(item: Item, text: str, seconds: float) -> Said:
    usage = {"type": "duration", "seconds": seconds}
    return _event(f"{_TRANSCRIPTION}.completed", item_id=item.id, content_index=0, transcript=text, usage=usage)


def _what_is_wrong(invalid: ValidationError) -> Said:
    """The stable code of an event that cannot be read."""
    first = invalid.errors(include_input=False, include_url=False)[0]
    match first["type"]:
        case "json_invalid":
            return _error("invalid_json", "An event is a JSON object.")
        case "union_tag_invalid":
            return _error("unsupported_event", "A room transcribes: it takes audio and session updates, nothing else.")
        case _:
            place = ".".join(str(part) for part in first["loc"][1:])
            return _error("invalid_event", f"{place or 'the event'}: {first['msg']}.", param=place or None)


def _error(code: str, sentence: str, event_id: str | None = None, param: str | None = None, kind: str = _ASKED) -> Said:
    error = {"type": kind, "code": code, "message": sentence, "param": param, "event_id": event_id}
    return _event("error", error=error)


def _event(kind: str, **fields: Any) -> Said:
    return ToThem(json.dumps({"type": kind, "event_id": f"event_{secrets.token_hex(10)}", **fields}))

"""The transcription session of OpenAI's Realtime API, spoken over a room: words come out as they are written down.

Decides how its events map to a room's. Audio appended is the candidate's voice; what the room holds for certain of an
open utterance is the deltas, the written utterance is the completion, and an item is an utterance. What a room cannot
do (answers in sound or text, other languages, other turn detection) is answered with an `error` event, and the session
goes on. The shapes of events are `realtime_events`'.
"""

import secrets
from base64 import b64decode
from collections.abc import Iterable, Iterator
from typing import Any, Final

from pydantic import ValidationError

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
from server.edges import realtime_events as api
from server.edges.interpreted import HANGUP, Said, ToRoom
from server.edges.items import Items
from server.edges.sound import Decoder, Encoding
from server.edges.voice import Voice

CLIENT: Final = "openai-realtime"
COMMIT_SILENCE_MS: Final = 1_000
"""Committing the buffer says that the speaker has stopped: the room hears this much silence."""


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
            event = api.CLIENT_EVENT.validate_json(message)
        except ValidationError as invalid:
            return [api.what_is_wrong(invalid)]
        match event:
            case api.Append():
                return self._append(event, now_s)
            case api.Commit():
                return self._commit(event, now_s)
            case api.Clear():
                return self._clear()
            case api.Update():
                return self._update(event)

    def _append(self, event: api.Append, now_s: float) -> Iterable[Said]:
        try:
            data = b64decode(event.audio, validate=True)
            pcm = self._decoder.decode(data)
        except ValueError:  # no base 64, or half a sample
            return [api.error("invalid_audio", "The audio is not base 64 of whole samples.", event.event_id)]
        if self._voice.needs_consent:
            return self._ask_for_consent(event)
        self._appended_ms += self._decoder.duration_ms(data)
        return self._voice.speak(pcm, now_s)

    def _ask_for_consent(self, event: api.ClientEvent) -> list[Said]:
        if self._said_consent_is_missing:
            return []
        self._said_consent_is_missing = True
        sentence = "Nothing is heard before the candidate consents: connect with the query parameter consent=NOTICE."
        return [api.error("consent_needed", sentence, event.event_id)]

    def _commit(self, event: api.Commit, now_s: float) -> list[Said]:
        if self._appended_ms < 100:
            sentence = "The buffer has less than 100 ms of audio: append some before committing it."
            return [api.error("input_audio_buffer_commit_empty", sentence, event.event_id)]
        self._appended_ms = 0.0
        said = self._voice.speak(self._decoder.rest() + bytes(32 * COMMIT_SILENCE_MS), now_s)
        said += self._voice.flush()
        item = self._items.to_commit()
        return [*said, *(api.committed(item) if not item.committed else ())]

    def _clear(self) -> list[Said]:
        """What was passed on is heard; a room takes nothing back."""
        self._appended_ms = 0.0
        return [api.event("input_audio_buffer.cleared")]

    def _update(self, event: api.Update) -> list[Said]:
        try:
            wanted = api.Session.model_validate(event.session)
        except ValidationError as invalid:
            place = ".".join(str(part) for part in ("session", *invalid.errors()[0]["loc"]))
            return [api.error("invalid_value", f"{place}: {invalid.errors()[0]['msg']}.", event.event_id, place)]
        given = wanted.audio.input
        if given.format and given.format.rate not in (None, 24_000):
            sentence = "audio/pcm has 24000 samples a second."
            return [api.error("invalid_value", sentence, event.event_id, "session.audio.input.format.rate")]
        if given.format and given.format.type is not self._decoder.encoding:
            self._decoder = Decoder(given.format.type)
        if "turn_detection" in given.model_fields_set:
            self._vad = given.turn_detection is not None
        return [api.event("session.updated", session=self._session())]

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
                return [api.error(message.code, message.sentence)] if tell else []
            case Goodbye():
                return [api.error(message.code, message.sentence, kind=api.ASKED if not message.retry else api.OURS)]
            case _:
                return []

    def _welcomed(self, welcome: Welcome) -> Iterator[Said]:
        assert welcome.room is not None, "an edge never resumes"
        named, turn = welcome.room.transcriber, welcome.room.turn
        self._label = named.label if named else None
        yield api.event("session.created", session=self._session())
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
                return [api.error("room_closed", "The interview is over."), HANGUP]
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
        return api.event("conversation.item.added", item=item, previous_item_id=previous)

    def _began(self) -> list[Said]:
        latest = self._items.open
        if latest and latest.spoken and not latest.committed:
            return []  # another worker hears it now, and said so
        item, came_to_nothing = self._items.begin()
        said = [api.completed(nothing, "", 0.0) for nothing in came_to_nothing]
        if self._vad:
            at = max(0, self._voice.sent_ms - 300)
            said.append(api.event("input_audio_buffer.speech_started", item_id=item.id, audio_start_ms=at))
        return said

    def _stopped(self) -> list[Said]:
        item = self._items.open
        if item is None or item.committed:
            return []
        said: list[Said] = []
        if self._vad:
            at = self._voice.sent_ms
            said.append(api.event("input_audio_buffer.speech_stopped", item_id=item.id, audio_end_ms=at))
        self._appended_ms = 0.0
        return [*said, *api.committed(item)]

    def _guessed(self, partial: Partial) -> list[Said]:
        item = self._items.of(partial.utterance)
        if item.committed and not partial.stable and not partial.unstable:
            self._items.done(item)
            return [api.completed(item, "", 0.0)]
        return list(api.delta(item, partial.stable))

    def _written(self, utterance: Utterance) -> Iterator[Said]:
        item = self._items.of(utterance.id)
        if not item.committed:
            yield from api.committed(item)
        yield from api.delta(item, utterance.text)
        yield api.completed(item, utterance.text, (utterance.end_ms - utterance.start_ms) / 1000)
        self._items.done(item)

    def _troubled(self, trouble: HearingTrouble) -> list[Said]:
        item = self._items.open
        if trouble.code != "transcriber_failed" or item is None:
            return [api.error(trouble.code, trouble.sentence, kind=api.OURS)]
        error = {"type": api.OURS, "code": trouble.code, "message": trouble.sentence}
        return [api.event(f"{api.TRANSCRIPTION}.failed", item_id=item.id, content_index=0, error=error)]

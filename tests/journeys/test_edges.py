"""Candidates who speak another protocol than ours: OpenAI's own client, and a telephone's frames."""

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from hashlib import sha1
from typing import Any, NamedTuple

import numpy as np
import openai
import pytest
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidStatus

from client import Greenroom, Visit, connect
from rooms.people import Role
from server.edges.sound import MU_LAW
from server.notice import NOTICE
from tests import canned_whisper
from tests.deployment import TOKEN, Deployment, Web, deployed
from tests.servers import Redis
from tests.speech import RATE_HZ, length_ms, silence, speech

SAID = "we measured the queue and moved the slow part out"
SPEECH = speech("We measured the queue, and moved the slow part out.")
DEADLINE_S = 30.0
PHONE_TOKEN = "the token of the telephone account"


class Standing(NamedTuple):
    deployment: Deployment
    web: Web


@pytest.fixture(scope="module")
def standing(redis_server: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    words = canned_whisper.evenly(SAID, 0.0, length_ms(SPEECH) / 1000)
    canned = canned_whisper.write(tmp_path_factory.mktemp("whisper") / "model", words)
    settings = {"TRANSCRIBER": "whisper", "WHISPER_MODEL": str(canned), "TURN_SILENCE_MS": "1500"}
    redis_server.flush()
    with deployed(redis_server.url, **settings, TWILIO_AUTH_TOKEN=PHONE_TOKEN) as deployment:
        deployment.worker()
        yield Standing(deployment, deployment.web())


@pytest.fixture
async def owner(standing: Standing) -> AsyncIterator[Greenroom]:
    async with connect(standing.web.url, token=TOKEN) as greenroom:
        yield greenroom


async def ticket_for(owner: Greenroom, room: str) -> str:
    return (await owner.ticket(room, Role.CANDIDATE)).ticket


# --- OpenAI -----------------------------------------------------------------------------------------------------


def session(standing: Standing, room: str, key: str | Callable[[], Awaitable[str]], **query: str) -> Any:
    client = openai.AsyncOpenAI(base_url=f"{standing.web.url}/rooms/{room}/v1", api_key=key)
    return client.realtime.connect(extra_query={"intent": "transcription", **query})


def resampled(pcm: bytes, rate_hz: int) -> np.ndarray[Any, Any]:
    samples = np.frombuffer(pcm, "<i2").astype(float)
    at = np.arange(0, len(samples), RATE_HZ / rate_hz)
    return np.interp(at, np.arange(len(samples)), samples).astype("<i2")


async def say(connection: AsyncRealtimeConnection, pcm: bytes) -> None:
    audio = resampled(pcm, 24_000).tobytes()
    for start in range(0, len(audio), 4_800):
        await connection.input_audio_buffer.append(audio=base64.b64encode(audio[start : start + 4_800]).decode())


async def until(connection: AsyncRealtimeConnection, kind: str) -> list[Any]:
    """Everything up to and with the next event of this type."""
    seen: list[Any] = []
    async with asyncio.timeout(DEADLINE_S):
        while not seen or seen[-1].type != kind:
            seen.append(await connection.recv())
    return seen


COMPLETED = "conversation.item.input_audio_transcription.completed"
DELTA = "conversation.item.input_audio_transcription.delta"


async def test_openais_own_client_gets_deltas_and_completions_in_order(standing: Standing, owner: Greenroom) -> None:
    room = (await owner.open_room("behavioural", 3)).room

    async def new_ticket() -> str:
        return await ticket_for(owner, room)

    async with (
        session(standing, room, new_ticket, consent=NOTICE.version) as connection,
        owner.join(room, Role.COACH) as coach,
    ):
        (created,) = await until(connection, "session.created")
        assert created.session.type == "transcription"
        await connection.session.update(
            session={"type": "transcription", "audio": {"input": {"format": {"type": "audio/pcm", "rate": 24_000}}}}
        )
        updated = (await until(connection, "session.updated"))[-1]
        assert updated.session.audio.input.turn_detection.type == "server_vad"
        await say(connection, silence(400))
        await until_asked(coach, 1)
        for _ in range(2):
            await say(connection, SPEECH + silence(1_000))
        seen = await until(connection, COMPLETED) + await until(connection, COMPLETED)
        await coach.until(lambda room: len(room.turns[0].utterances) == 2, DEADLINE_S)
        written = [utterance.text for utterance in coach.room.turns[0].utterances]

    first, second = ([e for e in seen if getattr(e, "item_id", None) == item] for item in items_of(seen))
    for events, text in ((first, written[0]), (second, written[1])):
        kinds = [event.type for event in events]
        assert kinds[0] == "input_audio_buffer.speech_started"
        assert kinds.index("input_audio_buffer.speech_stopped") < kinds.index("input_audio_buffer.committed")
        assert kinds[-1] == COMPLETED
        assert "".join(event.delta for event in events if event.type == DELTA) == events[-1].transcript == text == SAID
    assert next(e for e in second if e.type == "input_audio_buffer.committed").previous_item_id == first[0].item_id
    assert not [event for event in seen if event.type == "error"]


def items_of(seen: list[Any]) -> list[str]:
    return [event.item_id for event in seen if event.type == COMPLETED]


async def until_asked(coach: Visit, number: int) -> None:
    await coach.until(lambda room: len(room.turns) >= number, DEADLINE_S)


async def test_a_commit_ends_the_utterance_and_what_is_wrong_gets_its_code(
    standing: Standing, owner: Greenroom
) -> None:
    room = (await owner.open_room("behavioural", 3)).room
    key = TOKEN  # the owner's token, instead of a ticket
    async with session(standing, room, key, consent=NOTICE.version) as connection:
        await until(connection, "session.created")
        await connection.send({"type": "response.create"})
        await connection.send({"type": "input_audio_buffer.append", "audio": "not base 64!"})
        await connection.send({"type": "input_audio_buffer.commit"})
        await connection.send({"type": "session.update", "event_id": "mine", "session": {"type": "realtime"}})  # type: ignore[typeddict-item]
        wrong = [(await until(connection, "error"))[-1].error for _ in range(4)]
        codes = ["unsupported_event", "invalid_audio", "input_audio_buffer_commit_empty", "invalid_value"]
        assert [error.code for error in wrong] == codes
        assert wrong[-1].event_id == "mine"
        law = {"type": "transcription", "audio": {"input": {"format": {"type": "audio/pcma"}, "turn_detection": None}}}
        await connection.session.update(session=law)  # type: ignore[arg-type]
        assert (await until(connection, "session.updated"))[-1].session.audio.input.turn_detection is None
        back = {"type": "transcription", "audio": {"input": {"format": {"type": "audio/pcm"}}}}
        await connection.session.update(session=back)  # type: ignore[arg-type]
        await say(connection, silence(200))
        await until(connection, "conversation.item.added")  # the question
        await say(connection, SPEECH)
        await connection.input_audio_buffer.commit()
        seen = await until(connection, COMPLETED)
        assert seen[-1].transcript == SAID
        assert [e.item_id for e in seen if e.type == "input_audio_buffer.committed"] == [seen[-1].item_id]
        assert not [event for event in seen if "speech_st" in event.type]


async def test_nobody_comes_in_without_a_key_and_nothing_is_heard_without_consent(
    standing: Standing, owner: Greenroom
) -> None:
    room = (await owner.open_room("behavioural", 3)).room
    async with session(standing, room, "no ticket of ours") as connection:
        assert (await until(connection, "error"))[-1].error.code == "ticket_invalid"
    ticket = await ticket_for(owner, room)
    async with session(standing, room, ticket) as connection:
        await until(connection, "session.created")
        await say(connection, silence(200))
        assert (await until(connection, "error"))[-1].error.code == "consent_needed"
    async with session(standing, room, ticket) as connection:
        assert (await until(connection, "error"))[-1].error.code == "ticket_invalid"
        with pytest.raises(ConnectionClosed):
            await connection.recv()
    async with session(standing, room, await ticket_for(owner, room), consent="of another time") as connection:
        assert (await until(connection, "error"))[-1].error.code == "wrong_notice"


# --- the telephone ----------------------------------------------------------------------------------------------

LOUD_LAST = np.argsort(MU_LAW.astype(np.int32), kind="stable")


def mu_law(pcm: bytes) -> bytes:
    """Speech as a telephone has it: the nearest of the 256 levels, 8,000 times a second."""
    levels = MU_LAW[LOUD_LAST].astype(np.int32)
    samples = resampled(pcm, 8_000)
    right = np.searchsorted(levels, samples).clip(1, 255)
    nearer = right - (np.abs(levels[right - 1] - samples) <= np.abs(levels[right] - samples))
    return LOUD_LAST[nearer].astype(np.uint8).tobytes()


class Call:
    """One media stream, as Twilio sends it: numbers as text, 20 ms a message."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._sequence, self._chunk = socket, 0, 0

    async def start(self, **parameters: str) -> None:
        await self._socket.send(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        shape = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
        about = {"accountSid": "AC0", "streamSid": "MZ0", "callSid": "CA0", "tracks": ["inbound"]}
        await self._send("start", {**about, "mediaFormat": shape, "customParameters": parameters})

    async def say(self, pcm: bytes, *, swapped: bool = False, lost: int | None = None) -> None:
        audio = mu_law(pcm)
        pieces = []
        for start in range(0, len(audio), 160):
            payload = base64.b64encode(audio[start : start + 160]).decode()
            at = {"chunk": str(self._chunk + 1), "timestamp": str(self._chunk * 20)}
            pieces.append({"track": "inbound", **at, "payload": payload})
            self._chunk += 1
        if swapped:
            pieces[10:13] = pieces[12], pieces[10], pieces[11]
        if lost is not None:
            del pieces[lost]
        for piece in pieces:
            await self._send("media", piece)

    async def press(self, digit: str) -> None:
        await self._send("dtmf", {"track": "inbound_track", "digit": digit})

    async def stop(self) -> None:
        await self._send("stop", {"accountSid": "AC0", "callSid": "CA0"})

    async def _send(self, event: str, content: dict[str, Any]) -> None:
        self._sequence += 1
        number = {"sequenceNumber": str(self._sequence), "streamSid": "MZ0"}
        await self._socket.send(json.dumps({"event": event, **number, event: content}))


def phone(standing: Standing, room: str, key: str = PHONE_TOKEN) -> Any:
    address = f"{standing.web.url.replace('http', 'ws')}/rooms/{room}/twilio"
    signature = base64.b64encode(hmac.new(key.encode(), address.encode(), sha1).digest()).decode()
    return open_socket(address, additional_headers={"X-Twilio-Signature": signature}, proxy=None)


async def test_a_candidate_on_the_telephone_is_heard(standing: Standing, owner: Greenroom) -> None:
    room = (await owner.open_room("behavioural", 3)).room
    async with owner.join(room, Role.COACH) as coach, phone(standing, room) as socket:
        call = Call(socket)
        await call.start(ticket=await ticket_for(owner, room), consent=NOTICE.version)
        await call.say(silence(400))
        await until_asked(coach, 1)
        await call.say(SPEECH, swapped=True)
        await call.say(silence(1_000), lost=9)
        await coach.until(lambda room: bool(room.turns[0].utterances), DEADLINE_S)
        await call.press("*")
        await coach.until(lambda room: room.turns[0].held, DEADLINE_S)
        await call.press("#")
        room_then = await coach.until(lambda room: not room.turns[0].open, DEADLINE_S)
        assert [utterance.text for utterance in room_then.turns[0].utterances] == [SAID]
        assert room_then.turns[0].finished is not None
        assert room_then.turns[0].finished.reason.value == "done"
        await until_entered(owner, room)
        await call.stop()
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(socket.recv(), DEADLINE_S)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1000


async def until_entered(owner: Greenroom, room: str) -> None:
    """Until the room's first turn is in the operators' ledger."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            turns = (await owner._ask("GET", "/api/operations/turns"))["turns"]
            if entry := next((turn for turn in turns if turn["room"] == room), None):
                # Nobody speaks as fast as she does here: how late her text was may be impossible, and left out.
                assert entry["delays"].keys() >= {"speaking", "hearing_out", "score", "next_question"}
                assert all(ms >= 0 for ms in entry["delays"].values())
                return
            await asyncio.sleep(0.05)


async def test_a_call_needs_a_signature_a_ticket_and_frames_of_the_format(standing: Standing, owner: Greenroom) -> None:
    room = (await owner.open_room("behavioural", 3)).room
    with pytest.raises(InvalidStatus) as refused:
        async with phone(standing, room, key="somebody else's token"):
            pass
    assert refused.value.response.status_code == 403
    for frames, code in (
        ([{"event": "media", "media": {"chunk": "1", "timestamp": "0", "payload": ""}}], 4501),
        ([{"event": "start", "start": {"mediaFormat": {"encoding": "opus"}}}], 4504),
        (["not a frame"], 4504),
        ([{"event": "start", "start": {"mediaFormat": FORMAT, "customParameters": {"ticket": "no such"}}}], 4502),
    ):
        async with phone(standing, room) as socket:
            for frame in frames:
                await socket.send(json.dumps(frame))
            await asyncio.wait_for(socket.wait_closed(), DEADLINE_S)
            assert socket.close_code == code


FORMAT = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}

"""Whatever a foreign client says: an answer, a problem of the table, or nothing. Never an error of ours."""

import base64
import json
import random
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from rooms.protocol import CLIENT_MESSAGE, Accepted, Do, unpack_frame
from server.edges.interpreted import Hangup, Interpreter, Said, ToRoom, ToThem
from server.edges.openai_realtime import OpenAiRealtime
from server.edges.twilio_media import TwilioMedia
from server.errors import Failed
from tests.rooms.stages import NOTICE
from tests.server.edges.test_voice import piece, welcome

CASES = 800
ODD: tuple[Any, ...] = (
    None, True, -1, 0, 2**64, -(2**70), 1e308, "", "x", "\ud83d", "é", "Ω" * 40, "A" * 400, "1" * 50, [], {}, [[]],
)  # fmt: skip
AUDIO = base64.b64encode(bytes(960)).decode()
START = {
    "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
    "customParameters": {"ticket": "t", "consent": NOTICE},
}
PHONE = (
    {"event": "connected", "protocol": "Call", "version": "1.0.0"},
    {"event": "start", "start": START},
    json.loads(piece(1)),
    json.loads(piece(3)),
    {"event": "dtmf", "dtmf": {"track": "inbound_track", "digit": "#"}},
    {"event": "mark", "mark": {"name": "m"}},
    {"event": "stop", "stop": {"callSid": "CA0"}},
)
FORMAT = {"audio": {"input": {"format": {"type": "audio/pcma", "rate": 24000}, "turn_detection": None}}}
OPENAI = (
    {"type": "input_audio_buffer.append", "audio": AUDIO, "event_id": "e"},
    {"type": "input_audio_buffer.commit"},
    {"type": "input_audio_buffer.clear"},
    {"type": "session.update", "session": {"type": "transcription", **FORMAT}},
    {"type": "response.create"},
)


def broken(chance: random.Random, message: Any) -> Any:
    """The message with something odd in one or more of its places."""
    if isinstance(message, dict) and message and chance.random() < 0.85:
        key = chance.choice(list(message))
        if chance.random() < 0.1:
            return {other: value for other, value in message.items() if other != key}
        return {**message, key: broken(chance, message[key])}
    return chance.choice(ODD)


def on_the_wire(chance: random.Random, message: Any) -> str | bytes:
    text = json.dumps(message)
    match chance.randrange(12):
        case 0:
            return text[: chance.randrange(len(text))]
        case 1:
            return chance.randbytes(40)
        case 2:
            return "[" * 3_000
        case _:
            return text


def openai() -> Interpreter:
    interpreter = OpenAiRealtime("ticket", NOTICE, 700)
    list(interpreter.told(welcome()))
    return interpreter


def phone() -> Interpreter:
    interpreter = TwilioMedia()
    list(interpreter.heard(json.dumps(PHONE[1]), 0.0))
    list(interpreter.told(welcome()))
    return interpreter


@pytest.mark.parametrize(("made", "known"), [(openai, OPENAI), (phone, PHONE)])
def test_broken_messages_break_nothing(made: Callable[[], Interpreter], known: tuple[dict[str, Any], ...]) -> None:
    chance, interpreter, answers = random.Random(7), made(), 0
    for number in range(CASES):
        message = chance.choice(known)
        for _ in range(chance.choice((0, 1, 1, 2))):
            message = broken(chance, message)
        try:
            said = list(interpreter.heard(on_the_wire(chance, message), number / 50))
            checked(said)
            for wish in opened(said):
                checked(interpreter.told(Accepted(id=wish.id, version=2)))
            answers += len(said)
        except Failed:  # a problem of the table: the connection is closed
            interpreter = made()
    assert answers > CASES / 10


def checked(said: Iterable[Said]) -> None:
    """What is said is of the protocols."""
    for one in said:
        match one:
            case ToRoom(message):
                unpack_frame(message) if isinstance(message, bytes) else CLIENT_MESSAGE.validate_json(
                    message, strict=True
                )
            case ToThem(text):
                assert json.loads(text)["event_id"]
            case Hangup(code):
                assert code == 1000


def opened(said: Iterable[Said]) -> list[Do]:
    texts = [one.message for one in said if isinstance(one, ToRoom) and isinstance(one.message, str)]
    wishes = [CLIENT_MESSAGE.validate_json(text) for text in texts]
    return [wish for wish in wishes if isinstance(wish, Do) and wish.command.kind == "open_microphone"]

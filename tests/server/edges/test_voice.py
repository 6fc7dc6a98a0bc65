"""What an edge puts to a room on behalf of a client that only sends sound."""

import base64
import json
from collections.abc import Iterable

import pytest

from rooms.commands import FinishAnswer, GiveConsent, OpenMicrophone, StartInterview
from rooms.events import ConsentWithdrawn
from rooms.protocol import CLIENT_MESSAGE, Accepted, AudioSafe, Cursor, Do, Frame, Refused, Welcome, unpack_frame
from rooms.refusals import Code
from server.edges.interpreted import Said, ToRoom
from server.edges.twilio_media import WAIT_CHUNKS, TwilioMedia
from server.edges.voice import STILL_S, UNSAFE_FRAMES, Voice
from tests.rooms.stages import ADA, NOTICE, lobby

FORTY_MS = bytes(1280)


def welcome() -> Welcome:
    cursor = Cursor(epoch="e", version=1, tag="t")
    return Welcome(protocol=2, you=ADA, cursor=cursor, room=lobby().room)


def wishes(said: Iterable[Said]) -> list[Do]:
    texts = [one.message for one in said if isinstance(one, ToRoom) and isinstance(one.message, str)]
    return [message for text in texts if isinstance(message := CLIENT_MESSAGE.validate_json(text), Do)]


def frames(said: Iterable[Said]) -> list[Frame]:
    return [unpack_frame(one.message) for one in said if isinstance(one, ToRoom) and isinstance(one.message, bytes)]


def open_voice() -> Voice:
    """One whose microphone is open; frame 0 is on its way."""
    voice = Voice(NOTICE)
    voice.welcomed(welcome())
    opening = wishes(voice.speak(FORTY_MS, 0.0))[-1]
    assert len(frames(voice.accepted(Accepted(id=opening.id, version=2)))) == 1
    return voice


def test_the_first_sound_consents_begins_and_opens_a_microphone_before_a_frame_is_sent() -> None:
    voice = Voice(NOTICE)
    assert voice.full
    assert [type(wish.command) for wish in wishes(voice.welcomed(welcome()))] == [GiveConsent]
    said = voice.speak(FORTY_MS, 0.0)
    assert [type(wish.command) for wish in wishes(said)] == [StartInterview, OpenMicrophone]
    assert frames(said) == frames(voice.speak(FORTY_MS, 0.04)) == []
    opened = voice.accepted(Accepted(id=wishes(said)[-1].id, version=3))
    assert [(frame.seq, frame.capture_ms) for frame in frames(opened)] == [(0, 0), (1, 40)]


def test_nothing_is_passed_on_for_who_did_not_consent() -> None:
    voice = Voice(None)
    voice.welcomed(welcome())
    assert voice.needs_consent
    assert voice.speak(FORTY_MS, 0.0) == []


def test_consent_to_another_notice_is_none() -> None:
    voice = Voice("of another time")
    (agreeing,) = wishes(voice.welcomed(welcome()))
    assert not voice.needs_consent
    assert voice.refused(Refused(id=agreeing.id, code=Code.WRONG_NOTICE.value, sentence="", retry=False))
    assert voice.needs_consent


def test_who_withdraws_consent_is_not_heard_any_more() -> None:
    voice = open_voice()
    voice.happened(ConsentWithdrawn.model_construct())
    assert voice.needs_consent
    assert voice.speak(FORTY_MS, 0.04) == []
    assert voice.safe(AudioSafe(stream="edge", through=None, again=True)) == []


def test_what_was_said_just_before_consent_was_withdrawn_is_not_passed_on() -> None:
    voice = open_voice()
    assert frames(voice.speak(FORTY_MS[:640], 0.04)) == []  # half a frame waits for the rest of it
    voice.happened(ConsentWithdrawn.model_construct())
    assert frames(voice.flush()) == []


def test_what_is_not_safe_is_sent_again_and_makes_the_client_wait() -> None:
    voice = open_voice()
    for number in range(1, UNSAFE_FRAMES):
        assert not voice.full
        voice.speak(FORTY_MS, number * 0.04)
    assert voice.full
    stream = wishes_stream(voice)
    again = voice.safe(AudioSafe(stream=stream, through=UNSAFE_FRAMES - 4, again=True))
    assert [frame.seq for frame in frames(again)] == [UNSAFE_FRAMES - 3, UNSAFE_FRAMES - 2, UNSAFE_FRAMES - 1]
    assert not voice.full


def wishes_stream(voice: Voice) -> str:
    voice.turn = 1
    (finish,) = wishes(voice.finish_answer())
    assert isinstance(finish.command, FinishAnswer)
    assert finish.command.stream is not None
    return finish.command.stream


def test_who_was_still_for_a_while_comes_back_with_a_new_stream_that_begins_at_nought() -> None:
    voice = open_voice()
    stream = wishes_stream(voice)
    assert wishes(voice.speak(FORTY_MS, STILL_S + 1)) == []  # some of it is not safe yet: it stays one stream
    voice.safe(AudioSafe(stream=stream, through=1))
    said = voice.speak(FORTY_MS, 2 * STILL_S + 2)
    assert wishes_stream(voice) != stream
    (frame,) = frames(voice.accepted(Accepted(id=wishes(said)[-1].id, version=5)))
    assert (frame.seq, frame.capture_ms) == (0, 0)
    assert voice.sent_ms == 120


def test_a_microphone_that_is_refused_is_asked_for_again() -> None:
    voice = Voice(NOTICE)
    voice.welcomed(welcome())
    opening = wishes(voice.speak(FORTY_MS, 0.0))[-1]
    code = Code.CONSENT_NEEDED.value
    assert voice.refused(Refused(id=opening.id, code=code, sentence="", retry=False))
    assert voice.speak(FORTY_MS, 0.04) == []
    assert isinstance(wishes(voice.speak(FORTY_MS, 1.1))[-1].command, OpenMicrophone)
    assert not voice.refused(Refused(id="x", code=Code.ALREADY_STARTED.value, sentence="", retry=False))


# --- a call -----------------------------------------------------------------------------------------------------


def piece(number: int, payload: bytes = b"\xff" * 160) -> str:
    said = {"track": "inbound", "chunk": str(number), "timestamp": str((number - 1) * 20)}
    return json.dumps({"event": "media", "media": {**said, "payload": base64.b64encode(payload).decode()}})


def call() -> TwilioMedia:
    interpreter = TwilioMedia()
    shape = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    start = {"mediaFormat": shape, "customParameters": {"ticket": "t", "consent": NOTICE}}
    list(interpreter.heard(json.dumps({"event": "start", "start": start}), 0.0))
    assert interpreter.full
    list(interpreter.told(welcome()))
    return interpreter


def heard(interpreter: TwilioMedia, numbers: Iterable[int]) -> list[Frame]:
    """The frames that come of these pieces, and of the end of the call."""
    opening, *rest = (list(interpreter.heard(piece(number), 0.0)) for number in numbers)
    passed_on = list(interpreter.told(Accepted(id=wishes(opening)[-1].id, version=3)))
    stop = list(interpreter.heard('{"event":"stop"}', 0.0))
    return frames([*passed_on, *(one for said in (*rest, stop) for one in said)])


def test_pieces_out_of_order_are_put_in_order_and_doubled_ones_are_dropped() -> None:
    straight, crooked = call(), call()
    assert heard(straight, range(1, 13)) == heard(crooked, [1, 2, 4, 3, 3, 2, 7, 5, 6, 8, 10, 9, 11, 12])
    assert straight.lost == crooked.lost == 0


def test_a_lost_piece_leaves_a_gap_on_the_clock_and_none_in_the_numbers() -> None:
    interpreter = call()
    found = heard(interpreter, [1, 2, 3, 4, *range(7, 21)])
    assert interpreter.lost == 2
    assert [frame.seq for frame in found] == list(range(len(found)))
    ends = [frame.capture_ms + frame.duration_ms for frame in found]
    gaps = [frame.capture_ms - end for end, frame in zip(ends, found[1:], strict=False)]
    assert [gap for gap in gaps if gap > 2] == [pytest.approx(40, abs=2)]
    assert ends[-1] == 400


def test_a_clock_that_leaps_is_not_believed() -> None:
    interpreter = call()
    wild = json.loads(piece(2))
    wild["media"]["timestamp"] = str(2**40)
    opening = list(interpreter.heard(piece(1), 0.0))
    list(interpreter.heard(json.dumps(wild), 0.0))
    found = frames(interpreter.told(Accepted(id=wishes(opening)[-1].id, version=3)))
    found += frames(interpreter.heard('{"event":"stop"}', 0.0))
    assert all(frame.capture_ms < 100 for frame in found)


def test_waiting_for_a_piece_has_an_end() -> None:
    interpreter = call()
    list(interpreter.heard(piece(1), 0.0))
    for number in range(3, 3 + WAIT_CHUNKS + 1):
        list(interpreter.heard(piece(number), 0.0))
    assert interpreter.lost == 1

"""A voice for the checker: one sentence by espeak-ng, and a Whisper that hears it, both real but for its weights.

Decides what is said aloud; never who says it (`people`). Loaded only by runs that want a voice: it costs each worker
some seconds of computing at its start.
"""

from pathlib import Path

from client.visit import Microphone
from tests import canned_whisper
from tests.journeys.people import speak
from tests.speech import length_ms, speech

SAID = "we measured the queue and moved the slow part out of the request"


def ears(directory: Path) -> dict[str, str]:
    """Settings of processes that hear SAID, through the real voice detection, loading and decoding."""
    words = canned_whisper.evenly(SAID, 0.0, length_ms(_sound()) / 1000)
    model = canned_whisper.write(directory / "whisper", words)
    return {"TRANSCRIBER": "whisper", "WHISPER_MODEL": str(model), "RECOGNISER_THREADS": "1"}


async def say(microphone: Microphone) -> None:
    """Say it, as fast as one speaks."""
    microphone.skip_to_now()
    await speak(microphone, _sound())


def _sound() -> bytes:
    return speech("We measured the queue, and moved the slow part out of the request.")

"""Recordings as a microphone would give them: decoded, resampled, cut and paced.

Decides how a file becomes 16-bit PCM, one channel, 16 kHz, and when each piece of it is due; never sends anything.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import chain
from pathlib import Path
from time import monotonic

import av
from av.audio.resampler import AudioResampler
from av.error import FFmpegError

from client.errors import AudioFileError
from rooms.commands import SAMPLE_RATE_HZ

PIECE_MS = 40
BYTES_PER_MS = 2 * SAMPLE_RATE_HZ // 1000
LENGTH_LIMIT_S = 1800
"""A longer recording is refused: no answer takes half an hour, and it is held in memory (58 MB)."""


def decode(path: Path) -> bytes:
    """The samples of a file that PyAV can read (wav, flac, webm, mp3 ...): s16le, one channel, 16 kHz. CPU-bound."""
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise AudioFileError(f"{path} holds no sound. Give a wav, flac, mp3 or webm file.")
            pcm = bytearray()
            resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
            for frame in chain(container.decode(audio=0), [None]):  # None: what the resampler still holds
                for piece in resampler.resample(frame):
                    pcm += bytes(piece.planes[0])[: 2 * piece.samples]
                if len(pcm) > LENGTH_LIMIT_S * 1000 * BYTES_PER_MS:
                    raise AudioFileError(f"{path} is longer than {LENGTH_LIMIT_S // 60} minutes. Cut it first.")
    except FileNotFoundError:
        raise AudioFileError(f"There is no file {path}.") from None
    except (FFmpegError, OSError) as wrong:
        raise AudioFileError(f"{path} cannot be read as sound. Give a wav, flac, mp3 or webm file.") from wrong
    if not pcm:
        raise AudioFileError(f"{path} holds no sound. Give a wav, flac, mp3 or webm file.")
    return bytes(pcm)


def duration_ms(pcm: bytes) -> int:
    return len(pcm) // BYTES_PER_MS


def silence(milliseconds: int) -> bytes:
    """Digital silence."""
    return bytes(milliseconds * BYTES_PER_MS)


def pieces(pcm: bytes, piece_ms: int = PIECE_MS) -> list[bytes]:
    """The samples cut into pieces of equal length; the last may be shorter."""
    step = piece_ms * BYTES_PER_MS
    return [pcm[start : start + step] for start in range(0, len(pcm), step)]


class Pace:
    """When audio is due: `speed` times as fast as it was spoken; 0: at once.

    Counts from when it is made, so that time lost while sending is caught up and no error adds up.
    """

    def __init__(
        self,
        speed: float = 1.0,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._speed, self._clock, self._sleep = speed, clock, sleep
        self._began, self._spoken_ms = clock(), 0

    async def spoken(self, milliseconds: int) -> None:
        """Return when this much more would have been spoken."""
        self._spoken_ms += milliseconds
        if self._speed <= 0:
            await self._sleep(0)
            return
        due = self._began + self._spoken_ms / 1000 / self._speed
        await self._sleep(max(0.0, due - self._clock()))

    def start_anew(self) -> None:
        """What was not spoken until now (a pause) need not be caught up."""
        self._began, self._spoken_ms = self._clock(), 0


async def paced(pcm: bytes, pace: Pace) -> AsyncIterator[bytes]:
    """Pieces of the recording, each handed out when its last sample would have been captured."""
    for piece in pieces(pcm):
        await pace.spoken(duration_ms(piece))
        yield piece

"""Other people's audio as ours: 16-bit, one channel, 16 kHz.

Decides how bytes of a foreign encoding become samples, and nothing about what is in them.
"""

from enum import StrEnum
from typing import Final

import av
import numpy as np
import numpy.typing as npt

from rooms.commands import SAMPLE_RATE_HZ

Samples = npt.NDArray[np.int16]


def _mu_law() -> Samples:
    """What each byte of G.711 mu-law stands for (ITU-T G.711, table 2a, to 16 bits)."""
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitude = ((((code & 0x0F) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _a_law() -> Samples:
    """The same for A-law (table 1a): every other bit is turned over on the wire."""
    code = np.arange(256, dtype=np.int32) ^ 0x55
    segment, step = (code >> 4) & 7, (code & 0x0F) << 4
    magnitude = np.where(segment == 0, step + 8, (step + 0x108) << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


MU_LAW: Final = _mu_law()
A_LAW: Final = _a_law()


class Encoding(StrEnum):
    """By the name that it has as a media type."""

    PCM = "audio/pcm"
    PCMU = "audio/pcmu"
    PCMA = "audio/pcma"


RATE_HZ: Final = {Encoding.PCM: 24_000, Encoding.PCMU: 8_000, Encoding.PCMA: 8_000}


class BadAudio(ValueError):
    """Bytes that are no whole number of samples."""


class Decoder:
    """One stream's: bytes in its encoding become bytes of ours, whole milliseconds late by less than one."""

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self._rate_hz = RATE_HZ[encoding]
        self._resampler = self._new()

    def decode(self, data: bytes) -> bytes:
        """More of the stream. BadAudio for half a sample."""
        return self._resampled(self._samples(data)) if data else b""

    def duration_ms(self, data: bytes) -> float:
        """How long this audio is."""
        return len(data) / (2 if self.encoding is Encoding.PCM else 1) * 1000 / self._rate_hz

    def rest(self) -> bytes:
        """What was still on its way; the stream may go on after it."""
        left = self._resampler.resample(None)
        self._resampler = self._new()
        return b"".join(_bytes(frame) for frame in left)

    def _samples(self, data: bytes) -> Samples:
        match self.encoding:
            case Encoding.PCM:
                if len(data) % 2:
                    raise BadAudio("16-bit samples are an even number of bytes")
                return np.frombuffer(data, "<i2")
            case Encoding.PCMU:
                return MU_LAW[np.frombuffer(data, np.uint8)]
            case Encoding.PCMA:
                return A_LAW[np.frombuffer(data, np.uint8)]

    def _resampled(self, samples: Samples) -> bytes:
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = self._rate_hz
        return b"".join(_bytes(out) for out in self._resampler.resample(frame))

    @staticmethod
    def _new() -> av.AudioResampler:
        return av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)


def _bytes(frame: av.AudioFrame) -> bytes:
    return frame.to_ndarray().tobytes()

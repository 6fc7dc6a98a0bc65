"""Recordings made for a test: a tone, in any format that PyAV writes."""

import math
import struct
import wave
from pathlib import Path

import av
import numpy as np


def tone(milliseconds: int, rate: int = 16_000, hertz: float = 440.0) -> bytes:
    """A sine, never quite silent, as 16-bit samples."""
    count = rate * milliseconds // 1000
    return b"".join(struct.pack("<h", 1 + int(8_000 * math.sin(2 * math.pi * hertz * n / rate))) for n in range(count))


def write_wav(path: Path, milliseconds: int, rate: int = 16_000, channels: int = 1) -> Path:
    samples = np.frombuffer(tone(milliseconds, rate), dtype="<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.repeat(samples, channels).tobytes())
    return path


def write_encoded(path: Path, codec: str, milliseconds: int, rate: int = 48_000) -> Path:
    """A compressed file; the container follows from the name."""
    samples = np.frombuffer(tone(milliseconds, rate), dtype="<i2").reshape(1, -1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples.copy(), format="s16", layout="mono")
        frame.sample_rate = rate
        resampler = av.AudioResampler(
            format=stream.codec_context.format, layout="mono", rate=rate, frame_size=stream.codec_context.frame_size
        )
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path

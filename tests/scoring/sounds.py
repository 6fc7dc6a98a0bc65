"""Recordings made at test time: syllables as humps of a low tone, and silences."""

import wave
from pathlib import Path

import numpy as np

from scoring.rhythm import RATE_HZ, Samples


def talk(*runs: int, syllable_ms: int = 200, pause_ms: int = 500, gain: float = 0.3) -> Samples:
    """Runs of so many syllables with pauses between, with a little hiss and some silence at both ends."""
    pieces = [_silence(200)]
    for i, syllables in enumerate(runs):
        pieces += [_silence(pause_ms)] * (i > 0) + [_syllable(syllable_ms)] * syllables
    sound = np.concatenate([*pieces, _silence(200)]) * gain
    hiss = np.random.default_rng(7).normal(0, 0.0005, len(sound))
    return (sound + hiss).astype(np.float32)


def _syllable(length_ms: int) -> Samples:
    at = np.arange(length_ms * RATE_HZ // 1_000) / RATE_HZ
    hump = 0.05 + 0.95 * np.sin(np.pi * at / at[-1]) ** 2
    return (hump * sum(np.sin(2 * np.pi * 130 * k * at) / k for k in range(1, 20)) / 3).astype(np.float32)


def _silence(length_ms: int) -> Samples:
    return np.zeros(length_ms * RATE_HZ // 1_000, dtype=np.float32)


def keep_wav(path: Path, samples: Samples, *, channels: int = 1) -> None:
    pcm = (np.clip(samples, -1, 1) * 32_767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(np.repeat(pcm, channels).tobytes())

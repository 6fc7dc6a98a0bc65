"""Sounds that are no speech, made at run time: 16-bit PCM, one channel, 16 kHz."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from tests.speech import RATE_HZ, noise, silence

_NOTES_HZ: Final = (220.0, 261.6, 329.6, 392.0, 440.0, 523.3)
_CHORDS: Final = ((0, 2, 4), (1, 3, 5), (0, 3, 4), (2, 4, 5))


def pink(ms: int, level: int = 1_000) -> bytes:
    """Noise with as much power in each octave: rain, air conditioning."""
    count = RATE_HZ * ms // 1000
    spectrum = np.fft.rfft(np.random.default_rng(2).standard_normal(count))
    spectrum /= np.sqrt(np.maximum(1, np.arange(len(spectrum))))
    found = np.fft.irfft(spectrum, count)
    return _pcm(found * (level / found.std()))


def keyboard(ms: int, level: int = 6_000) -> bytes:
    """Somebody types: two short clicks a key, about six keys a second, over a quiet room."""
    chance = np.random.default_rng(3)
    found = chance.normal(0, 40, RATE_HZ * ms // 1000)
    at = 0.2
    while (at + 0.1) * 1000 < ms:
        for later, loud in ((0.0, 1.0), (0.06, 0.5)):
            start, length = int((at + later) * RATE_HZ), int(0.012 * RATE_HZ)
            click = chance.normal(0, 1, length) * np.exp(-np.arange(length) / (0.002 * RATE_HZ))
            found[start : start + length] += click * level * loud * chance.uniform(0.4, 1)
        at += float(chance.gamma(4, 0.04))
    return _pcm(found)


def music(ms: int, level: int = 4_000) -> bytes:
    """Chords with overtones, a tune above and a drum below, at 100 beats a minute."""
    beat = RATE_HZ * 60 // 100
    times = np.arange(beat) / RATE_HZ
    chance, found = np.random.default_rng(4), []
    for n in range(RATE_HZ * ms // 1000 // beat + 1):
        chord = _CHORDS[n // 4 % len(_CHORDS)]
        sound: Any = sum(_tone(_NOTES_HZ[note] / 2, times, 0.6) for note in chord)
        sound = sound + _tone(_NOTES_HZ[int(chance.integers(6))] * 2, times, 0.3)
        drum = np.sin(2 * np.pi * 60 * times) * np.exp(-times * 20) if n % 2 == 0 else 0
        found.append(sound / 4 + drum)
    return _pcm(np.concatenate(found)[: RATE_HZ * ms // 1000] * level)


def _bursts(make: Callable[[Any], Any]) -> Callable[[int], bytes]:
    """One after another, at three levels, in a quiet room or none."""

    def whole(ms: int) -> bytes:
        chance, found, missing = np.random.default_rng(5), [], RATE_HZ * ms // 1000
        while missing > 0:
            pause = chance.normal(0, chance.choice([0, 40]), int(RATE_HZ * chance.uniform(0.5, 1.2)))
            burst = make(chance)
            found += [pause, burst * (chance.choice([2_000, 6_000, 15_000]) / np.abs(burst).max())]
            missing -= len(pause) + len(burst)
        return _pcm(np.concatenate(found)[: RATE_HZ * ms // 1000])

    return whole


def _cough(chance: Any) -> Any:
    found = _hiss(chance, int(RATE_HZ * chance.uniform(0.15, 0.4)), 200, chance.uniform(2_500, 6_000))
    for formant in chance.uniform(500, 3_000, 2):
        found += 1.5 * _hiss(chance, len(found), formant - 120, formant + 120)
    times = np.arange(len(found)) / RATE_HZ
    return found * np.minimum(1, times / 0.005) * np.exp(-times / chance.uniform(0.03, 0.12))


def _breath(chance: Any) -> Any:
    found = _hiss(chance, int(RATE_HZ * chance.uniform(0.3, 0.9)), 300, chance.uniform(2_000, 5_000))
    return found * np.hanning(len(found))


def _bump(chance: Any) -> Any:
    times = np.arange(RATE_HZ * 3 // 10) / RATE_HZ
    return np.sin(2 * np.pi * chance.uniform(60, 250) * times) * np.exp(-times / 0.05)


def _squeak(chance: Any) -> Any:
    times = np.arange(int(RATE_HZ * chance.uniform(0.1, 0.5))) / RATE_HZ
    phase = 2 * np.pi * np.cumsum(chance.uniform(300, 1_500) + chance.uniform(-800, 800) * times) / RATE_HZ
    return (np.sin(phase) + 0.3 * np.sin(2 * phase)) * np.hanning(len(times))


def _hiss(chance: Any, count: int, low_hz: float, high_hz: float) -> Any:
    spectrum, pitches = np.fft.rfft(chance.standard_normal(count)), np.fft.rfftfreq(count, 1 / RATE_HZ)
    return np.fft.irfft(np.where((pitches >= low_hz) & (pitches <= high_hz), spectrum, 0), count)


def _tone(pitch_hz: float, times: Any, fades_s: float) -> Any:
    overtones = sum(np.sin(2 * np.pi * pitch_hz * n * times) / n**1.5 for n in range(1, 7))
    return overtones * np.exp(-times / fades_s) * np.minimum(1, times * 100)


def _pcm(samples: Any) -> bytes:
    return bytes(np.clip(samples, -32_768, 32_767).astype("<i2").tobytes())


SOUNDS: Final[Mapping[str, Callable[[int], bytes]]] = {
    "silence": silence,
    "white noise": lambda ms: noise(ms, 1_000),
    "pink noise": pink,
    "a keyboard": keyboard,
    "music": music,
}

BURSTS: Final[Mapping[str, Callable[[int], bytes]]] = {
    "coughs": _bursts(_cough),
    "breaths": _bursts(_breath),
    "bumps": _bursts(_bump),
    "squeaks": _bursts(_squeak),
}

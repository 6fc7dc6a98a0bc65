"""When somebody speaks and when not, and how syllables follow each other: figures of rhythm from samples of audio.

Decides what is speech, a pause, the core of a syllable, by loudness over time alone. Never looks at pitch, timbre,
accent or feeling, and never touches a content score.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scoring.features import PAUSE_MS

RATE_HZ = 16_000
"""Samples are mono floats, -1 to 1, at this rate."""
HOP = 160
WINDOW = 400
HOPS_PER_S = RATE_HZ / HOP
BLOCK = 2_000
"""Windows looked at together: half an hour of audio must not need half an hour of spectra at once."""
LOUD_BAND_HZ = (80, 7_000)
SYLLABLE_BAND_HZ = (300, 3_000)
"""Where the cores of syllables are loud, and hiss and hum are not."""
SPEECH_FROM = 0.35
"""Of the way from the quiet parts to the loud ones, in decibels."""
MOST_RANGE_DB = 40.0
"""No room is quieter than this below its speech; silence of noughts around a recording must not pass for its noise."""
LEAST_RANGE_DB = 6.0
"""A recording that is never louder than at its quietest by this holds no speech, only noise or nothing."""
SHORTEST_GAP = 10
SHORTEST_SPEECH = 6
"""Hops: shorter gaps belong to speech (a stop), shorter noises do not (a click)."""
CORE_DIP_DB = 2.0
"""Two cores of syllables have a dip between them; it is seldom flatter (de Jong & Wempe 2009)."""
CORE_BELOW_LOUDEST_DB = 18.0
SILENCE_DB = -80.0

Samples = NDArray[np.float32]
Track = NDArray[np.float64]
Span = tuple[int, int]


class Rhythm(NamedTuple):
    """What loudness over time shows. Seconds count from the first speech to the last."""

    span_s: float
    pauses_s: tuple[float, ...]
    """Silences of 250 ms and more between speech."""
    cores: int
    """Peaks of loudness that are cores of syllables."""
    speech_s: float
    """Time with sound in it; gaps too short for a pause are left out too."""
    uneven: float
    """Standard deviation of the times from core to core, as a share of their mean."""
    quickness_hz: float
    """Where the loudness of syllables moves most: the centre of its modulation spectrum from .3 to 16 Hz."""

    @property
    def talking_s(self) -> float:
        return self.span_s - sum(self.pauses_s)


def rhythm_of(samples: Samples) -> Rhythm | None:
    """The rhythm of a recording; None where nobody speaks in it."""
    if len(samples) < WINDOW:
        return None
    loud, core = _loudness(samples)
    loud = _smooth(loud, 5)
    quiet, high = np.percentile(loud, (5, 95))
    if high - quiet < LEAST_RANGE_DB or high <= SILENCE_DB:
        return None
    quiet = max(quiet, high - MOST_RANGE_DB)
    speech = _speech(loud > quiet + SPEECH_FROM * (high - quiet))
    if not speech:
        return None
    first, last = speech[0][0], speech[-1][1]
    gaps = [(start - end) / HOPS_PER_S for (_, end), (start, _) in pairwise(speech)]
    cores = np.array(_cores(_smooth(core, 9), first, last))
    steps = np.diff(cores)
    return Rhythm(
        span_s=(last - first) / HOPS_PER_S,
        pauses_s=tuple(gap for gap in gaps if gap >= PAUSE_MS / 1_000),
        cores=len(cores),
        speech_s=sum(end - start for start, end in speech) / HOPS_PER_S,
        uneven=float(steps.std() / steps.mean()) if len(steps) > 1 else 1.0,
        quickness_hz=_quickness(core[first:last]),
    )


def _loudness(samples: Samples) -> tuple[Track, Track]:
    """Decibels of each window: of all that speech holds, and of the cores of syllables."""
    steady = samples.astype(np.float64) - float(samples.mean())
    windows = np.lib.stride_tricks.sliding_window_view(steady, WINDOW)[::HOP]
    hertz = np.fft.rfftfreq(512, 1 / RATE_HZ)
    bands = [(hertz > low) & (hertz < high) for low, high in (LOUD_BAND_HZ, SYLLABLE_BAND_HZ)]
    tracks: list[list[Track]] = [[], []]
    for start in range(0, len(windows), BLOCK):
        power = np.abs(np.fft.rfft(windows[start : start + BLOCK] * np.hamming(WINDOW), 512)) ** 2
        for track, band in zip(tracks, bands, strict=True):
            track.append(10 * np.log10(power[:, band].sum(axis=1) + 10 ** (SILENCE_DB / 10)))
    return np.concatenate(tracks[0]), np.concatenate(tracks[1])


def _smooth(track: Track, width: int) -> Track:
    """A rounded mean over an odd number of hops; the ends see their last value again."""
    weights = np.hanning(width + 2)[1:-1]
    return np.convolve(np.pad(track, width // 2, mode="edge"), weights / weights.sum(), "valid")


def _speech(loud: NDArray[np.bool_]) -> list[Span]:
    """Stretches of speech in hops: short gaps closed, short noises left out."""
    for start, end in _stretches(~loud):
        if end - start < SHORTEST_GAP:
            loud[start:end] = True
    return [(start, end) for start, end in _stretches(loud) if end - start >= SHORTEST_SPEECH]


def _stretches(flags: NDArray[np.bool_]) -> list[Span]:
    change = np.diff(np.concatenate(([0], flags.astype(np.int8), [0])))
    return [(int(a), int(b)) for a, b in zip(np.flatnonzero(change == 1), np.flatnonzero(change == -1), strict=True)]


def _cores(track: Track, first: int, last: int) -> Sequence[int]:
    """The hops of peaks that are loud enough and have a dip between them; of two without one, the louder."""
    inner = track[first + 1 : last - 1]
    peaks = (inner > track[first : last - 2]) & (inner >= track[first + 2 : last])
    peaks &= inner > np.percentile(track, 95) - CORE_BELOW_LOUDEST_DB
    found: list[int] = []
    for peak in (int(place) + first + 1 for place in np.flatnonzero(peaks)):
        if found:
            dip = min(track[found[-1]], track[peak]) - float(track[found[-1] : peak + 1].min())
            if dip < CORE_DIP_DB:
                found[-1] = peak if track[peak] > track[found[-1]] else found[-1]
                continue
        found.append(peak)
    return found


def _quickness(core: Track) -> float:
    level = 10 ** (np.clip(core - core.max(), -40, 0) / 20)
    level = (level - level.mean()) * np.hanning(len(level))
    size = max(4_096, 1 << (len(level) - 1).bit_length())
    power = np.abs(np.fft.rfft(level, size)) ** 2
    hertz = np.fft.rfftfreq(size, 1 / HOPS_PER_S)
    moving = (hertz > 0.3) & (hertz < 16)
    total = float(power[moving].sum())
    return float((power * hertz)[moving].sum() / total) if total else 0.0

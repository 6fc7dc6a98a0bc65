"""How well a voice arrives: windows of its audio in, what is wrong with them and how far to trust them out.

Decides what counts as a flaw and what it costs in trust, and the words for it; never what a score is. Bad sound lowers
confidence, and only that: nobody is worth less for a bad microphone. Runs on plain integers and bytes, a few
microseconds a window: a hundred voices at once take a twentieth of a core (`scripts/bench_hearing`).
"""

import re
from collections.abc import Mapping, Sequence
from math import log10
from struct import Struct
from types import MappingProxyType
from typing import Final, NamedTuple

from rooms.transcript import AudioQuality, Flaw
from rooms.windows import SAMPLES, Window

WINDOW_MS: Final = 32
_PER_MS: Final = 16
_ZEROS: Final = bytes(2 * SAMPLES)
_numbers = Struct(f"<{SAMPLES}h").unpack

FULL_SCALE: Final = 32_768
CLIPPED_AT: Final = 32_700
"""A sample this large was probably larger than can be said in 16 bits..."""
CLIPPED_SAMPLES: Final = 3
"""...and so many in one window are no accident."""
QUIET_BELOW: Final = 655
"""34 dB below the loudest possible."""
QUIET_SHARE: Final = 0.05
"""A voice of which fewer windows rise above that is too quiet."""
DROPOUT_MS: Final = 5
LONGEST_DROPOUT_MS: Final = 1_000
"""Zeros for longer are silence."""
_CUT_FROM: Final = 100
_CUT_AT: Final = 1_000
"""A drop-out cuts the sound off: both its sides are above the first, one above the second. Speech that ends fades."""
DRIFT_MS: Final = 60
DRIFT_SHARE: Final = 0.005
DEAD_MS: Final = 10_000
"""Zeros alone for so long, from the beginning of an answer on, are a microphone that is switched off."""
NOTABLE: Final = 0.95
"""What costs less trust than this is no flaw."""
LEAST_TRUST: Final = 0.1

_RUN: Final = re.compile(rb"(?:\0\0){%d,}" % (DROPOUT_MS * _PER_MS))
_RUN_BYTES: Final = bytes(2 * DROPOUT_MS * _PER_MS)


class Sound(NamedTuple):
    """What the windows of an utterance sounded like so far."""

    windows: int = 0
    clipped: int = 0
    loud: int = 0
    """Windows that are not quiet."""
    peak: int = 0
    gaps: int = 0
    lost_ms: int = 0
    dropouts: int = 0
    dropout_samples: int = 0
    zeros: int = 0
    """Zeros right up to the end of the last window, in samples..."""
    edge: int = 0
    """...and the sample before them."""
    skew_ms: int | None = None
    """How far the capture clock was ahead of the samples in the first window..."""
    drift_ms: int = 0
    """...and how much further in the last."""

    @property
    def measured_ms(self) -> int:
        return self.windows * WINDOW_MS

    @property
    def dropout_ms(self) -> int:
        return self.dropout_samples // _PER_MS


def listen(sound: Sound, window: Window) -> Sound:
    """With one more window."""
    if window.lost_ms:
        sound = missed(sound, window.lost_ms)
    skew = window.skew_ms if sound.skew_ms is None or window.lost_ms else sound.skew_ms
    sound = sound._replace(windows=sound.windows + 1, skew_ms=skew, drift_ms=window.skew_ms - skew)
    if window.samples == _ZEROS:
        return sound._replace(zeros=sound.zeros + SAMPLES)
    samples = _numbers(window.samples)
    high, low = max(samples), min(samples)
    peak = max(high, -low)
    sound = _dropouts(sound, window.samples, samples) if window.whole else sound._replace(zeros=0, edge=0)
    return sound._replace(
        peak=max(sound.peak, peak),
        loud=sound.loud + (peak >= QUIET_BELOW),
        clipped=sound.clipped + (peak >= CLIPPED_AT and _is_clipped(samples)),
    )


def missed(sound: Sound, lost_ms: int) -> Sound:
    """So much audio is missing here."""
    return sound._replace(gaps=sound.gaps + 1, lost_ms=sound.lost_ms + lost_ms, zeros=0, edge=0)


def _is_clipped(samples: Sequence[int]) -> bool:
    return sum(abs(sample) >= CLIPPED_AT for sample in samples) >= CLIPPED_SAMPLES


def _dropouts(sound: Sound, raw: bytes, samples: Sequence[int]) -> Sound:
    """Runs of zeros that cut the sound off, also those that began in an earlier window."""
    lead = (len(raw) - len(raw.lstrip(b"\0"))) // 2
    trail = (len(raw) - len(raw.rstrip(b"\0"))) // 2
    runs = [(sound.edge, sound.zeros + lead, samples[lead])]
    if _RUN_BYTES in raw:
        for run in _RUN.finditer(raw, 2 * lead, len(raw) - 2 * trail):
            first, behind = (run.start() + 1) // 2, run.end() // 2
            runs.append((samples[first - 1], behind - first, samples[behind]))
    cut = [length for before, length, after in runs if _cuts_off(before, length, after)]
    zeros, edge = (trail, samples[-trail - 1]) if trail else (0, samples[-1])
    return sound._replace(
        dropouts=sound.dropouts + len(cut), dropout_samples=sound.dropout_samples + sum(cut), zeros=zeros, edge=edge
    )


def _cuts_off(before: int, length: int, after: int) -> bool:
    if not DROPOUT_MS * _PER_MS <= length <= LONGEST_DROPOUT_MS * _PER_MS:
        return False
    low, high = sorted((abs(before), abs(after)))
    return low >= _CUT_FROM and high >= _CUT_AT


# --- what it comes to -----------------------------------------------------------------------------------------


def quality(sound: Sound) -> AudioQuality:
    """What is to be said of an utterance that sounded like this."""
    costs = _costs(sound)
    trust = 1.0
    for cost in costs.values():
        trust *= cost
    return AudioQuality(
        trust=round(max(LEAST_TRUST, trust), 3),
        flaws=tuple(sorted((flaw for flaw in costs if costs[flaw] < NOTABLE), key=lambda flaw: costs[flaw])),
        measured_ms=sound.measured_ms,
        gaps=sound.gaps,
        lost_ms=sound.lost_ms,
        dropouts=sound.dropouts,
        dropout_ms=sound.dropout_ms,
        clipped=round(_share(sound.clipped, sound.windows), 3),
        peak_dbfs=round(min(0.0, 20 * log10(sound.peak / FULL_SCALE)), 1) if sound.peak else None,
        drift_ms=sound.drift_ms,
    )


def _costs(sound: Sound) -> Mapping[Flaw, float]:
    """What is left of trust after each flaw, 0 to 1. Rules of thumb, and written down in docs/HEARING.md."""
    whole_ms = sound.measured_ms + sound.lost_ms
    lost, dropped = _share(sound.lost_ms, whole_ms), _share(sound.dropout_ms, whole_ms)
    return {
        Flaw.GAPS: max(0.0, 1 - 3 * lost) if sound.gaps else 1.0,
        Flaw.DROPOUTS: max(0.0, 1 - 5 * dropped) * 0.97**sound.dropouts,
        Flaw.CLIPPED: 1 - 0.5 * min(1.0, max(0.0, _share(sound.clipped, sound.windows) - 0.02) / 0.4),
        Flaw.QUIET: 0.8 if sound.windows and _share(sound.loud, sound.windows) < QUIET_SHARE else 1.0,
        Flaw.DRIFT: 0.9 if abs(sound.drift_ms) >= max(DRIFT_MS, DRIFT_SHARE * sound.measured_ms) else 1.0,
    }


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


class Advice(NamedTuple):
    """A flaw in plain words."""

    to_candidate: str
    to_others: str


ADVICE: Mapping[Flaw, Advice] = MappingProxyType(
    {
        Flaw.GAPS: Advice(
            "A piece of your voice is missing. If you said something important just now, say it again.",
            "A piece of the candidate's voice is missing.",
        ),
        Flaw.DROPOUTS: Advice(
            "Your microphone breaks off now and then. Check its plug, or close other programs.",
            "The candidate's microphone breaks off now and then.",
        ),
        Flaw.CLIPPED: Advice(
            "Your microphone is too loud. Move back a little, or turn it down.",
            "The candidate's microphone is too loud.",
        ),
        Flaw.QUIET: Advice(
            "Your microphone is very quiet. Move closer, or turn it up.",
            "The candidate's microphone is very quiet.",
        ),
        Flaw.DRIFT: Advice(
            "Your device cannot keep up with its microphone. Close other programs.",
            "The candidate's device cannot keep up with its microphone.",
        ),
        Flaw.DEAD: Advice(
            "Nothing at all comes from your microphone. Is it switched on? Choose another, or type.",
            "Nothing at all comes from the candidate's microphone.",
        ),
    }
)

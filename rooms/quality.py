"""How well a voice arrives: windows of its audio in, what is wrong with them and how far to trust them out.

Decides what counts as a flaw and what it costs in trust, and the words for it; never what a score is. Bad sound lowers
confidence, and only that: nobody is worth less for a bad microphone. Runs on plain integers and bytes, a few
microseconds a window: a hundred voices at once take a twentieth of a core (`scripts/bench_hearing`).
"""

import re
from collections.abc import Mapping
from math import log10
from types import MappingProxyType
from typing import Final, NamedTuple

from rooms.transcript import AudioQuality, Flaw
from rooms.windows import SAMPLES, Window

WINDOW_MS: Final = 32
_PER_MS: Final = 16
_ZEROS: Final = bytes(2 * SAMPLES)
STEPS: Final = 128
"""Of loudness, as a sample's high byte tells them."""
_MAGNITUDE: Final = bytes(high if high < 128 else 255 - high for high in range(256))
"""A sample's high byte -> its step: how large it is without its sign."""
_WITHIN: Final = tuple(bytes(high for high in range(256) if _MAGNITUDE[high] < steps) for steps in range(STEPS + 1))
"""Number of steps -> the high bytes of the samples within them."""

_HIGHEST: Final = 0x7F
_LOWEST: Final = 0x80
"""A sample of the last step was probably larger than can be said in 16 bits..."""
CLIPPED_SAMPLES: Final = 3
"""...and so many in one window are no accident."""
QUIET_STEPS: Final = 3
"""33 dB below the loudest possible."""
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
    """How many steps its loudest sample reaches."""
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
    raw, windows, drift = window.samples, sound.windows + 1, window.skew_ms - skew
    if raw == _ZEROS:
        return sound._replace(windows=windows, skew_ms=skew, drift_ms=drift, zeros=sound.zeros + SAMPLES)
    high = raw[1::2]  # the high bytes tell enough, at a tenth of the price of all numbers
    louder = high.translate(None, _WITHIN[sound.peak])
    dropouts, lost, zeros, edge = _dropouts(sound, raw) if window.whole else (0, 0, 0, 0)
    return sound._replace(
        windows=windows,
        skew_ms=skew,
        drift_ms=drift,
        peak=1 + max(louder.translate(_MAGNITUDE)) if louder else sound.peak,
        loud=sound.loud + bool(high.translate(None, _WITHIN[QUIET_STEPS])),
        clipped=sound.clipped + (high.count(_HIGHEST) + high.count(_LOWEST) >= CLIPPED_SAMPLES),
        dropouts=sound.dropouts + dropouts,
        dropout_samples=sound.dropout_samples + lost,
        zeros=zeros,
        edge=edge,
    )


def missed(sound: Sound, lost_ms: int) -> Sound:
    """So much audio is missing here."""
    return sound._replace(gaps=sound.gaps + 1, lost_ms=sound.lost_ms + lost_ms, zeros=0, edge=0)


def _dropouts(sound: Sound, raw: bytes) -> tuple[int, int, int, int]:
    """Runs of zeros that cut the sound off, also those that began in an earlier window.

    How many, their samples, the zeros that this window ends with, and the sample before those.
    """
    lead = (len(raw) - len(raw.lstrip(b"\0"))) // 2
    trail = (len(raw) - len(raw.rstrip(b"\0"))) // 2
    runs = [(sound.edge, sound.zeros + lead, _sample(raw, lead))] if sound.zeros or lead else []
    if _RUN_BYTES in raw:
        for run in _RUN.finditer(raw, 2 * lead, len(raw) - 2 * trail):
            first, behind = (run.start() + 1) // 2, run.end() // 2
            runs.append((_sample(raw, first - 1), behind - first, _sample(raw, behind)))
    cut = [length for before, length, after in runs if _cuts_off(before, length, after)]
    return len(cut), sum(cut), trail, _sample(raw, SAMPLES - 1 - trail)


def _sample(raw: bytes, at: int) -> int:
    return int.from_bytes(raw[2 * at : 2 * at + 2], "little", signed=True)


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
        peak_dbfs=round(20 * log10(sound.peak / STEPS), 1) if sound.peak else None,
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


# --- on the way -----------------------------------------------------------------------------------------------

BLOCK_MS: Final = 10_000
"""Some frame of so many arrives as soon as it was taken, whatever the network does to the others."""


class Arrivals(NamedTuple):
    """How one stream's frames came in at a socket: what its network and its device's clock are like."""

    frames: int = 0
    again: int = 0
    """Frames behind one that was here already: sent once more, or overtaken."""
    ahead: int = 0
    """Frames before their turn: what lies between was lost on the way, or comes later."""
    last_seq: int = -1
    block: int = -1
    soonest_ms: int = 0
    """The least time by which a frame of this block came after its capture; of an arbitrary zero."""
    first_ms: int | None = None
    """The same of the first block that was whole..."""
    drift_ms: int = 0
    """...and how much later frames of the last one came: how far the device's clock fell behind, or ran ahead."""


def arrive(before: Arrivals, seq: int, capture_ms: int, now_ms: int) -> Arrivals:
    """With one more frame."""
    frames, again, ahead, last_seq, block, soonest_ms, first_ms, drift_ms = before
    late_ms, its_block = now_ms - capture_ms, capture_ms // BLOCK_MS
    if seq > last_seq and its_block == block:
        soonest_ms = min(soonest_ms, late_ms)
    elif seq > last_seq and its_block > block:
        if block >= 0 and first_ms is None:
            first_ms = soonest_ms
        elif first_ms is not None:
            drift_ms = soonest_ms - first_ms
        block, soonest_ms = its_block, late_ms
    again, ahead = again + (seq <= last_seq), ahead + (seq > last_seq + 1)
    return Arrivals(frames + 1, again, ahead, max(seq, last_seq), block, soonest_ms, first_ms, drift_ms)


# --- words ----------------------------------------------------------------------------------------------------


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

"""A recording as samples: any format, rate and number of channels that can be decoded, as `rhythm` wants them."""

from pathlib import Path

import av
import numpy as np
from av.audio.resampler import AudioResampler

from scoring.rhythm import RATE_HZ, Samples


class SoundError(ValueError):
    """A file cannot be heard; the message names it and says why."""


def samples_of(path: Path) -> Samples:
    """Mono floats, -1 to 1. Raises SoundError when the file is no recording, is broken, or holds nothing."""
    try:
        with av.open(str(path)) as recording:
            if not recording.streams.audio:
                raise SoundError(f"{path.name}: there is no sound in it")
            resampler = AudioResampler(format="fltp", layout="mono", rate=RATE_HZ)
            pieces = [
                piece.to_ndarray()[0] for frame in recording.decode(audio=0) for piece in resampler.resample(frame)
            ]
            pieces += [piece.to_ndarray()[0] for piece in resampler.resample(None)] if pieces else []
    except (av.FFmpegError, OSError) as wrong:
        raise SoundError(f"{path.name}: cannot be read as a recording ({wrong})") from wrong
    if not pieces:
        raise SoundError(f"{path.name}: the recording is empty")
    return np.nan_to_num(np.concatenate(pieces).astype(np.float32))

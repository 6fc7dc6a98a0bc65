"""Voice activity by Silero VAD v6, whose ONNX file comes with the faster-whisper package.

Decides nothing: it gives the model's probability. The thresholds are in `rooms.turns`.
"""

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime

_CONTEXT: Final = 64
"""Samples before a window that the model wants to see with it."""
_SAMPLES: Final = 512
_WIDTH: Final = 128
_STATE: Final = (1, 1, _WIDTH)
WINDOWS_A_RUN: Final = 32
"""What a run needs grows with its windows, and the process keeps it: 50 MB where rooms catch up 20 s at a time."""


@cache
def _session() -> Any:
    """The model, shared by all streams: it keeps no state of its own."""
    package = find_spec("faster_whisper")  # found, not imported: that would load CTranslate2
    assert package is not None, "faster-whisper is a dependency"
    assert package.origin is not None, "faster-whisper is a plain package"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    model = Path(package.origin).parent / "assets" / "silero_vad_v6.onnx"
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


class Silero:
    """One stream of audio. Not for two threads at once."""

    def __init__(self) -> None:
        self._model = _session()
        self._h = np.zeros(_STATE, np.float32)
        self._c = np.zeros(_STATE, np.float32)
        self._context = np.zeros(_CONTEXT, np.float32)

    def probabilities(self, windows: Sequence[bytes]) -> list[float]:
        """See `server.ports.Voice`. Few runs for all: the second of two windows costs nothing like the first."""
        runs = (windows[first : first + WINDOWS_A_RUN] for first in range(0, len(windows), WINDOWS_A_RUN))
        return [probability for some in runs for probability in self._run(some)]

    def _run(self, windows: Sequence[bytes]) -> list[float]:
        heard = np.frombuffer(b"".join(windows), "<i2").astype(np.float32).reshape(-1, _SAMPLES) / np.float32(32768)
        seen = np.empty((len(heard), _CONTEXT + _SAMPLES), np.float32)
        seen[:, _CONTEXT:] = heard
        seen[0, :_CONTEXT], seen[1:, :_CONTEXT] = self._context, heard[:-1, -_CONTEXT:]
        found, self._h, self._c = self._model.run(None, {"input": seen, "h": self._h, "c": self._c})
        self._context = heard[-1, -_CONTEXT:]
        return [float(probability) for probability in found]

    def state(self) -> bytes:
        """1,280 bytes."""
        return b"".join(part.tobytes() for part in (self._h, self._c, self._context))

    def go_on_from(self, state: bytes) -> None:
        numbers = np.frombuffer(state, np.float32)
        if len(numbers) != 2 * _WIDTH + _CONTEXT:
            raise ValueError("no state of this model")
        self._h = numbers[:_WIDTH].reshape(_STATE)
        self._c = numbers[_WIDTH : 2 * _WIDTH].reshape(_STATE)
        self._context = numbers[2 * _WIDTH :]

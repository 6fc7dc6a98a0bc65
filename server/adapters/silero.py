"""Voice activity by Silero VAD v6, whose ONNX file comes with the faster-whisper package.

Decides how windows of many streams are judged in one run, to the bit as if each came alone; gives nothing but the
model's probability. The thresholds are in `rooms.turns`.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from server.adapters import silero_graph
from server.adapters.silero_graph import FRAMES, HOP, WIDTH, Floats
from server.ports import Judged

_CONTEXT: Final = 64
"""Samples before a window that the model wants to see with it."""
_SAMPLES: Final = 512
_OWN: Final = _CONTEXT + _SAMPLES
_MIRRORED: Final = 64
"""Samples at the end of a window that it sees once more, backwards."""
_LOUDEST: Final = np.float32(1 / 32_768)
_STATE: Final = 2 * WIDTH + _CONTEXT
WINDOWS_A_RUN: Final = 64
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
    options.enable_mem_pattern = False  # it would keep one for each number of streams and windows: 3 MB in the end
    options.log_severity_level = 3
    file = Path(package.origin).parent / "assets" / "silero_vad_v6.onnx"
    graph = silero_graph.for_many(file.read_bytes())
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


class Piece(NamedTuple):
    """Windows of one stream that are judged in one run."""

    stream: int
    windows: Sequence[bytes]


class Silero:
    """See `server.ports.VoiceDetector`. A stream's state is 1,280 bytes. Not for two threads at once."""

    silent = bytes(4 * _STATE)

    def __init__(self) -> None:
        self._model = _session()

    def knows(self, state: bytes) -> bool:
        return len(state) == 4 * _STATE

    def judge(self, heard: Sequence[tuple[bytes, Sequence[bytes]]]) -> list[Judged]:
        states = [state for state, _ in heard]
        found: list[list[float]] = [[] for _ in heard]
        for run in runs([windows for _, windows in heard]):
            probabilities, after = self._run([states[piece.stream] for piece in run], [piece.windows for piece in run])
            for piece, state, some in zip(run, after, probabilities, strict=True):
                states[piece.stream] = state
                found[piece.stream] += some
        return [Judged(some, state) for some, state in zip(found, states, strict=True)]

    def _run(self, states: list[bytes], pieces: list[Sequence[bytes]]) -> tuple[list[list[float]], list[bytes]]:
        before = np.frombuffer(b"".join(states), np.float32).reshape(-1, _STATE)
        lengths = [len(windows) for windows in pieces]
        behind = np.array([*accumulate(lengths)])
        seen = _seen(b"".join([window for windows in pieces for window in windows]), before[:, 2 * WIDTH :], behind)
        # Which window each stream hears at each step: those with fewer hear something that counts for nothing.
        order = np.minimum(behind - lengths + np.arange(max(lengths))[:, None], behind - 1)
        given = {
            "frames": _frames(seen),
            "order": order,
            "lengths": np.array(lengths, np.int32),
            "h": before[None, :, :WIDTH],
            "c": before[None, :, WIDTH : 2 * WIDTH],
        }
        found, h, c = self._model.run(None, given)
        after = np.concatenate((h[0], c[0], seen[behind - 1, _SAMPLES:_OWN]), axis=1)
        likely = found.reshape(order.shape).T.tolist()
        return [some[:count] for some, count in zip(likely, lengths, strict=True)], [one.tobytes() for one in after]


def runs(streams: Sequence[Sequence[bytes]]) -> Iterator[list[Piece]]:
    """All windows, a stream's in their order and at most once a run: few runs, and none with too many windows."""
    run, space = list[Piece](), WINDOWS_A_RUN
    for stream, windows in enumerate(streams):
        at = 0
        while at < len(windows):
            run.append(Piece(stream, windows[at : at + space]))
            at, space = at + space, space - len(run[-1].windows)
            if not space:
                yield run
                run, space = [], WINDOWS_A_RUN
    if run:
        yield run


def _seen(windows: bytes, contexts: Floats, behind: NDArray[np.int64]) -> Floats:
    """What the model sees of each window: the samples before it, its own, its last once more backwards. `behind`: where
    each stream's windows end."""
    heard = np.frombuffer(windows, "<i2").reshape(-1, _SAMPLES)
    seen = np.empty((len(heard), _OWN + _MIRRORED), np.float32)
    np.multiply(heard, _LOUDEST, out=seen[:, _CONTEXT:_OWN])
    seen[1:, :_CONTEXT] = seen[:-1, _SAMPLES:_OWN]
    seen[0, :_CONTEXT], seen[behind[:-1], :_CONTEXT] = contexts[0], contexts[1:]
    seen[:, _OWN:] = seen[:, _OWN - 2 : _OWN - 2 - _MIRRORED : -1]
    return seen


def _frames(seen: Floats) -> Floats:
    """The overlapping frames that waves are looked for in."""
    hops = seen.reshape(len(seen), FRAMES + 1, HOP)
    return np.concatenate((hops[:, :-1], hops[:, 1:]), axis=2).reshape(-1, 2 * HOP)

"""A Whisper model, by faster-whisper: on a GPU if one works, which takes the passages of several rooms together."""

import logging
from pathlib import Path
from typing import Final

import ctranslate2
from faster_whisper import WhisperModel

from server.adapters.passages import PassageTranscriber
from server.adapters.recogniser_job import Job
from server.adapters.whisper_windows import WhisperWindows
from server.ports import Misconfigured

_TOGETHER_ON_GPU: Final = 8
_TRIAL: Final = bytes(32_000)

_log = logging.getLogger(__name__)


def load(directory: Path, threads: int, name: str | None = None) -> PassageTranscriber:
    """The transcriber with the model in `directory`, on a GPU if one works.

    `name`: what people know it by; the directory's own name if None. Takes seconds: call it off the event loop.
    """
    label = f"Whisper {name or directory.name}"
    if ctranslate2.get_cuda_device_count() > 0:
        try:
            windows = _loaded(directory, threads, "cuda", "int8_float16")
            return PassageTranscriber(windows, label, together=_TOGETHER_ON_GPU)
        except Misconfigured as broken:
            _log.warning("the GPU cannot be used, so Whisper runs on the CPU", extra={"why": str(broken)})
    return PassageTranscriber(_loaded(directory, threads, "cpu", "int8"), label)


def _loaded(directory: Path, threads: int, device: str, kind: str) -> WhisperWindows:
    try:
        model = WhisperModel(
            str(directory), device=device, compute_type=kind, cpu_threads=threads, local_files_only=True
        )
        windows = WhisperWindows(model)
        windows.decode([Job(_TRIAL, (), final=False)])  # a GPU without its libraries shows it only now
    except (RuntimeError, ValueError, OSError) as broken:
        raise Misconfigured(f"The Whisper model in {directory} cannot be used: {broken}") from broken
    return windows

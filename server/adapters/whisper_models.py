"""Where a Whisper model comes from: a directory, the cache, or the hub.

Decides whether there is a model, and says what to do if there is none; never how it is used.
"""

import asyncio
import logging
import os
import re
import sys
from pathlib import Path
from typing import Final

from faster_whisper import available_models, download_model

from server.ports import Misconfigured

DOWNLOAD_S: Final = 1_800
"""How long a download may take: 500 MB at 2 Mbit/s."""
_NEEDED: Final = ("model.bin", "config.json", "tokenizer.json")
_REPOSITORY: Final = re.compile(r"[\w.-]+/[\w.-]+")
_PATIENCE: Final = {"HF_HUB_ETAG_TIMEOUT": "5", "HF_HUB_DOWNLOAD_TIMEOUT": "20"}
"""Seconds that the hub may be silent."""

_log = logging.getLogger(__name__)


def is_directory(model: str) -> bool:
    """Whether a setting names a place on this machine rather than a model by its name."""
    return model.startswith((".", "~", os.sep)) or _place(model).is_dir()


def _place(model: str) -> Path:
    return Path(model).expanduser()


def checked(directory: Path) -> Path:
    """The directory, if it holds a Whisper model in CTranslate2's format."""
    if not directory.is_dir():
        raise Misconfigured(f"WHISPER_MODEL={directory} is no directory. Give one with a CTranslate2 Whisper model.")
    missing = [name for name in _NEEDED if not (directory / name).is_file()]
    if missing:
        raise Misconfigured(
            f"WHISPER_MODEL={directory} is no Whisper model in CTranslate2's format: {', '.join(missing)} missing. "
            "Give a directory as faster-whisper uses it, or a model's name such as small.en."
        )
    return directory


async def find(model: str) -> Path:
    """The directory of a model: as given, from the cache, or from the hub with its progress on standard error."""
    if is_directory(model):
        return checked(_place(model))
    if model not in available_models() and not _REPOSITORY.fullmatch(model):
        raise Misconfigured(f"WHISPER_MODEL={model} is neither a directory nor one of {', '.join(available_models())}.")
    return await asyncio.to_thread(_cached, model) or await _fetched(model)


def _cached(model: str) -> Path | None:
    try:
        return checked(Path(download_model(model, local_files_only=True)))
    except (OSError, ValueError, Misconfigured):
        return None


async def _fetched(model: str) -> Path:
    """Download in a process of its own: a download that hangs in a thread can never be ended."""
    _log.info("fetching the Whisper model; this happens once", extra={"model": model})
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server.adapters.whisper_models", model, env=os.environ | _PATIENCE
    )
    try:
        async with asyncio.timeout(DOWNLOAD_S):
            failed = await process.wait()
    except TimeoutError:
        failed = 1
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    directory = None if failed else await asyncio.to_thread(_cached, model)
    if directory is None:
        raise Misconfigured(
            f"The Whisper model {model} is not on this machine and could not be fetched. Connect it to the internet, "
            "or set WHISPER_MODEL to a directory with a CTranslate2 Whisper model."
        )
    return directory


def _fetch(model: str) -> int:
    """In the process of its own."""
    import huggingface_hub
    from faster_whisper.utils import _MODELS

    files = ["config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*"]
    try:
        huggingface_hub.snapshot_download(_MODELS.get(model, model), allow_patterns=files)
    except Exception as failure:
        sys.stderr.write(f"fetching {model}: {type(failure).__name__}: {str(failure).splitlines()[0]}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_fetch(sys.argv[1]))

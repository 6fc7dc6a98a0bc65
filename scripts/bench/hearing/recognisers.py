"""The recognisers that the bench measures: Whispers of the real shapes, Moonshine where its wheel is, PocketSphinx.

A sized Whisper has random weights and says one sentence whatever it hears: it costs what the real one costs, and its
words are known. They are written once, into var/.
"""

from pathlib import Path
from typing import Final

from scripts.bench.machine import ROOT
from scripts.bench.usage import processor_s
from server.adapters import moonshine as moonshine_model
from server.adapters import moonshine_files
from server.adapters.passages import PassageTranscriber
from server.adapters.sphinx import SphinxTranscriber
from server.adapters.whisper import load
from tests.canned_whisper import BASE, CANNED, TINY, Shape, evenly, write

SAID: Final = "I led the payments team for two years and we cut the failures by half with one queue and a ledger."
"""About as many tokens as seven seconds of speech have."""
SHAPES: Final = {"canned": CANNED, "tiny": TINY, "base": BASE}
_KEPT: Final = ROOT / "var" / "bench" / "whispers"


def whisper(name: str, threads: int = 1) -> PassageTranscriber:
    """A Whisper of this shape."""
    return load(directory(name, SHAPES[name]), threads, name)


def directory(name: str, shape: Shape) -> Path:
    """Where it lies, written if it is not there yet."""
    place = _KEPT / f"{name}-1"
    if not (place / "preprocessor_config.json").exists():
        write(place, evenly(SAID, 0.4, 6.7), shape=shape)
    return place


def moonshine(threads: int = 1) -> PassageTranscriber | None:
    """The real one, if its wheel is installed."""
    weights = moonshine_files.find()
    return moonshine_model.load(weights, threads) if weights else None


async def warm_sphinx() -> SphinxTranscriber:
    """With one process that has loaded its model."""
    sphinx = SphinxTranscriber(1)
    await sphinx.open().finish(bytes(32_000))
    return sphinx


def sphinx_s(sphinx: SphinxTranscriber) -> float:
    """Processor time of its process so far."""
    (decoder,) = sphinx._free
    process = decoder._process
    assert process is not None
    return processor_s(process.pid)

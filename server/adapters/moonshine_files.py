"""Where a Moonshine model comes from: a wheel that `scripts/setup` installs where there is one.

Decides whether there is a model, never how it is used. Of the wheel (requirements-speech.txt) nothing but the model's
files is used; they are published under the MIT licence.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

LABEL: Final = "Moonshine tiny (English)"
ENCODER: Final = "encoder_model.ort"
DECODER: Final = "decoder_model_merged.ort"
VOCABULARY: Final = "tokenizer.bin"
_PACKAGE: Final = "moonshine_voice"


def find() -> Path | None:
    """The directory of the model, if its wheel is installed."""
    package = find_spec(_PACKAGE)
    for place in (package and package.submodule_search_locations) or ():
        directory = Path(place) / "assets" / "tiny-en"
        if holds(directory):
            return directory
    return None


def holds(directory: Path) -> bool:
    """Whether it is the directory of a Moonshine model."""
    return all((directory / name).is_file() for name in (ENCODER, DECODER, VOCABULARY))

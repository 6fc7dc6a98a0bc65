"""Figures that a program learnt, as JSON with a version and a hash: read, checked, cached by those who ask.

Decides whether a file is what its hash promises; never what its figures mean.
"""

import json
from importlib.resources import files
from typing import Any, TypeVar

from pydantic import ValidationError

from rooms.values import Value
from scoring.weights import WeightsError, digest

Figures = TypeVar("Figures", bound=Value)


def parse_figures(text: str, file: str, kind: type[Figures]) -> Figures:
    """Figures from JSON. Raises WeightsError naming the file and what is wrong, a hash that does not fit included."""
    try:
        raw: Any = json.loads(text)
        if not isinstance(raw, dict):
            raise WeightsError(f"{file}: no figures")
        if raw.get("sha256") != digest(raw):
            raise WeightsError(f"{file}: the hash does not fit the figures; expected sha256 = {digest(raw)}")
        return kind.model_validate(raw)
    except (json.JSONDecodeError, ValidationError) as wrong:
        raise WeightsError(f"{file}: {wrong}") from wrong


def load_figures(name: str, version: str, kind: type[Figures]) -> Figures:
    """The figures `name-version` that ship. Raises WeightsError when there are none such or they were changed."""
    file = files("scoring") / "weights" / f"{name}-{version}.json"
    if not file.is_file():
        raise WeightsError(f"there are no {name} weights {version}")
    return parse_figures(file.read_text(encoding="utf-8"), file.name, kind)

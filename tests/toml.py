"""A nested dict of figures and texts as TOML: what tests need to write a weights file."""

import json
from collections.abc import Mapping
from typing import Any


def as_toml(node: Mapping[str, Any], path: tuple[str, ...] = ()) -> str:
    """Plain values first, then a table for each dict."""
    lines = [f"[{'.'.join(path)}]"] if path else []
    lines += [f"{key} = {json.dumps(value)}" for key, value in node.items() if not isinstance(value, Mapping)]
    lines += [as_toml(value, (*path, key)) for key, value in node.items() if isinstance(value, Mapping)]
    return "\n".join(lines)

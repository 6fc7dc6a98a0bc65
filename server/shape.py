"""What values look like as JSON, as a short name: it changes with every field, kind and word of all that is in them.

Decides that texts for people do not count.
"""

import hashlib
import json
from typing import Any


def shape(schema: Any) -> str:
    """Twelve hex digits for a JSON schema."""
    return hashlib.sha256(json.dumps(_undescribed(schema), sort_keys=True).encode()).hexdigest()[:12]


def _undescribed(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {name: _undescribed(part) for name, part in schema.items() if name != "description"}
    return [_undescribed(part) for part in schema] if isinstance(schema, list) else schema

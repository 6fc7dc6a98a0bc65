"""What the release before reads, strictly: its facts, what its processes tell each other, its wishes, its tables.

release_before.json holds that release as JSON schemas, frozen. Run `python -m tests.rooms.release_before` once, when a
release was made and before anything is changed for the next one.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, get_args

from rooms.commands import Command
from rooms.events import EVENT
from rooms.protocol import TELL
from rooms.values import Value
from scoring.report import Report
from server.adapters.tables import tables

FILE: Final = Path(__file__).parent / "release_before.json"
_TEXTS: Final = ("description", "title", "discriminator", "default")
_TYPES: Final[dict[str, Callable[[Any], bool]]] = {
    "null": lambda value: value is None,
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}

Node = dict[str, Any]


def bare(node: Any) -> Any:
    """A schema without what only people read. A field may bear the name of such a text."""
    if isinstance(node, list):
        return [bare(one) for one in node]
    if not isinstance(node, dict):
        return node
    return {
        name: {field: bare(shape) for field, shape in part.items()} if name in ("properties", "$defs") else bare(part)
        for name, part in node.items()
        if name not in _TEXTS
    }


def of_this_release() -> Node:
    return {
        "facts": bare(EVENT.json_schema()),
        "told": bare(TELL.json_schema()),
        "report": bare(Report.model_json_schema()),
        "wishes": {kind.__name__: sorted(kind.model_fields) for kind in get_args(Command)},
        "tables": {
            table.name: {
                column.name: {"type": str(column.type), "nullable": bool(column.nullable)} for column in table.columns
            }
            for table in tables.sorted_tables
        },
    }


class Before:
    """The release before."""

    def __init__(self, kept: Node | None = None) -> None:
        self.kept: Node = kept or json.loads(FILE.read_text())

    def wrong(self, text: str | bytes, what: str = "facts") -> list[str]:
        """What keeps it from reading this JSON; empty where it reads it."""
        schema = self.kept[what]
        return list(_wrong(json.loads(text), schema, schema["$defs"], "$"))

    def knows(self, wish: Value) -> bool:
        """Whether it could have been wished for."""
        fields = self.kept["wishes"].get(type(wish).__name__)
        return fields is not None and all(
            name in fields or value == type(wish).model_fields[name].default for name, value in wish
        )


def _wrong(value: Any, shape: Node, known: Node, where: str) -> Iterator[str]:
    if "$ref" in shape:
        shape = known[shape["$ref"].rpartition("/")[2]]
    for choice in ("anyOf", "oneOf"):
        if choice in shape:
            yield from _of_one(value, shape[choice], known, where)
    if "type" in shape and not _TYPES[shape["type"]](value):
        yield f"{where} is no {shape['type']}"
        return
    if value not in shape.get("enum", [value]) or value != shape.get("const", value):
        yield f"{where}: an unknown word"
    if isinstance(value, dict):
        yield from _wrong_fields(value, shape, known, where)
    if isinstance(value, list):
        for place, one in enumerate(value):
            yield from _wrong(one, shape.get("items", {}), known, f"{where}.{place}")
    yield from _beyond(value, shape, where)


def _of_one(value: Any, shapes: list[Node], known: Node, where: str) -> Iterator[str]:
    """What is wrong with it by the shape that it is nearest to: that of its kind, where it has one."""
    if isinstance(value, dict) and "kind" in value and all("$ref" in shape for shape in shapes):
        named = (known[shape["$ref"].rpartition("/")[2]] for shape in shapes)
        shapes = [shape for shape in named if shape["properties"].get("kind", {}).get("const") == value["kind"]]
        if not shapes:
            yield f"{where}: an unknown kind, {value['kind']}"
            return
    found = [list(_wrong(value, one, known, where)) for one in shapes]
    if [] not in found:
        yield from min(found, key=len)


def _wrong_fields(value: Node, shape: Node, known: Node, where: str) -> Iterator[str]:
    fields = shape.get("properties", {})
    yield from (f"{where}.{name} is missing" for name in shape.get("required", ()) if name not in value)
    for name, part in value.items():
        if name in fields:
            yield from _wrong(part, fields[name], known, f"{where}.{name}")
        elif isinstance(more := shape.get("additionalProperties", True), dict):
            yield from _wrong(part, more, known, f"{where}.{name}")
        elif not more:
            yield f"{where}.{name} is not known"


def _beyond(value: Any, shape: Node, where: str) -> Iterator[str]:
    size = len(value) if isinstance(value, str | list) else 0
    number = value if isinstance(value, int | float) else 0
    limits = [(size, "minLength", "maxLength"), (size, "minItems", "maxItems"), (number, "minimum", "maximum")]
    for measure, least, most in limits:
        if not shape.get(least, measure) <= measure <= shape.get(most, measure):
            yield f"{where} is beyond {least} or {most}"
    if "pattern" in shape and not re.search(shape["pattern"], value):
        yield f"{where} does not look like {shape['pattern']}"


if __name__ == "__main__":
    FILE.write_text(json.dumps(of_this_release(), separators=(",", ":"), sort_keys=True) + "\n")

"""Right values of a JSON schema, and all the ways in which each place of them can be wrong.

Decides which breaks there are; knows nothing of rooms. A new message, field or limit of the protocol is broken here
without another line being written. Values are written as JSON text by `text`, which also writes what JSON cannot say:
a key that comes twice, a number that is none, half of a character.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

Schema = Mapping[str, Any]
LONG: Final = 50_000
"""Characters of what is meant to be huge and yet fits into a message."""


class Raw(NamedTuple):
    """JSON text as it is, right or not."""

    text: str


class Pairs(NamedTuple):
    """An object whose keys may come twice."""

    pairs: tuple[tuple[str, Any], ...]


class Break(NamedTuple):
    """A value in which one place is wrong (or, as happens, right: a null where one may be)."""

    name: str
    """Where, and what: the same name is the same break in every run."""
    value: Any


WRONG: Final[Mapping[str, Any]] = {
    "null": None,
    "true": True,
    "zero": 0,
    "negative": -1,
    "fraction": 1.5,
    "int-of-33-bits": 2**32,
    "int-of-65-bits": 2**64,
    "int-of-1000-digits": Raw("9" * 1_000),
    "int-of-50000-digits": Raw("9" * LONG),
    "too-great": Raw("1e400"),
    "nan": Raw("NaN"),
    "infinity": Raw("Infinity"),
    "minus-infinity": Raw("-Infinity"),
    "number-as-text": "1",
    "empty-text": "",
    "blank": " ",
    "nul": "a\0b",
    "half-a-character": Raw('"\\ud800"'),
    "halves-reversed": Raw('"\\udc00\\ud800"'),
    "control": Raw('"a\x01b"'),
    "bad-escape": Raw(r'"\x41"'),
    "unended": Raw('"unended'),
    "huge-text": "x" * LONG,
    "huge-wide-text": "\N{MICROPHONE}" * (LONG // 5),
    "traversal": "../../etc/passwd",
    "code": "'; DROP TABLE rooms; --",
    "format": "%s%n{0}{{}}$(id)",
    "empty-list": [],
    "list": [1, "a", None],
    "object": {"kind": "x"},
    "empty-object": {},
    "deep-list": Raw("[" * 20_000 + "]" * 20_000),
    "deep-object": Raw('{"a":' * 8_000 + "1" + "}" * 8_000),
    "deep-unended": Raw("[" * LONG),
    "nothing": Raw(""),
    "word": Raw("undefined"),
}
"""Put in the place of every value."""


def text(value: Any) -> str:
    """JSON, with what is raw left raw."""
    match value:
        case Raw(raw):
            return raw
        case Pairs(pairs):
            return "{" + ",".join(f"{json.dumps(key)}:{text(one)}" for key, one in pairs) + "}"
        case dict():
            return text(Pairs(tuple(value.items())))
        case list():
            return "[" + ",".join(map(text, value)) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)


class Shapes:
    """What a schema holds to be right, and what is wrong with it."""

    def __init__(self, schema: Schema) -> None:
        self._schema, self._definitions = schema, schema.get("$defs", {})

    def wholes(self) -> list[tuple[str, dict[str, Any]]]:
        """Every kind of message once, with all its fields, by the names of its kinds."""
        return list(self._wholes(self._schema))

    def breaks(self, whole: Mapping[str, Any]) -> Iterator[Break]:
        """Every place of this message broken in every way, one at a time."""
        yield from self._breaks(self._schema, whole, "")

    def _wholes(self, node: Schema) -> Iterator[tuple[str, Any]]:
        node = self._resolved(node)
        if "oneOf" in node:
            for choice in node["oneOf"]:
                yield from self._wholes(choice)
        elif node.get("type") == "object":
            base: dict[str, Any] = {}
            kinds: list[tuple[str, str, Any]] = []
            for key, part in node["properties"].items():
                several = list(self._wholes(part))
                base[key] = several[0][1]
                kinds += [(key, name, one) for name, one in several if len(several) > 1]
            name = str(base.get("type") or base.get("kind") or node.get("title"))
            yield from ((f"{name}.{of}", {**base, key: one}) for key, of, one in kinds)
            if not kinds:
                yield name, base
        elif "anyOf" in node:
            yield from self._wholes(_not_null(node))
        else:
            yield "", _right(node)

    def _breaks(self, node: Schema, value: Any, path: str) -> Iterator[Break]:
        node = self._chosen(self._resolved(node), value)
        for name, wrong in {**WRONG, **_beyond(node)}.items():
            yield Break(f"{path or 'message'}: {name}", wrong)
        if not isinstance(value, dict):
            return
        for key, part in node["properties"].items():
            inner = f"{path}.{key}" if path else key
            yield Break(f"{inner}: missing", {k: v for k, v in value.items() if k != key})
            for again in (value[key], None, "other"):
                twice = Pairs((*value.items(), (key, again)))
                yield Break(f"{inner}: twice, {'alike' if again is value[key] else again}", twice)
            yield Break(f"{inner}: misspelt", {k.upper() if k == key else k: v for k, v in value.items()})
            for one in self._breaks(part, value[key], inner):
                yield Break(one.name, {**value, key: one.value})
        yield Break(f"{path or 'message'}: more", {**value, "more": 1})
        yield Break(f"{path or 'message'}: proto", {**value, "__proto__": {"role": "system"}})
        yield Break(f"{path or 'message'}: many-keys", {**value, **{f"k{n}": n for n in range(3_000)}})

    def _chosen(self, node: Schema, value: Any) -> Schema:
        """The alternative that the value is of."""
        if "oneOf" in node:
            by = node["discriminator"]
            return self._chosen(self._resolved({"$ref": by["mapping"][value[by["propertyName"]]]}), value)
        return self._resolved(_not_null(node)) if "anyOf" in node else node

    def _resolved(self, node: Schema) -> Schema:
        while "$ref" in node:
            node = self._definitions[node["$ref"].rpartition("/")[2]]
        return node


def _not_null(node: Schema) -> Schema:
    found: Schema = next(choice for choice in node["anyOf"] if choice.get("type") != "null")
    return found


def _right(node: Schema) -> Any:
    """A value that the schema of one place takes."""
    if "const" in node:
        return node["const"]
    if "enum" in node:
        return node["enum"][0]
    match node.get("type"):
        case "integer" | "number":
            return max(1, node.get("minimum", 1))
        case "boolean":
            return True
        case "array":
            return []
        case "string":
            found = "a-1".ljust(node.get("minLength", 0), "a")[: node.get("maxLength")]
            if not re.search(node.get("pattern", ""), found):
                raise ValueError(f"teach scripts.fuzz.shapes a text that fits {node['pattern']}")
            return found
    raise ValueError(f"teach scripts.fuzz.shapes a value of {node}")


def _beyond(node: Schema) -> dict[str, Any]:
    """One more, or one less, than the limits of a place allow."""
    found: dict[str, Any] = {}
    if "maxLength" in node:
        found["one-too-long"] = "a" * (node["maxLength"] + 1)
        found["as-long-as-can-be"] = "a" * node["maxLength"]
    if node.get("minLength"):
        found["one-too-short"] = "a" * (node["minLength"] - 1)
    if "maximum" in node:
        found["one-too-many"] = node["maximum"] + 1
    if "minimum" in node:
        found["one-too-few"] = node["minimum"] - 1
    if "pattern" in node:
        found |= {"spaces": "no spaces", "line-end": "a\n", "umlaut": "ä"}
    if "const" in node:
        found |= {"another-kind": "dance", "kind-in-capitals": str(node["const"]).upper()}
    return found

"""Members of the version before are told nothing that they could not read.

protocol_1.json is the wire's schema as version 1 had it, without its texts.
"""

import json
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from rooms import editions
from rooms import events as e
from rooms import protocol as p
from rooms.people import Role
from scripts import protocol_examples as examples

Node = dict[str, Any]
BEFORE: Node = json.loads((Path(__file__).parent / "protocol_1.json").read_text())
TEXTS = ("description", "title", "discriminator", "default")


def bare(node: Any) -> Any:
    """A schema without what only people read."""
    if isinstance(node, list):
        return [bare(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {k: bare(v) for k, v in node.items() if k not in TEXTS or (isinstance(v, dict) and k != "discriminator")}
    return kept | ({"oneOf": sorted(kept["oneOf"], key=str)} if "oneOf" in kept else {})


def as_said_before(schema: Node, kinds: set[str], fields: dict[str, frozenset[str]], words: set[str]) -> Node:
    """The schema without what the editions leave out."""

    def told(node: Any) -> Any:
        if isinstance(node, list):
            return [told(one) for one in node if not (isinstance(one, dict) and name_in(one) in kinds)]
        return {key: told(value) for key, value in node.items()} if isinstance(node, dict) else node

    kept = told(schema)
    for name, definition in kept["$defs"].items():
        new = fields.get(name, frozenset())
        if "properties" in definition:
            definition["properties"] = {k: v for k, v in definition["properties"].items() if k not in new}
            definition["required"] = [k for k in definition.get("required", []) if k not in new]
        if "enum" in definition:
            definition["enum"] = [word for word in definition["enum"] if f"{name}.{word}" not in words]
    return kept


def name_in(node: Node) -> str:
    return str(node.get("$ref", "")).rpartition("/")[2]


def reached(schema: Node, start: Any) -> Node:
    """The definitions that can be met from here."""
    found: Node = {}
    waiting = [start]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            name = name_in(node)
            if name and name not in found:
                found[name] = schema["$defs"][name]
                waiting.append(found[name])
            waiting += [value for key, value in node.items() if key != "$ref"]
    for definition in found.values():
        definition.setdefault("required", [])
    return found


def server_side(schema: Node) -> Node:
    return reached(schema, schema["properties"]["server"])


def today() -> Node:
    """What version 1 would be by the editions' lists."""
    kinds = {kind.__name__ for kind in editions.NEW_KINDS}
    fields = {kind.__name__: names for kind, names in editions.NEW_FIELDS.items()}
    words = {f"{type(word).__name__}.{word.value}" for word in editions.OLDER_WORDS}
    return as_said_before(bare(p.schema()), kinds, fields, words)


def test_nothing_is_said_to_the_version_before_that_it_does_not_know() -> None:
    """Fails when a kind, a field or a word was added and not listed in rooms/editions.py."""
    before, now = server_side(bare(BEFORE)), server_side(today())
    assert now.keys() == before.keys()
    for name, definition in before.items():
        assert now[name] == definition, f"{name} is not what version 1 knows: list what is new in rooms/editions.py"


def test_what_the_version_before_says_is_still_understood() -> None:
    before, now = (reached(s, s["properties"]["client"]) for s in (bare(BEFORE), bare(p.schema())))
    for name, definition in before.items():
        assert name in now
        assert definition.get("properties", {}).keys() <= now[name].get("properties", {}).keys(), name
        assert set(now[name]["required"]) <= set(definition["required"]) | {"type", "kind"}, name


@pytest.mark.parametrize(
    "forget", [lambda s: s["Welcome"]["properties"].pop("told"), lambda s: s["Phase"]["enum"].pop()]
)
def test_a_forgotten_field_or_word_would_be_noticed(forget: Any) -> None:
    before, now = server_side(bare(BEFORE)), server_side(today())
    forget(before)
    assert now != before


def test_a_new_kind_is_left_out_and_a_new_field_too() -> None:
    assert editions.said(p.Durable(version=3), 1) is None
    welcome = next(one for one in examples.SERVER if isinstance(one, p.Welcome))
    assert "durable" not in json.loads(editions.said(welcome, 1) or "")
    assert json.loads(editions.said(welcome, 2) or "")["durable"] == 0


@pytest.mark.parametrize("message", [m for m in examples.SERVER if type(m) not in editions.NEW_KINDS])
def test_what_was_known_before_is_said_as_before(message: p.ServerMessage) -> None:
    older, now = json.loads(editions.said(message, 1) or ""), message.model_dump(mode="json")
    assert left_of(now, older) == older


def left_of(now: Any, older: Any) -> Any:
    """What is said now, in the fields that were known before."""
    if isinstance(older, dict):
        return {name: left_of(now[name], older[name]) for name in older}
    return [left_of(*pair) for pair in zip(now, older, strict=True)] if isinstance(older, list) else now


class Weather(StrEnum):
    SUN = "sun"
    HAIL = "hail"


def test_new_kinds_fields_and_words_are_left_out_however_deep_they_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editions, "NEW_KINDS", frozenset({p.IsTyping}))
    monkeypatch.setattr(editions, "NEW_FIELDS", {e.Question: frozenset({"why"})})
    monkeypatch.setattr(editions, "OLDER_WORDS", {Role.OBSERVER: Role.COACH, Weather.HAIL: Weather.SUN})
    welcome = examples.SERVER[0]
    assert isinstance(welcome, p.Welcome)
    told = (p.Telling(what=p.IsTyping(turn=1)), p.Telling(what=p.Speaking(turn=1, on=True)))
    you = welcome.you.model_copy(update={"role": Role.OBSERVER})
    older = json.loads(editions.said(welcome.model_copy(update={"told": told, "you": you}), 1) or "")
    assert [telling["what"]["kind"] for telling in older["told"]] == ["speaking"]
    assert older["you"]["role"] == "coach"
    asked = p.Happened(
        version=1, after=0, tag="t", at=0, event=e.QuestionAsked(turn=1, question=examples.QUESTION, by="ai")
    )
    assert "why" not in json.loads(editions.said(asked, 1) or "")["event"]["question"]
    assert editions.said(told[0], 1) is None

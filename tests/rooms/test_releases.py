"""Facts of two neighbouring releases beside each other: what this one writes the one before reads, and this one reads
what the next one may write."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from pydantic import Field, TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema

from rooms import events as e
from rooms.events import EVENT
from rooms.protocol import SERVER_MESSAGE, TELL, Happened
from rooms.refusals import Refusal
from rooms.releases import NewerFact, fact
from rooms.state import replay
from rooms.values import Value, added
from scoring.report import Report
from scripts import protocol_examples as examples
from server.reporting import written as report_of
from tests.kept_rooms import interview
from tests.laws.mirror_fixture import story
from tests.laws.walks import Walk, walks
from tests.rooms.release_before import Before, Node, bare, of_this_release

BEFORE = Before()
READ_AND_NOT_WRITTEN: frozenset[str] = frozenset()
"""What `unreadable` says of words and limits that this release reads and the next one writes: "Finish: tired is a new
word". To be emptied when release_before.json is made anew."""


# --- what this release writes --------------------------------------------------------------------------------------


def test_facts_of_whole_interviews_are_read_by_the_release_before() -> None:
    for record in interview():
        assert BEFORE.wrong(record.text) == []
    for event in story():
        assert BEFORE.wrong(event.as_json()) == []


@settings(max_examples=25)
@given(walk=walks())
def test_what_follows_from_wishes_that_the_release_before_knew_it_reads(walk: Walk) -> None:
    for step in walk.steps:
        if not BEFORE.knows(step.command):
            return  # what is new is used in this room from here on
        for event in () if isinstance(step.decision, Refusal) else step.decision:
            assert BEFORE.wrong(event.as_json()) == []


def test_what_is_told_and_not_kept_is_read_by_the_release_before() -> None:
    tells = [message.what for message in examples.SERVER if message.type == "telling"]
    assert tells
    for tell in tells:
        assert BEFORE.wrong(TELL.dump_json(tell), "told") == []


class Written(GenerateJsonSchema):
    """Required is what is always written."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        return "serialization_exclude_if" not in field


def written(kind: TypeAdapter[Any]) -> Node:
    schema: Node = bare(kind.json_schema(mode="serialization", schema_generator=Written))
    return schema


def test_the_report_of_an_interview_is_read_by_the_release_before() -> None:
    room = replay([record.event for record in interview()])
    assert room is not None
    assert BEFORE.wrong(report_of(room)[1], "report") == []


def unreadable(before: Node, now: Node) -> list[str]:
    """What this release may have to write in its facts that the release before does not read."""
    found = []
    for name, known in {**before["$defs"], "It": before}.items():
        shape = now if name == "It" else now["$defs"].get(name)
        if shape is None:
            continue  # nothing is written of it any more
        fields, must = known.get("properties", {}), set(shape.get("required", ()))
        found += [f"{name}.{field} is always written" for field in sorted(must - fields.keys())]
        found += [f"{name}.{field} is missing" for field in sorted(set(known.get("required", ())) - must - {"kind"})]
        changed = (field for field in fields if shape.get("properties", {}).get(field, fields[field]) != fields[field])
        found += [f"{name}.{field} is another one" for field in sorted(changed)]
        found += [f"{name}: {word} is a new word" for word in shape.get("enum", ()) if word not in known["enum"]]
    return found


def test_every_field_that_was_added_to_a_fact_is_left_out_where_it_says_nothing() -> None:
    """Fails when a field was added without `rooms.values.added`, or was taken away or changed; and for a new word or
    limit, which is read for a release before it is written (docs/REDIS.md, "Two releases side by side")."""
    found = unreadable(BEFORE.kept["facts"], written(EVENT)) + unreadable(
        BEFORE.kept["report"], written(TypeAdapter(Report))
    )
    assert set(found) <= READ_AND_NOT_WRITTEN


def test_what_the_tables_of_the_release_before_hold_is_where_it_was() -> None:
    """Its processes go on writing when a new release has migrated: what they do not know must not be asked of them."""
    now = of_this_release()["tables"]
    for table, columns in BEFORE.kept["tables"].items():
        assert now.get(table, {}).items() >= columns.items(), f"{table} is not what the release before knows"
        for name in now[table].keys() - columns.keys():
            assert now[table][name]["nullable"], f"{table}.{name}: the release before does not fill it"


# --- these checks can fail ------------------------------------------------------------------------------------------


class Louder(e.Whispered):
    volume: int = 3


class Later(e.Whispered):
    volume: int = added(3)


def test_a_field_that_is_always_written_would_be_noticed() -> None:
    said = {"by": "p-1", "text": "Breathe.", "at_ms": 5}
    assert BEFORE.wrong(Louder(**said).as_json()) == ["$.volume is not known"]
    assert BEFORE.wrong(Later(**said).as_json()) == []
    assert BEFORE.wrong(Later(**said, volume=4).as_json()) == ["$.volume is not known"]
    known, kinds = bare(e.Whispered.model_json_schema()), (Louder, Later)
    before = {"$defs": {kind.__name__: known for kind in kinds}}
    now = {"$defs": {kind.__name__: written(TypeAdapter(kind)) for kind in kinds}}
    assert unreadable(before, now) == ["Louder.volume is always written"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ({"kind": "turn_closed", "turn": 1, "reason": "bored", "at_ms": 1}, "$.reason: an unknown word"),
        ({"kind": "turn_closed", "turn": 0, "reason": "done", "at_ms": 1}, "$.turn is beyond minimum or maximum"),
        ({"kind": "turn_closed", "turn": "1", "reason": "done", "at_ms": 1}, "$.turn is no integer"),
        ({"kind": "turn_closed", "turn": 1, "reason": "done"}, "$.at_ms is missing"),
        ({"kind": "turn_sung"}, "$: an unknown kind, turn_sung"),
    ],
)
def test_the_release_before_reads_strictly(text: Node, wrong: str) -> None:
    assert BEFORE.wrong(json.dumps(text)) == [wrong]


def test_a_wish_with_something_new_in_it_is_not_one_that_it_knew() -> None:
    class TypeAnswer(Value):
        turn: int
        text: str
        aloud: bool = False

    assert BEFORE.knows(TypeAnswer(turn=1, text="Yes."))
    assert not BEFORE.knows(TypeAnswer(turn=1, text="Yes.", aloud=True))
    assert not BEFORE.knows(Later(by="p-1", text="Breathe.", at_ms=5))


# --- what this release reads ----------------------------------------------------------------------------------------


def test_a_field_that_only_the_next_release_knows_is_overlooked_wherever_it_stands() -> None:
    for event in story():
        with_more = json.loads(event.as_json()) | {"next": {"of": ["it"]}}
        if isinstance(event, e.QuestionAsked):
            with_more["question"]["next"] = 1
        assert fact(json.dumps(with_more).encode(), event.kind) == event


def test_what_a_server_of_the_next_release_says_besides_is_overlooked_by_a_client() -> None:
    event = {"kind": "whispered", "by": "p-1", "text": "Breathe.", "at_ms": 5, "volume": 4}
    said = {"type": "event", "version": 2, "after": 1, "tag": "t", "at": 9, "event": event, "next": True}
    message = SERVER_MESSAGE.validate_json(json.dumps(said), extra="ignore")
    assert isinstance(message, Happened)
    assert message.event == e.Whispered(by="p-1", text="Breathe.", at_ms=5)


@pytest.mark.parametrize(
    "text",
    [
        {"kind": "turn_sung", "turn": 1},
        {"kind": "turn_closed", "turn": 1, "reason": "bored", "at_ms": 1},
        {"kind": "turn_closed", "turn": 1_001, "reason": "done", "at_ms": 1},
    ],
)
def test_a_kind_a_word_or_a_limit_of_the_next_release_is_not_overlooked(text: Node) -> None:
    with pytest.raises(NewerFact) as newer:
        fact(json.dumps(text).encode(), text["kind"])
    assert newer.value.kind == text["kind"]


@pytest.mark.parametrize("text", ['{"kind":"turn_closed","turn":1}', '{"kind":"turn_closed"', "[]"])
def test_a_broken_fact_is_no_newer_one(text: str) -> None:
    with pytest.raises(ValidationError):
        fact(text.encode(), "turn_closed")


def test_what_was_added_is_left_out_also_within_other_values() -> None:
    class Inner(Value):
        word: str = added("")

    class Outer(Value):
        inner: Inner
        all: tuple[Inner, ...] = added(())
        limit: int | None = Field(default=None)

    assert Outer(inner=Inner()).as_json() == b'{"inner":{},"limit":null}'
    whole = Outer(inner=Inner(word="x"), all=(Inner(word="y"),))
    assert whole.as_json() == b'{"inner":{"word":"x"},"all":[{"word":"y"}],"limit":null}'
    read: TypeAdapter[Any] = TypeAdapter(Outer)
    assert read.validate_json(whole.as_json()) == whole

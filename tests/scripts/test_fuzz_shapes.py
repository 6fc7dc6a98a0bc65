"""What is thrown at rooms leaves no place of the protocol whole, and an answer out of line is noted."""

import json
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field, TypeAdapter

from rooms.commands import PersonCommand
from rooms.protocol import CLIENT_MESSAGE, Hello
from scripts.fuzz import frames, messages, wires
from scripts.fuzz.shapes import Pairs, Raw, Shapes, text
from scripts.fuzz.thrower import Notes


class Inner(BaseModel):
    kind: Literal["inner"] = "inner"
    count: Annotated[int, Field(ge=1, le=9)]


class Other(BaseModel):
    kind: Literal["other"] = "other"
    words: Annotated[str, Field(min_length=2, max_length=5)] | None = None


class Letter(BaseModel):
    type: Literal["letter"] = "letter"
    inside: Annotated[Inner | Other, Field(discriminator="kind")]


LETTERS = Shapes(TypeAdapter(Letter).json_schema())


def test_there_is_a_whole_of_every_kind() -> None:
    assert LETTERS.wholes() == [
        ("letter.inner", {"type": "letter", "inside": {"kind": "inner", "count": 1}}),
        ("letter.other", {"type": "letter", "inside": {"kind": "other", "words": "a-1"}}),
    ]


def test_each_place_is_left_out_doubled_misspelt_and_made_wrong() -> None:
    whole = {"type": "letter", "inside": {"kind": "inner", "count": 1}}
    broken = {one.name: text(one.value) for one in LETTERS.breaks(whole)}
    assert broken["inside.count: missing"] == '{"type":"letter","inside":{"kind":"inner"}}'
    assert broken["inside.count: one-too-many"] == '{"type":"letter","inside":{"kind":"inner","count":10}}'
    assert broken["inside.count: nan"] == '{"type":"letter","inside":{"kind":"inner","count":NaN}}'
    assert broken["type: twice, None"].endswith('"type":null}')
    assert {"type: misspelt", "inside: null", "inside.kind: another-kind", "message: deep-list"} <= set(broken)


def test_a_limit_is_gone_beyond_by_one() -> None:
    whole = {"type": "letter", "inside": {"kind": "other", "words": "a-1"}}
    broken = {one.name: one.value for one in LETTERS.breaks(whole)}
    assert broken["inside.words: one-too-long"]["inside"]["words"] == "a" * 6
    assert broken["inside.words: one-too-short"]["inside"]["words"] == "a"


def test_text_says_what_json_cannot() -> None:
    assert text(Pairs((("a", 1), ("a", Raw("-Infinity")), ("b", [Raw('"\\ud800"')])))) == (
        '{"a":1,"a":-Infinity,"b":["\\ud800"]}'
    )


def test_a_whole_of_the_protocol_is_right_and_every_command_is_among_them() -> None:
    for _, whole in messages.wholes():
        CLIENT_MESSAGE.validate_json(json.dumps(whole), strict=True)
    kinds = {whole["command"]["kind"] for _, whole in messages.wholes() if whole["type"] == "do"}
    assert kinds == {one.model_fields["kind"].default for one in PersonCommand.__args__}


def test_hardly_anything_broken_is_understood() -> None:
    """What is, is a text with a limit's length, a field twice with the right value last, or an odd but fine text."""
    understood = [bad for bad in messages.broken() if messages.understood(bad.text)]
    assert len(messages.broken()) > 5_000
    assert len(understood) < len(messages.broken()) / 10
    assert all(len(bad.text.encode()) <= 65_536 for bad in messages.broken())


def test_names_are_names() -> None:
    for several in (messages.broken(), frames.broken(), wires.breaches(), wires.knocks("/rooms/r-1/socket")):
        names = [one.name for one in several]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("codes", "noted"),
    [
        (["message_invalid", "message_invalid"], 0),
        (["accepted", "not_your_role"], 0),
        (["message_invalid", "wrong_turn"], 1),
        (["internal"], 1),
        (["oops"], 1),
    ],
)
def test_an_answer_out_of_line_is_noted(codes: list[str], noted: int) -> None:
    notes = Notes()
    for code in codes:
        notes.answered("lobby, coach", "a text", code)
    assert len(notes.faults) == noted


def test_a_hello_in_a_room_is_understood_and_yet_refused() -> None:
    assert isinstance(messages.understood('{"type":"hello","protocol":2,"ticket":"again"}'), Hello)

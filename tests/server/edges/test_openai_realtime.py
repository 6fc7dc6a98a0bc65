"""How a room's tellings and facts become a transcription session's items, whatever comes first."""

import json
from collections.abc import Iterable
from typing import Any

from rooms.events import Question, QuestionAsked, QuestionKind, UtteranceHeard
from rooms.protocol import Happened, HearingTrouble, Partial, Speaking, Tell, Telling
from rooms.transcript import Source, Utterance
from server.edges.interpreted import Said, ToThem
from server.edges.openai_realtime import OpenAiRealtime

ITEM = "conversation.item.input_audio_transcription."


class Session(OpenAiRealtime):
    def __init__(self) -> None:
        super().__init__("ticket", None, 700)

    def hears(self, *tellings: Tell) -> list[tuple[str, str, str]]:
        """The kind, item and text of each event that comes of these."""
        return [brief for tell in tellings for brief in briefly(self.told(Telling(what=tell)))]

    def writes(self, name: str, text: str) -> list[tuple[str, str, str]]:
        utterance = Utterance(id=name, source=Source.VOICE, text=text, start_ms=0, end_ms=500)
        event = UtteranceHeard(turn=1, utterance=utterance)
        return briefly(self.told(Happened(version=2, after=1, tag="t", at=0, event=event)))


def briefly(said: Iterable[Said]) -> list[tuple[str, str, str]]:
    events: list[dict[str, Any]] = [json.loads(one.text) for one in said if isinstance(one, ToThem)]
    kept = [event for event in events if event["type"] != "conversation.item.added"]
    return [
        (
            event["type"].removeprefix(ITEM).removeprefix("input_audio_buffer."),
            event["item_id"],
            event.get("delta") or event.get("transcript") or "",
        )
        for event in kept
    ]


def test_a_question_comes_behind_the_item_before_it() -> None:
    session = Session()
    ((_, answer, _),) = session.hears(ON)
    asked = Question(id=None, text="And then?", kind=QuestionKind.NEW, why="A test.")
    event = QuestionAsked(turn=2, question=asked, by="system")
    (said,) = session.told(Happened(version=3, after=2, tag="t", at=0, event=event))
    assert isinstance(said, ToThem)
    told = json.loads(said.text)
    assert told["previous_item_id"] == answer != told["item"]["id"]


ON, OFF = Speaking(turn=1, on=True), Speaking(turn=1, on=False)


def partial(name: str, stable: str, unstable: str = "") -> Partial:
    return Partial(turn=1, utterance=name, stable=stable, unstable=unstable)


def test_only_what_is_certain_is_a_delta_and_never_twice() -> None:
    session = Session()
    ((_, item, _),) = session.hears(ON)
    assert session.hears(partial("u", "", "we mea")) == []
    assert session.hears(partial("u", "we measured", "the"), partial("u", "we measured", "the queue")) == [
        ("delta", item, "we measured")
    ]
    assert session.hears(OFF) == [("speech_stopped", item, ""), ("committed", item, "")]
    assert session.writes("u", "we measured the queue") == [
        ("delta", item, " the queue"),
        ("completed", item, "we measured the queue"),
    ]


def test_speech_that_came_to_nothing_is_completed_empty_and_takes_no_words_of_the_next() -> None:
    session = Session()
    ((_, cough, _),) = session.hears(ON)
    session.hears(OFF)
    nothing, (kind, item, _) = session.hears(ON)
    assert nothing == ("completed", cough, "")
    assert kind == "speech_started"
    assert session.hears(partial("u", "we", "")) == [("delta", item, "we")]
    session.hears(OFF)
    assert session.hears(partial("u", "", "")) == [("completed", item, "")]
    ((_, third, _),) = session.hears(ON)
    assert third not in (cough, item)


def test_a_worker_that_takes_over_mid_word_opens_no_second_item() -> None:
    session = Session()
    ((_, item, _),) = session.hears(ON, partial("u", "", "we"))
    assert session.hears(ON) == []
    session.hears(OFF)
    assert {name for _, name, _ in session.writes("u", "we")} == {item}


def test_an_utterance_whose_tellings_were_lost_is_an_item_all_the_same() -> None:
    session = Session()
    kinds = [kind for kind, _, _ in session.writes("u", "we measured")]
    assert kinds == ["committed", "delta", "completed"]


def test_a_recogniser_that_fails_is_told_of_the_item_it_failed_on() -> None:
    session = Session()
    ((_, item, _),) = session.hears(ON)
    assert session.hears(HearingTrouble(code="transcriber_failed", sentence="No.")) == [("failed", item, "")]

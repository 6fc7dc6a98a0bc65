"""A rule's expected "no": a stable code, a sentence that says what to do, and whether trying again can help.

Decides the words of every refusal; never when one is due (`decide`) or how it looks on a wire (`server.errors`).
"""

from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple


class Code(StrEnum):
    UNKNOWN_ROOM = "unknown_room"
    ROOM_EXISTS = "room_exists"
    ROOM_CLOSED = "room_closed"
    SEAT_TAKEN = "seat_taken"
    NOT_YOUR_ROLE = "not_your_role"
    NOT_IN_ROOM = "not_in_room"
    CONSENT_NEEDED = "consent_needed"
    WRONG_NOTICE = "wrong_notice"
    TOO_EARLY = "too_early"
    BAD_START = "bad_start"
    ALREADY_HERE = "already_here"
    NOT_DUE = "not_due"
    ALREADY_STARTED = "already_started"
    NOT_STARTED = "not_started"
    WRONG_TURN = "wrong_turn"
    NOT_ASKED_YET = "not_asked_yet"
    OTHER_QUESTION = "other_question"
    NO_OPEN_TURN = "no_open_turn"
    NOTHING_SAID_YET = "nothing_said_yet"
    TURN_HELD = "turn_held"
    ALREADY_FINISHED = "already_finished"
    ANSWER_TOO_LONG = "answer_too_long"
    PAUSED = "paused"
    NOT_PAUSED = "not_paused"
    CHAIR_TAKEN = "chair_taken"
    NOT_IN_THE_CHAIR = "not_in_the_chair"
    UNKNOWN_QUESTION = "unknown_question"
    QUESTION_OPEN = "question_open"
    ENDING = "ending"
    NOT_ENDING = "not_ending"
    SCORES_MISSING = "scores_missing"
    ALREADY_SCORED = "already_scored"
    QUOTE_NOT_SAID = "quote_not_said"
    WRONG_SAMPLE_RATE = "wrong_sample_rate"
    NO_MICROPHONE = "no_microphone"


class Refusal(NamedTuple):
    code: Code
    sentence: str
    retry: bool
    """Whether the same command can succeed later without anything else being changed by its sender."""


_SENTENCES = MappingProxyType(
    {
        Code.UNKNOWN_ROOM: ("There is no such room. Check the link, or ask for a new one.", False),
        Code.ROOM_EXISTS: ("A room with this id exists already. Open another.", False),
        Code.ROOM_CLOSED: ("This interview is over. Its report is at /reports.", False),
        Code.SEAT_TAKEN: ("Another candidate holds this room's seat. Join as an observer, or open a room.", False),
        Code.NOT_YOUR_ROLE: ("Your role in this room cannot do that.", False),
        Code.NOT_IN_ROOM: ("You are not in this room any more. Connect again.", True),
        Code.CONSENT_NEEDED: ("The candidate has not consented to the notice yet.", True),
        Code.WRONG_NOTICE: ("This is not the notice that the room shows. Load the page again and read it.", False),
        Code.TOO_EARLY: (
            "The interview has not begun yet: its time is on the screen. A coach can open it early.",
            True,
        ),
        Code.BAD_START: ("An interview begins between now and a year from now.", False),
        Code.ALREADY_HERE: ("You are in this room on another device. Leave there first, or take over from it.", True),
        Code.NOT_DUE: ("This is not due any more, or not yet.", False),
        Code.ALREADY_STARTED: ("The interview has started already.", False),
        Code.NOT_STARTED: ("The interview has not started yet. Press start first.", True),
        Code.WRONG_TURN: ("That turn is not the open one. Look at the question on the screen.", False),
        Code.NOT_ASKED_YET: ("That question is not asked yet. Wait for it.", True),
        Code.OTHER_QUESTION: ("This was said to another question than the one that is open now.", False),
        Code.NO_OPEN_TURN: ("No question is open. Wait for the next one.", True),
        Code.NOTHING_SAID_YET: ("Nothing was said yet, so silence does not end the answer.", True),
        Code.TURN_HELD: ("The candidate asked for a moment, so silence does not end the answer.", True),
        Code.ALREADY_FINISHED: ("This answer is finished. Wait for the next question.", False),
        Code.ANSWER_TOO_LONG: ("An answer has at most 40,000 typed characters. Finish it, or shorten it.", False),
        Code.PAUSED: ("The interview is paused. Resume it first.", True),
        Code.NOT_PAUSED: ("The interview is not paused.", False),
        Code.CHAIR_TAKEN: ("Someone else sits in the interviewer's chair. Ask them to hand back.", True),
        Code.NOT_IN_THE_CHAIR: ("Take over as interviewer first.", True),
        Code.UNKNOWN_QUESTION: ("The question bank has no such question for this mode.", False),
        Code.QUESTION_OPEN: ("A question is open. Wait until it is answered.", True),
        Code.ENDING: ("The interview is ending; no more questions are asked.", False),
        Code.NOT_ENDING: ("Questions are left and nobody asked for the end.", True),
        Code.SCORES_MISSING: ("Some answers are still being scored.", True),
        Code.ALREADY_SCORED: ("This turn has its score.", False),
        Code.QUOTE_NOT_SAID: ("A mark quotes words that were not said. It is void.", False),
        Code.WRONG_SAMPLE_RATE: ("Audio must be 16-bit PCM, one channel, 16000 Hz. Resample it first.", False),
        Code.NO_MICROPHONE: ("Open a microphone stream before sending audio.", True),
    }
)


def refuse(code: Code) -> Refusal:
    """The refusal with this code."""
    sentence, retry = _SENTENCES[code]
    return Refusal(code, sentence, retry)

"""The rules of an open turn: the floor, typed and spoken words, its end, its close and its score.

Decides what `rooms.decide` asks it; never who may put a command, or which question is asked (`rooms.asking`).
"""

from rooms import commands as c
from rooms import events as e
from rooms.events import Event
from rooms.phases import Phase
from rooms.refusals import Code, Refusal, refuse
from rooms.state import Room, Turn
from rooms.transcript import Source, Utterance

Answering = tuple[Event, ...] | Refusal


def _answerable(room: Room, meant: c.InTurn) -> Turn | Refusal:
    """The open turn that a person means, if it can still be answered."""
    if room.phase is Phase.LOBBY:
        return refuse(Code.NOT_STARTED)
    turn = room.turn
    if turn is None:
        return refuse(Code.NO_OPEN_TURN)
    if turn.number != meant.turn:
        return refuse(Code.WRONG_TURN if meant.turn < turn.number else Code.NOT_ASKED_YET)
    if meant.question not in (None, turn.question.text):
        return refuse(Code.OTHER_QUESTION)
    if turn.finished:
        return refuse(Code.ALREADY_FINISHED)
    return refuse(Code.PAUSED) if room.paused else turn


def _began(room: Room, turn: Turn, at: int) -> tuple[Event, ...]:
    return (e.AnswerBegan(turn=turn.number, at_ms=at),) if room.phase is Phase.ASKING else ()


def begin(room: Room, command: c.BeginAnswer, at: int) -> Answering:
    """The candidate takes the floor. `at`: the room's time, here and below."""
    turn = _answerable(room, command)
    return turn if isinstance(turn, Refusal) else _began(room, turn, at)


def hold(room: Room, command: c.HoldTurn) -> Answering:
    """Silence shall not end this answer."""
    turn = _answerable(room, command)
    return turn if isinstance(turn, Refusal) else () if turn.held else (e.TurnHeld(turn=turn.number),)


def repeat(room: Room, command: c.RepeatQuestion) -> Answering:
    """The question is to be put once more."""
    turn = _answerable(room, command)
    return turn if isinstance(turn, Refusal) else (e.QuestionRepeated(turn=turn.number),)


def typed(room: Room, command: c.TypeAnswer, at: int) -> Answering:
    """One more message of a typed answer."""
    turn = _answerable(room, command)
    if isinstance(turn, Refusal):
        return turn
    written = sum(len(known.text) for known in turn.utterances if known.source is Source.TYPED)
    if written + len(command.text) > c.MAX_TYPED_CHARACTERS:
        return refuse(Code.ANSWER_TOO_LONG)
    said = Utterance(
        id=f"{turn.number}.typed.{len(turn.utterances)}",
        source=Source.TYPED,
        text=command.text,
        start_ms=at,
        end_ms=at,
    )
    return (*_began(room, turn, at), e.UtteranceHeard(turn=turn.number, utterance=said))


def finish(room: Room, command: c.FinishAnswer) -> Answering:
    """The candidate says no more, perhaps with words that are still to be heard."""
    turn = _answerable(room, command)
    if isinstance(turn, Refusal):
        return turn
    said = e.AnswerFinished(turn=turn.number, reason=e.Finish.DONE, stream=command.stream, through=command.through)
    return (said,)


def skip(room: Room, command: c.SkipQuestion) -> Answering:
    """The candidate leaves this question be."""
    turn = _answerable(room, command)
    return turn if isinstance(turn, Refusal) else (e.AnswerFinished(turn=turn.number, reason=e.Finish.SKIPPED),)


def hear(room: Room, number: int, utterance: Utterance, at: int) -> Answering:
    """Words that were spoken are kept as long as their turn is open, paused or not: nothing said is lost."""
    turn = room.turn
    if turn is None:
        return refuse(Code.NO_OPEN_TURN)
    if turn.number != number:
        return refuse(Code.WRONG_TURN)
    if room.withdrawn:
        return refuse(Code.CONSENT_NEEDED)
    if any(known.id == utterance.id or _overlap(known, utterance) for known in turn.utterances):
        return ()  # heard before, perhaps by another worker with another idea of where it began
    began = () if turn.finished else _began(room, turn, min(at, utterance.start_ms))
    return (*began, e.UtteranceHeard(turn=number, utterance=utterance))


def _overlap(known: Utterance, new: Utterance) -> bool:
    return known.source is new.source is Source.VOICE and new.start_ms < known.end_ms and known.start_ms < new.end_ms


def close_turn(room: Room, command: c.CloseTurn, at: int) -> Answering:
    """All words of the turn are written; an answer that nobody ended is ended by it."""
    turn = room.turn
    if turn is None:
        return refuse(Code.NO_OPEN_TURN)
    if turn.number != command.turn:
        return refuse(Code.WRONG_TURN)
    if turn.finished:
        return (e.TurnClosed(turn=turn.number, reason=turn.finished.reason, at_ms=at),)
    if command.reason is None:
        return refuse(Code.NOTHING_SAID_YET)
    if room.paused:
        return refuse(Code.PAUSED)
    if command.reason is e.Finish.SILENCE and not turn.may_end_by_silence:
        return refuse(Code.TURN_HELD if turn.held else Code.NOTHING_SAID_YET)
    finished = e.AnswerFinished(turn=turn.number, reason=command.reason)
    return (finished, e.TurnClosed(turn=turn.number, reason=command.reason, at_ms=at))


def score(room: Room, command: c.RecordScore) -> Answering:
    """Marks of a closed turn, once. Each of their quotes must have been said."""
    if command.turn > len(room.turns):
        return refuse(Code.WRONG_TURN)
    turn = room.turns[command.turn - 1]
    if turn.open:
        return refuse(Code.QUESTION_OPEN)
    if turn.score is not None:
        return refuse(Code.ALREADY_SCORED)
    if room.withdrawn:
        return refuse(Code.CONSENT_NEEDED)
    quotes = [
        *(q for mark in command.score.marks for q in mark.quotes),
        *(q for dimension in command.score.dimensions for q in dimension.quotes),
        *(q for dimension in command.score.dimensions if dimension.judged for q in dimension.judged.quotes),
        *command.delivery.fillers,
    ]
    if not all(turn.transcript.holds(quote) for quote in quotes):
        return refuse(Code.QUOTE_NOT_SAID)
    return (e.TurnScored(turn=command.turn, score=command.score, delivery=command.delivery),)

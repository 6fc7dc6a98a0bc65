"""What happens in a room, as lines for a terminal.

Decides words and order on the screen only. Everything printed comes from what the server showed this person.
"""

import unicodedata
from typing import assert_never

from client.news import Back, Change, Lost, Moved, Unkept, Whole
from rooms import events as e
from rooms.commands import AskOwn, PersonCommand, TakeNote, TypeAnswer, Whisper, WriteNext
from rooms.events import Event
from rooms.evidence import Delivery, Level, Mark, Score
from rooms.people import SYSTEM
from rooms.protocol import (
    DeliverySoFar,
    Happened,
    HearingTrouble,
    IsTyping,
    Partial,
    Refused,
    SoundQuality,
    Speaking,
    Tell,
    Telling,
    TurnEnding,
)
from rooms.state import Room
from rooms.transcript import Quote, Source, Utterance

_DOT = {Level.PRESENT: "●", Level.PARTIAL: "◐", Level.ABSENT: "○"}
_ENDED = {
    e.Finish.DONE: "the candidate was done",
    e.Finish.SILENCE: "silence",
    e.Finish.SKIPPED: "skipped",
    e.Finish.LIMIT: "the time was up",
    e.Finish.ENDED: "the interview was ended",
}


def lines_of(change: Change, room: Room) -> list[str]:
    """The lines for one change; `room` is the room after it."""
    match change:
        case Whole():
            return _whole(change.room)
        case Happened():
            stamp = clock(change.at - room.opened_at)
            told = [plain(line) for line in _fact(change.event, room)]
            return [f"{stamp if n == 0 else ' ' * len(stamp)}  {line}" for n, line in enumerate(told)]
        case Telling():
            return [f"       {plain(line)}" for line in _told(change.what)]
        case Refused():
            return [f"       The server refused something: {plain(change.sentence)}"]
        case Lost():
            return ["       The connection is gone; coming back ..."]
        case Back():
            return [f"       Back again; {change.missed} facts were missed and follow."]
        case Moved():
            return ["       Moved to another server; nothing was lost."]
        case Unkept():
            wish = change.command.kind.replace("_", " ")
            refused = f"       “{wish}” was not taken when it was offered again: {plain(change.refused.sentence)}"
            words = words_of(change.command)
            return [refused, f"       This is what you wrote: “{plain(words)}”"] if words else [refused]
        case _:
            assert_never(change)


def words_of(command: PersonCommand) -> str:
    """What somebody wrote in it: where it was not taken, they have no other place to see that."""
    match command:
        case TypeAnswer() | Whisper() | TakeNote() | AskOwn() | WriteNext():
            return command.text
        case _:
            return ""


def clock(milliseconds: int) -> str:
    """ "12:34" from milliseconds since the room opened."""
    minutes, seconds = divmod(max(0, milliseconds) // 1000, 60)
    return f"{minutes:2d}:{seconds:02d}"


def plain(text: str) -> str:
    """Text that cannot move the cursor or colour the terminal: people and models wrote it."""
    return "".join(" " if unicodedata.category(c) in ("Cc", "Cf") else c for c in text)


def _whole(room: Room) -> list[str]:
    lines = [f"Room {room.id}: {room.mode.value.replace('_', ' ')}, {room.length} questions, {room.phase.value}."]
    here = [p.participant for p in room.people if p.here]
    if here:
        lines.append("Here: " + ", ".join(f"{plain(p.name)} ({p.role.value})" for p in here))
    if room.transcriber:
        lines += [plain(line) for line in _transcriber(room.transcriber)]
    for turn in room.turns:
        lines.append(f"{turn.number}. {plain(turn.question.text)}")
        lines += [f"   “{plain(utterance.text)}”" for utterance in turn.utterances]
        if turn.score and turn.delivery:
            lines += [f"   {plain(line)}" for line in score_lines(turn.score, turn.delivery)]
    return lines


def _fact(event: Event, room: Room) -> list[str]:
    match event:
        case e.ParticipantJoined():
            return [f"{event.participant.name} joined as {event.participant.role.value}."]
        case e.ParticipantLeft():
            presence = room.presence(event.participant)
            return [] if presence and presence.here else [f"{_name(room, event.participant)} left."]
        case e.StartingSoon():
            return [f"The interview begins at {clock(event.starts_at - room.opened_at).strip()}."]
        case e.LobbyOpened():
            early = event.by != SYSTEM.id
            return [f"{_name(room, event.by)} opened the lobby." if early else "The planned time has come."]
        case e.ConsentGiven():
            return [f"The candidate consented to notice {event.notice}."]
        case e.ConsentWithdrawn():
            return ["The candidate withdrew consent: the audio is erased, and nothing more is heard or scored."]
        case e.InterviewStarted():
            return ["The interview started."]
        case e.TranscriberNamed():
            return _transcriber(event)
        case e.QuestionAsked():
            return _question(event, room)
        case e.QuestionRepeated():
            return [f"Question {event.turn} is repeated."]
        case e.UtteranceHeard():
            source = "typed: " if event.utterance.source is Source.TYPED else ""
            return [f"{source}“{event.utterance.text}”", *_sound(event.utterance)]
        case e.TurnHeld():
            return ["The candidate asked for a moment."]
        case e.TurnLimitNear():
            return [f"The time for answer {event.turn} is up at {clock(event.ends_ms).strip()}."]
        case e.TurnClosed():
            return [f"Turn {event.turn} closed: {_ENDED[event.reason]}."]
        case e.TurnScored():
            first, *more = score_lines(event.score, event.delivery)
            return [f"Turn {event.turn}: {first}", *more]
        case e.NextQuestionChosen():
            return [f"{_name(room, event.by)} chose the next question: {event.question}."]
        case e.InterviewerChanged():
            who = _name(room, event.to) if event.to else "The AI interviewer"
            return [f"{who} sits in the interviewer's chair."]
        case e.Whispered():
            return [f"{_name(room, event.by)} whispers: {event.text}"]
        case e.NoteTaken():
            return [f"{_name(room, event.by)} notes: {event.text}"]
        case e.InterviewPaused():
            return [f"{_name(room, event.by)} paused the interview."]
        case e.InterviewResumed():
            return [f"{_name(room, event.by)} resumed the interview."]
        case e.EndRequested() if event.by == SYSTEM.id:
            return ["Nobody is here any more, so the interview ends."]
        case e.EndRequested():
            return [f"{_name(room, event.by)} ended the interview."]
        case e.RoomClosed():
            return ["The interview is over."]
        case e.RoomRestored():
            return ["The room was restored. What was said in the last moment before may be missing: look."]
        case e.RoomOpened() | e.MicrophoneOpened() | e.AnswerBegan() | e.AnswerFinished():
            return []
        case _:
            assert_never(event)


def _told(tell: Tell) -> list[str]:
    match tell:
        case HearingTrouble():
            return [f"Hearing: {tell.sentence}"]
        case SoundQuality():
            return [f"Sound: {tell.to_others or 'good again.'}"]
        case DeliverySoFar():
            pace = f"{tell.words_per_minute:.0f} words a minute, " if tell.words_per_minute else ""
            return [f"so far: {tell.words} words, {pace}{tell.fillers} fillers, {tell.pauses} pauses"]
        case Partial():
            return [f"… {tell.stable} [{tell.unstable}]" if tell.unstable else f"… {tell.stable}"]
        case TurnEnding():
            return ["(likely the end of the answer)"] if tell.on else []
        case Speaking() | IsTyping():
            return []
        case _:
            assert_never(tell)


def _sound(utterance: Utterance) -> list[str]:
    """How it arrived, where that was not well."""
    if utterance.audio is None or not utterance.audio.flaws:
        return []
    return [f"  sound: {', '.join(utterance.audio.flaws)}; {utterance.audio.trust:.0%} to be relied on"]


def _question(event: e.QuestionAsked, room: Room) -> list[str]:
    kind = "" if event.question.kind is e.QuestionKind.NEW else f" ({event.question.kind.value.replace('_', ' ')})"
    lines = [f"Question {event.turn} of {max(room.length, event.turn)}{kind}: {event.question.text}"]
    return [*lines, f"  why: {event.question.why}"] if event.question.why else lines


def _transcriber(named: e.TranscriberNamed) -> list[str]:
    return [f"Words are written by {named.label}."] + ([f"Caution: {named.caution}"] if named.caution else [])


def _name(room: Room, participant: str) -> str:
    presence = room.presence(participant)
    return presence.participant.name if presence else "Greenroom"


# --- scores ---------------------------------------------------------------------------------------------------


def score_lines(score: Score, delivery: Delivery | None) -> list[str]:
    """A turn's score with its evidence: overall, dimensions, marks with quotes, figures of speech."""
    if score.overall is None:
        lines = [f"not scored: {score.abstained}"]
    else:
        lines = [f"scored {score.overall:.1f} of 5{_interval(score.low, score.high)} by {score.scorer}"]
    scored = [f"{d.dimension.value} {d.score:.1f}" for d in score.dimensions if d.score is not None]
    lines += ["  " + ", ".join(scored)] if scored else []
    lines += [f"    {line}" for line in _grounds(score)]
    for mark in score.marks:
        lines += [f"  {line}" for line in _mark(mark)]
    lines += [f"  caution: {score.caution}"] if score.caution else []
    return lines + ([f"  {_delivery(delivery)}"] if delivery else [])


def _grounds(score: Score) -> list[str]:
    """The words that dimensions rest on, each once."""
    by_quote: dict[str, list[str]] = {}
    for found in score.dimensions:
        for quote in found.quotes:
            by_quote.setdefault(_quote(quote), []).append(found.dimension.value)
    return [f"{', '.join(names)}: {quote}" for quote, names in by_quote.items()]


def _mark(mark: Mark) -> list[str]:
    lines = [f"{_DOT[mark.level]} {mark.level.value}: {mark.criterion}"]
    return lines + [f"    {_quote(quote)}" for quote in mark.quotes]


def _quote(quote: Quote) -> str:
    return f"“{quote.text}” at {clock(quote.start_ms).strip()}"


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" ({low:.1f} to {high:.1f})"


def _delivery(delivery: Delivery) -> str:
    pace = f", {delivery.words_per_minute:.0f} a minute" if delivery.words_per_minute else ""
    return f"{delivery.words} words{pace}, {len(delivery.fillers)} fillers, {len(delivery.pauses)} pauses"

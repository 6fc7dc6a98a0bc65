"""What must be true of turns, rooms and what is kept of them, once an interview is over."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from rooms import events as e
from rooms.phases import Phase
from rooms.state import replay
from rooms.transcript import Source
from scripts.hardening import history as h
from scripts.hardening.invariants.tale import Break, Found, Tale


def one_end_each(tale: Tale) -> Found:
    """Each turn is asked, finished and closed once, and the room is closed once, as the last thing but goings."""
    asked, finished, closed = (
        Counter(r.event.turn for r in tale.log if isinstance(r.event, kind))
        for kind in (e.QuestionAsked, e.AnswerFinished, e.TurnClosed)
    )
    rooms_closed = sum(isinstance(r.event, e.RoomClosed) for r in tale.log)
    for turn in asked | closed:
        if (asked[turn], closed[turn]) != (1, 1) or finished[turn] > 1:
            times = f"asked {asked[turn]}, finished {finished[turn]}, closed {closed[turn]} times"
            yield Break(sentence=f"turn {turn} was {times}", versions=_about(tale, turn))
    if rooms_closed != 1:
        yield Break(sentence=f"the room was closed {rooms_closed} times")


def one_score_each(tale: Tale) -> Found:
    """Each closed turn has exactly one score."""
    scored = Counter(r.event.turn for r in tale.log if isinstance(r.event, e.TurnScored))
    closed = {r.event.turn for r in tale.log if isinstance(r.event, e.TurnClosed)}
    for turn in closed | scored.keys():
        if scored[turn] != (turn in closed):
            yield Break(sentence=f"turn {turn} has {scored[turn]} scores", versions=_about(tale, turn))


def the_report_says_what_was_said(tale: Tale) -> Found:
    """A closed room has a report, and its answers are the accepted words, turn by turn."""
    reports = tale.of(h.Reported)
    if tale.closed_at is None:
        return
    if not reports:
        yield Break(sentence="the room is closed and has no report")
        return
    said: dict[int, list[str]] = defaultdict(list)
    for record in tale.log:
        if isinstance(record.event, e.UtteranceHeard):
            said[record.event.turn].append(record.event.utterance.text)
    turns = [r.event.turn for r in tale.log if isinstance(r.event, e.QuestionAsked)]
    for report in reports:
        if [list(answer) for answer in report.answers] != [said[turn] for turn in turns]:
            yield Break(sentence="the report's answers are not what was said")


def the_archive_is_the_log(tale: Tale) -> Found:
    """The database holds the log as it is, at least up to the closing."""
    kept = [(r.version, r.tag, r.before, r.command, r.event) for r in tale.archive]
    logged = [(r.version, r.tag, r.before, r.command, r.event) for r in tale.log]
    if tale.closed_at is not None and len(kept) < tale.closed_at:
        yield Break(sentence=f"the archive ends at {len(kept)}, the room closed at {tale.closed_at}",
                    versions=(tale.closed_at,))  # fmt: skip
    wrong = next((one[0] for one, other in zip(kept, logged, strict=False) if one != other), None)
    if wrong is not None or len(kept) > len(logged):
        at = wrong or len(logged) + 1
        yield Break(sentence=f"archive and log part at version {at}", versions=(at,))


def nobody_is_left_behind(tale: Tale) -> Found:
    """Everybody came through, the interview reached its end, and after it nobody still counts as here."""
    for stuck in tale.of(h.Stuck):
        yield Break(sentence=stuck.sentence, who=stuck.who)
    room = replay(tale.events())
    if room is None:
        return
    if room.phase is not Phase.CLOSED:
        yield Break(sentence=f"the interview never ended: {room.phase.value}", versions=(len(tale.log),))
    for presence in room.people:
        if presence.here:
            yield Break(sentence=f"{presence.participant.id} left and still counts as here: "
                        f"{', '.join(presence.connections)}", versions=_joins(tale, presence.connections))  # fmt: skip


def what_is_said_is_heard_once(tale: Tale) -> Found:
    """The words of an answer that was said aloud stand in its turn, all of them, once; unless Redis lost the sound."""
    for spoken in tale.of(h.Spoken):
        heard = [r.event.utterance.text for r in tale.log if isinstance(r.event, e.UtteranceHeard)
                 and r.event.turn == spoken.turn and r.event.utterance.source is Source.VOICE]  # fmt: skip
        if " ".join(heard) != spoken.text and not tale.lossy:
            yield Break(sentence=f"of {spoken.text!r} {' '.join(heard)!r} was heard", who=spoken.who,
                        versions=_about(tale, spoken.turn))  # fmt: skip


def who_never_reads_is_cut(tale: Tale) -> Found:
    """Nobody who does not read stays connected for ever; who is sent a lot goes before a ping finds them."""
    for unread in tale.of(h.Unread):
        if not unread.cut:
            yield Break(sentence=f"{unread.who} read nothing and was not cut", who=unread.who)
        elif unread.full and unread.by_ping:
            yield Break(
                sentence=f"{unread.who} was sent more than anything holds until a ping ended it", who=unread.who
            )


def _about(tale: Tale, turn: int) -> tuple[int, ...]:
    kinds = (e.QuestionAsked, e.AnswerFinished, e.TurnClosed, e.TurnScored)
    return tuple(r.version for r in tale.log if isinstance(r.event, kinds) and r.event.turn == turn)


def _joins(tale: Tale, connections: Sequence[str]) -> tuple[int, ...]:
    joins = (r for r in tale.log if isinstance(r.event, e.ParticipantJoined) and r.event.connection in connections)
    return tuple(record.version for record in joins)

"""What must be true of every history, whatever broke meanwhile: a list of pure functions, history in, breaks out.

Decides what counts as broken; never how a history came about. Each function looks at one room; whether a view leaks is
judged here by its own list and not by `rooms.views`, which is under test.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from types import MappingProxyType

from rooms import events as e
from rooms.people import Role
from rooms.phases import Phase
from rooms.protocol import Partial, Speaking
from rooms.state import Room, replay
from rooms.values import Value
from rooms.views import snapshot, view
from scripts.hardening import history as h
from scripts.hardening.history import Recorded

_LEAVE_A_FACT = frozenset(
    {"type_answer", "whisper", "take_note", "finish_answer", "skip_question", "repeat_question", "start_interview"}
)
"""Commands that never are accepted without a fact."""
_HIDDEN_FROM_CANDIDATES = frozenset({"note_taken", "next_question_chosen", "turn_scored"})


class Break(Value):
    """One invariant, broken. `ids` and `versions` lead to the entries that tell the story."""

    sentence: str
    invariant: str = ""
    room: str = ""
    who: str = ""
    ids: tuple[str, ...] = ()
    versions: tuple[int, ...] = ()


class Tale:
    """One room's entries, sorted by what they are."""

    def __init__(self, room: str, entries: Sequence[Recorded]) -> None:
        self.room, self.entries = room, entries
        self.log = self.of(h.Logged)
        self.archive = self.of(h.Archived)
        self.puts = self.of(h.Put)
        self.answers = self.of(h.Answered)
        self.arrived = {entry.who: entry for entry in self.of(h.Arrived)}
        self.by_command: dict[str, list[h.Logged]] = defaultdict(list)
        for record in self.log:
            self.by_command[record.command].append(record)

    def of(self, kind: type[h.R]) -> list[h.R]:
        return [entry for entry in self.entries if isinstance(entry, kind)]

    def command(self, who: str, id: str) -> str:
        """The name under which this visitor's command stands in the log."""
        return f"{self.arrived[who].participant}/{id}"

    def events(self, through: int | None = None) -> list[e.Event]:
        return [record.event for record in self.log if through is None or record.version <= through]

    def seen(self, role: Role, through: int) -> Room | None:
        """The room as a role sees it at a version, folded from the log."""
        return snapshot(self.events(through), role)

    @property
    def closed_at(self) -> int | None:
        """The version at which the room closed."""
        return next((r.version for r in self.log if isinstance(r.event, e.RoomClosed)), None)


Found = Iterator[Break]


# --- the log --------------------------------------------------------------------------------------------------


def the_log_is_one_chain(tale: Tale) -> Found:
    """Versions count from 1 without a gap, and each record names the tag of the one before."""
    if not tale.log:
        yield Break(sentence="the room has no log")
    version, tag = 0, ""
    for record in tale.log:
        if record.version != version + 1:
            yield Break(sentence=f"version {record.version} follows {version}", versions=(record.version,))
        elif record.before != tag:
            yield Break(sentence=f"version {record.version} does not continue {version}",
                        versions=(version, record.version))  # fmt: skip
        version, tag = record.version, record.tag


def nothing_acknowledged_is_lost(tale: Tale) -> Found:
    """What was accepted stands in the log where the answer said, with its words."""
    commands = {(put.who, put.id): put.command for put in tale.puts}
    for answer in tale.answers:
        if answer.version is None or (command := commands.get((answer.who, answer.id))) is None:
            continue
        records = tale.by_command.get(tale.command(answer.who, answer.id), [])
        if not records:
            if command.kind in _LEAVE_A_FACT or answer.version > len(tale.log):
                yield _lost(answer, f"{command.kind} was accepted at {answer.version} and is not in the log")
            continue
        if records[-1].version != answer.version:
            yield _lost(answer, f"accepted at {answer.version}, it stands at {records[-1].version}")
        text = getattr(command, "text", None)
        if text is not None and text not in [text_of(record.event) for record in records]:
            yield _lost(answer, f"the words of {command.kind} at {answer.version} are not those accepted")


def _lost(answer: h.Answered, sentence: str) -> Break:
    versions = (answer.version,) if answer.version else ()
    return Break(sentence=sentence, who=answer.who, ids=(answer.id,), versions=versions)


def nothing_happens_twice(tale: Tale) -> Found:
    """A command's facts stand together, once; no words and no coming or going stand there twice."""
    runs = Counter(command for command, _ in groupby(tale.log, key=lambda record: record.command))
    for command, times in runs.items():
        if times > 1:
            yield _twice(tale, f"{command} happened {times} times", [r for r in tale.log if r.command == command])
    once: dict[tuple[str, ...], list[h.Logged]] = defaultdict(list)
    for record in tale.log:
        if key := _once(record.event):
            once[key].append(record)
    for key, records in once.items():
        if len(records) > 1:
            yield _twice(tale, f"{key[0]} stands {len(records)} times: {key[-1][:60]!r}", records)


def _once(event: e.Event) -> tuple[str, ...] | None:
    """What may stand in the log once only: people here never say the same thing twice."""
    match event:
        case e.UtteranceHeard() | e.Whispered() | e.NoteTaken():
            return event.kind, text_of(event) or ""
        case e.ParticipantJoined() | e.ParticipantLeft():
            return event.kind, event.connection
        case e.InterviewStarted() | e.ConsentGiven() | e.RoomOpened() | e.EndRequested():
            return event.kind, ""
        case _:
            return None


def _twice(tale: Tale, sentence: str, records: Sequence[h.Logged]) -> Break:
    ids = tuple({record.command.rpartition("/")[2] for record in records})
    return Break(sentence=sentence, ids=ids, versions=tuple(record.version for record in records))


def nothing_happens_unwished(tale: Tale) -> Found:
    """Whatever a person's command left in the log was put by somebody."""
    wished = {tale.command(put.who, put.id) for put in tale.puts}
    people = {arrived.participant for arrived in tale.arrived.values()}
    for record in tale.log:
        if record.command.partition("/")[0] in people and record.command not in wished:
            yield Break(sentence=f"nobody put {record.command}", versions=(record.version,))


def an_answer_stays(tale: Tale) -> Found:
    """A command that was accepted is always answered with the same version again, and never refused."""
    given: dict[str, h.Answered] = {}
    for answer in tale.answers:
        command = tale.command(answer.who, answer.id)
        first = given.setdefault(command, answer)
        if first.version is None:
            given[command] = answer  # a refusal may turn into a yes, not back
        elif answer.version != first.version:
            said = f"refused ({answer.code})" if answer.version is None else f"accepted at {answer.version}"
            yield Break(sentence=f"accepted at {first.version}, then {said}", who=answer.who,
                        ids=(answer.id,), versions=(first.version,))  # fmt: skip


def order_is_kept(tale: Tale) -> Found:
    """What one visitor put one after the other stands in that order, unless one was refused meanwhile."""
    refused = {(answer.who, answer.id) for answer in tale.answers if answer.version is None}
    for who in tale.arrived:
        ids = dict.fromkeys(put.id for put in tale.puts if put.who == who and (who, put.id) not in refused)
        stood = [(id, records[0].version) for id in ids if (records := tale.by_command.get(tale.command(who, id)))]
        for (one, first), (other, second) in pairwise(stood):
            if second < first:
                yield Break(sentence=f"{other} overtook {one}", who=who, ids=(one, other),
                            versions=(second, first))  # fmt: skip


# --- what people saw ------------------------------------------------------------------------------------------


def everybody_saw_the_log(tale: Tale) -> Found:
    """Each visitor saw what their role may see, in the log's order, each fact once, none left out."""
    for arrived in tale.arrived.values():
        visible = {r.version: (r, seen) for r in tale.log if (seen := view(r.event, arrived.role)) is not None}
        at = 0
        for entry in tale.entries:
            if isinstance(entry, h.Whole) and entry.who == arrived.who:
                at = entry.cursor.version
                if entry.state != tale.seen(arrived.role, at):
                    yield Break(sentence=f"the room shown whole at {at} is not the log's", who=arrived.who,
                                versions=(at,))  # fmt: skip
            elif isinstance(entry, h.Saw) and entry.who == arrived.who:
                yield from _saw(entry, at, visible)
                at = max(at, entry.version)


def _saw(entry: h.Saw, at: int, visible: dict[int, tuple[h.Logged, e.Event]]) -> Found:
    def broken(sentence: str, *versions: int) -> Break:
        return Break(sentence=sentence, who=entry.who, versions=(*versions, entry.version))

    if entry.version <= at:
        yield broken(f"saw version {entry.version} after {at}", at)
        return
    missing = [version for version in visible if at < version < entry.version]
    if missing:
        yield broken(f"never saw {_some(missing)}, and then saw {entry.version}", *missing)
    record, event = visible.get(entry.version, (None, None))
    if record is None:
        yield broken(f"saw a {entry.event.kind} at {entry.version} that the log does not show to this role")
    elif record.tag != entry.tag or event != entry.event:
        yield broken(f"saw another {entry.event.kind} at {entry.version} than the log has")


def as_if_never_left(tale: Tale) -> Found:
    """At the end everybody has the room before their eyes as somebody who comes now, and as the log has it."""
    for ended in tale.of(h.Ended):
        role, at = tale.arrived[ended.who].role, ended.cursor.version
        if ended.state != tale.seen(role, at):
            yield Break(sentence=f"sees another room at {at} than the log has", who=ended.who, versions=(at,))
        if tale.closed_at is not None and at < tale.closed_at:
            yield Break(sentence=f"stands at {at}; the room closed at {tale.closed_at}", who=ended.who,
                        versions=(tale.closed_at,))  # fmt: skip
    for afresh in tale.of(h.Afresh):
        if afresh.state != tale.seen(afresh.role, afresh.cursor.version):
            yield Break(sentence=f"whoever comes now as {afresh.role.value} sees another room than the log has")


def views_never_leak(tale: Tale) -> Found:
    """No candidate is shown notes, scores, choices, or why a question was asked."""
    candidates = {who for who, arrived in tale.arrived.items() if arrived.role is Role.CANDIDATE}
    secrets = [record.event.text for record in tale.log if isinstance(record.event, e.NoteTaken)]
    for entry in tale.entries:
        shown = _shown_to(entry, candidates)
        if shown is None:
            continue
        why = _leak(entry) or next((f"the note {note!r}" for note in secrets if note in shown), None)
        if why:
            versions = (entry.version,) if isinstance(entry, h.Saw) else ()
            yield Break(sentence=f"a candidate was shown {why}", who="candidate", versions=versions)


def _shown_to(entry: Recorded, candidates: Iterable[str]) -> str | None:
    """All that this entry showed to a candidate, as text."""
    match entry:
        case h.Afresh(role=Role.CANDIDATE):
            return entry.state.model_dump_json()
        case h.Whole(who=who) | h.Ended(who=who) if who in candidates:
            return entry.state.model_dump_json()
        case h.Saw(who=who) if who in candidates:
            return entry.event.model_dump_json()
        case h.Told(who=who) if who in candidates:
            return entry.tell.model_dump_json()
        case _:
            return None


def _leak(entry: Recorded) -> str | None:
    match entry:
        case h.Saw(event=event) if event.kind in _HIDDEN_FROM_CANDIDATES:
            return event.kind
        case h.Saw(event=e.QuestionAsked(question=question)) if question.why or question.difficulty is not None:
            return "why a question was asked"
        case h.Whole(state=room) | h.Ended(state=room) | h.Afresh(state=room):
            return _in_room(room)
        case h.Told(tell=tell) if not isinstance(tell, Partial | Speaking) and tell.kind == "delivery_so_far":
            return tell.kind
        case _:
            return None


def _in_room(room: Room) -> str | None:
    if room.notes:
        return "notes"
    if room.chosen:
        return "the next question"
    if any(turn.score or turn.delivery for turn in room.turns):
        return "a score"
    return "why a question was asked" if any(turn.question.why for turn in room.turns) else None


# --- turns, rooms, reports ------------------------------------------------------------------------------------


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


def _about(tale: Tale, turn: int) -> tuple[int, ...]:
    kinds = (e.QuestionAsked, e.AnswerFinished, e.TurnClosed, e.TurnScored)
    return tuple(r.version for r in tale.log if isinstance(r.event, kinds) and r.event.turn == turn)


def _joins(tale: Tale, connections: Sequence[str]) -> tuple[int, ...]:
    joins = (r for r in tale.log if isinstance(r.event, e.ParticipantJoined) and r.event.connection in connections)
    return tuple(record.version for record in joins)


def text_of(event: e.Event) -> str | None:
    """The words of a fact, if it has any."""
    match event:
        case e.UtteranceHeard():
            return event.utterance.text
        case e.Whispered() | e.NoteTaken():
            return event.text
        case _:
            return None


def _some(versions: Sequence[int]) -> str:
    return f"{versions[0]}" if len(versions) == 1 else f"{versions[0]} to {versions[-1]}"


# --- all of them ----------------------------------------------------------------------------------------------

INVARIANTS: MappingProxyType[str, Callable[[Tale], Found]] = MappingProxyType(
    {
        check.__name__: check
        for check in (
            the_log_is_one_chain,
            nothing_acknowledged_is_lost,
            nothing_happens_twice,
            nothing_happens_unwished,
            an_answer_stays,
            order_is_kept,
            everybody_saw_the_log,
            as_if_never_left,
            views_never_leak,
            one_end_each,
            one_score_each,
            the_report_says_what_was_said,
            the_archive_is_the_log,
            nobody_is_left_behind,
        )
    }
)


def broken(entries: Sequence[Recorded]) -> list[Break]:
    """Every break in a history, in the order of the invariants, room by room."""
    found = [
        Break(invariant="no_process_breaks", sentence=f"{entry.process}: {entry.sentence}")
        for entry in entries
        if isinstance(entry, h.Died)
    ]
    rooms: dict[str, list[Recorded]] = defaultdict(list)
    for entry in entries:
        if isinstance(entry, h.InRoom):
            rooms[entry.room].append(entry)
    for room, of_room in rooms.items():
        tale = Tale(room, of_room)
        for name, check in INVARIANTS.items():
            found += [broke.model_copy(update={"invariant": name, "room": room}) for broke in check(tale)]
    return found

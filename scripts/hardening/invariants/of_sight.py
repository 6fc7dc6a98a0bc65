"""What must be true of what people saw: all of the log that is theirs to see, in order, and nothing else.

Whether a view leaks is judged here by a list of its own and not by `rooms.views`, which is under test.
"""

from collections.abc import Iterable, Sequence

from rooms import events as e
from rooms.people import Role
from rooms.protocol import Partial, Speaking
from rooms.state import Room
from rooms.views import view
from scripts.hardening import history as h
from scripts.hardening.history import Recorded
from scripts.hardening.invariants.tale import Break, Found, Tale

_HIDDEN_FROM_CANDIDATES = frozenset({"note_taken", "next_question_chosen", "turn_scored"})


def everybody_saw_the_log(tale: Tale) -> Found:
    """Each visitor saw what their role may see, in the log's order, each fact once, none left out.

    Where Redis was made to lose something: as far as they were not told so, and shown the room anew.
    """
    for arrived in tale.arrived.values():
        visible = {r.version: (r, seen) for r in tale.log if (seen := view(r.event, arrived.role)) is not None}
        for spell in tale.spells(arrived.who):
            at = spell.whole.cursor.version
            if at <= spell.lasts and spell.whole.state != tale.seen(arrived.role, at):
                yield Break(sentence=f"the room shown whole at {at} is not the log's", who=arrived.who,
                            versions=(at,))  # fmt: skip
            for entry in spell.saw:
                yield from _saw(entry, at, visible, spell.lasts)
                at = max(at, entry.version)


def _saw(entry: h.Saw, at: int, visible: dict[int, tuple[h.Logged, e.Event]], lasting: int) -> Found:
    def broken(sentence: str, *versions: int) -> Break:
        return Break(sentence=sentence, who=entry.who, versions=(*versions, entry.version))

    if entry.version <= at:
        yield broken(f"saw version {entry.version} after {at}", at)
        return
    missing = [version for version in visible if at < version < entry.version and version <= lasting]
    if missing:
        yield broken(f"never saw {_some(missing)}, and then saw {entry.version}", *missing)
    if entry.version > lasting:
        return
    record, event = visible.get(entry.version, (None, None))
    if record is None:
        yield broken(f"saw a {entry.event.kind} at {entry.version} that the log does not show to this role")
    elif record.tag != entry.tag or event != entry.event:
        yield broken(f"saw another {entry.event.kind} at {entry.version} than the log has")


def what_is_durable_stays(tale: Tale) -> Found:
    """Whatever happens to Redis: what somebody saw, and was told is in the database, stands in the log for ever."""
    kept = {record.version: record.tag for record in tale.log}
    for who in tale.arrived:
        seen: dict[int, str] = {}
        for entry in tale.entries:
            match entry:
                case h.Whole(who=whose) if whose == who:
                    seen.clear()
                case h.Saw(who=whose) if whose == who:
                    seen[entry.version] = entry.tag
                case h.Durable(who=whose) if whose == who:
                    gone = [v for v, tag in seen.items() if v <= entry.version and kept.get(v) != tag]
                    if gone:
                        yield Break(sentence=f"{_some(gone)} was durable and is not in the log", who=who,
                                    versions=tuple(gone))  # fmt: skip
                        seen.clear()


def every_loss_is_said(tale: Tale) -> Found:
    """A log that begins a new life says so in itself; and nobody ends with something before their eyes that is gone.

    In a room that is over nothing is said: no more than comings and goings can have been lost.
    """
    closed_at = tale.closed_at
    shown: list[h.Whole | h.Ended | h.Afresh] = [*tale.of(h.Whole), *tale.of(h.Ended), *tale.of(h.Afresh)]
    lives = {entry.cursor.epoch for entry in shown if closed_at is None or entry.cursor.version < closed_at}
    restored = sum(isinstance(record.event, e.RoomRestored) for record in tale.log)
    if len(lives) > restored + 1:
        yield Break(sentence=f"the log had {len(lives)} lives, and {restored} times it was said that it was restored")
    for ended in tale.of(h.Ended):
        if not tale.stands(ended.cursor.version, ended.cursor.tag):
            yield Break(sentence=f"stands at {ended.cursor.version} of a log that is gone", who=ended.who)


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


def _some(versions: Sequence[int]) -> str:
    return f"{versions[0]}" if len(versions) == 1 else f"{versions[0]} to {versions[-1]}"

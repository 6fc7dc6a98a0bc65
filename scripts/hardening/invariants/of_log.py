"""What must be true of a room's log: one chain, nothing lost, doubled, unwished or out of order."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import groupby, pairwise

from rooms import events as e
from rooms.protocol import ResetReason
from scripts.hardening import history as h
from scripts.hardening.invariants.tale import Break, Found, Tale, text_of

_LEAVE_A_FACT = frozenset(
    {"type_answer", "whisper", "take_note", "finish_answer", "skip_question", "repeat_question", "start_interview"}
)
"""Commands that never are accepted without a fact."""


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
    """What was accepted stands in the log where the answer said, with its words.

    Where Redis was made to lose something, it stands at one of the places that were said: clients put it again.
    """
    commands = {tale.command(put.who, put.id): put.command for put in tale.puts}
    places: dict[str, list[int]] = defaultdict(list)
    for answer in tale.answers:
        if answer.version is not None:
            places[tale.command(answer.who, answer.id)].append(answer.version)
    for answer in tale.answers:
        name = tale.command(answer.who, answer.id)
        if answer.version is None or (command := commands.get(name)) is None:
            continue
        records = tale.by_command.get(name, [])
        if not records:
            if command.kind in _LEAVE_A_FACT or (answer.version > len(tale.log) and not tale.lossy):
                yield _lost(answer, f"{command.kind} was accepted at {answer.version} and is not in the log")
            continue
        said = places[name] if tale.lossy else [answer.version]
        if records[-1].version not in said:
            yield _lost(answer, f"accepted at {answer.version}, it stands at {records[-1].version}")
        text = getattr(command, "text", None)
        if text is not None and text not in [text_of(record.event) for record in records]:
            yield _lost(answer, f"the words of {command.kind} at {answer.version} are not those accepted")


def no_wish_is_forgotten(tale: Tale) -> Found:
    """What was put was refused, or it is done: also when the program that put it died."""
    answered = {tale.command(answer.who, answer.id) for answer in tale.answers}
    for put in tale.puts:
        name = tale.command(put.who, put.id)
        if put.command.kind in _LEAVE_A_FACT and name not in answered and name not in tale.by_command:
            yield Break(sentence=f"{put.command.kind} was neither answered nor done", who=put.who, ids=(put.id,))


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
    """A command that was accepted is always answered with the same version again, and never refused.

    Where Redis was made to lose something, it may get another place once, or not be possible any more.
    """
    given: dict[str, h.Answered] = {}
    changes = Counter[str]()
    for answer in tale.answers:
        command = tale.command(answer.who, answer.id)
        first = given.setdefault(command, answer)
        if first.version is None:
            given[command] = answer  # a refusal may turn into a yes, not back
        elif answer.version != first.version:
            given[command] = answer
            changes[command] += 1
            if changes[command] > tale.lossy:
                said = f"refused ({answer.code})" if answer.version is None else f"accepted at {answer.version}"
                yield Break(sentence=f"accepted at {first.version}, then {said}", who=answer.who,
                            ids=(answer.id,), versions=(first.version,))  # fmt: skip


def order_is_kept(tale: Tale) -> Found:
    """What was put once another was accepted stands behind it; and one visitor's wishes stand as they were put.

    The second holds unless one of the two was refused meanwhile, or held back on its way on purpose. Where the log
    forked, what was put again for that may stand behind what was put later.
    """
    if not tale.lossy:
        yield from _put_behind_what_was_accepted(tale)
    # Under whatever name: who was killed and came back from the outbox is answered as somebody else in the history.
    refused = {tale.command(answer.who, answer.id) for answer in tale.answers if answer.version is None}
    muddled = {(held.who, id) for held in tale.of(h.Held) for id in held.ids} | _put_again(tale)
    for who in tale.arrived:
        puts = dict.fromkeys(put.id for put in tale.puts if put.who == who and (who, put.id) not in muddled)
        ids = [id for id in puts if tale.command(who, id) not in refused]
        stood = [(id, r[0].version) for id in ids if (r := tale.by_command.get(tale.command(who, id)))]
        for (one, first), (other, second) in pairwise(stood):
            if second < first:
                yield Break(sentence=f"{other} overtook {one}", who=who, ids=(one, other),
                            versions=(second, first))  # fmt: skip


def _put_again(tale: Tale) -> set[tuple[str, str]]:
    """What was accepted, lost, and accepted once more somewhere else, by people whose log forked.

    Who was told of a new life of the log is answered in that life only, so their order is kept even then.
    """
    forked = {whole.who for whole in tale.of(h.Whole) if whole.reason is ResetReason.FORK}
    places: dict[tuple[str, str], set[int]] = defaultdict(set)
    for answer in tale.answers:
        if answer.version is not None:
            places[answer.who, answer.id].add(answer.version)
    return {(who, id) for (who, id), versions in places.items() if who in forked and len(versions) > 1}


def _put_behind_what_was_accepted(tale: Tale) -> Found:
    """Whoever puts it: at that moment the log was already as long as the answer said."""
    accepted, before = 0, dict[str, int]()
    for entry in tale.entries:
        if isinstance(entry, h.Answered) and entry.version:
            accepted = max(accepted, entry.version)
        elif isinstance(entry, h.Put):
            before.setdefault(tale.command(entry.who, entry.id), accepted)
    for command, at in before.items():
        records = tale.by_command.get(command, [])
        if records and records[0].version <= at:
            yield Break(sentence=f"{command} was put after version {at} was accepted and stands at "
                        f"{records[0].version}", versions=(records[0].version, at))  # fmt: skip

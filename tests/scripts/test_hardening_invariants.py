"""The checker's invariants: a sound history holds, and each break that is planted in one is caught by its name."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rooms import commands as c
from rooms import events as e
from rooms.events import Event
from rooms.evidence import Delivery, Score
from rooms.people import Participant, Role
from rooms.protocol import Cursor, DeliverySoFar, ResetReason
from rooms.state import replay
from rooms.transcript import Source, Utterance
from rooms.views import snapshot, view
from scripts.hardening import history as h
from scripts.hardening.history import Recorded
from scripts.hardening.invariants import INVARIANTS, Break, broken, longest_wait_s
from scripts.hardening.invariants.of_waiting import LONG_MS
from scripts.hardening.people import PATIENCE_S
from scripts.hardening.telling import story

ROOM = "r-1"
PEOPLE = {
    "candidate": Participant(id="owner.candidate", name="Ada", role=Role.CANDIDATE),
    "coach": Participant(id="owner.coach", name="Ben", role=Role.COACH),
}
SAID = ("I measured it.", "Failures fell by half.")
NOTE = "Calm, and too long."
COMMANDS: dict[tuple[str, str], c.PersonCommand] = {
    ("candidate", "consent"): c.GiveConsent(notice="n"),
    ("candidate", "start"): c.StartInterview(),
    ("candidate", "say-0"): c.TypeAnswer(turn=1, text=SAID[0]),
    ("coach", "note"): c.TakeNote(text=NOTE),
    ("candidate", "say-1"): c.TypeAnswer(turn=1, text=SAID[1]),
    ("candidate", "done"): c.FinishAnswer(turn=1),
}


def typed(place: int) -> Event:
    utterance = Utterance(id=f"1.typed.{place}", source=Source.TYPED, text=SAID[place], start_ms=0, end_ms=0)
    return e.UtteranceHeard(turn=1, utterance=utterance)


def facts() -> list[tuple[str, Event]]:
    """A whole interview of one question: by which command, and what happened."""
    asked = e.Question(id="q", text="Why?", difficulty=2, kind=e.QuestionKind.NEW, why="It is easy.")
    joined = [
        (f"join.{who}", e.ParticipantJoined(participant=person, connection=f"web.{who}", worker="web"))
        for who, person in PEOPLE.items()
    ]
    left = [
        (f"leave.{who}", e.ParticipantLeft(participant=person.id, connection=f"web.{who}"))
        for who, person in PEOPLE.items()
    ]
    score = e.TurnScored(
        turn=1,
        score=Score(overall=None, scorer="local", weights="1", abstained="Too short."),
        delivery=Delivery(words=6, speaking_ms=0),
    )
    return [
        ("open", e.RoomOpened(room=ROOM, mode=e.Mode.TECHNICAL, length=3, notice="n", owner="owner", opened_at=0)),
        *joined,
        ("owner.candidate/consent", e.ConsentGiven(participant="owner.candidate", notice="n")),
        ("owner.candidate/start", e.InterviewStarted()),
        ("ask.1", e.QuestionAsked(turn=1, question=asked, by="greenroom")),
        ("owner.candidate/say-0", e.AnswerBegan(turn=1, at_ms=1)),
        ("owner.candidate/say-0", typed(0)),
        ("owner.coach/note", e.NoteTaken(by="owner.coach", text=NOTE, at_ms=2)),
        ("owner.candidate/say-1", typed(1)),
        ("owner.candidate/done", e.AnswerFinished(turn=1, reason=e.Finish.DONE)),
        ("close.1", e.TurnClosed(turn=1, reason=e.Finish.DONE, at_ms=3)),
        ("score.1", score),
        ("close", e.RoomClosed(at_ms=4)),
        *left,
    ]


def sound(log: list[tuple[str, Event]] | None = None) -> list[Recorded]:
    """The history of an interview (as it went well, or with another log) as everybody in it saw it."""
    log = log or facts()
    events = [event for _, event in log]
    entries: list[Recorded] = [h.Began(seed=1, faults=("web-killed",)), h.Injected(fault="web-killed")]
    for who, person in PEOPLE.items():
        entries.append(h.Arrived(room=ROOM, who=who, participant=person.id, role=person.role))
        entries.append(h.Whole(room=ROOM, who=who, cursor=cursor(3), state=snapshot(events[:3], person.role)))
    for (who, id), command in COMMANDS.items():
        at = next(v for v in range(len(log), 0, -1) if log[v - 1][0] == f"{PEOPLE[who].id}/{id}")
        entries += [
            h.Put(room=ROOM, who=who, id=id, command=command),
            h.Answered(room=ROOM, who=who, id=id, version=at),
        ]
    closed = next(version for version, event in enumerate(events, 1) if isinstance(event, e.RoomClosed))
    for who, person in PEOPLE.items():
        for version in range(4, closed + 1):
            if (seen := view(events[version - 1], person.role)) is not None:
                entries.append(h.Saw(room=ROOM, who=who, version=version, tag=f"t{version}", event=seen))
        entries.append(h.Ended(room=ROOM, who=who, cursor=cursor(closed), state=snapshot(events[:closed], person.role)))
        now = snapshot(events, person.role)
        entries.append(h.Afresh(room=ROOM, role=person.role, cursor=cursor(len(log)), state=now))
    entries += [h.Reported(room=ROOM, answers=(SAID,)), h.Healed(fault="web-killed")]
    return [*entries, *kept(h.Logged, log), *kept(h.Archived, log[:closed])]


def kept(kind: type[h.Logged] | type[h.Archived], log: list[tuple[str, Event]]) -> list[Recorded]:
    return [
        kind(room=ROOM, version=v, tag=f"t{v}", before=f"t{v - 1}" if v > 1 else "", command=command, event=event)
        for v, (command, event) in enumerate(log, 1)
    ]


def cursor(version: int) -> Cursor:
    return Cursor(epoch="e", version=version, tag=f"t{version}")


def caught(entries: list[Recorded]) -> set[str]:
    return {broke.invariant for broke in broken(entries)}


def without(entries: list[Recorded], which: Callable[[Recorded], bool]) -> list[Recorded]:
    left = [entry for entry in entries if not which(entry)]
    assert len(left) < len(entries)
    return left


def changed(entries: list[Recorded], which: Callable[[Recorded], bool], **to: object) -> list[Recorded]:
    assert any(which(entry) for entry in entries)
    return [entry.model_copy(update=to) if which(entry) else entry for entry in entries]


def saw(who: str, version: int) -> Callable[[Recorded], bool]:
    return lambda entry: isinstance(entry, h.Saw) and (entry.who, entry.version) == (who, version)


def answered(id: str) -> Callable[[Recorded], bool]:
    return lambda entry: isinstance(entry, h.Answered) and entry.id == id


def with_log(change: Callable[[list[tuple[str, Event]]], object]) -> list[Recorded]:
    """A history whose log itself went wrong, seen and kept by everybody alike."""
    log = facts()
    change(log)
    return sound(log)


def place(kind: type[Event]) -> int:
    return next(at for at, (_, event) in enumerate(facts()) if isinstance(event, kind))


def test_a_sound_history_holds() -> None:
    assert broken(sound()) == []
    assert replay(event for _, event in facts()) is not None


# --- the log --------------------------------------------------------------------------------------------------


def test_a_gap_in_the_log_is_caught() -> None:
    assert "the_log_is_one_chain" in caught(without(sound(), lambda x: isinstance(x, h.Logged) and x.version == 9))


def test_a_fork_of_the_log_is_caught() -> None:
    history = changed(sound(), lambda x: isinstance(x, h.Logged) and x.version == 9, before="another")
    assert "the_log_is_one_chain" in caught(history)


def test_accepted_words_that_are_gone_are_caught() -> None:
    history = changed(sound(), lambda x: isinstance(x, h.Entry) and x.version == 10, command="somebody.else")
    assert caught(history) == {"nothing_acknowledged_is_lost"}


@pytest.mark.parametrize("version", [4, 99])
def test_an_answer_with_another_version_than_the_log_s_is_caught(version: int) -> None:
    assert "nothing_acknowledged_is_lost" in caught(changed(sound(), answered("say-0"), version=version))


def test_other_words_than_those_accepted_are_caught() -> None:
    other = Utterance(id="1.typed.0", source=Source.TYPED, text="Never said.", start_ms=0, end_ms=0)
    history = with_log(lambda log: log.__setitem__(7, (log[7][0], e.UtteranceHeard(turn=1, utterance=other))))
    assert caught(history) >= {"nothing_acknowledged_is_lost", "the_report_says_what_was_said"}


def test_a_command_done_twice_is_caught() -> None:
    assert "nothing_happens_twice" in caught(with_log(lambda log: log.insert(10, log[7])))


def test_the_same_words_under_another_id_are_caught() -> None:
    """As a client does that puts its wish anew when no answer came."""
    assert "nothing_happens_twice" in caught(with_log(lambda log: log.insert(10, ("owner.candidate/new", log[7][1]))))


def test_a_fact_that_nobody_wished_for_is_caught() -> None:
    extra = ("owner.coach/other", e.Whispered(by="owner.coach", text="Psst.", at_ms=2))
    assert caught(with_log(lambda log: log.insert(9, extra))) == {"nothing_happens_unwished"}


@pytest.mark.parametrize("second", [{"version": None, "code": "paused"}, {"version": 9}])
def test_another_answer_to_the_same_command_is_caught(second: dict[str, object]) -> None:
    history = sound()
    again = next(entry for entry in history if answered("say-0")(entry))
    assert "an_answer_stays" in caught([*history, again.model_copy(update=second)])


def test_a_refusal_that_turns_into_a_yes_is_no_break() -> None:
    history = sound()
    at = next(place for place, entry in enumerate(history) if answered("say-0")(entry))
    history.insert(at, history[at].model_copy(update={"version": None, "code": "redis_away"}))
    assert broken(history) == []


def test_a_command_that_overtook_an_earlier_one_is_caught() -> None:
    def swapped(log: list[tuple[str, Event]]) -> None:
        log[7], log[9] = log[9], log[7]
        log[6] = ("owner.candidate/say-1", log[6][1])

    assert "order_is_kept" in caught(with_log(swapped))


def test_a_command_put_behind_what_was_accepted_and_standing_before_it_is_caught() -> None:
    """As a server does that answers "accepted" before it has appended."""
    history = sound()
    note = next(entry for entry in history if isinstance(entry, h.Put) and entry.id == "note")
    history.remove(note)
    history.insert(next(at for at, entry in enumerate(history) if answered("say-1")(entry)) + 1, note)
    assert caught(history) == {"order_is_kept"}


def test_a_command_that_was_held_back_on_purpose_may_be_overtaken() -> None:
    def swapped(log: list[tuple[str, Event]]) -> None:
        log[7], log[9] = log[9], log[7]
        log[6] = ("owner.candidate/say-1", log[6][1])

    history = sorted(with_log(swapped), key=lambda entry: isinstance(entry, h.Answered))  # all were under way at once
    assert "order_is_kept" in caught(history)
    held = h.Held(room=ROOM, who="candidate", ids=("say-0", "say-1"))
    assert "order_is_kept" not in caught([*history, held])


@pytest.mark.parametrize("who", ["candidate", "candidate.again"])
def test_a_command_that_was_refused_at_first_may_be_overtaken_whoever_was_told(who: str) -> None:
    """By whoever put it, or by who came back from the outbox of one that was killed."""

    def swapped(log: list[tuple[str, Event]]) -> None:
        log[7], log[9] = log[9], log[7]
        log[6] = ("owner.candidate/say-1", log[6][1])

    history = sorted(with_log(swapped), key=lambda entry: isinstance(entry, h.Answered))  # all were under way at once
    assert "order_is_kept" in caught(history)
    person = PEOPLE["candidate"]
    came = h.Arrived(room=ROOM, who=who, participant=person.id, role=person.role)
    refused = h.Answered(room=ROOM, who=who, id="say-0", code="paused")
    assert "order_is_kept" not in caught([*history, came, refused])


@pytest.mark.parametrize(("reason", "is_caught"), [(ResetReason.EPOCH, True), (ResetReason.FORK, False)])
def test_what_was_put_again_may_be_overtaken_after_a_fork_and_not_in_a_new_life(
    reason: ResetReason, is_caught: bool
) -> None:
    def swapped(log: list[tuple[str, Event]]) -> None:
        log[7], log[9] = log[9], log[7]
        log[6] = ("owner.candidate/say-1", log[6][1])

    history = with_log(swapped)
    shown = h.Whole(room=ROOM, who="candidate", cursor=cursor(15), state=history[3].state, reason=reason)  # type: ignore[union-attr]
    lost = h.Answered(room=ROOM, who="candidate", id="say-0", version=7)
    first = next(at for at, entry in enumerate(history) if answered("say-0")(entry))
    history[first:first] = [h.Injected(fault="redis-flushed"), lost]
    assert ("order_is_kept" in caught([*history, shown])) == is_caught


# --- what people saw ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", PEOPLE)
def test_a_fact_that_somebody_never_saw_is_caught(who: str) -> None:
    assert caught(without(sound(), saw(who, 8))) == {"everybody_saw_the_log"}


def test_a_fact_seen_twice_is_caught() -> None:
    history = sound()
    at = next(place for place, entry in enumerate(history) if saw("coach", 8)(entry))
    assert caught([*history[: at + 1], history[at], *history[at + 1 :]]) == {"everybody_saw_the_log"}


def test_facts_seen_out_of_order_are_caught() -> None:
    history = sound()
    one, other = (next(i for i, entry in enumerate(history) if saw("coach", v)(entry)) for v in (8, 9))
    history[one], history[other] = history[other], history[one]
    assert caught(history) == {"everybody_saw_the_log"}


def test_another_fact_than_the_log_s_is_caught() -> None:
    assert caught(changed(sound(), saw("coach", 10), tag="other")) == {"everybody_saw_the_log"}
    assert caught(changed(sound(), saw("coach", 10), event=typed(0))) == {"everybody_saw_the_log"}


def test_a_room_shown_whole_that_is_not_the_log_s_is_caught() -> None:
    history = changed(sound(), lambda x: isinstance(x, h.Whole) and x.who == "coach", cursor=cursor(4))
    assert "everybody_saw_the_log" in caught(history)


def test_whoever_ends_with_another_room_is_caught() -> None:
    early = snapshot([event for _, event in facts()[:9]], Role.COACH)
    history = changed(sound(), lambda x: isinstance(x, h.Ended) and x.who == "coach", state=early)
    assert caught(history) == {"as_if_never_left"}


def test_whoever_ends_behind_the_closing_is_caught() -> None:
    early = {"state": snapshot([event for _, event in facts()[:9]], Role.COACH), "cursor": cursor(9)}
    history = changed(sound(), lambda x: isinstance(x, h.Ended) and x.who == "coach", **early)
    assert caught(history) == {"as_if_never_left"}


def test_whoever_comes_afterwards_and_sees_another_room_is_caught() -> None:
    early = snapshot([event for _, event in facts()[:9]], Role.COACH)
    history = changed(sound(), lambda x: isinstance(x, h.Afresh) and x.role is Role.COACH, state=early)
    assert caught(history) == {"as_if_never_left"}


@pytest.mark.parametrize("kind", [e.NoteTaken, e.TurnScored])
def test_a_fact_leaked_to_the_candidate_is_caught(kind: type[Event]) -> None:
    at = place(kind)
    leaked = h.Saw(room=ROOM, who="candidate", version=at + 1, tag=f"t{at + 1}", event=facts()[at][1])
    assert "views_never_leak" in caught([*sound(), leaked])


def test_the_reason_of_a_question_leaked_is_caught() -> None:
    at = place(e.QuestionAsked)
    assert "views_never_leak" in caught(changed(sound(), saw("candidate", at + 1), event=facts()[at][1]))


@pytest.mark.parametrize("kind", [h.Whole, h.Ended])
def test_a_whole_room_leaked_is_caught(kind: type[Recorded]) -> None:
    all_of_it = replay(event for _, event in facts())
    history = changed(sound(), lambda x: isinstance(x, kind) and x.who == "candidate", state=all_of_it)  # type: ignore[attr-defined]
    assert "views_never_leak" in caught(history)


def test_running_figures_leaked_are_caught() -> None:
    tell = DeliverySoFar(turn=1, words=3, words_per_minute=None, fillers=0, pauses=0, longest_pause_ms=0)
    assert caught([*sound(), h.Told(room=ROOM, who="candidate", tell=tell)]) == {"views_never_leak"}
    assert caught([*sound(), h.Told(room=ROOM, who="coach", tell=tell)]) == set()


# --- a log that began anew ------------------------------------------------------------------------------------


def restored(*, said: bool = True) -> list[Recorded]:
    """The sound interview, after whose tenth fact Redis lost all but the first eight; the candidate said the rest anew.

    Before the loss everybody had seen ten facts of another life, of which the last two had other tags.
    """
    log = facts()
    if said:
        log.insert(8, ("restored.e", e.RoomRestored(through=8, at_ms=2)))
    history = [entry for entry in sound(log) if not (isinstance(entry, h.Saw) and entry.version <= 9)]
    events = [event for _, event in log]
    at = next(place for place, entry in enumerate(history) if isinstance(entry, h.Put))
    before: list[Recorded] = []
    for who, person in PEOPLE.items():
        for version in range(4, 11):
            if (seen := view(facts()[version - 1][1], person.role)) is not None:
                tag = f"t{version}" if version <= 8 else f"gone{version}"
                before.append(h.Saw(room=ROOM, who=who, version=version, tag=tag, event=seen))
        whole = snapshot(events[:9], person.role)
        there = cursor(9).model_copy(update={"epoch": "new"})
        before.append(h.Whole(room=ROOM, who=who, cursor=there, state=whole, reason=ResetReason.EPOCH))
    history[at:at] = [h.Injected(fault="redis-flushed"), *before]
    return [
        entry.model_copy(update={"cursor": entry.cursor.model_copy(update={"epoch": "new"})})
        if isinstance(entry, h.Ended | h.Afresh)
        else entry
        for entry in history
    ]


def test_what_was_lost_and_said_anew_after_a_restoration_is_no_break() -> None:
    assert broken(restored()) == []


def test_a_new_life_of_the_log_that_nobody_is_told_of_is_caught() -> None:
    assert "every_loss_is_said" in caught(restored(said=False))


def test_whoever_stays_in_a_life_that_is_gone_is_caught() -> None:
    gone = cursor(15).model_copy(update={"tag": "gone15"})
    history = changed(restored(), lambda x: isinstance(x, h.Ended) and x.who == "coach", cursor=gone)
    assert "every_loss_is_said" in caught(history)


def test_what_was_durable_and_is_gone_is_caught() -> None:
    history = restored()
    first = next(place for place, entry in enumerate(history) if saw("coach", 10)(entry))
    held = h.Durable(room=ROOM, who="coach", version=8)
    assert broken([*history[: first + 1], held, *history[first + 1 :]]) == []
    lost = held.model_copy(update={"version": 10})
    assert caught([*history[: first + 1], lost, *history[first + 1 :]]) == {"what_is_durable_stays"}


@pytest.mark.parametrize("reason", [ResetReason.FIRST, ResetReason.TRIMMED])
def test_whoever_saw_what_is_gone_and_is_not_told_that_it_is_is_caught(reason: ResetReason) -> None:
    history = changed(restored(), lambda x: isinstance(x, h.Whole) and x.cursor.epoch == "new", reason=reason)
    assert caught(history) == {"everybody_saw_the_log"}


def test_whoever_was_told_that_their_story_is_lost_and_got_the_room_anew_was_told() -> None:
    def is_new(entry: Recorded) -> bool:
        return isinstance(entry, h.Whole) and entry.cursor.epoch == "new"

    history = changed(restored(), is_new, reason=ResetReason.FIRST)
    for who in PEOPLE:
        at = next(place for place, entry in enumerate(history) if is_new(entry) and entry.who == who)  # type: ignore[union-attr]
        history.insert(at, h.Lost(room=ROOM, who=who, code=4003))
    assert broken(history) == []


def test_a_loss_where_nothing_was_made_to_lose_anything_is_caught() -> None:
    history = without(restored(), lambda x: isinstance(x, h.Injected) and x.fault == "redis-flushed")
    assert caught(history) == {"everybody_saw_the_log"}


# --- wishes, timers, leases -----------------------------------------------------------------------------------


def test_a_wish_that_a_killed_program_put_and_nobody_did_is_caught() -> None:
    wish = h.Put(room=ROOM, who="candidate", id="lost", command=c.TypeAnswer(turn=1, text="Gone."))
    history = [*sound(), wish, h.Killed(room=ROOM, who="candidate")]
    assert caught(history) == {"no_wish_is_forgotten"}
    refused = h.Answered(room=ROOM, who="candidate", id="lost", code="no_open_turn")
    assert broken([*history, refused]) == []


LIMIT = e.AnswerFinished(turn=1, reason=e.Finish.LIMIT)


@pytest.mark.parametrize(
    "event", [e.LobbyOpened(by="greenroom"), e.StartingSoon(starts_at=1), e.TurnLimitNear(turn=1, at_ms=1, ends_ms=2)]
)
def test_a_timer_that_fires_twice_is_caught(event: Event) -> None:
    once = with_log(lambda log: log.insert(9, ("timer.1", event)))
    assert "timers_fire_once" not in caught(once)
    assert "timers_fire_once" in caught(with_log(lambda log: log.__setitem__(slice(9, 9), [("timer.1", event)] * 2)))


def test_a_limit_that_never_comes_is_caught() -> None:
    silent = h.Silent(room=ROOM, who="candidate", turn=1)
    assert caught([*sound(), silent]) == {"timers_fire_once"}
    limited = with_log(lambda log: log.__setitem__(10, (log[10][0], LIMIT)))
    assert "timers_fire_once" not in caught([*limited, silent])


def test_a_planned_time_that_never_comes_is_caught() -> None:
    def planned(log: list[tuple[str, Event]]) -> None:
        assert isinstance(log[0][1], e.RoomOpened)
        log[0] = (log[0][0], log[0][1].model_copy(update={"starts_at": 5}))

    assert "timers_fire_once" in caught(with_log(planned))


@pytest.mark.parametrize("others", [[("worker-2", 7)], [("worker-1", 6)], [("worker-1", 7)]])
def test_two_holders_under_one_number_and_numbers_that_fall_are_caught(others: list[tuple[str, int]]) -> None:
    takings = [h.Taken(room=ROOM, worker=worker, fence=fence) for worker, fence in [("worker-1", 7), *others]]
    assert caught([*sound(), *takings]) == {"leases_are_fenced"}
    assert broken([*sound(), *takings[:1], h.Taken(room=ROOM, worker="worker-1", fence=8)]) == []


# --- how long people wait --------------------------------------------------------------------------------------


def within(entries: list[Recorded], *troubles: tuple[int, int]) -> list[Recorded]:
    """The same history with these faults, and no other."""
    left: list[Recorded] = [entry for entry in entries if not isinstance(entry, h.Injected | h.Healed)]
    for began, healed in troubles:
        left += [h.Injected(fault="web-killed", at_ms=began), h.Healed(fault="web-killed", at_ms=healed)]
    return left


def waits() -> dict[str, list[Recorded]]:
    """Histories in which somebody waits from the second second on for something that comes after 90."""
    late = changed(sound(), answered("say-0"), at_ms=92_000)
    put = next(entry for entry in late if isinstance(entry, h.Put) and entry.id == "say-0")
    late[late.index(put)] = put.model_copy(update={"at_ms": 2_000})
    no = next(entry for entry in late if answered("say-0")(entry))
    refused = no.model_copy(update={"at_ms": 3_000, "version": None, "code": "redis_away"})
    never = h.Put(room=ROOM, who="coach", id="lost", command=c.RepeatQuestion(turn=1), at_ms=2_000)
    way = [
        h.Lost(room=ROOM, who="coach", code=1006, at_ms=2_000),
        h.Lost(room=ROOM, who="coach", code=1006, at_ms=80_000),
    ]
    return {
        "an answer": late,
        "an answer behind a no": [*late[: late.index(no)], refused, *late[late.index(no) :]],
        "no answer": [*sound(), never, h.Stuck(room=ROOM, who="coach", sentence="No answer.", at_ms=92_000)],
        "the way back": [*sound(), *way, h.Back(room=ROOM, who="coach", missed=0, at_ms=92_000)],
        "a way that ends": [*sound(), *way, h.Stuck(room=ROOM, who="coach", sentence="Away.", at_ms=92_000)],
        "a question": [*sound(), h.Waited(room=ROOM, who="candidate", owed="question 2", since_ms=2_000, at_ms=92_000)],
    }


@pytest.mark.parametrize("owed", waits())
def test_whoever_waits_for_more_than_a_minute_is_caught(owed: str) -> None:
    history = waits()[owed]
    assert "nobody_waits_for_long" in caught(within(history))
    assert longest_wait_s(within(history)) == 90
    assert longest_wait_s(within(history, (1_000, 33_000))) == 59
    assert "nobody_waits_for_long" in caught(within(history, (1_000, 31_000)))  # 61 s once that was mended
    assert "nobody_waits_for_long" in caught(within(history, (63_000, 91_000)))  # 61 s before that broke
    assert "nobody_waits_for_long" not in caught(within(history, (1_000, 33_000)))
    assert "nobody_waits_for_long" not in caught(within(history, (10_000, 20_000), (40_000, 50_000)))


def test_a_wish_put_once_more_after_its_answer_was_answered_in_time() -> None:
    again = next(entry for entry in sound() if answered("say-0")(entry)).model_copy(update={"at_ms": 90_000})
    put = next(entry for entry in sound() if isinstance(entry, h.Put) and entry.id == "say-0")
    assert broken(within([*sound(), put.model_copy(update={"at_ms": 89_000}), again])) == []


def test_people_are_patient_enough_to_show_that_they_waited_for_too_long() -> None:
    assert 1000 * PATIENCE_S > 2 * LONG_MS


# --- turns, rooms, reports ------------------------------------------------------------------------------------


def test_a_turn_closed_twice_is_caught() -> None:
    again = ("close.again", facts()[place(e.TurnClosed)][1])
    assert "one_end_each" in caught(with_log(lambda log: log.insert(12, again)))


def test_a_turn_never_closed_is_caught() -> None:
    assert "one_end_each" in caught(with_log(lambda log: log.pop(place(e.TurnClosed))))


def test_a_room_closed_twice_is_caught() -> None:
    assert "one_end_each" in caught(with_log(lambda log: log.insert(14, ("close.again", log[13][1]))))


def test_a_second_score_is_caught() -> None:
    again = ("score.again", facts()[place(e.TurnScored)][1])
    assert caught(with_log(lambda log: log.insert(13, again))) == {"one_score_each"}


def test_a_missing_score_is_caught() -> None:
    assert caught(with_log(lambda log: log.pop(place(e.TurnScored)))) == {"one_score_each"}


def test_a_closed_room_without_a_report_is_caught() -> None:
    assert caught(without(sound(), lambda x: isinstance(x, h.Reported))) == {"the_report_says_what_was_said"}


@pytest.mark.parametrize("answers", [(SAID[:1],), ((*SAID, SAID[0]),), (SAID[::-1],), ()])
def test_a_report_with_other_answers_is_caught(answers: tuple[tuple[str, ...], ...]) -> None:
    history = changed(sound(), lambda x: isinstance(x, h.Reported), answers=answers)
    assert caught(history) == {"the_report_says_what_was_said"}


def test_an_archive_that_ends_too_early_is_caught() -> None:
    history = without(sound(), lambda x: isinstance(x, h.Archived) and x.version > 12)
    assert caught(history) == {"the_archive_is_the_log"}


def test_an_archive_that_parts_from_the_log_is_caught() -> None:
    history = changed(sound(), lambda x: isinstance(x, h.Archived) and x.version == 9, tag="other")
    assert caught(history) == {"the_archive_is_the_log"}


def test_an_interview_that_never_ends_is_caught() -> None:
    history = without(sound(), lambda x: isinstance(x, h.Logged) and x.version >= 14)
    assert "nobody_is_left_behind" in caught(history)


def test_a_ghost_is_caught() -> None:
    assert caught(with_log(lambda log: log.pop())) == {"nobody_is_left_behind"}


def test_whoever_got_stuck_is_caught() -> None:
    assert caught([*sound(), h.Stuck(room=ROOM, who="coach", sentence="No answer.")]) == {"nobody_is_left_behind"}


@pytest.mark.parametrize("heard", [[], ["I measured"], ["I measured it.", "I measured it."]])
def test_words_that_were_said_aloud_and_not_heard_once_are_caught(heard: list[str]) -> None:
    def aloud(log: list[tuple[str, Event]], texts: list[str]) -> None:
        for number, text in enumerate(texts):
            said = Utterance(id=f"1.voice.{number}", source=Source.VOICE, text=text, start_ms=0, end_ms=1)
            log.insert(9, (f"hear.{number}", e.UtteranceHeard(turn=1, utterance=said)))

    spoken = h.Spoken(room=ROOM, who="candidate", turn=1, text="I measured it.")
    assert "what_is_said_is_heard_once" in caught([*with_log(lambda log: aloud(log, heard)), spoken])
    assert "what_is_said_is_heard_once" not in caught([*with_log(lambda log: aloud(log, [spoken.text])), spoken])


@pytest.mark.parametrize(("cut", "breaks"), [(False, {"who_never_reads_is_cut"}), (True, set())])
def test_whoever_reads_nothing_and_is_not_cut_is_caught(cut: bool, breaks: set[str]) -> None:
    assert caught([*sound(), h.Unread(room=ROOM, who="stuck coach", cut=cut)]) == breaks


def test_whoever_is_sent_a_lot_and_is_cut_by_a_ping_only_is_caught() -> None:
    found = h.Unread(room=ROOM, who="stuck coach", cut=True, by_ping=True)
    assert broken([*sound(), found]) == []
    assert caught([*sound(), found.model_copy(update={"full": True})]) == {"who_never_reads_is_cut"}


def test_a_process_that_died_by_itself_is_caught() -> None:
    assert caught([*sound(), h.Died(process="web-1", sentence="ended by itself")]) == {"no_process_breaks"}


# --- what is told of a break ----------------------------------------------------------------------------------


def test_every_invariant_is_broken_by_some_test_here() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in INVARIANTS if f'"{name}"' not in source] == []


def test_the_story_of_a_doubled_word_names_the_fault_the_command_and_both_places() -> None:
    history = with_log(lambda log: log.insert(10, log[7]))
    broke = next(broke for broke in broken(history) if broke.invariant == "nothing_happens_twice")
    lines = story(history, broke)
    assert any("web-killed" in line for line in lines)
    assert any("candidate puts type_answer as say-0" in line for line in lines)
    assert [line for line in lines if "log  8:" in line or "log  11:" in line]
    assert not any(NOTE in line for line in lines)


def test_a_story_is_short() -> None:
    history = sound()
    everything = Break(sentence="all", room=ROOM, versions=tuple(range(1, 20)), ids=tuple(id for _, id in COMMANDS))
    assert len(story(history, everything)) <= 17


def test_a_history_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text(h.written(sound()), encoding="utf-8")
    assert h.read(path) == sound()

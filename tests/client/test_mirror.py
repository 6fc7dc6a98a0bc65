"""The mirror: what the server shows makes the same room, and a hole in the story is never papered over."""

import pytest

from client.mirror import LostTrackError, Mirror
from rooms import commands as c
from rooms.people import SYSTEM, Role
from rooms.protocol import Happened, HearingTrouble, Partial, Speaking, Telling, TurnEnding, Welcome
from rooms.transcript import Source, Utterance
from tests.client.toy import ADA, GRACE, ToyRoom


@pytest.fixture
def toy() -> ToyRoom:
    toy = ToyRoom()
    for who, connection in ((ADA, "s-a"), (GRACE, "s-g")):
        toy.command(c.Join(participant=who, connection=connection, worker="w"), SYSTEM)
    for wish in (c.GiveConsent(notice="2026-11"), c.StartInterview()):
        toy.command(wish, ADA)
    toy.ask()
    toy.command(c.BeginAnswer(turn=1), ADA)
    return toy


def entered(toy: ToyRoom, mirror: Mirror | None = None) -> tuple[Mirror, list[Happened]]:
    """The mirror after the welcome that its cursor leads to, and the missed facts that follow."""
    mirror = mirror or Mirror()
    welcome, *missed = toy.welcome(mirror.cursor, ADA)
    assert isinstance(welcome, Welcome)
    return mirror.welcomed(welcome), [fact for fact in missed if isinstance(fact, Happened)]


def test_a_first_welcome_shows_the_room_whole(toy: ToyRoom) -> None:
    mirror, missed = entered(toy)
    assert mirror.room == toy.seen_by(Role.CANDIDATE)
    assert mirror.cursor == toy.cursor()
    assert missed == []


def test_facts_make_the_room_that_a_fresh_welcome_shows(toy: ToyRoom) -> None:
    mirror, _ = entered(toy)
    behind = len(toy.log)
    toy.command(c.TypeAnswer(turn=1, text="We tried."), ADA)
    toy.coach(c.Whisper(text="Slower"))
    for fact in toy.story(Role.CANDIDATE, behind, behind):
        mirror = mirror.happened(fact)
    assert mirror.room == toy.seen_by(Role.CANDIDATE)
    assert mirror.cursor == toy.cursor()


def test_a_resume_brings_what_was_missed(toy: ToyRoom) -> None:
    mirror, _ = entered(toy)
    toy.command(c.TypeAnswer(turn=1, text="We tried."), ADA)
    mirror, missed = entered(toy, mirror)
    assert mirror.owed == len(missed) == 1
    mirror = mirror.happened(missed[0])
    assert (mirror.owed, mirror.room) == (0, toy.seen_by(Role.CANDIDATE))


def test_a_resume_leads_past_facts_that_are_not_ours_to_see(toy: ToyRoom) -> None:
    mirror, _ = entered(toy)
    toy.command(c.TypeAnswer(turn=1, text="We tried."), ADA)
    toy.coach(c.TakeNote(text="hm"))
    mirror, (missed,) = entered(toy, mirror)
    assert mirror.happened(missed).cursor == toy.cursor()


def test_a_resume_with_nothing_missed_moves_the_cursor(toy: ToyRoom) -> None:
    mirror, _ = entered(toy)
    toy.coach(c.TakeNote(text="hm"))
    mirror, missed = entered(toy, mirror)
    assert (mirror.cursor, missed) == (toy.cursor(), [])


def test_a_fact_after_an_unseen_one_is_no_hole(toy: ToyRoom) -> None:
    mirror, _ = entered(toy)
    behind = len(toy.log)
    toy.coach(c.TakeNote(text="hm"))
    toy.coach(c.Whisper(text="Slower"))
    (fact,) = toy.story(Role.CANDIDATE, behind, behind)
    assert mirror.happened(fact).cursor == toy.cursor()


def test_a_missing_fact_is_noticed_and_can_be_resumed(toy: ToyRoom) -> None:
    mirror, _ = entered(toy)
    behind = len(toy.log)
    toy.command(c.TypeAnswer(turn=1, text="One."), ADA)
    toy.command(c.TypeAnswer(turn=1, text="Two."), ADA)
    _, second = toy.story(Role.CANDIDATE, behind, behind)
    with pytest.raises(LostTrackError) as lost:
        mirror.happened(second)
    assert lost.value.resumable


def test_a_fact_told_twice_happens_once(toy: ToyRoom) -> None:
    mirror, _ = entered(toy)
    behind = len(toy.log)
    toy.command(c.TypeAnswer(turn=1, text="One."), ADA)
    (fact,) = toy.story(Role.CANDIDATE, behind, behind)
    once = mirror.happened(fact)
    assert once.happened(fact) is once


def test_another_fact_at_the_same_version_is_a_fork(toy: ToyRoom) -> None:
    mirror, _ = entered(toy)
    fact = toy.story(Role.CANDIDATE, 0, 0)[-1].model_copy(update={"tag": "other"})
    with pytest.raises(LostTrackError) as lost:
        mirror.happened(fact)
    assert not lost.value.resumable


def test_a_fact_that_does_not_fit_the_room_is_lost_track(toy: ToyRoom) -> None:
    mirror, _ = entered(toy)
    behind = len(toy.log)
    toy.command(c.TypeAnswer(turn=1, text="One."), ADA)
    (fact,) = toy.story(Role.CANDIDATE, behind, behind)
    odd = fact.model_copy(update={"event": fact.event.model_copy(update={"turn": 9})})
    with pytest.raises(LostTrackError):
        mirror.happened(odd)


def test_nothing_can_be_resumed_before_the_first_welcome(toy: ToyRoom) -> None:
    welcome = toy.welcome(toy.cursor(), ADA)[0]
    assert isinstance(welcome, Welcome)
    with pytest.raises(LostTrackError):
        Mirror().welcomed(welcome)
    with pytest.raises(LostTrackError):
        Mirror().happened(toy.story(Role.CANDIDATE, 0, 0)[0])


def test_a_resume_into_another_life_of_the_log_is_refused(toy: ToyRoom) -> None:
    mirror, _ = entered(toy)
    welcome = toy.welcome(mirror.cursor, ADA)[0]
    assert isinstance(welcome, Welcome)
    other = welcome.cursor.model_copy(update={"epoch": "another"})
    with pytest.raises(LostTrackError):
        mirror.welcomed(welcome.model_copy(update={"cursor": other}))


def partial(utterance: str, text: str) -> Telling:
    return Telling(what=Partial(turn=1, utterance=utterance, stable=text, unstable=""))


def test_of_what_is_told_the_latest_of_each_kind_is_kept(toy: ToyRoom) -> None:
    mirror, _ = entered(toy)
    trouble = HearingTrouble(code="hearing_behind", sentence="Wait.")
    for telling in (partial("u1", "we"), Telling(what=trouble), partial("u1", "we tried")):
        mirror = mirror.heard(telling)
    assert mirror.partial is not None
    assert mirror.partial.stable == "we tried"
    assert trouble in mirror.told


@pytest.mark.parametrize(("heard", "left"), [("u1", None), ("u0", "u1")])
def test_a_partial_ends_with_its_own_utterance_only(toy: ToyRoom, heard: str, left: str | None) -> None:
    mirror, _ = entered(toy)
    mirror = mirror.heard(partial("u1", "we"))
    behind = len(toy.log)
    words = Utterance(id=heard, source=Source.VOICE, text="we tried", start_ms=1, end_ms=2)
    toy.command(c.HearUtterance(turn=1, utterance=words), SYSTEM)
    (fact,) = toy.story(Role.CANDIDATE, behind, behind)
    after = mirror.happened(fact).partial
    assert (after.utterance if after else None) == left
    assert mirror.happened(fact).heard(partial("u1", "we")).partial == after  # it waited behind the fact


def test_what_was_told_of_a_turn_is_not_taken_for_new_behind_its_end(toy: ToyRoom) -> None:
    mirror, _ = entered(toy)
    behind = len(toy.log)
    toy.command(c.TypeAnswer(turn=1, text="We tried."), ADA)
    toy.command(c.FinishAnswer(turn=1), ADA)
    toy.command(c.CloseTurn(turn=1), SYSTEM)
    trouble = Telling(what=HearingTrouble(code="hearing_behind", sentence="Wait."))
    ends = Telling(what=TurnEnding(turn=1, on=True))
    told = (partial("u9", "we"), Telling(what=Speaking(turn=1, on=True)), ends, trouble)
    before = after = mirror
    for telling in told:
        before = before.heard(telling)
    for fact in toy.story(Role.CANDIDATE, behind, behind):
        before, after = before.happened(fact), after.happened(fact)
    for telling in told:
        after = after.heard(telling)
    assert before.told == after.told == (trouble.what,)

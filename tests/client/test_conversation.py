"""The conversation, step by step: what is sent when, and what each message leads to."""

import json
from itertools import count, pairwise

import pytest

from client.closing import AfterClose
from client.conversation import OUTBOX_LIMIT, Conversation
from client.errors import ClosedError, RefusedError
from client.news import Back, Moved, Unkept, Whole
from client.outbox import KEPT_LIMIT, NOT_YET_LIMIT
from client.ring import UNSAFE_LIMIT_MS
from rooms import commands as c
from rooms.people import SYSTEM
from rooms.protocol import (
    VERSION,
    Accepted,
    AudioSafe,
    Close,
    Goodbye,
    Moving,
    Refused,
    ResetReason,
    ServerMessage,
    unpack_frame,
)
from tests.client.toy import ADA, GRACE, ToyRoom

FRAME = bytes(32 * 40)
ANSWERING = ["start_interview", "begin_answer"]


class Line:
    """A conversation with a toy room, one step at a time."""

    def __init__(self) -> None:
        ids = count()
        self.talk = Conversation(new_id=lambda: f"c-{next(ids)}")
        self.toy = ToyRoom()
        self.connections = count()
        self.down: list[ServerMessage] = []
        self.name = ""
        self.started = 0
        """How long the log was when the interview began."""

    def connect(self) -> list:
        self.name = f"s-{next(self.connections)}"
        self.down = self.toy.connect(self.name, self.talk.hello("ticket"), ADA)
        return self.take_all()

    def take_all(self) -> list:
        news = []
        while self.down:
            news.append(self.talk.receive(self.down.pop(0).model_dump_json()))
        return news

    def say(self, *commands: c.PersonCommand) -> list:
        for command in commands:
            self.talk.put(command)
        return self.flush()

    def flush(self) -> list:
        for message in self.talk.due(1000):
            self.toy.receive(self.name, message)
        return self.take_all()

    def drop(self, code: int = 1006) -> AfterClose:
        self.toy.hang_up(self.name)
        return self.talk.dropped(code)

    def drop_silently(self) -> None:
        """The worker is gone, and whoever was connected to it."""
        self.talk.dropped(1006)
        self.down = []

    def answering(self) -> None:
        """On to the candidate's first answer, microphone open."""
        self.connect()
        opening = c.OpenMicrophone(stream="m-1", sample_rate=16_000)
        self.say(c.GiveConsent(notice="2026-11"), opening, c.StartInterview())
        self.talk.begin_stream("m-1")
        self.started = len(self.toy.log)
        self.toy.ask()
        self.take_all()
        self.say(c.BeginAnswer(turn=1))

    def tell(self, message: ServerMessage):
        return self.talk.receive(message.model_dump_json())


@pytest.fixture
def line() -> Line:
    return Line()


def kinds(messages: list) -> list:
    """Frames as their numbers, commands as their kinds."""
    return [
        unpack_frame(message).seq if isinstance(message, bytes) else json.loads(message)["command"]["kind"]
        for message in messages
    ]


# --- coming in ---


def test_hello_names_the_protocol_and_no_cursor_at_first(line: Line) -> None:
    hello = json.loads(line.talk.hello("t-1"))
    assert (hello["type"], hello["protocol"], hello["ticket"], hello["resume"]) == ("hello", VERSION, "t-1", None)


def test_nothing_is_sent_before_the_welcome(line: Line) -> None:
    line.talk.put(c.GiveConsent(notice="2026-11"))
    line.talk.hello("ticket")
    assert line.talk.due() == []


def test_a_first_welcome_is_told_as_the_room_whole(line: Line) -> None:
    (news,) = line.connect()
    assert news.changes == (Whole(line.talk.mirror.room, ResetReason.FIRST),)
    assert line.talk.you == ADA


def test_a_return_names_the_cursor_and_tells_how_much_was_missed(line: Line) -> None:
    line.answering()
    line.drop()
    assert json.loads(line.talk.hello("t-2"))["resume"] == line.talk.mirror.cursor.model_dump()
    news = line.connect()
    missed = news[0].changes[0].missed
    assert news[0].changes == (Back(missed),)
    assert missed == len(news) - 1 > 0


def test_after_lost_track_the_room_is_asked_for_whole(line: Line) -> None:
    line.answering()
    assert line.drop(Close.LOST_TRACK) is AfterClose.AFRESH
    assert json.loads(line.talk.hello("t-2"))["resume"] is None
    line.connect()
    line.drop()
    assert json.loads(line.talk.hello("t-3"))["resume"] is not None


def test_a_hole_in_the_story_leads_back_to_the_cursor(line: Line) -> None:
    line.answering()
    line.toy.command(c.TypeAnswer(turn=1, text="One."), ADA)
    line.toy.command(c.TypeAnswer(turn=1, text="Two."), ADA)
    del line.down[0]
    (news,) = line.take_all()
    assert news.leave is AfterClose.PAUSE
    line.drop(1000)
    line.connect()
    assert line.talk.mirror.room == line.toy.seen_by(ADA.role)


# --- commands ---


def test_commands_go_out_in_order_and_once_a_connection(line: Line) -> None:
    line.connect()
    line.talk.put(c.GiveConsent(notice="2026-11"))
    line.talk.put(c.StartInterview())
    assert kinds(line.talk.due()) == ["give_consent", "start_interview"]
    assert line.talk.due() == []


def test_an_answer_takes_its_command_out_of_the_outbox(line: Line) -> None:
    line.connect()
    id = line.talk.put(c.GiveConsent(notice="2026-11"))
    other = line.talk.put(c.StartInterview())
    news = line.tell(Accepted(id=id, version=4))
    assert news.answer == Accepted(id=id, version=4)
    assert line.talk.unanswered == (other,)


def test_a_refusal_is_an_answer_too(line: Line) -> None:
    line.connect()
    news = line.say(c.StartInterview())
    assert news[-1].answer.code == "consent_needed"
    assert line.talk.unanswered == ()


def test_unanswered_commands_are_sent_again_with_the_same_ids(line: Line) -> None:
    line.connect()
    line.talk.put(c.GiveConsent(notice="2026-11"))
    before = line.talk.due()
    line.drop()
    line.connect()
    assert line.talk.due() == before


def test_a_command_done_just_before_the_drop_is_done_once(line: Line) -> None:
    line.answering()
    line.talk.put(c.TypeAnswer(turn=1, text="Once."))
    for message in line.talk.due():
        line.toy.receive(line.name, message)
    line.drop()  # the answer never arrives
    line.connect()
    line.flush()
    assert line.talk.unanswered == ()
    assert [u.text for u in line.toy.room.turns[0].utterances] == ["Once."]


def test_a_command_from_somebody_the_server_forgot_is_put_again_after_a_return(line: Line) -> None:
    line.answering()
    line.talk.put(c.TypeAnswer(turn=1, text="Still here."))
    line.talk.due()
    forgotten = Refused(id=line.talk.unanswered[0], code="not_in_room", sentence="Connect again.", retry=True)
    assert line.tell(forgotten).leave is AfterClose.PAUSE
    assert len(line.talk.unanswered) == 1
    line.drop(1000)
    line.connect()
    assert kinds(line.talk.due()) == ["type_answer"]
    assert line.tell(forgotten).answer == forgotten  # once more is enough


def test_a_full_outbox_refuses_more(line: Line) -> None:
    for _ in range(OUTBOX_LIMIT):
        line.talk.put(c.StartInterview())
    with pytest.raises(RefusedError) as refused:
        line.talk.put(c.StartInterview())
    assert (refused.value.code, refused.value.retry) == ("outbox_full", True)


def test_a_refusal_without_an_id_is_told(line: Line) -> None:
    line.connect()
    stray = Refused(id=None, code="frame_invalid", sentence="No frame.", retry=False)
    assert line.tell(stray).changes == (stray,)


def test_typing_is_said_once_and_forgotten_while_away(line: Line) -> None:
    line.talk.typing(1)
    line.connect()
    assert line.talk.due() == []
    line.talk.typing(1)
    assert [json.loads(m) for m in line.talk.due()] == [{"type": "typing", "turn": 1}]
    assert line.talk.due() == []


# --- audio ---


def test_frames_and_commands_keep_their_order_across_a_drop(line: Line) -> None:
    line.answering()
    line.talk.record(FRAME, 0)
    line.talk.put(c.HoldTurn(turn=1))
    line.talk.record(FRAME, 40)
    line.talk.put(c.FinishAnswer(turn=1, stream="m-1", through=1))
    line.talk.record(FRAME, 80)
    in_order = [0, "hold_turn", 1, "finish_answer", 2]
    assert kinds(line.talk.due()) == in_order
    line.drop()
    line.connect()
    assert kinds(line.talk.due()) == in_order


def test_a_command_does_not_wait_for_frames_that_are_held_back(line: Line) -> None:
    line.answering()
    while line.talk.record(FRAME, 0):
        pass
    line.talk.put(c.EndInterview())
    sent = kinds(line.talk.due(10_000))
    assert sent[-1] == "end_interview"
    assert len(sent) - 1 < UNSAFE_LIMIT_MS // 40


def test_a_return_sends_again_from_behind_the_last_safe_frame(line: Line) -> None:
    line.answering()
    for n in range(10):
        line.talk.record(FRAME, 40 * n)
    for message in line.talk.due()[:6]:
        line.toy.receive(line.name, message)
    line.drop()
    line.connect()
    assert kinds(line.talk.due()) == [6, 7, 8, 9]


def test_frames_that_were_not_kept_are_sent_again_when_asked_once(line: Line) -> None:
    line.answering()
    for n in range(10):
        line.talk.record(FRAME, 40 * n)
    line.talk.due()
    again = AudioSafe(stream="m-1", through=3, again=True)
    line.tell(again)
    assert kinds(line.talk.due()) == [4, 5, 6, 7, 8, 9]
    line.tell(again)  # the answer to another batch that was on its way
    assert line.talk.due() == []
    line.tell(AudioSafe(stream="m-1", through=5, again=True))
    assert kinds(line.talk.due()) == [6, 7, 8, 9]


def test_an_acknowledgement_of_another_stream_means_nothing(line: Line) -> None:
    line.answering()
    line.talk.record(FRAME, 0)
    line.tell(AudioSafe(stream="m-0", through=0))
    assert not line.talk.ring.all_safe


def test_after_a_fork_what_was_accepted_is_offered_again_in_order_ahead_of_what_was_not(line: Line) -> None:
    line.answering()
    line.talk.record(FRAME, 0)
    line.flush()
    line.talk.put(c.EndInterview())
    line.toy.fail_over(versions=4)  # back to before the microphone was opened
    assert line.toy.room.microphone is None
    line.talk.dropped(1006)
    (news,) = line.connect()
    assert news.changes[0].reason is ResetReason.EPOCH
    assert kinds(line.talk.due()) == ["give_consent", "open_microphone", *ANSWERING, "end_interview"]


def test_after_a_fork_that_forgot_the_microphone_it_is_opened_again_first(line: Line) -> None:
    line.answering()
    line.toy.archive()
    line.take_all()
    line.talk.record(FRAME, 0)
    line.flush()
    line.talk.put(c.EndInterview())
    line.toy.durable = 0  # a server that loses what it said was durable
    line.toy.fail_over(versions=4)
    line.talk.dropped(1006)
    line.connect()
    assert kinds(line.talk.due()) == ["open_microphone", "end_interview"]


def test_audio_that_a_fork_forgot_is_sent_again_from_the_kept_seconds(line: Line) -> None:
    line.answering()
    for n in range(20):
        line.talk.record(FRAME, 40 * n)
    line.flush()
    assert line.talk.ring.all_safe
    line.toy.fail_over(versions=0, frames=5)
    line.talk.dropped(1006)
    line.connect()
    line.flush()  # the microphone, once more
    line.flush()
    assert len(line.toy.audio["m-1"]) == 20


def test_audio_that_is_lost_on_the_server_and_here_closes_the_stream_not_the_visit(line: Line) -> None:
    line.answering()
    for n in range(500):
        line.talk.record(FRAME, 40 * n)
        line.flush()
    line.toy.fail_over(versions=0, frames=499)
    line.talk.dropped(1006)
    line.connect()
    assert line.talk.ring is None
    assert line.talk.over is None


def test_what_is_kept_of_the_voice_goes_when_consent_is_withdrawn(line: Line) -> None:
    line.answering()
    line.talk.record(FRAME, 0)
    line.say(c.WithdrawConsent())
    assert line.talk.mirror.room.withdrawn
    assert line.talk.ring is None


# --- until it is durable ---


def test_what_is_accepted_is_kept_until_it_is_durable(line: Line) -> None:
    line.connect()
    line.say(c.GiveConsent(notice="2026-11"), c.StartInterview())
    assert line.talk.standing == (0, 2, 0, 0)
    line.toy.archive(3)  # the opening, a joining and the consent
    line.take_all()
    assert line.talk.standing == (0, 1, 1, 0)
    line.toy.archive()
    line.take_all()
    assert line.talk.standing == (0, 0, 2, 0)


def test_a_version_that_was_durable_in_another_life_of_the_log_proves_nothing(line: Line) -> None:
    line.connect()
    line.say(c.GiveConsent(notice="2026-11"))
    accepted = len(line.toy.log)
    line.toy.fail_over(versions=2)
    line.drop_silently()
    for n in range(3):
        line.toy.command(c.Join(participant=GRACE, connection=f"s-{n}", worker="w"), SYSTEM)
    line.toy.archive()
    assert line.toy.durable >= accepted
    line.connect()
    assert not line.talk.mirror.room.consented
    line.flush()
    assert line.talk.mirror.room.consented


def test_a_resume_offers_nothing_again_that_was_accepted(line: Line) -> None:
    line.connect()
    line.say(c.GiveConsent(notice="2026-11"))
    line.drop()
    line.connect()
    assert line.talk.due() == []


def test_what_was_refused_is_never_offered_again(line: Line) -> None:
    line.connect()
    line.say(c.StartInterview(), c.GiveConsent(notice="2026-11"))
    line.toy.fail_over(versions=1)
    line.drop_silently()
    line.connect()
    assert kinds(line.talk.due()) == ["give_consent"]


def test_what_is_refused_when_it_is_offered_again_is_told(line: Line) -> None:
    line.answering()
    line.say(c.TypeAnswer(turn=1, text="Said once."))
    line.toy.fail_over(versions=1)
    line.drop_silently()
    line.toy.coach(c.EndInterview())
    line.connect()
    told = [change for news in line.flush() for change in news.changes if isinstance(change, Unkept)]
    assert told[-1].command == c.TypeAnswer(turn=1, text="Said once.", question="Why?")
    assert line.talk.standing.pending == 0


def test_a_fault_met_while_offering_again_is_no_refusal(line: Line) -> None:
    line.answering()
    line.toy.fail_over(versions=1)
    line.drop_silently()
    line.connect()
    offered = line.talk.due()
    first = json.loads(offered[0])["id"]
    line.tell(Refused(id=first, code="redis_away", sentence="Not now.", retry=True))
    line.talk.put(c.EndInterview())
    assert line.talk.due() == []  # nothing overtakes it
    assert line.talk.offer_held()
    assert [json.loads(message)["id"] for message in line.talk.due()][:1] == [first]


def loses_an_answer_with_its_question(line: Line) -> None:
    line.answering()
    line.say(c.TypeAnswer(turn=1, text="Said once."))
    line.toy.fail_over(versions=len(line.toy.log) - line.started)
    line.drop_silently()
    line.connect()


def test_an_answer_whose_question_was_lost_with_it_waits_until_it_is_asked_again(line: Line) -> None:
    loses_an_answer_with_its_question(line)
    assert [change for news in line.flush() for change in news.changes if isinstance(change, Unkept)] == []
    assert line.talk.due() == []  # a second has to pass first
    line.toy.ask()
    line.take_all()
    assert line.talk.offer_held()
    line.flush()
    assert [said.text for said in line.toy.room.turns[0].utterances] == ["Said once."]


def test_an_answer_whose_question_is_not_asked_again_is_told_in_the_end(line: Line) -> None:
    loses_an_answer_with_its_question(line)
    told = [change for news in line.flush() for change in news.changes]
    for _ in range(NOT_YET_LIMIT):
        assert Unkept not in map(type, told)
        assert line.talk.offer_held()
        told += [change for news in line.flush() for change in news.changes]
    assert Unkept in map(type, told)
    assert line.talk.standing.pending == 0


def test_an_answer_waits_while_the_turn_before_its_own_is_open_again(line: Line) -> None:
    line.answering()
    line.toy.archive()
    line.say(c.TypeAnswer(turn=1, text="First."), c.FinishAnswer(turn=1))
    line.toy.command(c.CloseTurn(turn=1), SYSTEM)
    line.toy.ask("And then?")
    line.take_all()
    line.say(c.TypeAnswer(turn=2, text="Second."))
    line.toy.fail_over(versions=len(line.toy.log))
    line.drop_silently()
    line.connect()
    assert [change for news in line.flush() for change in news.changes if isinstance(change, Unkept)] == []
    line.toy.command(c.CloseTurn(turn=1), SYSTEM)
    line.toy.ask("And then?")
    line.take_all()
    assert line.talk.offer_held()
    line.flush()
    assert [[said.text for said in turn.utterances] for turn in line.toy.room.turns] == [["First."], ["Second."]]


def test_an_answer_whose_turn_has_another_question_by_now_is_no_answer_to_it_and_is_told(line: Line) -> None:
    line.answering()
    answer = c.TypeAnswer(turn=1, text="Said to another.")
    line.say(answer, c.FinishAnswer(turn=1))
    line.toy.fail_over(versions=len(line.toy.log) - line.started)
    line.toy.ask("And why not?")
    line.drop_silently()
    line.connect()
    told = [change for news in line.flush() for change in news.changes if isinstance(change, Unkept)]
    assert [(unkept.command.kind, unkept.refused.code) for unkept in told] == [
        (kind, "other_question") for kind in ("begin_answer", "type_answer", "finish_answer")
    ]
    assert told[1].command == answer.but(question="Why?")
    turn = line.toy.room.turn
    assert (turn.began_ms, turn.utterances, turn.finished) == (None, (), None)
    line.say(c.TypeAnswer(turn=1, text="Said to this one."))
    assert [said.text for said in line.toy.room.turn.utterances] == ["Said to this one."]


def test_a_server_of_the_release_before_is_not_told_which_question_is_meant(line: Line) -> None:
    line.answering()
    line.talk.put(c.HoldTurn(turn=1))
    assert json.loads(line.talk.due()[0])["command"]["question"] == "Why?"
    line.drop(Close.PROTOCOL_UNKNOWN)
    line.connect()
    assert "question" not in json.loads(line.talk.due()[0])["command"]


def test_no_more_is_offered_at_a_time_than_a_server_takes(line: Line) -> None:
    line.answering()
    for n in range(3):
        line.say(*(c.TypeAnswer(turn=1, text=f"{n}.{m}") for m in range(30)))
    line.toy.fail_over(versions=90)
    line.drop_silently()
    line.connect()
    line.flush()
    said = [len(line.toy.room.turns[0].utterances)]
    while line.talk.offer_held():
        line.flush()
        said.append(len(line.toy.room.turns[0].utterances))
    assert said[-1] == 90
    assert max(later - sooner for sooner, later in pairwise([0, *said])) <= 40
    assert [u.text for u in line.toy.room.turns[0].utterances] == [f"{n}.{m}" for n in range(3) for m in range(30)]


def test_while_the_archive_is_away_for_long_the_oldest_accepted_are_let_go(line: Line) -> None:
    line.answering()
    for n in range(KEPT_LIMIT):
        line.say(c.TypeAnswer(turn=1, text=f"{n}"))
    assert line.talk.standing == (0, KEPT_LIMIT, 0, 4)


def test_a_server_of_the_release_before_keeps_nobody_waiting_for_what_it_never_says(line: Line) -> None:
    line.talk.hello("t")
    line.tell(line.toy.welcome(None, ADA)[0].model_copy(update={"protocol": 1, "durable": 0}))
    id = line.talk.put(c.GiveConsent(notice="2026-11"))
    line.tell(Accepted(id=id, version=9))
    assert line.talk.standing == (0, 0, 1, 0)


def test_a_worker_of_the_release_before_is_spoken_to_in_its_version(line: Line) -> None:
    line.talk.hello("t")
    assert line.talk.dropped(Close.PROTOCOL_UNKNOWN) is AfterClose.AT_ONCE
    assert json.loads(line.talk.hello("t"))["protocol"] == VERSION - 1
    line.talk.dropped(1006)
    assert json.loads(line.talk.hello("t"))["protocol"] == VERSION
    line.talk.dropped(Close.PROTOCOL_UNKNOWN)
    line.talk.hello("t")
    assert line.talk.dropped(Close.PROTOCOL_UNKNOWN) is AfterClose.STAY_AWAY


# --- a second socket ---


def test_the_second_socket_is_in_use_from_its_welcome_on(line: Line) -> None:
    line.answering()
    line.talk.put(c.TypeAnswer(turn=1, text="On its way."))
    on_its_way = line.talk.due()
    hello, first = line.talk.hello("t-2"), line.name
    line.toy.coach(c.Whisper(text="Slower"))  # heard on the first, after the hello
    line.take_all()
    second = line.toy.connect("s-second", hello, ADA)
    news = line.talk.taken_in(second.pop(0).model_dump_json())
    assert isinstance(news.changes[0], Moved)
    line.toy.receive(first, on_its_way[0])  # it arrives all the same
    line.name, line.down = "s-second", second
    line.flush()
    assert [u.text for u in line.toy.room.turns[0].utterances] == ["On its way."]
    assert line.talk.standing.pending == 0
    assert line.talk.mirror.room == line.toy.seen_by(ADA.role)
    assert line.talk.mirror.owed == 0


def test_a_second_socket_that_is_not_welcomed_changes_nothing(line: Line) -> None:
    line.answering()
    line.talk.hello("t-2")
    assert line.talk.taken_in(Goodbye(code="going_away", sentence="Restarting.", retry=True).model_dump_json()) is None
    assert line.talk.taken_in("?") is None
    assert line.talk.live
    line.say(c.TypeAnswer(turn=1, text="Still here."))
    assert line.talk.standing.pending == 0


# --- going ---


def test_a_moving_worker_is_left_for_a_second_socket_within_its_time(line: Line) -> None:
    line.connect()
    news = line.tell(Moving(within_ms=1000))
    assert (news.move_within_ms, news.leave, line.talk.live) == (1000, None, True)


def test_a_refused_entry_ends_the_visit_with_the_goodbyes_words(line: Line) -> None:
    line.talk.hello("ticket")
    line.tell(Goodbye(code="seat_taken", sentence="Taken.", retry=False))
    assert line.talk.dropped(Close.REFUSED) is AfterClose.STAY_AWAY
    assert isinstance(line.talk.over, RefusedError)
    assert (line.talk.over.code, line.talk.over.sentence) == ("seat_taken", "Taken.")


def test_a_second_device_ends_the_visit(line: Line) -> None:
    line.connect()
    assert line.drop(Close.TAKEN_OVER) is AfterClose.STAY_AWAY
    assert isinstance(line.talk.over, ClosedError)


def test_three_bad_tickets_in_a_row_are_enough(line: Line) -> None:
    for _ in range(2):
        line.talk.hello("ticket")
        assert line.talk.dropped(Close.TICKET_INVALID) is AfterClose.NEW_TICKET
    line.connect()
    line.drop()
    for _ in range(2):
        line.talk.hello("ticket")
        assert line.talk.dropped(Close.TICKET_INVALID) is AfterClose.NEW_TICKET
    line.talk.hello("ticket")
    assert line.talk.dropped(Close.TICKET_INVALID) is AfterClose.STAY_AWAY


def test_a_return_ticket_says_hello_once_and_coming_too_late_with_it_is_no_bad_ticket(line: Line) -> None:
    line.connect()
    welcome = line.toy.welcome(None, ADA)[0]
    line.tell(welcome.model_copy(update={"return_ticket": "back", "return_after_ms": 1_500}))
    assert (line.talk.return_ticket, line.talk.return_after_s) == ("back", 1.5)
    line.drop()
    line.talk.hello("back")
    assert line.talk.dropped(Close.TICKET_INVALID) is AfterClose.NEW_TICKET
    assert (line.talk.return_ticket, line.talk.return_refused) == (None, True)
    for _ in range(2):
        line.talk.hello("ticket")
        assert line.talk.dropped(Close.TICKET_INVALID) is AfterClose.NEW_TICKET
        assert not line.talk.return_refused


@pytest.mark.parametrize("text", ["{", '{"type":"event"}', '{"type":"welcome","new":1}', "[]", '{"type":"later"}'])
def test_what_cannot_be_read_ends_the_visit_with_a_sentence(line: Line, text: str) -> None:
    line.connect()
    assert line.talk.receive(text).leave is AfterClose.STAY_AWAY
    assert "release" in line.talk.over.sentence

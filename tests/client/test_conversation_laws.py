"""Laws of the conversation: however the network behaves, nothing is lost, doubled, or told out of order."""

from collections import deque
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from client.closing import AfterClose
from client.conversation import Conversation
from rooms import commands as c
from rooms.protocol import Close
from rooms.transcript import Source
from tests.client.toy import ADA, ToyRoom
from tests.client.troubled import Troubled

COMES_BACK = st.sampled_from([1006, 1000, 1011, Close.GOING_AWAY, Close.TRY_AGAIN, Close.TOO_SLOW, Close.LOST_TRACK])


class BadNetwork(RuleBasedStateMachine):
    """A candidate types and speaks over a network that delivers in order, late, or not at all."""

    def __init__(self) -> None:
        super().__init__()
        self.ids = count()
        self.talk = Conversation(new_id=lambda: f"c-{next(self.ids)}")
        self.toy = ToyRoom()
        self.connections = count()
        self.connection: str | None = None
        self.up: deque[str | bytes] = deque()
        self.down: list = []
        self.typed: list[str] = []
        self.spoken: list[bytes] = []
        self.answers: list[str] = []
        self.puts: list[str] = []

    @initialize()
    def arrive(self) -> None:
        self.come_back()
        self.puts += [self.talk.put(c.GiveConsent(notice="2026-11"))]
        self.puts += [self.talk.put(c.OpenMicrophone(stream="m-1", sample_rate=16_000))]
        self.puts += [self.talk.put(c.StartInterview())]
        self.settle()
        self.talk.begin_stream("m-1")
        self.toy.ask()
        self.puts += [self.talk.put(c.BeginAnswer(turn=1))]

    # --- the candidate ---

    @rule()
    def type_something(self) -> None:
        if len(self.talk.unanswered) < 40:
            self.typed.append(f"line {len(self.typed)}")
            self.puts.append(self.talk.put(c.TypeAnswer(turn=1, text=self.typed[-1])))

    @rule(frames=st.integers(1, 60), ms=st.integers(20, 200))
    def speak(self, frames: int, ms: int) -> None:
        for _ in range(frames):
            pcm = len(self.spoken).to_bytes(4, "big") * (8 * ms)
            if self.talk.record(pcm, capture_ms=len(self.spoken) * ms):
                self.spoken.append(pcm)

    # --- others in the room ---

    @rule(seen=st.booleans())
    def coach_writes(self, seen: bool) -> None:
        self.toy.coach(c.Whisper(text="Slower") if seen else c.TakeNote(text="hm"))

    # --- the network ---

    @precondition(lambda self: self.connection is not None)
    @rule(limit=st.integers(1, 40))
    def write(self, limit: int) -> None:
        self.up += self.talk.due(limit)

    @precondition(lambda self: self.connection is not None)
    @rule(messages=st.integers(1, 50))
    def arrive_up(self, messages: int) -> None:
        for _ in range(min(messages, len(self.up))):
            assert self.connection is not None
            self.toy.receive(self.connection, self.up.popleft())

    @precondition(lambda self: self.connection is not None)
    @rule(messages=st.integers(1, 50))
    def arrive_down(self, messages: int) -> None:
        for message in self.down[:messages]:
            del self.down[0]
            self.take(message.model_dump_json())

    @precondition(lambda self: self.connection is not None)
    @rule(code=COMES_BACK)
    def drop(self, code: int) -> None:
        assert self.connection is not None
        self.toy.hang_up(self.connection)
        self.connection = None
        self.up.clear()
        assert self.talk.dropped(code) is not AfterClose.STAY_AWAY

    @precondition(lambda self: self.connection is None)
    @rule()
    def come_back(self) -> None:
        self.connection = f"s-{next(self.connections)}"
        self.down = self.toy.connect(self.connection, self.talk.hello("ticket"), ADA)

    @precondition(lambda self: self.connection is not None)
    @rule()
    def hearing_falls_behind_for_a_moment(self) -> None:
        self.toy.keeps_audio = False
        self.write(20)
        self.arrive_up(20)
        self.toy.keeps_audio = True

    @rule()
    def nudge(self) -> None:
        self.talk.send_audio_again()

    def take(self, text: str) -> None:
        news = self.talk.receive(text)
        assert news.leave is None
        assert self.talk.over is None
        if news.answer is not None and news.answer.id is not None:
            assert news.answer.type == "accepted", news.answer
            self.answers += [news.answer.id] if news.answer.id not in self.answers else []

    # --- the laws ---

    @invariant()
    def every_command_is_answered_or_in_the_outbox(self) -> None:
        # What was answered and is not durable is offered, and so unanswered, once more after the room was sent whole.
        assert list(dict.fromkeys([*self.answers, *self.talk.unanswered])) == self.puts

    @invariant()
    def everything_typed_is_done_once_and_in_order(self) -> None:
        typed = self.done()
        assert typed == self.typed[: len(typed)]

    @invariant()
    def the_server_never_holds_a_wrong_frame(self) -> None:
        kept = self.toy.audio.get("m-1", [])
        assert kept == self.spoken[: len(kept)]

    def done(self) -> list[str]:
        assert self.toy.room is not None
        utterances = self.toy.room.turns[0].utterances if self.toy.room.turns else ()
        return [utterance.text for utterance in utterances if utterance.source is Source.TYPED]

    def settle(self) -> None:
        """A good network for as long as it takes."""
        if self.connection is None:
            self.come_back()
        for _ in range(5_000):
            self.write(40)
            if not self.up and not self.down:
                break
            self.arrive_up(50)
            self.arrive_down(50)
        assert not self.up
        assert not self.down

    def teardown(self) -> None:
        if self.connection is not None:
            self.drop(1006)
        self.settle()
        assert self.talk.unanswered == ()
        assert self.answers == self.puts
        assert self.done() == self.typed
        assert self.toy.audio.get("m-1", []) == self.spoken
        assert self.talk.ring is None or self.talk.ring.all_safe
        assert self.talk.mirror.room == self.toy.seen_by(ADA.role)
        assert self.talk.mirror.cursor is not None
        assert self.toy.reset_reason(self.talk.mirror.cursor) is None


BadNetwork.TestCase.settings = settings(
    max_examples=250, stateful_step_count=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
test_nothing_is_lost_doubled_or_out_of_order_over_a_bad_network = pytest.mark.slow(BadNetwork.TestCase)


class Disasters(RuleBasedStateMachine):
    """The same, and the server too: logs that lose what is not archived, moves, faults, and a client that is killed."""

    def __init__(self) -> None:
        super().__init__()
        self.all = Troubled()
        self.all.come_back()
        self.all.arrive_down(1)

    @rule(times=st.integers(1, 5))
    def types(self, times: int) -> None:
        for _ in range(times):
            self.all.type()

    @rule(seen=st.booleans())
    def coach_writes(self, seen: bool) -> None:
        self.all.coach_writes(seen)

    @rule()
    def pauses_or_goes_on(self) -> None:
        self.all.pause_or_go_on()

    @rule(up=st.integers(0, 12), down=st.integers(0, 12))
    def time_passes(self, up: int, down: int) -> None:
        self.all.arrive_up(up)
        self.all.arrive_down(down)

    @rule(times=st.integers(0, 3))
    def all_goes_well_for_a_while(self, times: int) -> None:
        self.all.come_back()
        self.all.arrive_down(50)
        for _ in range(times):
            self.all.type()
        self.all.arrive_up(50)
        self.all.arrive_down(50)

    @rule()
    def a_second_passes(self) -> None:
        self.all.second_passes()

    @rule(code=COMES_BACK)
    def drops(self, code: int) -> None:
        self.all.drop(code)

    @rule()
    def comes_back(self) -> None:
        self.all.come_back()

    @rule()
    def a_second_socket(self) -> None:
        self.all.open_second()

    @rule(still=st.integers(0, 3))
    def the_second_takes_over(self, still: int) -> None:
        self.all.second_welcomes(still)

    @rule(how=st.sampled_from(["lose_one", "double_one", "swap_two"]))
    def a_fact_is_spoilt(self, how: str) -> None:
        getattr(self.all, how)()

    @rule(versions=st.integers(1, 8))
    def the_archive_moves(self, versions: int) -> None:
        self.all.archive(versions)

    @rule(versions=st.integers(0, 10))
    def the_log_loses_its_end(self, versions: int) -> None:
        self.all.fail_over(versions)

    @rule(done=st.booleans())
    def a_fault_in_place_of_answers(self, done: bool) -> None:
        self.all.fault(done)

    @rule()
    def the_client_is_killed(self) -> None:
        self.all.killed_and_restored()

    @invariant()
    def nothing_accepted_is_lost_or_done_twice(self) -> None:
        self.all.check()

    def teardown(self) -> None:
        self.all.settle()


Disasters.TestCase.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
test_nothing_accepted_is_lost_or_done_twice_over_disasters = Disasters.TestCase

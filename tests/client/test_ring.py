"""The ring: every frame that is not safe can be sent again, and memory stays bounded."""

import pytest

from client.errors import AudioLostError
from client.ring import IN_FLIGHT_LIMIT_MS, KEPT_SAFE_MS, UNSAFE_LIMIT_MS, AudioRing, RingFullError

FRAME_MS = 100
IN_FLIGHT = IN_FLIGHT_LIMIT_MS // FRAME_MS
FULL = UNSAFE_LIMIT_MS // FRAME_MS


def ring(frames: int) -> AudioRing:
    ring = AudioRing("m-1")
    for n in range(frames):
        ring.add(bytes(32 * FRAME_MS), n * FRAME_MS)
    return ring


def due(ring: AudioRing, before: int | None = None, limit: int = 10_000) -> list[int]:
    return [frame.seq for frame in ring.due(before, limit)]


def test_frames_are_numbered_from_0_and_sent_once() -> None:
    frames = ring(3)
    assert due(frames) == [0, 1, 2]
    assert due(frames) == []


def test_no_more_is_sent_than_asked_for() -> None:
    frames = ring(5)
    assert due(frames, limit=2) == [0, 1]
    assert due(frames, before=3) == [2]
    assert due(frames) == [3, 4]


def test_what_is_safe_is_not_sent_again() -> None:
    frames = ring(5)
    due(frames)
    frames.safe_through(2)
    frames.send_again()
    assert due(frames) == [3, 4]


def test_everything_is_sent_again_when_nothing_is_safe() -> None:
    frames = ring(3)
    due(frames)
    frames.safe_through(None)
    frames.send_again()
    assert due(frames) == [0, 1, 2]


def test_frames_that_became_safe_unseen_are_skipped() -> None:
    frames = ring(5)
    frames.safe_through(2)
    assert due(frames) == [3, 4]


def test_a_flood_after_an_outage_waits_for_what_is_on_its_way() -> None:
    frames = ring(IN_FLIGHT + 50)
    assert len(due(frames)) == IN_FLIGHT
    assert due(frames) == []
    frames.safe_through(9)
    assert due(frames) == list(range(IN_FLIGHT, IN_FLIGHT + 10))


def test_a_full_ring_refuses_new_frames_and_keeps_the_old() -> None:
    frames = ring(FULL)
    assert not frames.takes(FRAME_MS)
    with pytest.raises(RingFullError):
        frames.add(bytes(32 * FRAME_MS), 0)
    assert frames.next_seq == FULL
    frames.safe_through(0)
    assert frames.takes(FRAME_MS)
    assert frames.add(bytes(32 * FRAME_MS), 0).seq == FULL


def test_at_least_thirty_seconds_may_wait() -> None:
    assert UNSAFE_LIMIT_MS >= 30_000


def test_safe_frames_are_kept_for_a_while_and_then_forgotten() -> None:
    frames = ring(FULL)
    frames.safe_through(FULL - 1)
    frames.safe_through(FULL - KEPT_SAFE_MS // FRAME_MS - 1)  # the server lost the newest: it says so
    frames.send_again()
    assert len(due(frames)) == min(IN_FLIGHT, KEPT_SAFE_MS // FRAME_MS)
    frames.safe_through(0)
    with pytest.raises(AudioLostError):
        frames.send_again()


def test_frames_that_turn_out_unsafe_count_as_unsafe_again() -> None:
    frames = ring(20)
    due(frames)
    frames.safe_through(19)
    assert (frames.unsafe_ms, frames.all_safe) == (0, True)
    frames.safe_through(4)
    frames.send_again()
    assert (frames.unsafe_ms, frames.safe, frames.all_safe) == (15 * FRAME_MS, 4, False)
    assert due(frames) == list(range(5, 20))


def test_an_acknowledgement_of_frames_never_sent_is_not_believed() -> None:
    frames = ring(3)
    frames.safe_through(99)
    assert frames.safe == 2
    assert frames.add(bytes(32 * FRAME_MS), 0).seq == 3
    assert due(frames) == [3]

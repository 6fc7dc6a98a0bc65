from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rooms.protocol import Frame
from rooms.windows import SAMPLES, Cut, Window, cut


def windows(frames: Iterable[Frame], before: Cut | None = None) -> list[Window]:
    state, found = before or Cut("mic"), []
    for frame in frames:
        state, more = cut(state, frame)
        found += more
    return found


def counted(ms: int) -> bytes:
    """Samples that can be told apart."""
    return b"".join((n % 30_000).to_bytes(2, "little") for n in range(16 * ms))


def framed(pcm: bytes, lengths_ms: Iterable[int], from_ms: int = 0) -> list[Frame]:
    frames, start = [], 0
    for seq, length in enumerate(lengths_ms):
        frames.append(Frame(seq, from_ms + start // 32, pcm[start : start + length * 32]))
        start += length * 32
    return frames


def test_frames_become_windows_of_512_samples_in_order() -> None:
    pcm = counted(1_000)
    found = windows(framed(pcm, [20] * 50))
    assert len(found) == 1_000 // 32
    assert b"".join(window.samples for window in found) == pcm[: len(found) * 1_024]
    assert [window.at_ms for window in found] == [n * 32 for n in range(len(found))]


@given(st.lists(st.integers(20, 200), min_size=5, max_size=40))
def test_the_same_audio_gives_the_same_windows_in_any_frames(lengths: list[int]) -> None:
    pcm = counted(sum(lengths))
    assert [w[2:] for w in windows(framed(pcm, lengths))] == [w[2:] for w in windows(framed(pcm, [1] * sum(lengths)))]


def test_a_worker_that_begins_later_finds_the_same_windows() -> None:
    pcm = counted(2_000)
    frames = framed(pcm, [40] * 50)
    whole, later = windows(frames), windows(frames[13:])
    assert later[1:] == [window for window in whole if window.at_ms > later[0].at_ms]


def test_a_window_names_the_frame_that_completed_it() -> None:
    found = windows(framed(counted(120), [40, 40, 40]))
    assert [window.seq for window in found] == [0, 1, 2]


def test_a_frame_that_was_cut_before_gives_nothing() -> None:
    frames = framed(counted(400), [40] * 10)
    assert windows([*frames[:5], *frames[2:]]) == windows(frames)


def test_a_muted_microphone_leaves_a_gap_and_the_grid_stays() -> None:
    first, second = framed(counted(100), [100]), framed(counted(400), [100] * 4, from_ms=5_050)
    found = windows([*first, *(frame._replace(seq=frame.seq + 1) for frame in second)])
    assert [window.at_ms for window in found[:5]] == [0, 32, 64, 96, 5_024]
    assert found[3].samples == counted(100)[96 * 32 :].ljust(SAMPLES * 2, b"\0")
    assert found[4].samples == bytes(26 * 32) + counted(6)


def test_jitter_of_the_capture_clock_is_no_gap() -> None:
    frames = [
        frame._replace(capture_ms=frame.capture_ms + n % 3 * 30)
        for n, frame in enumerate(framed(counted(400), [40] * 10))
    ]
    found = windows(frames)
    assert all(after.at_ms - before.at_ms == 32 for before, after in pairwise(found))


def test_what_is_missing_is_said_in_the_window_that_comes_after_it() -> None:
    first, second = framed(counted(100), [100]), framed(counted(400), [20] * 20, from_ms=5_050)
    renumbered = [frame._replace(seq=frame.seq + 1) for frame in second]
    found = windows([*first, *renumbered])
    said = [(window.lost_ms, window.whole) for window in found[2:6]]
    assert said == [(0, True), (0, False), (4_950, False), (0, True)]
    meant = windows([*first, renumbered[0]._replace(rested=True), *renumbered[1:]])
    assert [window.lost_ms for window in meant] == [0] * len(found)
    assert [window[:4] for window in meant] == [window[:4] for window in found]


def test_a_clock_that_went_back_lost_nothing() -> None:
    first, second = framed(counted(400), [100] * 4), framed(counted(400), [100] * 4)
    found = windows([*first, *(frame._replace(seq=frame.seq + 4) for frame in second)])
    assert {window.lost_ms for window in found} == {0}

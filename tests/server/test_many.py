"""Which rooms' audio is judged before which."""

from rooms.protocol import Frame
from server.hearing.many import _USUAL_FRAMES, _slices


def test_where_somebody_may_just_begin_is_judged_before_who_speaks_and_before_who_catches_up() -> None:
    little, much = [("m-1", Frame(0, 0, b""))], [("m-1", Frame(n, 40 * n, b"")) for n in range(_USUAL_FRAMES + 1)]
    found = {"behind": ("3", much), "speaking": ("1", little), "quiet": ("2", little), "still": ("4", little)}
    assert [set(some) for some in _slices(found, {"speaking", "behind"})] == [
        {"quiet", "still"},
        {"speaking"},
        {"behind"},
    ]


def test_nothing_is_judged_where_nothing_came() -> None:
    assert not [*_slices({}, set())]

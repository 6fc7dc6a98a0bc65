"""Whether one telling of a room goes on from another: a matter of versions and tags alone."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.lineage import BEGINNING, Place, Standing, continuation, is_behind, standing


class Link(NamedTuple):
    version: int
    tag: str
    before: str


def chain(name: str, last: int, first: int = 1, before: str = "") -> list[Link]:
    links = []
    for version in range(first, last + 1):
        links.append(Link(version, f"{name}{version}", before))
        before = f"{name}{version}"
    return links


@given(st.integers(0, 8), st.integers(0, 12))
def test_a_telling_goes_on_from_each_place_of_its_own(at: int, last: int) -> None:
    telling = chain("a", last)
    place = Place(at, f"a{at}") if at else BEGINNING
    assert continuation(place, telling) == telling[at:]


@given(st.integers(1, 8), st.integers(1, 12))
def test_no_telling_goes_on_from_a_place_that_it_never_had(at: int, last: int) -> None:
    assert continuation(Place(at, f"b{at}"), chain("a", last)) == []


@given(st.integers(1, 8), st.integers(1, 8), st.integers(1, 4))
def test_nothing_behind_a_gap_is_put_back(at: int, seen: int, missing: int) -> None:
    whole = chain("a", 20)
    telling = [link for link in whole if not seen < link.version <= seen + missing]
    found = continuation(Place(at, f"a{at}"), telling)
    assert found == whole[at : at + len(found)]
    assert all(link.version <= seen for link in found) or at >= seen + missing


@pytest.mark.parametrize(
    ("log", "known", "goes_on", "log_there", "is_"),
    [
        (None, None, False, None, Standing.WHOLE),
        (None, Place(3, "a3"), False, None, Standing.GONE),
        (Place(3, "a3"), None, False, None, Standing.WHOLE),
        (Place(3, "a3"), Place(3, "a3"), False, "a3", Standing.WHOLE),
        (Place(5, "a5"), Place(3, "a3"), False, "a3", Standing.WHOLE),
        (Place(5, "a5"), Place(3, "a3"), False, None, Standing.WHOLE),
        (Place(3, "a3"), Place(5, "a5"), True, None, Standing.BEHIND),
        (Place(5, "b5"), Place(3, "a3"), False, "b3", Standing.FORKED),
        (Place(3, "b3"), Place(3, "a3"), False, "b3", Standing.FORKED),
        (Place(3, "b3"), Place(5, "a5"), False, None, Standing.FORKED),
    ],
)
def test_how_a_log_stands_to_what_is_known(
    log: Place | None, known: Place | None, goes_on: bool, log_there: str | None, is_: Standing
) -> None:
    assert standing(log, known, goes_on, log_there) is is_


@pytest.mark.parametrize(
    ("log", "behind"),
    [(Place(4, "a4"), True), (Place(5, "b5"), True), (Place(5, "a5"), False), (Place(6, "a6"), False)],
)
def test_a_log_is_behind_what_was_seen_of_it(log: Place, behind: bool) -> None:
    assert is_behind(log, Place(5, "a5")) is behind

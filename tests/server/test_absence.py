"""When a worker counts as gone, and when nothing can be concluded from seeing nobody."""

from server.absence import GONE_S, SETTLE_S, SLOW_S, Absence

ME, OTHER = "worker-1", "worker-2"


def looked(absence: Absence, present: set[str] | None, at: float, took: float = 0.001) -> frozenset[str]:
    return absence.gone([OTHER], present, at - took, at)


def test_who_is_not_seen_at_two_looks_is_gone() -> None:
    absence = Absence(ME)
    assert looked(absence, {ME, OTHER}, 0.0) == set()
    assert looked(absence, {ME}, 1.0) == set()
    assert looked(absence, {ME}, 1.01 + GONE_S) == {OTHER}


def test_a_connection_that_is_back_at_the_next_look_was_never_gone() -> None:
    absence = Absence(ME)
    assert looked(absence, {ME}, 1.0) == set()
    assert looked(absence, {ME, OTHER}, 1.2) == set()
    assert looked(absence, {ME}, 1.4) == set()


def test_who_does_not_see_itself_concludes_nothing_until_the_others_had_time_to_come_back() -> None:
    for blind in (lambda a: looked(a, set(), 1.0), lambda a: looked(a, None, 1.0), lambda a: a.blind(1.0)):
        absence = Absence(ME)
        looked(absence, {ME}, 0.9)
        blind(absence)
        assert looked(absence, {ME}, 1.2) == set()
        assert looked(absence, {ME}, 1.0 + SETTLE_S - 0.01) == set()
        assert looked(absence, {ME}, 1.0 + SETTLE_S) == {OTHER}


def test_a_slow_answer_proves_nothing() -> None:
    absence = Absence(ME)
    looked(absence, {ME}, 0.0)
    assert looked(absence, {ME}, 1.0, took=SLOW_S + 0.1) == set()
    assert looked(absence, {ME}, 1.3) == set()

"""A provider that fails again and again is left alone, then tried out by one question."""

from server.breaker import FIRST_REST_S, OPENS_AFTER, Breaker


def opened() -> Breaker:
    breaker = Breaker()
    for _ in range(OPENS_AFTER):
        assert breaker.lets_through(0)
        breaker.failed(0)
    return breaker


def test_it_opens_after_failures_in_a_row_only() -> None:
    breaker = Breaker()
    for _ in range(3 * OPENS_AFTER):
        breaker.failed(0)
        breaker.succeeded()
        assert breaker.lets_through(0)
    assert not opened().lets_through(FIRST_REST_S - 1)


def test_after_its_rest_one_question_decides() -> None:
    breaker = opened()
    assert breaker.lets_through(FIRST_REST_S)
    assert not breaker.lets_through(FIRST_REST_S)
    breaker.succeeded()
    assert breaker.lets_through(FIRST_REST_S)


def test_a_question_that_failed_doubles_the_rest() -> None:
    breaker = opened()
    assert breaker.lets_through(FIRST_REST_S)
    breaker.failed(FIRST_REST_S)
    assert not breaker.lets_through(2.9 * FIRST_REST_S)
    assert breaker.lets_through(3 * FIRST_REST_S)


def test_a_question_that_was_not_put_in_the_end_decides_nothing() -> None:
    breaker = opened()
    assert breaker.lets_through(FIRST_REST_S)
    breaker.gave_up()
    assert breaker.lets_through(FIRST_REST_S)

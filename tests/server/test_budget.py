from server.budget import Budget


def test_a_burst_passes_and_then_the_rate_rules() -> None:
    budget = Budget(rate=2, burst=4, now=0)
    assert [budget.spend(1, 0) for _ in range(5)] == [True, True, True, True, False]
    assert budget.spend(1, 0.5)
    assert not budget.spend(1, 0.6)


def test_a_refused_amount_costs_nothing() -> None:
    budget = Budget(rate=1, burst=3, now=0)
    assert not budget.spend(4, 0)
    assert budget.spend(3, 0)


def test_rest_never_saves_up_more_than_a_burst() -> None:
    budget = Budget(rate=1, burst=2, now=0)
    assert not budget.spend(3, 1_000)

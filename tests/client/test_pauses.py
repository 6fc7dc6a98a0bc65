"""Pauses before coming back."""

import random

from client.pauses import FIRST_S, LONGEST_S, SHORTEST_S, Pauses


def test_the_first_return_is_spread_over_a_moment_and_only_the_first() -> None:
    assert [Pauses(lambda: 0.0).next(), Pauses(lambda: 0.999).next() <= FIRST_S] == [0.0, True]
    pauses = Pauses(lambda: 0.0)
    assert [pauses.next() for _ in range(3)] == [0.0, SHORTEST_S, SHORTEST_S]


def test_pauses_stay_between_shortest_and_longest() -> None:
    pauses = Pauses(random.Random(1).random)
    drawn = [pauses.next() for _ in range(201)][1:]
    assert min(drawn) >= SHORTEST_S
    assert max(drawn) <= LONGEST_S


def test_pauses_grow_to_the_longest() -> None:
    pauses = Pauses(lambda: 0.999999)
    drawn = [pauses.next() for _ in range(8)]
    assert drawn == sorted(drawn)
    assert drawn[0] < 0.5
    assert drawn[-1] > LONGEST_S - 0.01


def test_pauses_start_anew_after_a_steady_connection() -> None:
    pauses = Pauses(lambda: 0.999999)
    first = pauses.next()
    for _ in range(5):
        pauses.next()
    pauses.start_anew()
    assert pauses.next() == first


def test_clients_of_a_lost_worker_do_not_come_back_in_step() -> None:
    thirds = [Pauses(random.Random(seed).random) for seed in range(50)]
    drawn = [[pauses.next() for _ in range(3)][-1] for pauses in thirds]
    assert max(drawn) - min(drawn) > 0.5

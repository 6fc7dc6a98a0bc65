"""The recipe of stitched speech, and what the turn-taking bench makes of a rule."""

import numpy as np
import pytest

from rooms.events import Profile
from rooms.patience import PROFILES
from scripts.bench.hearing import material, turns
from scripts.bench.hearing.bound import outlasted_ms, told_everything
from scripts.bench.hearing.silences import planned, silences
from scripts.bench.hearing.stitched import LONGEST_MS, SHORTEST_MS, rooms

SENTENCES = ("we had two queues and one of them failed nearly every week", "so i moved the writers to the other one")


def speaker(answers: int = 3) -> material.Speaker:
    return material.Speaker("test", [material.unheard(SENTENCES, n) for n in range(answers)])


def test_the_same_seed_gives_the_same_pauses_and_another_seed_others() -> None:
    (one,), (same,), (other,) = (list(rooms([speaker()], seed=seed)) for seed in (1, 1, 2))
    assert [answer.pauses for answer in one.answers] == [answer.pauses for answer in same.answers]
    assert all(np.array_equal(a.sound, b.sound) for a, b in zip(one.answers, same.answers, strict=True))
    assert [answer.pauses for answer in one.answers] != [answer.pauses for answer in other.answers]


def test_pauses_have_their_lengths_and_lie_between_words() -> None:
    (room,) = rooms([speaker(20)])
    for answer in room.answers:
        assert all(SHORTEST_MS <= pause.end_ms - pause.start_ms <= LONGEST_MS for pause in answer.pauses)
        assert not [
            w for w in answer.words for p in answer.pauses if w.start_ms < p.end_ms and w.end_ms > p.start_ms + 1
        ]
        assert [word.start_ms for word in answer.words] == sorted(word.start_ms for word in answer.words)


def test_names_fall_on_both_sides() -> None:
    names = ["austen", "jfk", "LJ001", "State at least 4 of the differences"]
    assert {material.is_judged(name) for name in names} == {True, False}


def test_real_speech_has_the_silences_that_were_put_there() -> None:
    sentences = material.read_out(["We had two queues, and one of them failed every week.", "So I moved it."], 0)
    (room,) = rooms([material.Speaker("test", [sentences])], uniform=True)
    (answer,) = room.answers
    met = list(silences(room))
    assert [silence.end for silence in met].count(True) == 1
    assert met[-1].end
    assert abs(met[-1].late_ms) < 100  # from the last word on, not from the utterance's tail
    longest = max(pause.end_ms - pause.start_ms for pause in answer.pauses)
    assert any(abs(silence.length_ms - longest) < 200 for silence in met if not silence.end)


def test_a_more_patient_rule_cuts_off_less_and_waits_longer() -> None:
    judged = turns.of("test", list(rooms([speaker(12)])), planned)
    quick, slow = turns.point(judged, turns.fixed(400)), turns.point(judged, turns.fixed(2_000))
    assert quick.cut_percent > slow.cut_percent
    assert quick.median_ms < slow.median_ms
    rules = PROFILES[Profile.INTERVIEW]
    eager, sure = (turns.point(judged, turns.ours(rules.but(sure=asked))) for asked in (rules.eager, rules.sure))
    assert eager.cut_percent >= sure.cut_percent
    assert eager.median_ms < sure.median_ms


@pytest.mark.parametrize("uniform", [False, True])
def test_pauses_follow_the_law_that_a_bound_is_told(uniform: bool) -> None:
    talkative = material.Speaker("test", [material.unheard(SENTENCES * 4, n) for n in range(40)])
    (room,) = rooms([talkative], uniform=uniform)
    lengths = [p.end_ms - p.start_ms for answer in room.answers for p in answer.pauses if not p.within]
    assert len(lengths) > 170
    for share in (0.1, 0.3, 0.7):
        assert np.mean([ms > outlasted_ms(room.middle_ms, share) for ms in lengths]) == pytest.approx(share, abs=0.07)


def test_who_was_told_everything_waits_less_at_as_few_cut_offs() -> None:
    judged = turns.of("test", list(rooms([speaker(20), speaker(20)])), planned)
    rules = PROFILES[Profile.INTERVIEW]
    knowing = turns.at(turns._bound(judged), 1)
    guessing = turns.at((turns.point(judged, turns.ours(rules.but(sure=sure))) for sure in turns.SURE), 1)
    assert knowing.cut_percent <= 1
    assert knowing.median_ms < guessing.median_ms
    rule = told_everything([silence for _, silence in judged.met])(2.0)
    assert not [silence for _, silence in judged.met if silence.within and rule(silence) <= silence.length_ms]

"""A whole interview as its report."""

from collections.abc import Sequence

from rooms.evidence import Dimension, Pause
from rooms.transcript import Transcript
from scoring.features import delivery
from scoring.local import score
from scoring.report import AskedQuestion, Report, ReportTurn, SegmentKind, build, timeline
from tests.scoring.answers import GOOD, HASH_MAP, MIDDLING, PROMISE, WEAK, rubric, spoken, typed


def turn(
    number: int, transcript: Transcript, *, question: str = PROMISE, floor_ms: int = 0, caution: str | None = None
) -> ReportTurn:
    kept = rubric(question)
    return ReportTurn(
        number=number,
        question=AskedQuestion(id=question, text=kept.question, kind="new", competence="ownership", difficulty=2),
        finish="done",
        began_ms=floor_ms,
        closed_ms=floor_ms + 90_000,
        transcript=transcript,
        score=score(kept, transcript, caution=caution),
        delivery=delivery(transcript, floor_ms=floor_ms),
    )


def report(turns: Sequence[ReportTurn], caution: str | None = None) -> Report:
    return build(
        turns, room="r1", mode="behavioural", opened_at=1_700_000_000_000, duration_ms=300_000, caution=caution
    )


def three() -> list[ReportTurn]:
    return [turn(1, spoken(GOOD, start_ms=3_000)), turn(2, typed(MIDDLING)), turn(3, typed(WEAK))]


def test_the_overall_is_the_mean_of_the_scored_turns() -> None:
    turns = [*three(), turn(4, typed("Yes."))]
    found = report(turns)
    scores = [t.score.overall for t in turns if t.score and t.score.overall is not None]
    assert len(scores) == 3
    assert abs((found.overall or 0) - sum(scores) / 3) <= 0.05 + 1e-9
    assert (found.questions, found.scored, found.abstained) == (4, 3, 1)
    assert found.low is not None
    assert found.high is not None
    assert found.low < (found.overall or 0) < found.high


def test_every_dimension_is_summed_up_with_what_such_answers_do() -> None:
    found = report(three())
    assert [one.dimension for one in found.dimensions] == list(Dimension)
    assert all(one.turns == 3 and one.anchor and one.name for one in found.dimensions)


def test_two_to_four_things_to_try_each_rest_on_words_or_on_something_missing() -> None:
    for turns in (three(), three()[:1], [turn(1, typed(WEAK))]):
        found = report(turns).try_next
        assert 2 <= len(found) <= 4
        assert len({one.text for one in found}) == len(found)
        for one in found:
            assert one.quote is not None or one.missing
            transcript = next(t.transcript for t in turns if t.number == one.turn)
            assert one.quote is None or transcript.holds(one.quote)


def test_the_lowest_dimensions_come_first() -> None:
    found = report(three())
    lowest = sorted(found.dimensions, key=lambda one: one.score or 0)[:2]
    assert {one.dimension for one in found.try_next[:2]} == {one.dimension for one in lowest}


def test_missing_points_are_named_in_words() -> None:
    criteria = {point.text for point in rubric().points}
    missing = [one.missing for one in report([turn(1, typed(WEAK))]).try_next if one.dimension is None]
    assert missing
    assert set(missing) <= criteria


def test_strengths_quote_what_was_said() -> None:
    turns = three()
    found = report(turns).strengths
    assert 1 <= len(found) <= 3
    assert found[0].turn == 1
    assert all(turns[one.turn - 1].transcript.holds(one.quote) for one in found)


def test_an_interview_without_a_scored_answer_says_so_and_suggests_nothing() -> None:
    found = report([turn(1, Transcript())])
    assert (found.overall, found.scored, found.abstained) == (None, 0, 1)
    assert found.try_next == ()
    assert found.strengths == ()
    assert "No answer could be scored." in (found.caution or "")
    assert all(one.score is None for one in found.dimensions)


def test_no_turns_at_all_is_no_fault() -> None:
    assert report([]).questions == 0


def test_a_turn_that_is_not_scored_yet_is_neither_scored_nor_abstained() -> None:
    found = report([turn(1, typed(GOOD)).model_copy(update={"score": None, "delivery": None})])
    assert (found.questions, found.scored, found.abstained) == (1, 0, 0)


def test_caution_says_each_thing_once() -> None:
    doubt = "These words are often wrong."
    turns = [turn(n, spoken(MIDDLING), caution=doubt) for n in (1, 2, 3)]
    assert (report(turns, caution=doubt).caution or "").count(doubt) == 1


def test_few_answers_are_cautioned_about() -> None:
    assert "Only 1 scored answer" in (report(three()[:1]).caution or "")
    assert "Only" not in (report(three()).caution or "")


def test_the_timeline_runs_from_thinking_through_speech_and_pauses() -> None:
    found = timeline([turn(1, spoken("we moved it ... over night", start_ms=5_000), floor_ms=2_000)])
    assert [(one.kind, one.start_ms, one.end_ms) for one in found] == [
        (SegmentKind.THINKING, 2_000, 5_000),
        (SegmentKind.SPEECH, 5_000, 6_100),
        (SegmentKind.PAUSE, 6_100, 7_200),
        (SegmentKind.SPEECH, 7_200, 7_900),
    ]


def test_pauses_of_the_timeline_are_those_of_delivery() -> None:
    transcript = spoken(GOOD.replace(". ", ". ... "))
    shown = [
        Pause(start_ms=s.start_ms, end_ms=s.end_ms)
        for s in timeline([turn(1, transcript)])
        if s.kind is SegmentKind.PAUSE
    ]
    assert tuple(shown) == delivery(transcript).pauses


def test_typing_has_its_place_on_the_timeline() -> None:
    assert [one.kind for one in timeline([turn(1, typed("we moved it"), floor_ms=0)])] == [SegmentKind.TYPED]


def test_speaking_figures_leave_typed_answers_out_except_for_their_words() -> None:
    alone, mixed = report([three()[0]]).speaking, report(three()).speaking
    assert mixed.words > alone.words
    assert mixed.model_copy(update={"words": 0}) == alone.model_copy(update={"words": 0})
    assert alone.words_per_minute == delivery(three()[0].transcript).words_per_minute


def test_many_fillers_are_remarked_on_and_few_are_forgiven() -> None:
    many = report([turn(1, spoken("um we uh moved it er and um it worked " * 5))]).speaking
    few = report([turn(1, spoken(GOOD))]).speaking
    assert any("fillers a minute" in note for note in many.notes)
    assert any("bother nobody" in note for note in few.notes)


def test_sentences_begun_again_are_shown_as_coaching_and_count_nothing() -> None:
    plain, again = turn(1, spoken(GOOD)), turn(1, spoken(GOOD.replace("I called", "I I called")))
    found = report([again])
    assert found.speaking.repairs == 1
    assert any("began a sentence again once, for example “I I”" in note for note in found.speaking.notes)
    assert found.overall == report([plain]).overall
    often = report([turn(1, spoken("we had we had a plan and it it worked " * 4))]).speaking
    assert any("Finish the thought" in note for note in often.notes)
    assert not any("again" in note for note in report([plain]).speaking.notes)


def test_a_low_dimension_suggests_with_the_words_that_show_it_and_what_was_missing() -> None:
    lowest = report([turn(1, typed(WEAK))]).try_next[0]
    assert lowest.quote is not None
    assert "A listener would wait for" in (lowest.missing or "")


def test_a_report_survives_its_json_and_is_the_same_every_time() -> None:
    first, second = report(three()), report(three())
    assert first.model_dump_json() == second.model_dump_json()
    assert Report.model_validate_json(first.model_dump_json()) == first
    assert first.schema_version == "1"


def test_a_technical_interview_uses_its_own_anchors() -> None:
    turns = [turn(1, typed(HASH_MAP), question="hash-map-inside")]
    technical = build(turns, room="r", mode="technical", opened_at=0, duration_ms=1)
    assert technical.dimensions != report(turns).dimensions


def test_speaking_figures_stand_beside_what_is_usual_and_who_says_so() -> None:
    found = report([turn(1, spoken(GOOD))]).speaking
    assert [norm.name for norm in found.norms][:2] == ["Pace", "Articulation"]
    assert found.norms[0].value == found.words_per_minute
    assert all(norm.usual and norm.source for norm in found.norms)
    assert report([turn(1, typed(GOOD))]).speaking.norms == ()

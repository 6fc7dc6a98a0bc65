"""Reviews over HTTP, from a real database: blind first, then the machine's marks; a person's word wins and is kept."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from rooms import events as e
from rooms.evidence import Dimension
from rooms.people import Participant, Role
from scoring.weights import NEWEST
from server.api import reviews as routes
from server.identity import Person
from server.ports import Record
from server.reporting import written
from server.shelf import Shelf
from tests.kept_rooms import chain, closing, interview, opening, skipped_turn, spoken_turn, typed_turn
from tests.server.api.reading import NOBODY, Greenroom, opened, refused

COACH = Person(id="guest-1", name="Ben", invited={"r-1": Role.COACH})
SECOND = Person(id="guest-2", name="Eve", invited={"r-1": Role.COACH})
CANDIDATE = Person(id="guest-3", name="Ada", invited={"r-1": Role.CANDIDATE})
STRANGER = Person(id="guest-4", name="Guest", invited={"r-2": Role.COACH})

TWOS = {"scores": {dimension.value: 2.0 for dimension in Dimension}, "note": "Knows it, but says little."}


@pytest.fixture
async def greenroom(tmp_path: Path) -> AsyncIterator[Greenroom]:
    async with opened(f"sqlite+aiosqlite:///{tmp_path}/greenroom.db") as app:
        await app.keep_whole("r-1", interview())
        yield app


def turn(sheet: Any, number: int = 1) -> Any:
    return next(each for each in sheet["turns"] if each["number"] == number)


def depth(score: Any) -> Any:
    return next(each for each in score["dimensions"] if each["dimension"] == "depth")


async def test_a_coach_sees_the_answers_and_not_the_marks_until_she_has_rated(greenroom: Greenroom) -> None:
    sheet = (await greenroom.ask("/api/reviews/r-1", COACH)).json()
    assert [each["machine"] for each in sheet["turns"]] == [None, None, None]
    assert turn(sheet)["points"] == ["Says what they did themselves", "Says what they learnt"]
    assert [each["dimension"] for each in sheet["dimensions"]] == [dimension.value for dimension in Dimension]
    rated = (await greenroom.put("/api/reviews/r-1/turns/1/rating", COACH, TWOS)).json()
    assert (rated["rating"]["blind"], rated["machine"]["overall"]) == (True, 3.0)
    again = (await greenroom.ask("/api/reviews/r-1", COACH)).json()
    assert [each["machine"] is not None for each in again["turns"]] == [True, False, False]
    other = (await greenroom.ask("/api/reviews/r-1", SECOND)).json()
    assert turn(other)["rating"] is None
    assert turn(other)["machine"] is None


async def overall(greenroom: Greenroom) -> tuple[float | None, bool]:
    [listed] = (await greenroom.ask("/api/reports")).json()["reports"]
    return listed["overall"], listed["withheld"]


async def test_the_list_of_reports_gives_no_overall_away_until_its_owner_rated_every_answer(
    greenroom: Greenroom,
) -> None:
    for number in (1, 2, 3):
        assert await overall(greenroom) == (None, True)
        assert turn((await greenroom.ask("/api/reviews/r-1")).json(), number)["blind"] is True
        await greenroom.put(f"/api/reviews/r-1/turns/{number}/rating", COACH, TWOS)  # another's rating is not hers
        await greenroom.put(f"/api/reviews/r-1/turns/{number}/rating", None, TWOS)
    assert await overall(greenroom) == (3.0, False)


async def test_the_list_of_reports_has_the_overall_once_its_owner_looked(greenroom: Greenroom) -> None:
    await greenroom.ask("/api/reports/r-1", COACH)
    assert await overall(greenroom) == (None, True)
    await greenroom.ask("/api/reports/r-1")
    assert await overall(greenroom) == (3.0, False)


async def test_who_sat_the_interview_has_nothing_to_rate_blind(greenroom: Greenroom) -> None:
    ada = Participant(id="owner.candidate", name="Ada", role=Role.CANDIDATE)
    opened_room, _, *rest = opening()
    events = [opened_room, e.ParticipantJoined(participant=ada, connection="k-1", worker="w-1"), *rest]
    await greenroom.store.erase("r-1")
    await greenroom.keep_whole("r-1", chain([*events, *spoken_turn(1), closing()]))
    assert await overall(greenroom) == (3.0, False)


async def test_a_rating_stands(greenroom: Greenroom) -> None:
    path = "/api/reviews/r-1/turns/1/rating"
    await greenroom.put(path, COACH, TWOS)
    assert refused(await greenroom.put(path, COACH, TWOS)) == (409, "rated_already", False)


@pytest.mark.parametrize(
    "scores",
    [{"depth": 2.3}, {"depth": 6}, {"charm": 3}, {"depth": "much"}],
    ids=["halves", "too many", "none", "words"],
)
async def test_numbers_that_are_none_are_refused(greenroom: Greenroom, scores: dict[str, Any]) -> None:
    answer = await greenroom.put("/api/reviews/r-1/turns/1/rating", COACH, {"scores": scores})
    assert answer.status_code == 422


async def test_who_read_the_report_first_rates_but_not_blind(greenroom: Greenroom) -> None:
    await greenroom.ask("/api/reports/r-1", COACH)
    sheet = (await greenroom.ask("/api/reviews/r-1", COACH)).json()
    assert (turn(sheet)["blind"], turn(sheet)["machine"]["overall"]) == (False, 3.0)
    assert (await greenroom.put("/api/reviews/r-1/turns/1/rating", COACH, TWOS)).json()["rating"]["blind"] is False


async def test_who_scored_it_again_first_rates_but_not_blind(greenroom: Greenroom) -> None:
    assert turn((await greenroom.ask("/api/reviews/r-1")).json())["blind"] is True
    greenroom.with_weights(Shelf())
    again = (await greenroom.ask(f"/api/rooms/r-1/rescored?weights={NEWEST}")).json()
    assert again["turns"][0]["then"]["overall"] == 3.0
    assert turn((await greenroom.ask("/api/reviews/r-1")).json())["blind"] is False
    assert turn((await greenroom.ask("/api/reviews/r-1", COACH)).json())["blind"] is True


async def test_the_candidate_who_reads_the_report_spoils_nothing(greenroom: Greenroom) -> None:
    await greenroom.ask("/api/reports/r-1", CANDIDATE)
    assert turn((await greenroom.ask("/api/reviews/r-1", COACH)).json())["blind"] is True


def watched(leaves_after: int) -> list[Record]:
    """Ben was in the room as a coach until after this turn was scored, and gone before the next."""
    ben = Participant(id="guest-1.coach", name="Ben", role=Role.COACH)
    events = [*opening(), e.ParticipantJoined(participant=ben, connection="k-9", worker="w-1")]
    for number, made in enumerate((spoken_turn(1), typed_turn(2), skipped_turn(3)), 1):
        events += made
        if number == leaves_after:
            events.append(e.ParticipantLeft(participant=ben.id, connection="k-9"))
    return chain([*events, closing()])


async def test_what_was_seen_in_the_room_is_not_rated_blind(greenroom: Greenroom) -> None:
    await greenroom.store.erase("r-1")
    await greenroom.keep_whole("r-1", watched(leaves_after=1))
    sheet = (await greenroom.ask("/api/reviews/r-1", COACH)).json()
    assert [each["blind"] for each in sheet["turns"]] == [False, True, True]


async def test_an_override_wins_in_the_report_and_keeps_before_after_and_why(greenroom: Greenroom) -> None:
    path = "/api/reviews/r-1/turns/1/overrides"
    word = {"dimension": "depth", "score": 4.0, "reason": "Weighs both ways in the first sentence.", "name": "Ben"}
    assert refused(await greenroom.put(path, COACH, word)) == (409, "rate_first", False)
    await greenroom.put("/api/reviews/r-1/turns/1/rating", COACH, TWOS)
    first = (await greenroom.put(path, COACH, word)).json()["overrides"]
    assert [(one["before"], one["after"], one["by"], one["name"]) for one in first] == [(None, 4.0, "guest-1", "Ben")]
    await greenroom.put(path, COACH, word | {"score": 3.0, "reason": "Less, on second thoughts."})
    report = (await greenroom.ask("/api/reports/r-1", CANDIDATE)).json()
    shown = turn(report)
    assert depth(shown["score"])["score"] == 3.0
    assert [(one["before"], one["after"]) for one in shown["overrides"]] == [(None, 4.0), (4.0, 3.0)]
    assert sum(part["value"] for part in depth(shown["score"])["contributions"]) == 3.0


async def test_an_answer_is_not_overridden_without_end(greenroom: Greenroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "MOST_OVERRIDES", 2)
    path = "/api/reviews/r-1/turns/1/overrides"
    await greenroom.put("/api/reviews/r-1/turns/1/rating", COACH, TWOS)
    for _ in range(2):
        assert (await greenroom.put(path, COACH, OVERRIDE)).status_code == 201
    assert refused(await greenroom.put(path, COACH, OVERRIDE)) == (409, "overridden_often", False)
    await greenroom.put("/api/reviews/r-1/turns/2/rating", COACH, TWOS)
    assert (await greenroom.put(path.replace("1/over", "2/over"), COACH, OVERRIDE)).status_code == 201


async def test_the_list_of_reports_shows_the_number_that_a_person_changed(greenroom: Greenroom) -> None:
    await greenroom.ask("/api/reports/r-1")

    async def listed() -> tuple[float, float]:
        (one,) = (await greenroom.ask("/api/reports")).json()["reports"]
        return one["overall"], (await greenroom.ask("/api/reports/r-1")).json()["overall"]

    by_machine, whole = await listed()
    assert by_machine == whole
    await greenroom.put("/api/reviews/r-1/turns/1/rating", COACH, TWOS)
    for dimension in ("relevance", "depth"):
        word = {"dimension": dimension, "score": 0.0, "reason": "Does not answer it."}
        await greenroom.put("/api/reviews/r-1/turns/1/overrides", COACH, word)
    in_list, in_report = await listed()
    assert in_list == in_report < by_machine


async def test_the_list_asks_the_database_as_often_for_many_rooms_that_people_changed_as_for_one(
    greenroom: Greenroom,
) -> None:
    asked = []
    engine = greenroom.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *of: asked.append(of[2]))

    async def listed() -> tuple[int, list[float]]:
        asked.clear()
        reports = (await greenroom.ask("/api/reports")).json()["reports"]
        return len(asked), [one["overall"] for one in reports]

    for number in (1, 2, 3):
        room = f"r-{number}"
        if number > 1:
            await greenroom.keep_whole(room, interview(room, closed_ms=300_000 + number))
        await greenroom.ask(f"/api/reports/{room}")
        coach = COACH.model_copy(update={"invited": {room: Role.COACH}})
        await greenroom.put(f"/api/reviews/{room}/turns/1/rating", coach, TWOS)
        word = {"dimension": "depth", "score": float(number), "reason": "Does not answer it."}
        await greenroom.put(f"/api/reviews/{room}/turns/1/overrides", coach, word)
        if number == 1:
            once, _ = await listed()
    often, overalls = await listed()
    assert often == once
    assert overalls == sorted(
        overalls, reverse=True
    )  # the newest first, and each got a better word than the one before
    assert len(set(overalls)) == 3


async def test_a_report_says_how_much_each_side_counts(greenroom: Greenroom) -> None:
    told = turn((await greenroom.ask("/api/reports/r-1", CANDIDATE)).json())
    assert list(told["shares"]) == [dimension.value for dimension in Dimension]
    assert sum(told["shares"].values()) == pytest.approx(1)


async def test_reports_are_told_also_where_their_weights_have_gone(greenroom: Greenroom) -> None:
    await greenroom.put("/api/reviews/r-1/turns/1/rating", COACH, TWOS)
    await greenroom.put("/api/reviews/r-1/turns/1/overrides", COACH, OVERRIDE)
    row, report = written(greenroom.rooms["r-1"])
    await greenroom.store.keep_report(row, report.replace(b'"weights":"1.0.0"', b'"weights":"9.9.9"'))
    told = turn((await greenroom.ask("/api/reports/r-1", CANDIDATE)).json())
    assert (told["score"]["weights"], told["score"]["overall"], told.get("shares")) == ("9.9.9", 3.0, None)
    assert "stays as it was" in told["score"]["caution"]
    await greenroom.ask("/api/reports/r-1")
    assert await overall(greenroom) == (3.0, False)


async def test_what_the_machine_said_is_kept_as_it_was(greenroom: Greenroom) -> None:
    await greenroom.put("/api/reviews/r-1/turns/1/rating", COACH, TWOS)
    before = await greenroom.store.report("r-1")
    word = {"dimension": "relevance", "score": 0.0, "reason": "Does not answer it."}
    told = (await greenroom.put("/api/reviews/r-1/turns/1/overrides", COACH, word)).json()
    assert told["machine"]["dimensions"][0]["score"] == 3.5
    assert await greenroom.store.report("r-1") == before


async def test_answers_without_a_score_wait_for_a_person_until_one_gave_a_word(greenroom: Greenroom) -> None:
    def places(queue: Any) -> list[tuple[int, str]]:
        return [(one["turn"], one["abstained"]) for one in queue.json()["waiting"]]

    both = [(2, "Too few words to tell."), (3, "Nothing was said.")]
    assert places(await greenroom.ask("/api/reviews", COACH)) == places(await greenroom.ask("/api/reviews")) == both
    assert places(await greenroom.ask("/api/reviews", STRANGER)) == []
    assert places(await greenroom.ask("/api/reviews", CANDIDATE)) == []
    await greenroom.put("/api/reviews/r-1/turns/2/rating", COACH, TWOS)
    word = {"dimension": "depth", "score": 1.0, "reason": "Names one reason."}
    await greenroom.put("/api/reviews/r-1/turns/2/overrides", COACH, word)
    assert places(await greenroom.ask("/api/reviews")) == both[1:]


async def test_only_coaches_review(greenroom: Greenroom) -> None:
    for path in ("/api/reviews/r-1", "/api/reviews/r-1/turns/1/rating", "/api/reviews/r-1/turns/1/overrides"):
        given = None if path.endswith("r-1") else TWOS if path.endswith("rating") else OVERRIDE
        assert refused(await greenroom.ask(path, CANDIDATE, given)) == (403, "not_your_role", False)
        assert refused(await greenroom.ask(path, STRANGER, given)) == (404, "unknown_room", False)
        assert refused(await greenroom.ask(path, NOBODY, given)) == (401, "signed_out", False)


OVERRIDE = {"dimension": "depth", "score": 1.0, "reason": "Names one reason."}


async def test_an_answer_that_never_was_is_unknown(greenroom: Greenroom) -> None:
    assert refused(await greenroom.put("/api/reviews/r-1/turns/9/rating", COACH, TWOS)) == (404, "unknown_turn", False)
    assert refused(await greenroom.put("/api/reviews/r-1/turns/9/overrides", COACH, OVERRIDE))[1] == "unknown_turn"


async def test_agreement_rests_on_blind_ratings_alone(greenroom: Greenroom) -> None:
    await greenroom.put("/api/reviews/r-1/turns/1/rating", COACH, TWOS)
    await greenroom.ask("/api/reports/r-1", SECOND)
    await greenroom.put("/api/reviews/r-1/turns/1/rating", SECOND, TWOS)
    told = (await greenroom.ask("/api/agreement")).json()["dimensions"]
    relevance = next(each for each in told if each["dimension"] == "relevance")
    assert (relevance["with_machine"]["answers"], relevance["with_machine"]["bias"]) == (1, 1.5)
    assert [each["by"] for each in relevance["people"]] == ["guest-1"]
    assert relevance["between_people"]["answers"] == 0
    assert refused(await greenroom.ask("/api/agreement", COACH)) == (403, "owner_only", False)


async def test_erasing_a_room_erases_what_people_said_of_it(greenroom: Greenroom) -> None:
    await greenroom.put("/api/reviews/r-1/turns/1/rating", COACH, TWOS)
    await greenroom.put("/api/reviews/r-1/turns/1/overrides", COACH, OVERRIDE)
    await greenroom.ask("/api/reports/r-1", COACH)
    await greenroom.store.erase("r-1")
    assert await greenroom.reviews.ratings(["r-1"]) == []
    assert await greenroom.reviews.overrides("r-1") == []
    assert not await greenroom.reviews.shown("r-1", COACH.id)


async def test_too_few_ratings_make_no_weights_and_say_so(greenroom: Greenroom) -> None:
    own = e.Question(id=None, text="What came of it?", kind=e.QuestionKind.OWN)
    asked = e.QuestionAsked(turn=1, question=own, by="person-2")
    await greenroom.store.erase("r-1")
    await greenroom.keep_whole("r-1", chain([*opening(), asked, *spoken_turn(1)[1:], closing()]))
    await greenroom.put("/api/reviews/r-1/turns/1/rating", COACH, TWOS)
    told = (await greenroom.ask("/api/calibration")).json()
    assert (told["answers"], told["file"]) == (1, None)
    assert "at least 25" in told["why_not"]
    assert refused(await greenroom.ask("/api/calibration", COACH)) == (403, "weights_owner_only", False)


async def test_weights_that_cannot_be_read_are_named_as_such(
    greenroom: Greenroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shelf, "versions", lambda *_: ("9.9.9",))
    assert refused(await greenroom.ask("/api/calibration"))[1] == "unknown_weights"

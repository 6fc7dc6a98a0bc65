"""An interview scored again with other weights, beside what it was given on its day. Nothing is kept of it.

Decides what is set side by side; the scores are `scoring`'s. Words and marks are those of the room's log, rubric points
those of today's question bank: where that has changed since, a turn says so.
"""

from pydantic import BaseModel

from rooms.evidence import Score
from rooms.interview.bank import Bank, UnknownQuestion
from rooms.state import Room, Turn
from scoring.answers import relevance_is_all
from scoring.drift import written
from scoring.judging import judged_score, verdict_of
from scoring.local import score
from scoring.meaning import Encoder
from scoring.rubric import Rubric
from scoring.weights import Weights, WeightsError
from server.marker import WITHOUT_ENCODER, EncoderMissing, aids_of, caution_of, rubric_of
from server.shelf import Shelf

ONE_SIDE = "relevance alone, held against the model answer"
SIX_SIDES = "all six sides"


class Figures(BaseModel):
    """One score as far as it is compared."""

    scorer: str
    weights: str
    overall: float | None
    low: float | None
    high: float | None
    dimensions: dict[str, float | None]
    abstained: str | None


class RescoredTurn(BaseModel):
    turn: int
    question: str
    then: Figures
    now: Figures | None
    """None: this turn cannot be scored with these weights."""
    note: str | None
    """What to know about the comparison."""


class Rescored(BaseModel):
    room: str
    mode: str
    weights: str
    then: float | None
    """The mean over the turns that have a score."""
    now: float | None
    turns: list[RescoredTurn]


def rescored(room: Room, bank: Bank, shelf: Shelf, version: str, encoder: Encoder | None = None) -> Rescored:
    """The room's scored turns, then and now. `version`: of the rules' weights, or `judge-X.Y.Z`.

    Raises WeightsError, and EncoderMissing where an answer is read by the room's sentence encoder and that is not here.

    A turn that a judge marked is scored with rules' weights by the rules, and with a judge's by the kept marks.
    """
    scorer = "judge" if version.startswith("judge-") else "local"
    weights = shelf.named(version)
    turns = [_turn(room, turn, bank, shelf, weights, scorer, encoder) for turn in room.turns if turn.score is not None]
    then = [one.then.overall for one in turns if one.then.overall is not None]
    now = [one.now.overall for one in turns if one.now is not None and one.now.overall is not None]
    return Rescored(room=room.id, mode=room.mode.value, weights=version, then=_mean(then), now=_mean(now), turns=turns)


def _turn(
    room: Room, turn: Turn, bank: Bank, shelf: Shelf, weights: Weights, scorer: str, encoder: Encoder | None
) -> RescoredTurn:
    assert turn.score is not None
    made = RescoredTurn(turn=turn.number, question=turn.question.text, then=_figures(turn.score), now=None, note=None)
    try:
        rubric = rubric_of(bank, room, turn)
    except UnknownQuestion:
        return made.model_copy(update={"note": "The question bank has this question no more."})
    if (again := _again(rubric, room, turn, weights, scorer, encoder)) is None:
        return made.model_copy(update={"note": "Rules marked this answer; a judge's weights do not apply."})
    return made.model_copy(update={"now": _figures(again), "note": _note(rubric, room, turn, again, shelf, encoder)})


def _again(
    rubric: Rubric, room: Room, turn: Turn, weights: Weights, scorer: str, encoder: Encoder | None
) -> Score | None:
    """The turn's score with these weights; None where a judge's weights find no judge's marks."""
    assert turn.score is not None
    if scorer == "local":
        aids, caution = aids_of(room, rubric, weights, encoder), caution_of(room, turn)
        return score(
            rubric, turn.transcript, weights, caution=caution, grading=aids.grading, other_words=aids.other_words
        )
    found = verdict_of(turn.score)
    if found is None:
        return None
    return judged_score(
        rubric,
        turn.transcript,
        found,
        weights,
        scorer=turn.score.scorer,
        prompt=turn.score.prompt,
        caution=caution_of(room, turn),
    )


def _note(rubric: Rubric, room: Room, turn: Turn, again: Score, shelf: Shelf, encoder: Encoder | None) -> str | None:
    assert turn.score is not None
    scorer = "judge" if again.weights.startswith("judge-") else "local"
    if turn.score.weights.startswith("judge-") and scorer == "local":
        return f"Then {turn.score.scorer} marked, now rules: another scale."
    if turn.score.abstained is not None and not turn.score.dimensions:
        return "Scoring had failed then."
    if turn.score.caution and WITHOUT_ENCODER in turn.score.caution:
        return "The sentence encoder was away then; words alone were compared."
    if relevance_is_all(turn.score) != relevance_is_all(again) and None not in (turn.score.overall, again.overall):
        now, then = (ONE_SIDE, SIX_SIDES) if relevance_is_all(again) else (SIX_SIDES, ONE_SIDE)
        return f"Then the score was {then}, now {now}: another scale."
    try:
        weights = shelf.named(turn.score.weights)
    except WeightsError:
        return f"The weights {turn.score.weights} of then are not on this server."
    try:
        replayed = _again(rubric, room, turn, weights, scorer, encoder)
    except EncoderMissing:
        return "The sentence encoder of then is not on this server."
    # A label that was added where a judge was silent is no part of the score.
    kept = turn.score.but(caution=replayed.caution) if replayed else turn.score
    if replayed is not None and written(replayed) != written(kept):
        return "With the weights of then it would be another score today: its rubric or the scorer has changed."
    return None


def _figures(found: Score) -> Figures:
    return Figures(
        scorer=found.scorer,
        weights=found.weights,
        overall=found.overall,
        low=found.low,
        high=found.high,
        dimensions={one.dimension.value: one.score for one in found.dimensions},
        abstained=found.abstained,
    )


def _mean(values: list[float]) -> float | None:
    return round(sum(values) / len(values) + 1e-9, 1) if values else None

"""A whole interview as its report: scores with quotes, a timeline, speaking figures, what to try next.

Decides what a report says and in which shape it is kept. Never who may read it, and nothing about rooms or events:
whoever calls hands in the turns.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from rooms.evidence import Delivery, Dimension, Points5, Score
from rooms.transcript import Source, Transcript
from rooms.values import Milliseconds, Value, added
from scoring.coaching import NAMES, Scored, Strength, Suggestion, strengths, suggestions
from scoring.contradictions import Answer
from scoring.features import PAUSE_MS
from scoring.interview import Interview, interview
from scoring.rubric import Family, anchors_of
from scoring.speaking import Speaking, speaking

UNSURE_WIDTH = 3.0
"""An interval this wide, of 5, is worth a word of caution."""


class AskedQuestion(Value):
    """A question as it was put."""

    id: str | None = None
    text: str
    kind: str
    follow_up_of: str | None = None
    competence: str | None = None
    difficulty: int | None = None
    point_weights: Mapping[str, float] = added({})
    """What each rubric point counts against the others, by its id; nothing where nobody knows any more."""


class ReportTurn(Value):
    """One question, its answer, and what was found. Times are milliseconds since the room opened."""

    number: Annotated[int, Field(ge=1)]
    question: AskedQuestion
    finish: str | None = None
    """How the answer ended: done, silence, skipped, limit or ended."""
    began_ms: Milliseconds | None = None
    """When the candidate got the floor."""
    closed_ms: Milliseconds | None = None
    transcript: Transcript = Transcript()
    score: Score | None = None
    delivery: Delivery | None = None
    overrides: tuple["Override", ...] = ()
    """In the order they were given; the last of a dimension stands in `score`."""
    shares: Mapping[Dimension, float] | None = added(None)
    """How much of each dimension the overall is; told to whoever reads the report. None: nobody here knows."""


class Override(Value):
    """A person's word in the place of the machine's number, with why."""

    turn: Annotated[int, Field(ge=1)]
    dimension: Dimension
    before: Points5 | None
    """What stood there: the machine's, or an earlier override. None: nothing did."""
    after: Points5
    by: str
    name: str
    """What the person is called."""
    reason: Annotated[str, Field(min_length=3, max_length=1_000)]
    at: int
    """Milliseconds since 1970, UTC."""


class SegmentKind(StrEnum):
    THINKING = "thinking"
    """From getting the floor to the first word. Shown, never judged."""
    SPEECH = "speech"
    PAUSE = "pause"
    TYPED = "typed"


class Segment(Value):
    """A stretch of the timeline."""

    turn: Annotated[int, Field(ge=1)]
    kind: SegmentKind
    start_ms: Milliseconds
    end_ms: Milliseconds


class DimensionSummary(Value):
    """A dimension over the whole interview."""

    dimension: Dimension
    name: str
    score: Points5 | None
    """The mean over the turns that have a score; None without any."""
    low: Points5 | None = None
    high: Points5 | None = None
    turns: int
    anchor: str | None = None
    """What answers of this score do."""


class Report(Value):
    """All that is known about a finished interview. JSON of this value is what is kept and shown."""

    schema_version: Literal["1"] = "1"
    """Grows when a reader of old reports would misread new ones; added fields do not count."""
    room: str
    mode: str
    opened_at: int
    """Milliseconds since 1970, UTC."""
    duration_ms: Milliseconds
    questions: int
    scored: int
    abstained: int
    overall: Points5 | None
    """The mean over the turns that have a score."""
    low: Points5 | None = None
    high: Points5 | None = None
    """The mean of the turns' intervals: a whole interview never claims to be surer than its answers."""
    dimensions: tuple[DimensionSummary, ...]
    strengths: tuple[Strength, ...]
    try_next: tuple[Suggestion, ...]
    speaking: Speaking
    timeline: tuple[Segment, ...]
    turns: tuple[ReportTurn, ...]
    transcriber: str | None = None
    caution: str | None = None
    """What a reader should know before trusting the numbers."""
    weights: tuple[str, ...] = ()
    """The versions of the weights behind the scores."""
    interview: Interview | None = None
    """What is said of all answers together; None in reports of releases that said nothing of it."""


def build(
    turns: Sequence[ReportTurn],
    *,
    room: str,
    mode: str,
    opened_at: int,
    duration_ms: int,
    transcriber: str | None = None,
    caution: str | None = None,
    competences: Sequence[str] = (),
) -> Report:
    """The report of an interview. Same turns, same report; `caution` is what is known about the words.

    `competences` are those that the mode asks for.
    """
    return Report(
        room=room,
        mode=mode,
        opened_at=opened_at,
        duration_ms=duration_ms,
        questions=len(turns),
        speaking=speaking([turn.delivery for turn in turns if turn.delivery is not None]),
        timeline=timeline(turns),
        transcriber=transcriber,
        caution=_caution(turns, _scores(turns), caution),
        **_sums(turns, Family(mode), competences),
    )


def summed_up(report: Report, turns: Sequence[ReportTurn]) -> Report:
    """The report with these turns in place of its own, and what is said of all of them together reckoned anew."""
    known = [one.name for one in report.interview.competences] if report.interview else []
    return report.but(**_sums(turns, Family(report.mode), known))


def _sums(turns: Sequence[ReportTurn], family: Family, competences: Sequence[str]) -> dict[str, Any]:
    """Everything in a report that follows from the scores of its turns."""
    scores = _scores(turns)
    scored: list[Scored] = [
        (turn.number, turn.question.text, turn.score)
        for turn in turns
        if turn.score is not None and turn.score.overall is not None
    ]
    return {
        "turns": tuple(turns),
        "scored": len(scores),
        "abstained": sum(turn.score is not None and turn.score.overall is None for turn in turns),
        "overall": _mean([score.overall for score in scores]),
        "low": _mean([score.low for score in scores]),
        "high": _mean([score.high for score in scores]),
        "dimensions": tuple(_summary(dimension, scores, family) for dimension in Dimension),
        "strengths": strengths(scored),
        "try_next": suggestions(scored, family),
        "weights": tuple(sorted({score.weights for score in scores})),
        "interview": interview([_answer(turn) for turn in turns], competences),
    }


def _answer(turn: ReportTurn) -> Answer:
    return Answer(turn.number, turn.question.competence, turn.transcript, turn.score)


def _scores(turns: Sequence[ReportTurn]) -> list[Score]:
    return [turn.score for turn in turns if turn.score is not None and turn.score.overall is not None]


def timeline(turns: Sequence[ReportTurn]) -> tuple[Segment, ...]:
    """Thinking, speech, pauses and typing of all turns, in order."""
    return tuple(segment for turn in turns for segment in _segments(turn))


def _segments(turn: ReportTurn) -> list[Segment]:
    """Words closer together than a pause are one stretch of speech; the silence between stretches is a pause."""
    found: list[Segment] = []

    def add(kind: SegmentKind, start: int, end: int) -> None:
        found.append(Segment(turn=turn.number, kind=kind, start_ms=start, end_ms=max(start, end)))

    stretches: list[tuple[SegmentKind, int, int]] = []
    for utterance in turn.transcript.utterances:
        if utterance.source is Source.TYPED:
            stretches.append((SegmentKind.TYPED, utterance.start_ms, utterance.end_ms))
        for start, end in [(w.start_ms, w.end_ms) for w in utterance.words]:
            last = stretches[-1] if stretches else None
            if last and last[0] is SegmentKind.SPEECH and start - last[2] < PAUSE_MS:
                stretches[-1] = (SegmentKind.SPEECH, last[1], max(last[2], end))
            else:
                stretches.append((SegmentKind.SPEECH, start, end))
    if stretches and turn.began_ms is not None and stretches[0][1] > turn.began_ms:
        add(SegmentKind.THINKING, turn.began_ms, stretches[0][1])
    for at, (kind, start, end) in enumerate(stretches):
        before = stretches[at - 1] if at else None
        if before and before[0] is kind is SegmentKind.SPEECH and start > before[2]:
            add(SegmentKind.PAUSE, before[2], start)
        add(kind, start, end)
    return found


def _summary(dimension: Dimension, scores: Sequence[Score], family: Family) -> DimensionSummary:
    found = [one for s in scores for one in s.dimensions if one.dimension is dimension and one.score is not None]
    mean = _mean([one.score for one in found])
    return DimensionSummary(
        dimension=dimension,
        name=NAMES[dimension],
        score=mean,
        low=_mean([one.low for one in found]),
        high=_mean([one.high for one in found]),
        turns=len(found),
        anchor=None if mean is None else anchors_of(family)[dimension].at(mean),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known) + 1e-9, 1) if known else None


def _caution(turns: Sequence[ReportTurn], scores: Sequence[Score], known: str | None) -> str | None:
    """Everything a reader should know first, each said once."""
    notes = [known] if known else []
    notes += [score.caution for turn in turns if (score := turn.score) is not None and score.caution]
    if any((score.high or 0) - (score.low or 0) >= UNSURE_WIDTH for score in scores):
        notes.append("Some scores rest on little or on doubtful words; look at their intervals.")
    if not scores:
        notes.append("No answer could be scored.")
    elif len(scores) < 3:
        answers = "answer" if len(scores) == 1 else "answers"
        notes.append(f"Only {len(scores)} scored {answers}: too few to judge anybody by.")
    return " ".join(dict.fromkeys(notes)) or None

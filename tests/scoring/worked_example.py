"""The worked examples of docs/SCORING.md, made by the scorer itself.

`python -m tests.scoring.worked_example` writes them into the page; a test keeps them true.
"""

from collections.abc import Sequence
from pathlib import Path

from rooms.evidence import Dimension, Level, Score
from scoring.combine import REACH, interval
from scoring.local import score
from scoring.report import AskedQuestion, Override, ReportTurn, build
from scoring.review import overridden
from scoring.rubric import Family, Rubric
from scoring.weights import load_weights
from tests.scoring.answers import rubric, typed

PAGE = Path(__file__).parents[2] / "docs" / "SCORING.md"
BEGIN, END = "<!-- worked example: begin -->\n", "<!-- worked example: end -->\n"
ANSWER = (
    "We had promised a client a new booking page by the first of June. Ten days before the deadline I saw that the "
    "payment part would not be ready. I told my manager and called the client the same day. We agreed to launch "
    "without payment, because people could still book by phone. In the end the page went live on time."
)

WHY = "To launch without payment is to cut the scope."

SHORT_BEGIN, SHORT_END = "<!-- short example: begin -->\n", "<!-- short example: end -->\n"
SHORT_QUESTION = "What is a stack?"
SHORT_MODEL = "A collection in which the element added last is the first to be removed."
SHORT_ANSWER = "A list of data where you put things in and take the first out."


def example() -> str:
    """The example of a question with rubric points, as Markdown."""
    kept = rubric()
    found = score(kept, typed(ANSWER))
    relevance = found.dimensions[0]
    return "\n\n".join(
        [
            f"> **Question.** {kept.question}\n>\n> **Answer.** {ANSWER}",
            "**1. The marks.**",
            _marks(found),
            f"Reached: {_reached(found)}",
            "**2. One dimension.** The parts of *relevance*:",
            _table(["Part", "Points"], [(part.label, f"{part.value:+.3f}") for part in relevance.contributions]),
            _of_the_file(found),
            f"{_sum(found)} {_interval(found)}",
            "**3. The whole.** Each dimension counts with its share:",
            _whole(found),
            f"Together {_total(found):.3f}, shown as **{found.overall:.1f}**, "
            f"with an interval from {found.low:.1f} to {found.high:.1f}.",
            "**4. A person's word.** " + _persons_word(found) + "\n",
        ]
    )


def short_example() -> str:
    """The example of a short answer and its model answer, as Markdown: six decimals show its parts exactly."""
    asked = Rubric.from_question(SHORT_QUESTION, Family.TECHNICAL.value, reference=SHORT_MODEL)
    found = score(asked, typed(SHORT_ANSWER))
    parts = [(part.label, f"{part.value:+.6f}") for part in found.dimensions[0].contributions]
    told = f"> **Question.** {SHORT_QUESTION}\n>\n> **Model answer.** {SHORT_MODEL}\n>\n> **Answer.** {SHORT_ANSWER}"
    whole = f"Together exactly **{found.overall:.1f}**, with a 90% interval from {found.low:.2f} to {found.high:.2f}.\n"
    return "\n\n".join([told, _table(["Part of a short answer", "Points"], parts), whole])


def _marks(found: Score) -> str:
    weights = {point.id: point.weight for point in rubric().points}
    rows = [
        (
            mark.criterion,
            f"{weights[mark.point]:g}",
            mark.level.value,
            " · ".join(f"“{quote.text}”" for quote in mark.quotes) or mark.reason,
        )
        for mark in found.marks
    ]
    return _table(["Rubric point", "Weight", "Level", "The words it rests on"], rows)


def _reached(found: Score) -> str:
    weights = {point.id: point.weight for point in rubric().points}
    parts = [
        f"{weights[mark.point]:g} × {REACH[mark.level]:g}" for mark in found.marks if mark.level is not Level.ABSENT
    ]
    total = sum(weights[mark.point] * REACH[mark.level] for mark in found.marks)
    return f"{' + '.join(parts)} = {total:g} of {sum(weights.values()):g}, so {_share(found):.0%}."


def _share(found: Score) -> float:
    weights = {point.id: point.weight for point in rubric().points}
    return sum(weights[mark.point] * REACH[mark.level] for mark in found.marks) / sum(weights.values())


def _of_the_file(found: Score) -> str:
    """How the first part follows from the marks and the file of weights."""
    most = load_weights().families[rubric().family].features[Dimension.RELEVANCE]["points"]
    share, part = _share(found), found.dimensions[0].contributions[0].value
    return (
        f"The file of weights gives {most:g} points to an answer that reaches all rubric points: {share:.0%} of it are "
        f"{most * share:.3f}, and the nearest eighth {part:.3f}."
    )


def _interval(found: Score) -> str:
    """The half-width that the file of weights gives, without anything that made this answer less sure."""
    relevance, width = found.dimensions[0], load_weights().width(rubric().family).dimension
    assert relevance.score is not None
    assert interval(relevance.score, width) == (relevance.low, relevance.high), "say what made it less sure"
    return (
        f"The 90% interval runs from {relevance.low:.1f} to {relevance.high:.1f}: {width:g} to each side, by the same "
        "file, and outward to tenths."
    )


def _persons_word(found: Score) -> str:
    """What a report says once a coach has put her number in the place of the machine's."""
    turn = ReportTurn(
        number=1,
        question=AskedQuestion(text=rubric().question, kind="new"),
        transcript=typed(ANSWER),
        score=found,
    )
    machine = build([turn], room="r", mode=rubric().family.value, opened_at=0, duration_ms=0)
    after = (found.dimensions[0].score or 0.0) + 1
    word = Override(turn=1, dimension=Dimension.RELEVANCE, before=None, after=after, by="b", name="B", reason=WHY, at=0)
    changed = overridden(machine, [word], lambda version, mode: load_weights(version).families[Family(mode)].overall)
    score = changed.turns[0].score
    assert score is not None
    part, share = score.dimensions[0].contributions[-1], load_weights().families[rubric().family].overall
    return (
        f"A coach who reads along disagrees: “{WHY}” She changes relevance to {after:.1f}. One part is added to its "
        f"sum, “{part.label}” {part.value:+.3f}, and the whole is added up anew: {_total(found):.3f} + {part.value:g} "
        f"× {share[Dimension.RELEVANCE]:.2f} = {_total(score):.3f}, shown as **{score.overall:.1f}**. The report shows "
        "both numbers, her name and her reason."
    )


def _sum(found: Score) -> str:
    relevance = found.dimensions[0]
    return f"They add up to exactly **{relevance.score:.1f}**."


def _whole(found: Score) -> str:
    shares = load_weights().families[rubric().family].overall
    rows = [
        (
            one.dimension.value,
            f"{one.score:.1f}",
            f"{shares[one.dimension]:.2f}",
            f"{(one.score or 0) * shares[one.dimension]:.3f}",
        )
        for one in found.dimensions
    ]
    return _table(["Dimension", "Score", "Share", "Score × share"], rows)


def _total(found: Score) -> float:
    shares = load_weights().families[rubric().family].overall
    return sum((one.score or 0) * shares[one.dimension] for one in found.dimensions)


def _table(head: Sequence[str], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [" | ".join(head), " | ".join("---" for _ in head), *(" | ".join(row) for row in rows)]
    return "\n".join(f"| {line} |" for line in lines)


def written(page: str) -> str:
    """The page with the examples brought up to date."""
    page = _replaced(page, BEGIN, example(), END)
    return _replaced(page, SHORT_BEGIN, short_example(), SHORT_END)


def _replaced(page: str, begin: str, text: str, end: str) -> str:
    before, rest = page.split(begin)
    return before + begin + "\n" + text + "\n" + end + rest.split(end)[1]


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

"""A report's JSON as lines for a terminal: each turn's marks with the words they rest on, and what to try next.

Decides which parts of a report a terminal shows; never what they say.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from client.lines import plain, score_lines
from rooms.evidence import Delivery, Score


def report_lines(report: Mapping[str, Any]) -> list[str]:
    """The report in short. Parts that this release does not know are left to the page."""
    lines = []
    for turn in report.get("turns", ()):
        question = turn.get("question")
        text = question.get("text") if isinstance(question, Mapping) else question
        lines.append(f"{turn.get('number') or turn.get('turn')}. {text}")
        lines += [f"   {line}" for line in _turn(turn)]
    overall = report.get("overall")
    if isinstance(overall, int | float):
        lines.append(f"Overall {overall:.1f} of 5.")
    return [plain(line) for line in lines]


def _turn(turn: Mapping[str, Any]) -> list[str]:
    try:
        score = Score.model_validate(turn.get("score"))
        delivery = Delivery.model_validate(turn["delivery"]) if turn.get("delivery") else None
    except ValidationError:
        return ["(see the page for this turn's score)"]
    return score_lines(score, delivery)

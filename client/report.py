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
    caution = report.get("caution")
    lines = [f"Caution: {caution}"] if caution else []
    for turn in report.get("turns", ()):
        lines.append(f"{turn['number']}. {turn['question']['text']}")
        lines += [f"   {line}" for line in _turn(turn, caution)]
    suggestions = report.get("try_next", ())
    lines += _together(report.get("interview") or {})
    lines += ["Try next:"] if suggestions else []
    lines += [f"   {suggestion['text']} {suggestion['because']}" for suggestion in suggestions]
    if report.get("overall") is not None:
        lines.append(f"Overall {report['overall']:.1f} of 5{_interval(report)}.")
    return [plain(line) for line in lines]


LEVELS = {"not_yet": "not yet", "nearly": "nearly", "ready": "ready"}


def _together(interview: Mapping[str, Any]) -> list[str]:
    """All answers together, in short: how ready, what was shown, and what does not fit."""
    if not interview:
        return []
    readiness = interview["readiness"]
    level = LEVELS.get(readiness["level"], readiness["abstained"])
    lines = ["All answers together:", f"   Ready: {level}"]
    shown = [one["name"] for one in interview["competences"] if one["reach"] == "shown"]
    lines += [f"   Shown: {', '.join(shown)}"] if shown else []
    for one in interview["contradictions"]:
        both = [f"{said['turn']}: “{said['quote']['text']}”" for said in (one["first"], one["second"])]
        lines.append(f"   Worth asking about: {one['about']} {' / '.join(both)}")
    lines += [f"   {one['sentence']}" for one in (interview["consistency"], interview["growth"]) if one]
    return lines


def _turn(turn: Mapping[str, Any], caution: str | None) -> list[str]:
    """A caution that the whole report carries is not said again for each turn."""
    if turn.get("score") is None:
        return ["not scored"]
    try:
        score = Score.model_validate(turn["score"], extra="ignore")
        delivery = Delivery.model_validate(turn["delivery"], extra="ignore") if turn.get("delivery") else None
    except ValidationError:
        return ["(see the page for this turn's score)"]
    if score.caution and caution and score.caution in caution:
        score = score.model_copy(update={"caution": None})
    return score_lines(score, delivery)


def _interval(report: Mapping[str, Any]) -> str:
    low, high = report.get("low"), report.get("high")
    return "" if low is None or high is None else f" ({low:.1f} to {high:.1f})"

"""What the verbs `weights`, `calibrate` and `rescore` print: tables for a terminal.

Decides columns and widths; what stands in them is the server's.
"""

from collections.abc import Iterator, Mapping
from typing import Any

_NO = "\u2013"


def shelf(all_weights: Mapping[str, Any]) -> Iterator[str]:
    """Each version with its hash, where it is in use, and what was measured."""
    yield f"{'version':<10} {'hash':<10} {'training set':<18} in use for"
    for one in all_weights["versions"]:
        if one["problem"]:
            yield f"{one['version']:<10} cannot be used: {one['problem']}"
            continue
        uses = ", ".join(one["in_use_for"]) or _NO
        yield f"{one['version']:<10} {one['sha256'][:8]:<10} {one['training_set']:<18} {uses}"
        if one["metrics"]:
            yield f"{'':<21} " + ", ".join(f"{name} {value}" for name, value in sorted(one["metrics"].items()))
    yield ""
    yield from audit(all_weights["activations"])


def calibration(found: Mapping[str, Any]) -> Iterator[str]:
    """How far from people the weights are on held-out answers, before and after."""
    yield f"From {found['answers']} blind ratings in {found['rooms']} rooms; base: weights {found['base']}."
    if found["dimensions"]:
        yield f"{'on held-out answers':<22}{'answers':>8}{'before':>8}{'after':>8}"
    for one in found["dimensions"]:
        yield f"{one['dimension']:<22}{one['answers']:>8}{one['before']:>8.2f}{one['after']:>8.2f}"
    if found["before"] is not None:
        yield f"{'all':<30}{found['before']:>8.2f}{found['after']:>8.2f}"
    if found["covered"] is not None:
        yield f"Of the ratings, {found['covered']:.0%} are within 90% intervals whose width other rooms had set."
    for one in found.get("widths", ()):  # a server of before tells none
        before, after = one["before"], one["after"]
        side = f"a dimension {before['dimension']:.2f} -> {after['dimension']:.2f} points to each side"
        whole = f"the whole {before['overall']:.2f} -> {after['overall']:.2f}"
        yield f"Intervals, {one['family']}: {side}, {whole} (from {one['answers']} ratings)."


def audit(activations: list[Mapping[str, Any]]) -> Iterator[str]:
    """Every change of what is in use, the oldest first."""
    if not activations:
        yield "Nothing was ever put into use: every room gets the newest."
    for one in activations:
        where = "/".join(part for part in (one["mode"] or "all", one["seniority"]) if part)
        change = f"{one['before'] or 'the newest'} -> {one['version']}"
        yield f"{one['number']:>3}. {where}: {change}, by {one['name']}: {one['reason']}"


def side_by_side(rescored: Mapping[str, Any]) -> Iterator[str]:
    """Each answer and each dimension: then, now, and the difference."""
    for turn in rescored["turns"]:
        then, now = turn["then"], turn["now"]
        yield f"{turn['turn']}. {turn['question']}"
        if turn["note"]:
            yield f"   {turn['note']}"
        if now is None:
            continue
        yield f"   {'':<12} {_who(then):>16} {_who(now):>16}"
        yield f"   {'overall':<12} {_range(then):>16} {_range(now):>16} {_change(then['overall'], now['overall'])}"
        for name in now["dimensions"] or then["dimensions"]:
            before, after = then["dimensions"].get(name), now["dimensions"].get(name)
            yield f"   {name:<12} {_number(before):>16} {_number(after):>16} {_change(before, after)}"
        for when, figures in (("then", then), ("now", now)):
            if figures["abstained"]:
                yield f"   {when}: {figures['abstained']}"
        yield ""
    then, now = rescored["then"], rescored["now"]
    yield f"All: {_number(then)} then, {_number(now)} with {rescored['weights']} {_change(then, now)}".rstrip()
    yield "Nothing was changed: the room keeps its scores."


def _who(figures: Mapping[str, Any]) -> str:
    return str(figures["weights"])


def _range(figures: Mapping[str, Any]) -> str:
    if figures["overall"] is None:
        return _NO
    return f"{figures['overall']:.1f} ({figures['low']:.1f} to {figures['high']:.1f})"


def _number(value: float | None) -> str:
    return _NO if value is None else f"{value:.1f}"


def _change(before: float | None, after: float | None) -> str:
    return "" if before is None or after is None or before == after else f"{after - before:+.1f}"

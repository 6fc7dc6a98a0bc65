"""Draws curves of cut-offs against dead air as an SVG. Decides how it looks; measures nothing."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 720, 400, 60, 20, 20, 50
MOST_MS, MOST_PERCENT = 3_000, 12
COLOURS: Final = ("#8a8a8a", "#c98a2b", "#1f6f5c")


def draw(path: Path, curves: Mapping[str, Sequence[tuple[float, float]]], at_5: Mapping[str, float]) -> None:
    """`curves`: by name, (median dead air in ms, cut-offs in % of pauses). `at_5`: single points at 5 %, in ms."""
    lines = [_axes()]
    for n, (name, points) in enumerate(curves.items()):
        seen = sorted((x, y) for x, y in points if x <= MOST_MS and y <= MOST_PERCENT)
        places = " ".join(f"{_x(x):.0f},{_y(y):.0f}" for x, y in seen)
        colour = COLOURS[n % len(COLOURS)]
        lines.append(f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        lines.append(_text(WIDTH - RIGHT - 190, TOP + 20 + 20 * n, name, colour))
    for name, ms in at_5.items():
        lines.append(f'<circle cx="{_x(ms):.0f}" cy="{_y(5):.0f}" r="4" fill="#444"/>')
        lines.append(_text(_x(ms) + 8, _y(5) + 4, f"{name} (other data)", "#444"))
    target = f'<rect x="{_x(0):.0f}" y="{_y(1):.0f}" width="{_x(1_200) - _x(0):.0f}" height="{_y(0) - _y(1):.0f}"'
    lines.insert(1, f'{target} fill="#1f6f5c" opacity="0.12"/>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">'
    background = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
    path.write_text("\n".join([head, background, *lines, "</svg>", ""]), encoding="utf-8")


def _axes() -> str:
    ticks = [_text(_x(ms) - 12, HEIGHT - BOTTOM + 18, f"{ms / 1000:g} s") for ms in range(0, MOST_MS + 1, 500)]
    ticks += [_text(LEFT - 38, _y(percent) + 4, f"{percent} %") for percent in range(0, MOST_PERCENT + 1, 2)]
    frame = f'<path d="M{_x(0):.0f},{_y(MOST_PERCENT):.0f} V{_y(0):.0f} H{_x(MOST_MS):.0f}" fill="none" stroke="#444"/>'
    below = _text(WIDTH / 2 - 90, HEIGHT - 12, "median dead air behind a real end")
    beside = _text(LEFT + 8, TOP + 8, "pauses taken for the end")
    return "\n".join([frame, *ticks, below, beside])


def _text(x: float, y: float, words: str, colour: str = "#444") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="13" fill="{colour}">{escape(words)}</text>'


def _x(ms: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * ms / MOST_MS


def _y(percent: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * percent / MOST_PERCENT

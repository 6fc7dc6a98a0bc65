"""Lines that errors name."""

import pytest

from rooms.places import line_of

TEXT = """\
version = "1"

[relevance]
low = "a"
high = "b"

[[question]]
id = "one"
points = [
  { id = "p", weight = 1 },
  { id = "q", weight = 9 },
]

[[question]]
id = "two"
short = ["x", "y"]

[families.technical.overall]
depth = 0.5
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("version",), 1),
        (("relevance",), 3),
        (("relevance", "high"), 5),
        (("relevance", "middle"), 3),
        (("question", 0, "id"), 8),
        (("question", 0, "points", 1, "weight"), 11),
        (("question", 0, "points", 7), 9),
        (("question", 1), 14),
        (("question", 1, "id"), 15),
        (("question", 1, "short", 1), 16),
        (("families", "technical", "overall", "depth"), 19),
        (("nowhere",), 1),
        ((), 1),
    ],
)
def test_a_path_leads_to_its_line_or_to_what_is_around_it(path: tuple[str | int, ...], line: int) -> None:
    assert line_of(TEXT, path) == line

"""What the docs point at is there: every place that docs/ARCHITECTURE.md names, every link between pages."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
NAMED = re.compile(r"`([\w./*-]+)`")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


def places(line: str) -> Iterator[str]:
    """The files and folders that a line names; a bare name lies where the one before it does."""
    folder = ""
    for name in NAMED.findall(line):
        if "/" in name:
            folder = name.rpartition("/")[0]
            yield name
        elif name.endswith((".py", ".toml")):
            yield f"{folder}/{name}"


def test_the_page_about_architecture_names_what_exists() -> None:
    named = [place for line in (ROOT / "docs/ARCHITECTURE.md").read_text().splitlines() for place in places(line)]
    assert len(named) > 80
    assert [place for place in named if not any(ROOT.glob(place.rstrip("/")))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()] == []

"""docs/SCORING.md says what the scorer does."""

import re
from decimal import Decimal

from tests.scoring.worked_example import BEGIN, END, PAGE, written


def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def table(heading: str) -> list[list[str]]:
    """The rows of the table that begins with this heading."""
    text = page().split(f"| {heading} |")[1].split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in text.splitlines()[2:] if line]


def test_the_worked_example_is_what_the_scorer_says() -> None:
    assert written(page()) == page(), "run `python -m tests.scoring.worked_example` and read what changed"


def test_the_numbers_of_the_worked_example_add_up() -> None:
    parts = [float(row[-1]) for row in table("Part | Points")]
    relevance = re.search(r"They add up to exactly \*\*([\d.]+)\*\*", page())
    assert relevance is not None
    assert sum(parts) == float(relevance[1])
    rows = [[float(cell) for cell in row[1:]] for row in table("Dimension | Score | Share | Score × share")]
    assert all(abs(score * share - product) < 1e-9 for score, share, product in rows)
    assert abs(sum(share for _, share, _ in rows) - 1) < 1e-9
    total = re.search(r"Together ([\d.]+), shown as \*\*([\d.]+)\*\*", page())
    assert total is not None
    assert abs(sum(product for *_, product in rows) - float(total[1])) < 1e-9
    assert abs(float(total[1]) - float(total[2])) <= 0.05 + 1e-9


def test_a_persons_word_in_the_worked_example_adds_up() -> None:
    found = re.search(r"anew: ([\d.]+) \+ ([\d.]+) × ([\d.]+) = ([\d.]+), shown as \*\*([\d.]+)\*\*", page())
    assert found is not None
    before, moved, share, after, shown = map(Decimal, found.groups())
    assert before + moved * share == after
    assert abs(after - shown) <= Decimal("0.05")


def test_the_parts_of_the_short_example_add_up() -> None:
    parts = [Decimal(row[-1]) for row in table("Part of a short answer | Points")]
    whole = re.search(r"Together exactly \*\*([\d.]+)\*\*", page())
    assert whole is not None
    assert sum(parts) == Decimal(whole[1])


def test_every_quote_of_the_worked_example_is_in_its_answer() -> None:
    text = page().split(BEGIN)[1].split(END)[0]
    answer = text.split("**Answer.** ")[1].split("\n")[0]
    marks = text.split("| Rubric point |")[1].split("Reached:")[0]
    quotes = re.findall(r"“(.+?)”", marks)
    assert quotes
    assert all(quote in answer for quote in quotes)

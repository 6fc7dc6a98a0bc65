"""Names and terms that may be said in an answer, so that a recogniser knows how they are written.

Decides which, and how many; never how they reach it (adapters). Nothing of the rubric: a recogniser that was told
what a good answer holds may write it where it was not said.
"""

import re
from typing import Final

from rooms.state import Room

MOST: Final = 40
_TERM: Final = re.compile(
    r"(?<![.?!:] )(?<!^)\b[A-Z][\w'+#-]*(?: [A-Z][\w'+#-]*)*|\b\w*(?:[a-z][A-Z]|\d[A-Za-z]|[A-Za-z]\d)\w*"
)
"""Capitals where no sentence begins, and words with a capital or a digit inside: names, products, abbreviations."""


def hints(room: Room) -> tuple[str, ...]:
    """For the open turn: what was given for the room, and what the question names; no name twice.

    The same as long as the turn is open, whoever comes and goes: the same audio must give the same words. Few, because
    a prompt costs as much as generating as many tokens: the names of the people in the room are not among them.
    """
    asked = _TERM.findall(room.turn.question.text) if room.turn else []
    first: dict[str, str] = {}
    for term in (*room.terms, *asked):
        first.setdefault(term.casefold(), term)
    return tuple(first.values())[:MOST]

"""The notice that a candidate consents to, versioned: who interviews, what is kept, and what can be asked for.

Decides the words. A change of meaning is a new version, and rooms remember which one was agreed to.
"""

import hashlib
from collections.abc import Sequence

from rooms.values import Value


class Notice(Value):
    version: str
    title: str
    paragraphs: tuple[str, ...]
    points: tuple[str, ...]


JUDGED = (
    "Your words are also sent to an AI outside this server, which helps to mark them ({names}). It is told neither "
    "your name nor your voice."
)
"""One point more where a judge marks: whose words leave the house must know it first."""


def notice_of(judges: Sequence[str]) -> Notice:
    """The notice of a server whose answers are marked by rules, or also by these judges."""
    if not judges:
        return NOTICE
    point = JUDGED.format(names=", ".join(judges))
    # Other judges are another notice: who agreed to one has not agreed to the next.
    names = hashlib.sha256(point.encode()).hexdigest()[:8]
    points = (*NOTICE.points[:2], point, *NOTICE.points[2:])
    return NOTICE.but(version=f"{NOTICE.version}-judged-{names}", points=points)


NOTICE = Notice(
    version="2026-11",
    title="Before we begin",
    paragraphs=(
        "An AI interviews you here: a computer chooses the questions, writes down your words and marks your answers. "
        "A person may watch, whisper hints to you, or take over as interviewer; you see who is in the room.",
    ),
    points=(
        "Your voice is turned into text and not kept as sound once it was heard out.",
        "Your words, the marks with the quotes they rest on, and figures such as pace and pauses are kept in a report.",
        "Only what you say is marked. How you say it is shown to you as coaching and counts for nothing.",
        "Nothing is inferred about your emotions, your accent or who you are.",
        "Typing is as good as speaking, pausing costs nothing, and you can end at any time.",
        "You can ask for a person to look at any mark, and for your data to be corrected or deleted.",
    ),
)

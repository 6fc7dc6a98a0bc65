"""The notice that a candidate consents to, versioned: who interviews, what is kept, and what can be asked for.

Decides the words. A change of meaning is a new version, and rooms remember which one was agreed to.
"""

from rooms.values import Value


class Notice(Value):
    version: str
    title: str
    paragraphs: tuple[str, ...]
    points: tuple[str, ...]


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

"""How facts of the next release are read by this one, while a new release comes in process by process.

Decides what may be overlooked (a field that this release does not know) and what may not: a kind of fact, or a word in
one, that it has never heard of. Whoever decided without that would decide about another room. Wishes are not read here:
in those a field that nobody knows is a mistake.
"""

from pydantic import ValidationError

from rooms.events import EVENT, Event

_NEWER = frozenset({"union_tag_invalid", "enum", "literal_error", "less_than_equal", "string_too_long", "too_long"})
"""What is wrong, in pydantic's words, with a kind, a word or a limit of a later release. Anything else is broken."""
_validate = EVENT.validator.validate_json


class NewerFact(Exception):
    """A room holds something that only a newer release reads: this process leaves the room to others."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def fact(text: bytes, kind: str) -> Event:
    """The fact in JSON, as far as this release knows it. NewerFact; ValidationError if it is broken."""
    try:
        event: Event = _validate(text, extra="ignore")
        return event
    except ValidationError as wrong:
        found = wrong.errors(include_url=False, include_context=False, include_input=False)
        if _NEWER.issuperset(error["type"] for error in found):
            raise NewerFact(kind) from None
        raise

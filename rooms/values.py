"""The one base of every value in the cores: frozen, closed, comparable by content.

Decides how values are checked and written as JSON; never what they mean.
"""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field


class Value(BaseModel):
    """A frozen value. Unknown fields are refused, so a misspelt field is an error and not a silence."""

    # An error's text must not hold its input: that is what somebody said, and errors end up in logs.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def but(self, **changes: Any) -> Self:
        """The same with other values in some fields: `model_copy(update=changes)` at a third of its price.

        Nothing is checked. The price counts because each fact changes a room, in each process that looks at it.
        """
        changed = self.__new__(type(self))
        put = object.__setattr__
        put(changed, "__dict__", {**self.__dict__, **changes})
        put(changed, "__pydantic_fields_set__", self.__pydantic_fields_set__ | changes.keys())
        put(changed, "__pydantic_extra__", None)
        put(changed, "__pydantic_private__", None)
        return changed


Milliseconds = Annotated[int, Field(ge=0)]
"""Whole milliseconds since the room opened, unless the field's docstring says otherwise."""

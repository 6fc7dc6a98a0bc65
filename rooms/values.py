"""The one base of every value in the cores: frozen, closed, comparable by content.

Decides how values are checked and written as JSON; never what they mean.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Value(BaseModel):
    """A frozen value. Unknown fields are refused, so a misspelt field is an error and not a silence."""

    # An error's text must not hold its input: that is what somebody said, and errors end up in logs.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


Milliseconds = Annotated[int, Field(ge=0)]
"""Whole milliseconds since the room opened, unless the field's docstring says otherwise."""

"""Logs as JSON lines: one canonical line per connection and per turn, ids bound once.

Decides the form of a log line. Never holds what a person said: lines carry ids, counts, codes and times.
"""

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """A record as one line of JSON; what was passed as `extra` becomes fields."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "log": record.name,
            "what": _what(record),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info and record.exc_info[1]:
            errors = list(_leaves(record.exc_info[1]))
            line["error"] = ", ".join(dict.fromkeys(type(error).__name__ for error in errors))
            # The places only: an exception's own text can hold what a person said.
            line["trace"] = traceback.format_tb(errors[0].__traceback__)
        return json.dumps(line, default=str)


def _what(record: logging.LogRecord) -> str:
    """What happened. Of asyncio's own lines only the beginning: behind it stand arguments, and what errors say."""
    said = record.getMessage()
    return said.partition("\n")[0].partition("(")[0] if record.name == "asyncio" else said


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """What went wrong in a group of tasks, or the error itself: that it was a group says nothing."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error


def configure(level: str) -> None:
    """Send every log of the process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    # Libraries warn only: at lower levels some of them write down what passes through them, which is what people said.
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("server").setLevel(level.upper())

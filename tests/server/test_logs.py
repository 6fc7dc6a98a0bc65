"""A log line says what went wrong and where, and never with whose words."""

import json
import logging

from server.logs import JsonLines


def line_of(error: Exception) -> dict[str, object]:
    try:
        raise error
    except Exception as raised:
        record = logging.LogRecord(
            "server", logging.ERROR, __file__, 1, "it failed", None, (type(raised), raised, raised.__traceback__)
        )
    return dict(json.loads(JsonLines().format(record)))


def test_an_error_in_a_group_of_tasks_is_named_and_not_the_group() -> None:
    group = ExceptionGroup("tasks", [ExceptionGroup("more", [KeyError("said"), OSError()]), KeyError("said")])
    assert line_of(group)["error"] == "KeyError, OSError"


def test_what_an_error_says_is_not_written_down() -> None:
    assert "said in confidence" not in json.dumps(
        line_of(ExceptionGroup("said in confidence", [ValueError("said in confidence")]))
    )

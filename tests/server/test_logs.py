"""A log line says what went wrong and where, and never with whose words."""

import asyncio
import json
import logging

import pytest

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


class Ours(ValueError):
    """What other tests left behind may be found at any moment."""


def test_asyncio_names_what_failed_and_not_what_it_was_given(caplog: pytest.LogCaptureFixture) -> None:
    def hear(text: str) -> None:
        raise Ours(text)

    async def tell(text: str) -> None:
        raise Ours(text)

    async def nobody_looks() -> None:
        asyncio.get_running_loop().call_soon(hear, "said in confidence")
        task = asyncio.create_task(tell("said in confidence"))
        await asyncio.wait([task])
        del task  # the last that held it: nothing has to be collected

    asyncio.run(nobody_looks())
    ours = [record for record in caplog.records if record.exc_info and isinstance(record.exc_info[1], Ours)]
    lines = [JsonLines().format(record) for record in ours]
    assert len(lines) == 2
    for line in lines:
        assert "said in confidence" not in line
        assert json.loads(line)["error"] == "Ours"

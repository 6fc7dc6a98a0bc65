import pytest

from server.hearing.keeping import Keeping
from server.ports import Unavailable


class Log:
    """Remembers what was forgotten."""

    def __init__(self) -> None:
        self.forgotten: list[str] = []
        self.away = False

    async def forget(self, room: str, position: str) -> None:
        if self.away:
            raise Unavailable("redis")
        self.forgotten.append(position)

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"keeping only forgets; it wants {name}")


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def keeping(log: Log, monkeypatch: pytest.MonkeyPatch) -> Keeping:
    monkeypatch.setattr("server.hearing.keeping._EVERY_S", 0)
    return Keeping(log, "r-1")  # type: ignore[arg-type]


async def test_only_what_ended_before_is_forgotten(log: Log, keeping: Keeping) -> None:
    for position, end_ms in (("1", 100), ("2", 200), ("3", 300)):
        keeping.heard(position, end_ms)
    await keeping.forget_before(250)
    assert log.forgotten == ["2"]
    await keeping.forget_before(250)
    assert log.forgotten == ["2"]


async def test_nothing_behind_what_is_needed_is_forgotten(log: Log, keeping: Keeping) -> None:
    keeping.heard("1", 500)
    keeping.heard("2", 100)  # a clock that ran backwards
    await keeping.forget_before(250)
    assert log.forgotten == []


async def test_what_could_not_be_forgotten_is_forgotten_later(log: Log, keeping: Keeping) -> None:
    keeping.heard("1", 100)
    log.away = True
    await keeping.forget_before(250)
    log.away = False
    await keeping.forget_before(0)
    assert log.forgotten == ["1"]


async def test_the_log_is_asked_rarely(log: Log) -> None:
    keeping = Keeping(log, "r-1")  # type: ignore[arg-type]
    for n in range(100):
        keeping.heard(str(n), n)
        await keeping.forget_before(n)
    assert log.forgotten == ["0"]

"""The laptop's own Redis: it starts, keeps, refuses to share, and never outlives us."""

import asyncio
import os
import signal
import stat
import sys
import time
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, BusyLoadingError, ConnectionError

from server import embedded
from server.embedded import RedisNotStartedError, start

OWNER = """
import asyncio, sys
from pathlib import Path
from server import embedded

async def main():
    redis = await embedded.start(Path(sys.argv[1]))
    print(redis.process.pid, redis.url, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def ask(url: str, *command: str | bytes) -> object:
    async with Redis.from_url(url) as redis:
        return await redis.execute_command(*command)


async def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    first = await start(tmp_path / "redis")
    await ask(first.url, "SET", "kept", "yes")
    await first.stop()
    second = await start(tmp_path / "redis")
    assert await ask(second.url, "GET", "kept") == b"yes"
    await second.stop()


async def test_what_was_written_survives_the_server_being_killed(tmp_path: Path) -> None:
    first = await start(tmp_path)
    await ask(first.url, "SET", "kept", "yes")
    first.process.kill()
    await first.ended()
    await first.stop()
    second = await start(tmp_path)
    assert await ask(second.url, "GET", "kept") == b"yes"
    await second.stop()


async def test_a_folder_name_with_spaces_and_quotes_is_fine(tmp_path: Path) -> None:
    redis = await start(tmp_path / 'my "own" room é')
    assert await ask(redis.url, "PING") is True
    await redis.stop()


async def test_the_append_only_file_is_on(tmp_path: Path) -> None:
    redis = await start(tmp_path)
    assert await ask(redis.url, "CONFIG", "GET", "appendonly") == {b"appendonly": b"yes"}
    assert await ask(redis.url, "CONFIG", "GET", "appendfsync") == {b"appendfsync": b"everysec"}
    await redis.stop()


async def test_nobody_enters_without_the_password(tmp_path: Path) -> None:
    redis = await start(tmp_path)
    with pytest.raises(AuthenticationError):
        await ask("redis://" + redis.url.partition("@")[2], "PING")
    await redis.stop()


async def test_the_password_is_neither_shown_nor_readable_by_others(tmp_path: Path) -> None:
    redis = await start(tmp_path)
    password = redis.url.split(":")[2].split("@")[0]
    assert password not in repr(redis)
    assert stat.S_IMODE((tmp_path / "url").stat().st_mode) == 0o600
    assert (tmp_path / "url").read_text().strip() == redis.url
    if sys.platform == "linux":
        assert password.encode() not in Path(f"/proc/{redis.process.pid}/cmdline").read_bytes()
    await redis.stop()
    assert not (tmp_path / "url").exists()


async def test_a_second_greenroom_on_the_same_folder_is_told_who_is_there(tmp_path: Path) -> None:
    redis = await start(tmp_path)
    with pytest.raises(RedisNotStartedError, match=f"process {os.getpid()}.*already using"):
        await start(tmp_path)
    assert await ask(redis.url, "PING") is True
    await redis.stop()


async def test_stopping_twice_is_harmless(tmp_path: Path) -> None:
    redis = await start(tmp_path)
    await redis.stop()
    await redis.stop()
    assert redis.process.returncode == 0


async def test_a_server_that_dies_at_once_is_shown_with_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").write_text("a file where the server needs a folder")
    with pytest.raises(RedisNotStartedError, match="(?s)did not start:.*appendonlydir"):
        await start(tmp_path)


async def test_a_failed_start_leaves_the_folder_free(tmp_path: Path) -> None:
    obstacle = tmp_path / "appendonlydir"
    obstacle.write_text("")
    with pytest.raises(RedisNotStartedError):
        await start(tmp_path)
    obstacle.unlink()
    redis = await start(tmp_path)
    await redis.stop()


async def test_a_server_that_never_answers_is_ended_at_the_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = tmp_path / "deaf"
    deaf.write_text("#!/bin/sh\nexec sleep 60\n")
    deaf.chmod(0o755)
    monkeypatch.setattr(embedded, "candidates", lambda: [deaf])
    monkeypatch.setattr(embedded, "_runs", _always)
    with pytest.raises(RedisNotStartedError, match="not ready within 0.3 seconds"):
        await start(tmp_path / "redis", deadline_seconds=0.3)


async def test_a_server_that_does_not_run_here_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "valkey-server"
    broken.write_text("#!/nowhere/interpreter\n")
    broken.chmod(0o755)
    real = list(embedded.candidates())
    monkeypatch.setattr(embedded, "candidates", lambda: [broken, *real])
    assert await embedded.find_server() != broken


async def test_without_any_server_the_newcomer_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "candidates", lambda: [])
    with pytest.raises(RedisNotStartedError, match="apt install redis-server.*REDIS_URL"):
        await embedded.find_server()


async def test_a_taken_port_is_not_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = await start(tmp_path / "first")
    ports = iter([int(taken.url.split(":")[-1].split("/")[0]), embedded._free_port()])
    monkeypatch.setattr(embedded, "_free_port", lambda: next(ports))
    redis = await start(tmp_path / "second")
    assert await ask(redis.url, "PING") is True
    await redis.stop()
    await taken.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only an orderly exit ends the server")
async def test_the_server_dies_with_a_killed_owner_and_the_next_run_takes_over(tmp_path: Path) -> None:
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OWNER, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert owner.stdout is not None
    async with asyncio.timeout(20):
        pid, url = (await owner.stdout.readline()).decode().split()
    await ask(url, "SET", "kept", "yes")
    owner.kill()
    await owner.wait()
    redis = await start(tmp_path)
    assert not _runs(int(pid))
    assert await ask(redis.url, "GET", "kept") == b"yes"
    await redis.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_a_stale_server_is_named_not_fought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    redis = await start(tmp_path)
    (tmp_path / "lock").write_text("999999999")  # its owner is gone, it is not
    monkeypatch.setattr(embedded, "STALE_DEADLINE_SECONDS", 0.2)
    with pytest.raises(RedisNotStartedError, match="earlier run still holds"):
        await start(tmp_path)
    await redis.stop()


async def test_ctrl_c_in_the_terminal_does_not_reach_the_server(tmp_path: Path) -> None:
    redis = await start(tmp_path)
    assert os.getpgid(redis.process.pid) != os.getpgid(0)
    await redis.stop()


async def test_the_end_of_the_server_can_be_waited_for(tmp_path: Path) -> None:
    redis = await start(tmp_path)
    os.kill(redis.process.pid, signal.SIGTERM)
    async with asyncio.timeout(10):
        assert "bye" in await redis.ended()
    await redis.stop()


async def test_a_server_that_dies_comes_back_at_the_same_address(tmp_path: Path) -> None:
    redis = await start(tmp_path)
    await ask(redis.url, "SET", "kept", "yes")
    stop, said = asyncio.Event(), asyncio.Queue[str]()
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        tasks.create_task(redis.keep(stop, said.put_nowait))
        redis.process.kill()
        assert "ended with -9; starting it again" in await said.get()
        while await _value(redis.url, "kept") != b"yes":
            await asyncio.sleep(0.01)
        stop.set()
    assert await ask(redis.url, "PING") is True, "the end of keeping is not the end of the server"
    await redis.stop()


async def _value(url: str, key: str) -> object:
    try:
        return await ask(url, "GET", key)
    except (ConnectionError, BusyLoadingError):
        return None


async def _always(binary: Path) -> bool:
    return True


def _runs(pid: int) -> bool:
    """Whether the process lives; a moment is given to one that is ending."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    return True

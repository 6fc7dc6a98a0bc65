import logging
from pathlib import Path
from typing import Any

import pytest

from server.adapters import moonshine_files
from server.adapters.transcribers import choose, found
from server.ports import Misconfigured
from server.settings import Settings
from tests.canned_whisper import evenly, write


def settings(**more: Any) -> Settings:
    base = {"redis_url": "redis://nowhere", "database_url": "sqlite+aiosqlite://", "secret_key": "x" * 32}
    return Settings(**(base | more))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write(tmp_path / "canned", evenly("yes", 0, 1))


@pytest.mark.parametrize("name", ["auto", "whisper"])
async def test_a_whisper_model_is_used_where_there_is_one(name: str, model: Path) -> None:
    transcriber = await choose(settings(transcriber=name, whisper_model=str(model)))
    assert transcriber
    assert transcriber.label == "Whisper canned"
    assert transcriber.caution is None
    await transcriber.close()


async def test_a_cached_model_is_called_by_its_name(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.adapters.whisper_models.download_model", lambda *_, **__: str(model))
    transcriber = await choose(settings(transcriber="auto", whisper_model="small.en"))
    assert transcriber
    assert transcriber.label == "Whisper small.en"
    await transcriber.close()


async def test_without_a_whisper_moonshine_is_used_and_it_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    if moonshine_files.find() is None:
        pytest.skip("there is no wheel of Moonshine for this machine")
    with caplog.at_level(logging.WARNING):
        transcriber = await choose(settings(transcriber="auto", whisper_model=str(tmp_path)))
    assert transcriber
    assert transcriber.label == moonshine_files.LABEL
    assert found(transcriber) == {"TRANSCRIBER": "moonshine"}
    await transcriber.close()
    assert "Moonshine writes the words" in caplog.text
    assert "missing" in str(vars(caplog.records[-1])["why"])


async def test_without_any_model_the_small_recogniser_is_used_and_it_is_said_aloud(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moonshine_files, "find", lambda: None)
    with caplog.at_level(logging.WARNING):
        transcriber = await choose(settings(transcriber="auto", whisper_model=str(tmp_path)))
    assert transcriber
    assert transcriber.caution
    assert "often be wrong" in caplog.text
    assert "missing" in str(vars(caplog.records[-1])["why"])


async def test_asked_for_moonshine_without_its_wheel_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moonshine_files, "find", lambda: None)
    with pytest.raises(Misconfigured, match=r"requirements-speech\.txt"):
        await choose(settings(transcriber="moonshine"))


async def test_asked_for_whisper_a_directory_without_a_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="WHISPER_MODEL"):
        await choose(settings(transcriber="whisper", whisper_model=str(tmp_path)))


async def test_typing_only_has_no_recogniser() -> None:
    assert await choose(settings(transcriber="none")) is None


async def test_pocketsphinx_can_be_asked_for() -> None:
    transcriber = await choose(settings(transcriber="pocketsphinx"))
    assert transcriber
    assert "PocketSphinx" in transcriber.label


async def test_openai_needs_a_key_or_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Misconfigured, match="OPENAI_API_KEY"):
        await choose(settings(transcriber="openai"))
    transcriber = await choose(settings(transcriber="openai", openai_base_url="http://localhost:9000/v1"))
    assert transcriber
    assert transcriber.label.endswith("at localhost")
    await transcriber.close()

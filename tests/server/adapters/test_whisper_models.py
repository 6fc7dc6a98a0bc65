from pathlib import Path

import pytest

from server.adapters.whisper_models import checked, find
from server.ports import Misconfigured
from tests.canned_whisper import evenly, write


async def test_a_directory_with_a_model_is_taken(tmp_path: Path) -> None:
    model = write(tmp_path / "model", evenly("yes", 0, 1))
    assert await find(str(model)) == model


async def test_a_directory_without_one_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"model\.bin.*missing"):
        await find(str(tmp_path))


def test_a_place_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="no directory"):
        checked(tmp_path / "nowhere")


async def test_a_name_that_nobody_knows_is_said() -> None:
    with pytest.raises(Misconfigured, match=r"small\.en"):
        await find("enormous")


async def test_a_cached_model_is_found_without_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = tmp_path / "models--Systran--faster-whisper-tiny.en" / "snapshots" / ("0" * 40)
    snapshot.parent.mkdir(parents=True)
    write(snapshot, evenly("yes", 0, 1))
    refs = tmp_path / "models--Systran--faster-whisper-tiny.en" / "refs"
    refs.mkdir()
    (refs / "main").write_text("0" * 40)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert await find("tiny.en") == snapshot


async def test_a_model_that_cannot_be_fetched_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(Misconfigured, match="could not be fetched"):
        await find("Systran/faster-whisper-tiny.en-of-this-test")


async def test_a_fetch_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.adapters.whisper_models.DOWNLOAD_S", 0.05)
    with pytest.raises(Misconfigured, match="could not be fetched"):
        await find("Systran/faster-whisper-tiny.en-of-this-test")

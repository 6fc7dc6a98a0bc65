from pathlib import Path

import pytest

from server.adapters.smart_turn import SmartTurn
from server.ports import Misconfigured
from tests.speech import noise, silence, speech
from tests.tiny_onnx import turn_model


def test_a_model_hears_the_last_eight_seconds(tmp_path: Path) -> None:
    model = SmartTurn(turn_model(tmp_path / "turn.onnx"))
    said = speech("We moved it to one queue.")
    complete = model.complete(said)
    assert 0 <= complete <= 1
    assert model.complete(noise(8_000, 3_000) + silence(8_000 - len(said) // 32) + said) == pytest.approx(
        complete, abs=1e-3
    )
    assert model.complete(noise(8_000, 3_000)) != pytest.approx(complete, abs=1e-2)


def test_no_audio_is_no_error(tmp_path: Path) -> None:
    assert 0 <= SmartTurn(turn_model(tmp_path / "turn.onnx")).complete(b"") <= 1


@pytest.mark.parametrize("given", ["nothing", "no model", "other input", "other length"])
def test_what_is_no_such_model_is_said_in_a_sentence(tmp_path: Path, given: str) -> None:
    path = tmp_path / "turn.onnx"
    match given:
        case "no model":
            path.write_bytes(b"no model")
        case "other input":
            turn_model(path, name="audio")
        case "other length":
            turn_model(path, frames=3_000)
    with pytest.raises(Misconfigured, match="SMART_TURN_MODEL"):
        SmartTurn(path)

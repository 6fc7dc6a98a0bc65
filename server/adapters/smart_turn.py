"""A model that hears whether a turn is complete: an ONNX file of Smart Turn v3's signature, where one is given.

Decides nothing: it gives the model's probability. The signature, from its public model card: `input_features`
(1, 80, 800), Whisper's log-mel features of the last 8 s at 16 kHz, silence in front, brought to zero mean and unit
variance; the first output is the probability that the turn is complete.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime

from server.ports import Misconfigured

WINDOW_S: Final = 8
_RATE_HZ: Final = 16_000
_SHAPE: Final = (80, 100 * WINDOW_S)


class SmartTurn:
    """One model for all rooms; safe to call from many threads."""

    def __init__(self, path: Path) -> None:
        """Raises Misconfigured where the file is no such model."""
        from faster_whisper.feature_extractor import FeatureExtractor  # loads CTranslate2: only where it is needed

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._model: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as wrong:  # the library's own kinds are many, and change
            raise Misconfigured(f"SMART_TURN_MODEL={path} is no ONNX model that can be loaded.") from wrong
        (known, *more) = self._model.get_inputs()
        if more or known.name != "input_features" or tuple(known.shape[1:]) != _SHAPE:
            raise Misconfigured(f"SMART_TURN_MODEL={path} does not take input_features of 1 x 80 x {_SHAPE[1]}.")
        self._features: Any = FeatureExtractor(chunk_length=WINDOW_S)

    def complete(self, pcm: bytes) -> float:
        """See `server.ports.TurnModel`."""
        size = WINDOW_S * _RATE_HZ
        heard = np.frombuffer(pcm, "<i2")[-size:].astype(np.float32) / 32768
        sound = np.concatenate([np.zeros(size - len(heard), np.float32), heard])
        sound = (sound - sound.mean()) / np.sqrt(sound.var() + 1e-7)
        features = self._features(sound, padding=0)[np.newaxis].astype(np.float32)
        return float(np.ravel(self._model.run(None, {"input_features": features})[0])[0])

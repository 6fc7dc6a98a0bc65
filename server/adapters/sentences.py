"""Sentences to vectors with a small encoder on the CPU, by onnxruntime.

Decides where its files lie and that a text's vector depends on that text alone: texts are encoded one by one, for in a
batch the int8 scales of one would depend on the others. Never what a likeness is worth.
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from scoring.meaning import Choose, Encoder, Pieces, Vector
from server.adapters.onnx_layers import parted
from server.ports import Misconfigured

_FILES: Final = ("model.onnx", "tokenizer.json")
_TOKENS: Final = 256
_KEPT: Final = 20_000
"""Vectors that are kept, 30 MB of them: those of questions, model answers and words are asked for again and again."""

_log = logging.getLogger(__name__)


def sentence_encoder(name: str, threads: int = 1) -> Encoder | None:
    """The encoder of a directory or a hub name; None for "none". Takes seconds: call it off the event loop.

    Raises Misconfigured when there is no such encoder, or its files are not what they should be.
    """
    if name.strip().lower() in ("", "none"):
        return None
    folder = _folder(name.strip())
    model, words = (_file(folder, file) for file in _FILES)
    sha256 = hashlib.sha256(model.read_bytes() + words.read_bytes()).hexdigest()
    try:
        encoding = _Encoding(model, words, threads)
        encoding(["a text"])
    except Exception as broken:  # both libraries raise bare exceptions of their own
        raise Misconfigured(f"The sentence encoder in {folder} cannot be used: {broken}") from broken
    in_context = encoding.in_context if encoding.knows_context else None
    return Encoder(sha256, f"encoder {sha256[:12]}", encoding, in_context)


def _folder(name: str) -> Path:
    if Path(name).is_dir():
        return Path(name)
    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise Misconfigured(f"There is no directory {name} with a sentence encoder.")
    from huggingface_hub import snapshot_download

    _log.info("fetching the sentence encoder", extra={"encoder": name})
    try:
        return Path(snapshot_download(name, allow_patterns=["model.onnx", "onnx/model.onnx", "tokenizer.json"]))
    except Exception as broken:  # whatever the network and the hub may do
        raise Misconfigured(f"The sentence encoder {name} cannot be fetched: {broken}") from broken


def _file(folder: Path, name: str) -> Path:
    found = next((path for path in (folder / name, folder / "onnx" / name) if path.is_file()), None)
    if found is None:
        raise Misconfigured(f"{folder} has no {name}, so it is no sentence encoder.")
    return found


class _Encoding:
    """One text at a time. Where the model can be divided, its first layers and the others run one after the other."""

    def __init__(self, model: Path, words: Path, threads: int) -> None:
        raw = model.read_bytes()
        self._parts = parted(raw)
        models = (raw,) if self._parts is None else (self._parts.lower, self._parts.upper)
        self._sessions = [_Session(model, threads) for model in models]
        self._words = Tokenizer.from_file(str(words))
        self._words.no_padding()
        self._words.enable_truncation(_TOKENS)
        self._kept = lru_cache(maxsize=_KEPT)(self._encoded)

    def __call__(self, texts: Sequence[str]) -> list[Vector]:
        return [self._kept(text) for text in texts]

    @property
    def knows_context(self) -> bool:
        return self._parts is not None

    def in_context(self, text: str, choose: Choose | None) -> Pieces:
        """The first 256 pieces of a text; the marks at its ends are none, but are read with it."""
        assert self._parts is not None, "asked for in sentence_encoder()"
        found = self._words.encode(text)
        texts, marks = found.tokens, found.special_tokens_mask  # asked for once: all of them are made anew each time
        read, fed = list(range(len(texts))), _fed(found)
        (seam,) = self._sessions[0].run(fed)
        if choose is not None:
            words = [at for at in read if not marks[at]]
            chosen = {words[place] for place in choose([texts[at] for at in words])}
            read = [at for at in read if marks[at] or at in chosen]
            seam, fed = seam[:, read], {name: ids[:, read] for name, ids in fed.items()}
        whole, layer = self._sessions[-1].run(fed | {self._parts.seam: seam})
        rows = [row for row, at in enumerate(read) if not marks[at]]
        return Pieces([texts[read[row]] for row in rows], layer[0][rows], _unit(whole))

    def _encoded(self, text: str) -> Vector:
        fed = _fed(self._words.encode(text))
        if self._parts is not None:
            fed[self._parts.seam] = self._sessions[0].run(fed)[0]
        return _unit(self._sessions[-1].run(fed)[0])


class _Session:
    def __init__(self, model: bytes, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        self._session: Any = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._inputs = [one.name for one in self._session.get_inputs()]

    def run(self, fed: Mapping[str, Any]) -> Any:
        """All outputs in their order; what the model does not ask for is not given to it."""
        return self._session.run(None, {name: fed[name] for name in self._inputs})


def _fed(found: Any) -> dict[str, Any]:
    return {
        "input_ids": np.array([found.ids], np.int64),
        "attention_mask": np.array([found.attention_mask], np.int64),
        "token_type_ids": np.array([found.type_ids], np.int64),
    }


def _unit(out: Vector) -> Vector:
    # An export without pooling gives one vector a token.
    vector = out[0].mean(axis=0) if out.ndim == 3 else out[0]
    unit: Vector = (vector / max(float(np.linalg.norm(vector)), 1e-9)).astype(np.float32)
    return unit

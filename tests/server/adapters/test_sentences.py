"""A sentence encoder from its files: vectors of a text by itself, and of its words where they stand."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from tokenizers import Tokenizer

from server.adapters.onnx_layers import parted
from server.adapters.onnx_proto import Model
from server.adapters.sentences import sentence_encoder
from server.ports import Misconfigured

MODEL = Path(__file__).parents[4] / "shared" / "models" / "minilm"
needs_model = pytest.mark.skipif(not MODEL.is_dir(), reason="no ../shared/models/minilm here")


def model_of(layers: int, *, spare_norms: int = 0, leak: str | None = None) -> bytes:
    """An encoder's graph: a mask and a text, embeddings, layers, an end. `leak`: what its end takes besides."""
    model = Model()
    model.graph.input.add(name="text")
    model.graph.input.add(name="mask")
    model.graph.initializer.add(name="table")
    before = "embeddings"
    _node(model, "Gather", ["table", "text"], "words")
    _node(model, "LayerNormalization", ["words"], before)
    _node(model, "Unsqueeze", ["mask"], "bias")
    for n in range(1, layers + 1):
        model.graph.initializer.add(name=f"{n}.weights")
        _node(model, "MatMul", [before, f"{n}.weights", "bias"], f"{n}.sum")
        _node(model, "LayerNormalization", [f"{n}.sum"], f"{n}.attention")
        _node(model, "LayerNormalization", [f"{n}.attention"], f"{n}.end")
        before = f"{n}.end"
    for n in range(spare_norms):
        _node(model, "LayerNormalization", [before], f"spare {n}")
    _node(model, "ReduceMean", [before, "bias", *([leak] if leak else [])], "whole")
    model.graph.output.add(name="whole")
    return bytes(model.SerializeToString())


def _node(model: Any, kind: str, takes: list[str], gives: str) -> None:
    model.graph.node.add(op_type=kind, input=takes, output=[gives])


@pytest.mark.parametrize(
    ("layers", "seam", "words"), [(3, "1.end", "2.end"), (6, "2.end", "4.end"), (12, "4.end", "8.end")]
)
def test_a_model_is_divided_a_third_up_and_its_words_are_those_two_thirds_up(
    layers: int, seam: str, words: str
) -> None:
    parts = parted(model_of(layers))
    assert parts is not None
    assert (parts.seam, parts.words) == (seam, words)
    lower, upper = Model.FromString(parts.lower).graph, Model.FromString(parts.upper).graph
    assert [one.name for one in lower.output] == [seam]
    assert [one.name for one in upper.output] == ["whole", words]
    assert [one.name for one in lower.input] == ["text", "mask"]
    assert [one.name for one in upper.input] == ["mask", seam], "the text is not read again"
    of_both = [one.name for part in (lower, upper) for one in part.initializer]
    assert sorted(of_both) == sorted(["table", *(f"{n}.weights" for n in range(1, layers + 1))]), "no weight twice"


@pytest.mark.parametrize(
    "model",
    [b"", model_of(2), model_of(6, spare_norms=1), model_of(6, leak="1.attention")],
    ids=["empty", "too few layers", "layers that cannot be told", "a way round the seam"],
)
def test_a_model_that_cannot_be_divided_stays_whole(model: bytes) -> None:
    assert parted(model) is None


@needs_model
def test_the_parts_of_a_model_give_what_the_whole_gives_to_the_bit() -> None:
    encoder, texts = sentence_encoder(str(MODEL)), ("A stack.", "The call stack grows with each call, " * 60, "-")
    assert encoder is not None
    assert encoder.in_context is not None
    whole = onnxruntime.InferenceSession(str(MODEL / "model.onnx"), providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    for text in texts:
        ids = np.array([tokenizer.encode(text).ids], np.int64)
        found = whole.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0]
        pieces = encoder.in_context(text, None)
        assert np.array_equal(pieces.whole, (found / np.linalg.norm(found)).astype(np.float32))
        assert np.array_equal(pieces.whole, encoder.encode([text])[0])
        assert len(pieces.texts) == len(pieces.vectors) <= 254
    alone, called = encoder.in_context("stack", None), encoder.in_context("the call stack", None)
    assert alone.texts[0] == called.texts[2] == "stack"
    assert not np.allclose(alone.vectors[0], called.vectors[2], atol=0.1)


@needs_model
def test_pieces_that_are_not_read_to_the_end_still_tell_what_the_others_mean() -> None:
    encoder = sentence_encoder(str(MODEL))
    assert encoder is not None
    assert encoder.in_context is not None
    wanted, said = ["top", "stack", "book"], "The top of the stack is a book."
    chosen = encoder.in_context(said, lambda pieces: [at for at, piece in enumerate(pieces) if piece in wanted])
    assert list(chosen.texts) == wanted
    all_of_it, bare = encoder.in_context(said, None), encoder.in_context("top stack book", None)
    assert chosen.whole @ all_of_it.whole > bare.whole @ all_of_it.whole
    every = encoder.in_context(said, lambda pieces: range(len(pieces)))
    assert np.array_equal(every.whole, all_of_it.whole)
    assert np.array_equal(every.vectors, all_of_it.vectors)
    none = encoder.in_context(said, lambda pieces: [])
    assert (len(none.texts), len(none.vectors)) == (0, 0)
    assert np.isclose(np.linalg.norm(none.whole), 1.0)


def test_a_folder_without_a_model_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"has no model\.onnx"):
        sentence_encoder(str(tmp_path))
    for file in ("model.onnx", "tokenizer.json"):
        (tmp_path / file).write_bytes(b"neither")
    with pytest.raises(Misconfigured, match="cannot be used"):
        sentence_encoder(str(tmp_path))

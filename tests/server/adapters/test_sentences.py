"""A sentence encoder from its files: vectors of a text by itself, and of its words where they stand."""

from pathlib import Path

import numpy as np
import pytest

from server.adapters.onnx_layers import with_words_in_context
from server.adapters.sentences import sentence_encoder
from server.ports import Misconfigured

MODEL = Path(__file__).parents[4] / "shared" / "models" / "minilm"
needs_model = pytest.mark.skipif(not MODEL.is_dir(), reason="no ../shared/models/minilm here")


def field(number: int, content: bytes) -> bytes:
    assert len(content) < 128
    return bytes([number << 3 | 2, len(content)]) + content


def graph_of(*nodes: tuple[str, str]) -> bytes:
    """A model of nodes (kind, name of its output), with fields of other kinds between."""
    return b"\x08\x09" + b"".join(
        field(7, field(1, field(2, name.encode()) + field(4, kind.encode()))) for kind, name in nodes
    )


def layers(count: int) -> list[tuple[str, str]]:
    names = ["embeddings", *(f"{n}.{half}" for n in range(1, count + 1) for half in ("attention", "end"))]
    return [node for name in names for node in (("Add", f"{name}.sum"), ("LayerNormalization", name))]


@pytest.mark.parametrize(("count", "chosen"), [(1, "1.end"), (3, "2.end"), (6, "4.end"), (12, "8.end")])
def test_words_in_context_are_those_of_a_layer_two_thirds_up(count: int, chosen: str) -> None:
    model = graph_of(*layers(count))
    found, name = with_words_in_context(model)
    assert name == chosen
    assert found.startswith(model)
    assert chosen.encode() in found[len(model) :]


@pytest.mark.parametrize("nodes", [[], [("Gather", "words")], layers(6)[:-1]])
def test_a_model_whose_layers_cannot_be_told_stays_as_it_is(nodes: list[tuple[str, str]]) -> None:
    assert with_words_in_context(graph_of(*nodes)) == (graph_of(*nodes), None)


@needs_model
def test_a_text_has_the_same_vector_to_the_bit_by_itself_and_with_its_words() -> None:
    encoder = sentence_encoder(str(MODEL))
    assert encoder is not None
    assert encoder.in_context is not None
    for text in ("A stack.", "The call stack grows with each call, " * 60, "-"):
        pieces = encoder.in_context(text)
        assert np.array_equal(pieces.whole, encoder.encode([text])[0])
        assert len(pieces.texts) == len(pieces.vectors) <= 254
    alone, called = encoder.in_context("stack"), encoder.in_context("the call stack")
    assert alone.texts[0] == called.texts[2] == "stack"
    assert not np.allclose(alone.vectors[0], called.vectors[2], atol=0.1)


def test_a_folder_without_a_model_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"has no model\.onnx"):
        sentence_encoder(str(tmp_path))
    for file in ("model.onnx", "tokenizer.json"):
        (tmp_path / file).write_bytes(b"neither")
    with pytest.raises(Misconfigured, match="cannot be used"):
        sentence_encoder(str(tmp_path))

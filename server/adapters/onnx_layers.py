"""An encoder's file in two parts, with the words in their context as an output of the second.

Decides where it is divided. Never runs anything.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from server.adapters.onnx_proto import FLOAT, Model


class Parts(NamedTuple):
    """Two models that are the whole one, one after the other."""

    lower: bytes
    """From a text to the output of a layer a third up."""
    upper: bytes
    """From there to what the whole model gives, and to `words`. It wants the model's own inputs as well."""
    seam: str
    """What the lower one gives and the upper one takes."""
    words: str
    """The output of a layer two thirds up."""


def parted(model: bytes) -> Parts | None:
    """The two parts of a model; None where its layers are not to be told, or are fewer than three.

    A layer ends in its second normalisation; the embeddings have one too. Whatever a later layer needs goes through
    the one before it, masks and shapes aside, which both parts work out.
    """
    graph = Model.FromString(model).graph
    norms = [node.output[0] for node in graph.node if node.op_type == "LayerNormalization"]
    layers = norms[2::2]
    if len(norms) != 1 + 2 * len(layers) or len(layers) < 3 or not graph.output:
        return None
    seam, words = layers[round(len(layers) / 3) - 1], layers[round(len(layers) * 2 / 3) - 1]
    whole = graph.output[0].name
    above = _part(model, goals=(whole, words), given=seam)
    if any(node.output[0] in norms[: norms.index(seam)] for node in above.graph.node):
        return None
    above.graph.input.add(name=seam).type.tensor.element = FLOAT
    above.graph.output.add(name=words).type.tensor.element = FLOAT
    below = _part(model, goals=(seam,))
    del below.graph.output[:]
    below.graph.output.add(name=seam).type.tensor.element = FLOAT
    return Parts(below.SerializeToString(), above.SerializeToString(), seam, words)


def _part(model: bytes, goals: tuple[str, ...], given: str | None = None) -> Any:
    """The model with no more than what `goals` need where `given` is known."""
    part = Model.FromString(model)
    needed = set(_needed(part.graph.node, goals, given))
    _keep(part.graph.node, [node for node in part.graph.node if needed.intersection(node.output)])
    used = {name for node in part.graph.node for name in node.input}
    for some in (part.graph.input, part.graph.initializer):
        _keep(some, [one for one in some if one.name in used])
    _keep(part.graph.output, [part.graph.output[0]])
    return part


def _needed(nodes: Any, goals: tuple[str, ...], given: str | None) -> Iterator[str]:
    made_by = {name: node for node in nodes for name in node.output}
    wanted, seen = [*goals], {given}
    while wanted:
        name = wanted.pop()
        if name in made_by and name not in seen:
            seen.add(name)
            yield name
            wanted += made_by[name].input


def _keep(some: Any, those: list[Any]) -> None:
    copies = [one.SerializeToString() for one in those]
    del some[:]
    for copy in copies:
        some.add().MergeFromString(copy)

"""Where in a file of an encoder the words in their context are: an output more.

Decides which layer that is. Never runs anything.
"""

from typing import Any, Final

from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.text_format import Parse

_FLOAT: Final = 1

_READ = """
name: "read_of_onnx.proto" syntax: "proto2"
message_type { name: "Model"
  field { name: "graph"   number: 7  label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: "Graph" } }
message_type { name: "Graph"
  field { name: "node"    number: 1  label: LABEL_REPEATED type: TYPE_MESSAGE type_name: "Node" }
  field { name: "output"  number: 12 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: "Value" } }
message_type { name: "Node"
  field { name: "output"  number: 2  label: LABEL_REPEATED type: TYPE_STRING }
  field { name: "op_type" number: 4  label: LABEL_OPTIONAL type: TYPE_STRING } }
message_type { name: "Value"
  field { name: "name"    number: 1  label: LABEL_OPTIONAL type: TYPE_STRING }
  field { name: "type"    number: 2  label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: "Type" } }
message_type { name: "Type"
  field { name: "tensor"  number: 1  label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: "Tensor" } }
message_type { name: "Tensor"
  field { name: "element" number: 1  label: LABEL_OPTIONAL type: TYPE_INT32 } }
"""
"""What is read and written of onnx.proto, by its numbers; all else in a file is passed over."""

_POOL = DescriptorPool()
_POOL.Add(Parse(_READ, FileDescriptorProto()))
_Model: Any = GetMessageClass(_POOL.FindMessageTypeByName("Model"))


def with_words_in_context(model: bytes) -> tuple[bytes, str | None]:
    """The model with the output of a layer two thirds up as an output of its own, and that output's name.

    None where the layers are not to be told. A layer ends in its second normalisation; the embeddings have one too.
    Messages of protobuf that follow each other are one message, so an output is added by putting it behind.
    """
    nodes = _Model.FromString(model).graph.node
    norms = [node.output[0] for node in nodes if node.op_type == "LayerNormalization"]
    layers = norms[2::2]
    if len(norms) != 1 + 2 * len(layers) or not layers:
        return model, None
    name = layers[round(len(layers) * 2 / 3) - 1]
    added = _Model()
    added.graph.output.add(name=name).type.tensor.element = _FLOAT
    return model + added.SerializeToString(), name

"""Models in ONNX's files, to be read and written with protobuf, which onnxruntime brings.

Decides which part of onnx.proto is known here; never what a model computes, and never runs one.
"""

from typing import Any, Final

from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.text_format import Parse

FLOAT: Final = 1
INT32: Final = 6
INT64: Final = 7
"""Kinds of numbers (TensorProto.DataType)."""
INT: Final = 2
"""A setting that is a whole number (AttributeProto.AttributeType)."""

_READ = """
name: "read_of_onnx.proto" syntax: "proto2"
message_type { name: "Model"
  field { name: "ir_version"   number: 1  label: LABEL_OPTIONAL type: TYPE_INT64 }
  field { name: "graph"        number: 7  label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: "Graph" }
  field { name: "opset_import" number: 8  label: LABEL_REPEATED type: TYPE_MESSAGE type_name: "Opset" } }
message_type { name: "Opset"
  field { name: "version"      number: 2  label: LABEL_OPTIONAL type: TYPE_INT64 } }
message_type { name: "Graph"
  field { name: "node"         number: 1  label: LABEL_REPEATED type: TYPE_MESSAGE type_name: "Node" }
  field { name: "name"         number: 2  label: LABEL_OPTIONAL type: TYPE_STRING }
  field { name: "initializer"  number: 5  label: LABEL_REPEATED type: TYPE_MESSAGE type_name: "Weights" }
  field { name: "input"        number: 11 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: "Value" }
  field { name: "output"       number: 12 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: "Value" } }
message_type { name: "Node"
  field { name: "input"        number: 1  label: LABEL_REPEATED type: TYPE_STRING }
  field { name: "output"       number: 2  label: LABEL_REPEATED type: TYPE_STRING }
  field { name: "op_type"      number: 4  label: LABEL_OPTIONAL type: TYPE_STRING }
  field { name: "attribute"    number: 5  label: LABEL_REPEATED type: TYPE_MESSAGE type_name: "Setting" } }
message_type { name: "Setting"
  field { name: "name"         number: 1  label: LABEL_OPTIONAL type: TYPE_STRING }
  field { name: "i"            number: 3  label: LABEL_OPTIONAL type: TYPE_INT64 }
  field { name: "type"         number: 20 label: LABEL_OPTIONAL type: TYPE_INT32 } }
message_type { name: "Weights"
  field { name: "dims"         number: 1  label: LABEL_REPEATED type: TYPE_INT64 }
  field { name: "data_type"    number: 2  label: LABEL_OPTIONAL type: TYPE_INT32 }
  field { name: "name"         number: 8  label: LABEL_OPTIONAL type: TYPE_STRING }
  field { name: "raw_data"     number: 9  label: LABEL_OPTIONAL type: TYPE_BYTES } }
message_type { name: "Value"
  field { name: "name"         number: 1  label: LABEL_OPTIONAL type: TYPE_STRING }
  field { name: "type"         number: 2  label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: "Type" } }
message_type { name: "Type"
  field { name: "tensor"       number: 1  label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: "Tensor" } }
message_type { name: "Tensor"
  field { name: "element"      number: 1  label: LABEL_OPTIONAL type: TYPE_INT32 } }
"""
"""What is read and written of onnx.proto, by its numbers; all else in a file is passed over."""

_POOL = DescriptorPool()
_POOL.Add(Parse(_READ, FileDescriptorProto()))
Model: Any = GetMessageClass(_POOL.FindMessageTypeByName("Model"))

// Attributes.
#include "Messages.h"

using namespace mass::onnx_shim;

mass_onnx_text mass_onnx_attribute_name(const mass_onnx_attribute *attribute) {
  return text(message(attribute).name());
}

mass_onnx_text mass_onnx_attribute_documentation(const mass_onnx_attribute *attribute) {
  return text(message(attribute).doc_string());
}

int32_t mass_onnx_attribute_type(const mass_onnx_attribute *attribute) {
  const onnx::AttributeProto &proto = message(attribute);
  return unknownEnumeration(proto.unknown_fields(), onnx::AttributeProto::kTypeFieldNumber, proto.type());
}

bool mass_onnx_attribute_holds(const mass_onnx_attribute *attribute, int32_t type) {
  const onnx::AttributeProto &proto = message(attribute);
  switch (type) {
  case MASS_ONNX_ATTRIBUTE_FLOAT: return proto.has_f();
  case MASS_ONNX_ATTRIBUTE_INT: return proto.has_i();
  case MASS_ONNX_ATTRIBUTE_STRING: return proto.has_s();
  case MASS_ONNX_ATTRIBUTE_TENSOR: return proto.has_t();
  case MASS_ONNX_ATTRIBUTE_GRAPH: return proto.has_g();
  case MASS_ONNX_ATTRIBUTE_SPARSE_TENSOR: return proto.has_sparse_tensor();
  case MASS_ONNX_ATTRIBUTE_TYPE: return proto.has_tp();
  default: return mass_onnx_attribute_count(attribute, type) != 0;
  }
}

mass_onnx_text mass_onnx_attribute_reference(const mass_onnx_attribute *attribute) {
  return text(message(attribute).ref_attr_name());
}

float mass_onnx_attribute_float(const mass_onnx_attribute *attribute) { return message(attribute).f(); }

int64_t mass_onnx_attribute_int(const mass_onnx_attribute *attribute) { return message(attribute).i(); }

mass_onnx_text mass_onnx_attribute_string(const mass_onnx_attribute *attribute) { return text(message(attribute).s()); }

const mass_onnx_tensor *mass_onnx_attribute_tensor(const mass_onnx_attribute *attribute) {
  return handle(message(attribute).has_t(), message(attribute).t());
}

const mass_onnx_graph *mass_onnx_attribute_graph(const mass_onnx_attribute *attribute) {
  return handle(message(attribute).has_g(), message(attribute).g());
}

const mass_onnx_sparse_tensor *mass_onnx_attribute_sparse_tensor(const mass_onnx_attribute *attribute) {
  return handle(message(attribute).has_sparse_tensor(), message(attribute).sparse_tensor());
}

const mass_onnx_type *mass_onnx_attribute_type_value(const mass_onnx_attribute *attribute) {
  return handle(message(attribute).has_tp(), message(attribute).tp());
}

mass_onnx_floats mass_onnx_attribute_floats(const mass_onnx_attribute *attribute) {
  return array<mass_onnx_floats>(message(attribute).floats());
}

mass_onnx_int64s mass_onnx_attribute_ints(const mass_onnx_attribute *attribute) {
  return array<mass_onnx_int64s>(message(attribute).ints());
}

size_t mass_onnx_attribute_count(const mass_onnx_attribute *attribute, int32_t type) {
  const onnx::AttributeProto &proto = message(attribute);
  switch (type) {
  case MASS_ONNX_ATTRIBUTE_FLOATS: return count(proto.floats());
  case MASS_ONNX_ATTRIBUTE_INTS: return count(proto.ints());
  case MASS_ONNX_ATTRIBUTE_STRINGS: return count(proto.strings());
  case MASS_ONNX_ATTRIBUTE_TENSORS: return count(proto.tensors());
  case MASS_ONNX_ATTRIBUTE_GRAPHS: return count(proto.graphs());
  case MASS_ONNX_ATTRIBUTE_SPARSE_TENSORS: return count(proto.sparse_tensors());
  case MASS_ONNX_ATTRIBUTE_TYPES: return count(proto.type_protos());
  default: return 0;
  }
}

mass_onnx_text mass_onnx_attribute_string_at(const mass_onnx_attribute *attribute, size_t index) {
  return at(message(attribute).strings(), index);
}

const mass_onnx_tensor *mass_onnx_attribute_tensor_at(const mass_onnx_attribute *attribute, size_t index) {
  return at(message(attribute).tensors(), index);
}

const mass_onnx_graph *mass_onnx_attribute_graph_at(const mass_onnx_attribute *attribute, size_t index) {
  return at(message(attribute).graphs(), index);
}

const mass_onnx_sparse_tensor *mass_onnx_attribute_sparse_tensor_at(const mass_onnx_attribute *attribute,
                                                                    size_t index) {
  return at(message(attribute).sparse_tensors(), index);
}

const mass_onnx_type *mass_onnx_attribute_type_at(const mass_onnx_attribute *attribute, size_t index) {
  return at(message(attribute).type_protos(), index);
}

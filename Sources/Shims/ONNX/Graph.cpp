// Graphs, nodes, value declarations and types.
#include "Messages.h"

using namespace mass::onnx_shim;

mass_onnx_text mass_onnx_graph_name(const mass_onnx_graph *graph) { return text(message(graph).name()); }

mass_onnx_text mass_onnx_graph_documentation(const mass_onnx_graph *graph) { return text(message(graph).doc_string()); }

size_t mass_onnx_graph_node_count(const mass_onnx_graph *graph) { return count(message(graph).node()); }

const mass_onnx_node *mass_onnx_graph_node(const mass_onnx_graph *graph, size_t index) {
  return at(message(graph).node(), index);
}

size_t mass_onnx_graph_initializer_count(const mass_onnx_graph *graph) { return count(message(graph).initializer()); }

const mass_onnx_tensor *mass_onnx_graph_initializer(const mass_onnx_graph *graph, size_t index) {
  return at(message(graph).initializer(), index);
}

size_t mass_onnx_graph_sparse_initializer_count(const mass_onnx_graph *graph) {
  return count(message(graph).sparse_initializer());
}

const mass_onnx_sparse_tensor *mass_onnx_graph_sparse_initializer(const mass_onnx_graph *graph, size_t index) {
  return at(message(graph).sparse_initializer(), index);
}

size_t mass_onnx_graph_input_count(const mass_onnx_graph *graph) { return count(message(graph).input()); }

const mass_onnx_value_info *mass_onnx_graph_input(const mass_onnx_graph *graph, size_t index) {
  return at(message(graph).input(), index);
}

size_t mass_onnx_graph_output_count(const mass_onnx_graph *graph) { return count(message(graph).output()); }

const mass_onnx_value_info *mass_onnx_graph_output(const mass_onnx_graph *graph, size_t index) {
  return at(message(graph).output(), index);
}

size_t mass_onnx_graph_value_info_count(const mass_onnx_graph *graph) { return count(message(graph).value_info()); }

const mass_onnx_value_info *mass_onnx_graph_value_info(const mass_onnx_graph *graph, size_t index) {
  return at(message(graph).value_info(), index);
}

size_t mass_onnx_graph_metadata(const mass_onnx_graph *graph, mass_onnx_entry *out, size_t capacity) {
  return unknownEntries(message(graph).unknown_fields(), 16, out, capacity);
}

mass_onnx_text mass_onnx_node_name(const mass_onnx_node *node) { return text(message(node).name()); }

mass_onnx_text mass_onnx_node_operator(const mass_onnx_node *node) { return text(message(node).op_type()); }

mass_onnx_text mass_onnx_node_domain(const mass_onnx_node *node) { return text(message(node).domain()); }

mass_onnx_text mass_onnx_node_overload(const mass_onnx_node *node) {
  return unknownText(message(node).unknown_fields(), 8);
}

mass_onnx_text mass_onnx_node_documentation(const mass_onnx_node *node) { return text(message(node).doc_string()); }

size_t mass_onnx_node_input_count(const mass_onnx_node *node) { return count(message(node).input()); }

mass_onnx_text mass_onnx_node_input(const mass_onnx_node *node, size_t index) {
  return at(message(node).input(), index);
}

size_t mass_onnx_node_output_count(const mass_onnx_node *node) { return count(message(node).output()); }

mass_onnx_text mass_onnx_node_output(const mass_onnx_node *node, size_t index) {
  return at(message(node).output(), index);
}

size_t mass_onnx_node_attribute_count(const mass_onnx_node *node) { return count(message(node).attribute()); }

const mass_onnx_attribute *mass_onnx_node_attribute(const mass_onnx_node *node, size_t index) {
  return at(message(node).attribute(), index);
}

size_t mass_onnx_node_metadata(const mass_onnx_node *node, mass_onnx_entry *out, size_t capacity) {
  return unknownEntries(message(node).unknown_fields(), 9, out, capacity);
}

mass_onnx_text mass_onnx_value_info_name(const mass_onnx_value_info *info) { return text(message(info).name()); }

mass_onnx_text mass_onnx_value_info_documentation(const mass_onnx_value_info *info) {
  return text(message(info).doc_string());
}

const mass_onnx_type *mass_onnx_value_info_type(const mass_onnx_value_info *info) {
  return handle(message(info).has_type(), message(info).type());
}

size_t mass_onnx_value_info_metadata(const mass_onnx_value_info *info, mass_onnx_entry *out, size_t capacity) {
  return unknownEntries(message(info).unknown_fields(), 4, out, capacity);
}

namespace {

/// The shape of a tensor or sparse tensor, or null where there is none.
const onnx::TensorShapeProto *shape(const onnx::TypeProto &type) {
  if (type.has_tensor_type() && type.tensor_type().has_shape()) return &type.tensor_type().shape();
  if (type.has_sparse_tensor_type() && type.sparse_tensor_type().has_shape()) return &type.sparse_tensor_type().shape();
  return nullptr;
}

}  // namespace

enum mass_onnx_type_tag mass_onnx_type_kind(const mass_onnx_type *type) {
  switch (message(type).value_case()) {
  case onnx::TypeProto::kTensorType: return MASS_ONNX_TYPE_TENSOR;
  case onnx::TypeProto::kSparseTensorType: return MASS_ONNX_TYPE_SPARSE_TENSOR;
  case onnx::TypeProto::kSequenceType: return MASS_ONNX_TYPE_SEQUENCE;
  case onnx::TypeProto::kMapType: return MASS_ONNX_TYPE_MAP;
  case onnx::TypeProto::kOptionalType: return MASS_ONNX_TYPE_OPTIONAL;
  case onnx::TypeProto::kOpaqueType: return MASS_ONNX_TYPE_OPAQUE;
  case onnx::TypeProto::VALUE_NOT_SET: return MASS_ONNX_TYPE_UNKNOWN;
  }
  return MASS_ONNX_TYPE_UNKNOWN;
}

mass_onnx_text mass_onnx_type_denotation(const mass_onnx_type *type) { return text(message(type).denotation()); }

int32_t mass_onnx_type_element(const mass_onnx_type *type) {
  const onnx::TypeProto &proto = message(type);
  if (proto.has_tensor_type()) return proto.tensor_type().elem_type();
  if (proto.has_sparse_tensor_type()) return proto.sparse_tensor_type().elem_type();
  return proto.map_type().key_type();
}

bool mass_onnx_type_has_shape(const mass_onnx_type *type) { return shape(message(type)) != nullptr; }

size_t mass_onnx_type_rank(const mass_onnx_type *type) {
  const onnx::TensorShapeProto *dimensions = shape(message(type));
  return dimensions == nullptr ? 0 : count(dimensions->dim());
}

mass_onnx_dimension mass_onnx_type_dimension(const mass_onnx_type *type, size_t axis) {
  mass_onnx_dimension result = {MASS_ONNX_DIMENSION_UNKNOWN, 0, {nullptr, 0}, {nullptr, 0}};
  if (axis >= mass_onnx_type_rank(type)) return result;
  const auto &dimension = shape(message(type))->dim(static_cast<int>(axis));
  result.denotation = text(dimension.denotation());
  if (dimension.has_dim_value()) {
    result.kind = MASS_ONNX_DIMENSION_VALUE;
    result.value = dimension.dim_value();
  } else if (dimension.has_dim_param()) {
    result.kind = MASS_ONNX_DIMENSION_PARAMETER;
    result.parameter = text(dimension.dim_param());
  }
  return result;
}

const mass_onnx_type *mass_onnx_type_inner(const mass_onnx_type *type) {
  const onnx::TypeProto &proto = message(type);
  if (proto.has_sequence_type()) {
    return handle(proto.sequence_type().has_elem_type(), proto.sequence_type().elem_type());
  }
  if (proto.has_optional_type()) {
    return handle(proto.optional_type().has_elem_type(), proto.optional_type().elem_type());
  }
  return handle(proto.map_type().has_value_type(), proto.map_type().value_type());
}

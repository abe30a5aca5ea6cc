// Tensors, dense and sparse.
#include "Messages.h"

using namespace mass::onnx_shim;

mass_onnx_text mass_onnx_tensor_name(const mass_onnx_tensor *tensor) { return text(message(tensor).name()); }

mass_onnx_text mass_onnx_tensor_documentation(const mass_onnx_tensor *tensor) {
  return text(message(tensor).doc_string());
}

int32_t mass_onnx_tensor_element(const mass_onnx_tensor *tensor) { return message(tensor).data_type(); }

mass_onnx_int64s mass_onnx_tensor_dimensions(const mass_onnx_tensor *tensor) {
  return array<mass_onnx_int64s>(message(tensor).dims());
}

bool mass_onnx_tensor_is_segment(const mass_onnx_tensor *tensor) { return message(tensor).has_segment(); }

int32_t mass_onnx_tensor_location(const mass_onnx_tensor *tensor) {
  const onnx::TensorProto &proto = message(tensor);
  return unknownEnumeration(proto.unknown_fields(), onnx::TensorProto::kDataLocationFieldNumber, proto.data_location());
}

size_t mass_onnx_tensor_external(const mass_onnx_tensor *tensor, mass_onnx_entry *out, size_t capacity) {
  return entries(message(tensor).external_data(), out, capacity);
}

bool mass_onnx_tensor_has_raw(const mass_onnx_tensor *tensor) { return message(tensor).has_raw_data(); }

mass_onnx_bytes mass_onnx_tensor_raw(const mass_onnx_tensor *tensor) {
  const std::string &raw = message(tensor).raw_data();
  return {raw.data(), raw.size()};
}

mass_onnx_floats mass_onnx_tensor_floats(const mass_onnx_tensor *tensor) {
  return array<mass_onnx_floats>(message(tensor).float_data());
}

mass_onnx_doubles mass_onnx_tensor_doubles(const mass_onnx_tensor *tensor) {
  return array<mass_onnx_doubles>(message(tensor).double_data());
}

mass_onnx_int32s mass_onnx_tensor_int32s(const mass_onnx_tensor *tensor) {
  return array<mass_onnx_int32s>(message(tensor).int32_data());
}

mass_onnx_int64s mass_onnx_tensor_int64s(const mass_onnx_tensor *tensor) {
  return array<mass_onnx_int64s>(message(tensor).int64_data());
}

mass_onnx_uint64s mass_onnx_tensor_uint64s(const mass_onnx_tensor *tensor) {
  return array<mass_onnx_uint64s>(message(tensor).uint64_data());
}

size_t mass_onnx_tensor_string_count(const mass_onnx_tensor *tensor) { return count(message(tensor).string_data()); }

mass_onnx_text mass_onnx_tensor_string(const mass_onnx_tensor *tensor, size_t index) {
  return at(message(tensor).string_data(), index);
}

size_t mass_onnx_tensor_metadata(const mass_onnx_tensor *tensor, mass_onnx_entry *out, size_t capacity) {
  return unknownEntries(message(tensor).unknown_fields(), 16, out, capacity);
}

const mass_onnx_tensor *mass_onnx_sparse_tensor_values(const mass_onnx_sparse_tensor *tensor) {
  return handle(message(tensor).has_values(), message(tensor).values());
}

const mass_onnx_tensor *mass_onnx_sparse_tensor_indices(const mass_onnx_sparse_tensor *tensor) {
  return handle(message(tensor).has_indices(), message(tensor).indices());
}

mass_onnx_int64s mass_onnx_sparse_tensor_dimensions(const mass_onnx_sparse_tensor *tensor) {
  return array<mass_onnx_int64s>(message(tensor).dims());
}

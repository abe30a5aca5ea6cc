// Values on their own: tensors, sequences, optionals and maps.
#include "Opening.h"

using namespace mass::onnx_shim;

struct mass_onnx_value {
  google::protobuf::Arena arena;
  mass_onnx_value_kind kind;
  const google::protobuf::Message *proto;

  mass_onnx_value(const void *data, size_t size, mass_onnx_value_kind kind) : arena(meteredArena()), kind(kind) {
    google::protobuf::Message &message = make();
    parse(data, size, message, "the value");
    proto = &message;
  }

  /// The message as `Message` where `wanted` is what was opened, else NULL.
  template <class Message> const typename HandleOf<Message>::Type *as(mass_onnx_value_kind wanted) const {
    return kind == wanted ? handle(*static_cast<const Message *>(proto)) : nullptr;
  }

private:
  google::protobuf::Message &make() {
    using google::protobuf::Arena;
    switch (kind) {
    case MASS_ONNX_VALUE_TENSOR: return *Arena::CreateMessage<onnx::TensorProto>(&arena);
    case MASS_ONNX_VALUE_SPARSE_TENSOR: return *Arena::CreateMessage<onnx::SparseTensorProto>(&arena);
    case MASS_ONNX_VALUE_SEQUENCE: return *Arena::CreateMessage<onnx::SequenceProto>(&arena);
    case MASS_ONNX_VALUE_MAP: return *Arena::CreateMessage<onnx::MapProto>(&arena);
    case MASS_ONNX_VALUE_OPTIONAL: return *Arena::CreateMessage<onnx::OptionalProto>(&arena);
    }
    throw Failure{MASS_ONNX_INVALID_ARGUMENT, "unknown kind of value"};
  }
};

enum mass_onnx_status mass_onnx_value_open_file(const char *path, enum mass_onnx_value_kind kind, mass_onnx_value **out,
                                                char *message, size_t capacity) {
  if (out != nullptr) *out = nullptr;
  return report(message, capacity, [&] {
    if (path == nullptr || out == nullptr) throw Failure{MASS_ONNX_INVALID_ARGUMENT, "no path or no place for a value"};
    const MappedFile file(path);
    open(file.data(), file.size(), out, kind);
  });
}

enum mass_onnx_status mass_onnx_value_open_bytes(const void *data, size_t size, enum mass_onnx_value_kind kind,
                                                 mass_onnx_value **out, char *message, size_t capacity) {
  if (out != nullptr) *out = nullptr;
  return report(message, capacity, [&] {
    if (out == nullptr) throw Failure{MASS_ONNX_INVALID_ARGUMENT, "no place for a value"};
    open(data, size, out, kind);
  });
}

void mass_onnx_value_close(mass_onnx_value **value) {
  if (value == nullptr) return;
  delete *value;
  *value = nullptr;
}

const mass_onnx_tensor *mass_onnx_value_tensor(const mass_onnx_value *value) {
  return value == nullptr ? nullptr : value->as<onnx::TensorProto>(MASS_ONNX_VALUE_TENSOR);
}

const mass_onnx_sparse_tensor *mass_onnx_value_sparse_tensor(const mass_onnx_value *value) {
  return value == nullptr ? nullptr : value->as<onnx::SparseTensorProto>(MASS_ONNX_VALUE_SPARSE_TENSOR);
}

const mass_onnx_sequence *mass_onnx_value_sequence(const mass_onnx_value *value) {
  return value == nullptr ? nullptr : value->as<onnx::SequenceProto>(MASS_ONNX_VALUE_SEQUENCE);
}

const mass_onnx_map *mass_onnx_value_map(const mass_onnx_value *value) {
  return value == nullptr ? nullptr : value->as<onnx::MapProto>(MASS_ONNX_VALUE_MAP);
}

const mass_onnx_optional *mass_onnx_value_optional(const mass_onnx_value *value) {
  return value == nullptr ? nullptr : value->as<onnx::OptionalProto>(MASS_ONNX_VALUE_OPTIONAL);
}

mass_onnx_text mass_onnx_sequence_name(const mass_onnx_sequence *sequence) { return text(message(sequence).name()); }

int32_t mass_onnx_sequence_kind(const mass_onnx_sequence *sequence) { return message(sequence).elem_type(); }

size_t mass_onnx_sequence_count(const mass_onnx_sequence *sequence, int32_t kind) {
  const onnx::SequenceProto &proto = message(sequence);
  switch (kind) {
  case MASS_ONNX_VALUE_TENSOR: return count(proto.tensor_values());
  case MASS_ONNX_VALUE_SPARSE_TENSOR: return count(proto.sparse_tensor_values());
  case MASS_ONNX_VALUE_SEQUENCE: return count(proto.sequence_values());
  case MASS_ONNX_VALUE_MAP: return count(proto.map_values());
  case MASS_ONNX_VALUE_OPTIONAL: return count(proto.optional_values());
  default: return 0;
  }
}

const mass_onnx_tensor *mass_onnx_sequence_tensor(const mass_onnx_sequence *sequence, size_t index) {
  return at(message(sequence).tensor_values(), index);
}

const mass_onnx_sparse_tensor *mass_onnx_sequence_sparse_tensor(const mass_onnx_sequence *sequence, size_t index) {
  return at(message(sequence).sparse_tensor_values(), index);
}

const mass_onnx_sequence *mass_onnx_sequence_sequence(const mass_onnx_sequence *sequence, size_t index) {
  return at(message(sequence).sequence_values(), index);
}

const mass_onnx_map *mass_onnx_sequence_map(const mass_onnx_sequence *sequence, size_t index) {
  return at(message(sequence).map_values(), index);
}

const mass_onnx_optional *mass_onnx_sequence_optional(const mass_onnx_sequence *sequence, size_t index) {
  return at(message(sequence).optional_values(), index);
}

mass_onnx_text mass_onnx_optional_name(const mass_onnx_optional *optional) { return text(message(optional).name()); }

int32_t mass_onnx_optional_kind(const mass_onnx_optional *optional) { return message(optional).elem_type(); }

const mass_onnx_tensor *mass_onnx_optional_tensor(const mass_onnx_optional *optional) {
  return handle(message(optional).has_tensor_value(), message(optional).tensor_value());
}

const mass_onnx_sparse_tensor *mass_onnx_optional_sparse_tensor(const mass_onnx_optional *optional) {
  return handle(message(optional).has_sparse_tensor_value(), message(optional).sparse_tensor_value());
}

const mass_onnx_sequence *mass_onnx_optional_sequence(const mass_onnx_optional *optional) {
  return handle(message(optional).has_sequence_value(), message(optional).sequence_value());
}

const mass_onnx_map *mass_onnx_optional_map(const mass_onnx_optional *optional) {
  return handle(message(optional).has_map_value(), message(optional).map_value());
}

const mass_onnx_optional *mass_onnx_optional_optional(const mass_onnx_optional *optional) {
  return handle(message(optional).has_optional_value(), message(optional).optional_value());
}

mass_onnx_text mass_onnx_map_name(const mass_onnx_map *map) { return text(message(map).name()); }

int32_t mass_onnx_map_key_type(const mass_onnx_map *map) { return message(map).key_type(); }

mass_onnx_int64s mass_onnx_map_keys(const mass_onnx_map *map) { return array<mass_onnx_int64s>(message(map).keys()); }

size_t mass_onnx_map_string_key_count(const mass_onnx_map *map) { return count(message(map).string_keys()); }

mass_onnx_text mass_onnx_map_string_key(const mass_onnx_map *map, size_t index) {
  return at(message(map).string_keys(), index);
}

const mass_onnx_sequence *mass_onnx_map_values(const mass_onnx_map *map) {
  return handle(message(map).has_values(), message(map).values());
}

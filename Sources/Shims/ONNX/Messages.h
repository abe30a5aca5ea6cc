// Handles as protobuf messages, and protobuf values as the plain values of the header.
#pragma once

#define ONNX_ML 1
#include <onnx/onnx-data_pb.h>

#include <google/protobuf/unknown_field_set.h>

#include <vector>

#include "mass_onnx.h"

/// A function with the fields that its protobuf class is too old to know.
struct mass_onnx_function {
  const onnx::FunctionProto *proto = nullptr;
  std::vector<const onnx::AttributeProto *> defaults;
  std::vector<const onnx::ValueInfoProto *> valueInfo;
};

namespace mass::onnx_shim {

using google::protobuf::RepeatedField;
using google::protobuf::RepeatedPtrField;
using google::protobuf::UnknownFieldSet;

/// The pairs of opaque handle and message class: a handle is the message's address under another type.
template <class Handle> struct MessageOf;
template <class Message> struct HandleOf;

#define MASS_ONNX_PAIR(HANDLE, MESSAGE)                                                                                \
  template <> struct MessageOf<HANDLE> {                                                                               \
    using Type = onnx::MESSAGE;                                                                                        \
  };                                                                                                                   \
  template <> struct HandleOf<onnx::MESSAGE> {                                                                         \
    using Type = HANDLE;                                                                                               \
  }

MASS_ONNX_PAIR(mass_onnx_graph, GraphProto);
MASS_ONNX_PAIR(mass_onnx_node, NodeProto);
MASS_ONNX_PAIR(mass_onnx_attribute, AttributeProto);
MASS_ONNX_PAIR(mass_onnx_value_info, ValueInfoProto);
MASS_ONNX_PAIR(mass_onnx_type, TypeProto);
MASS_ONNX_PAIR(mass_onnx_tensor, TensorProto);
MASS_ONNX_PAIR(mass_onnx_sparse_tensor, SparseTensorProto);
MASS_ONNX_PAIR(mass_onnx_sequence, SequenceProto);
MASS_ONNX_PAIR(mass_onnx_optional, OptionalProto);
MASS_ONNX_PAIR(mass_onnx_map, MapProto);

#undef MASS_ONNX_PAIR

/// The message behind a handle; the empty message behind NULL.
template <class Handle> const typename MessageOf<Handle>::Type &message(const Handle *handle) {
  using Message = typename MessageOf<Handle>::Type;
  return handle == nullptr ? Message::default_instance() : *reinterpret_cast<const Message *>(handle);
}

template <class Message> const typename HandleOf<Message>::Type *handle(const Message &message) {
  return reinterpret_cast<const typename HandleOf<Message>::Type *>(&message);
}

/// The handle of an optional field: NULL where the file does not have it.
template <class Message> const typename HandleOf<Message>::Type *handle(bool isPresent, const Message &message) {
  return isPresent ? handle(message) : nullptr;
}

template <class List> size_t count(const List &list) { return static_cast<size_t>(list.size()); }

template <class Message>
const typename HandleOf<Message>::Type *at(const RepeatedPtrField<Message> &list, size_t index) {
  return index < count(list) ? handle(list.Get(static_cast<int>(index))) : nullptr;
}

inline mass_onnx_text text(const std::string &string) { return {string.data(), string.size()}; }

inline mass_onnx_text at(const RepeatedPtrField<std::string> &list, size_t index) {
  return index < count(list) ? text(list.Get(static_cast<int>(index))) : mass_onnx_text{nullptr, 0};
}

inline mass_onnx_opset at(const RepeatedPtrField<onnx::OperatorSetIdProto> &list, size_t index) {
  if (index >= count(list)) return {{nullptr, 0}, 0};
  const auto &opset = list.Get(static_cast<int>(index));
  return {text(opset.domain()), opset.version()};
}

/// A repeated number as one of the header's array types.
template <class Array, class Number> Array array(const RepeatedField<Number> &list) {
  return {list.data(), count(list)};
}

/// Stores the first `capacity` entries and returns how many there are.
size_t entries(const RepeatedPtrField<onnx::StringStringEntryProto> &list, mass_onnx_entry *out, size_t capacity);

/// The same for a repeated StringStringEntryProto that only the unknown fields hold, under `number`.
size_t unknownEntries(const UnknownFieldSet &fields, int number, mass_onnx_entry *out, size_t capacity);

/// The last text under `number`, which is the one that counts; empty where there is none.
mass_onnx_text unknownText(const UnknownFieldSet &fields, int number);

/// The last number under `number`, or `otherwise`: where protobuf puts enumerated values it does not know.
int32_t unknownEnumeration(const UnknownFieldSet &fields, int number, int32_t otherwise);

}  // namespace mass::onnx_shim

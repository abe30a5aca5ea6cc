// Fields that are newer than the system's ONNX schema.
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>

#include "Messages.h"

namespace mass::onnx_shim {

using google::protobuf::UnknownField;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

namespace {

/// Reads one length-delimited field where it lies. False when it does not fit.
bool readInPlace(CodedInputStream &stream, mass_onnx_text &out) {
  uint32_t length = 0;
  if (!stream.ReadVarint32(&length) || length > static_cast<uint32_t>(INT32_MAX)) return false;
  const void *data = nullptr;
  int available = 0;
  if (length != 0 && (!stream.GetDirectBufferPointer(&data, &available) || available < static_cast<int>(length))) {
    return false;
  }
  out = {static_cast<const char *>(data), length};
  return stream.Skip(static_cast<int>(length));
}

/// Decodes a StringStringEntryProto without copying it. Whatever cannot be read is left empty.
mass_onnx_entry decodeEntry(const std::string &bytes) {
  constexpr uint32_t keyTag = 1 << 3 | WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
  constexpr uint32_t valueTag = 2 << 3 | WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
  mass_onnx_entry entry = {{nullptr, 0}, {nullptr, 0}};
  CodedInputStream stream(reinterpret_cast<const uint8_t *>(bytes.data()), static_cast<int>(bytes.size()));
  while (const uint32_t tag = stream.ReadTag()) {
    const bool isRead = tag == keyTag     ? readInPlace(stream, entry.key)
                        : tag == valueTag ? readInPlace(stream, entry.value)
                                          : WireFormatLite::SkipField(&stream, tag);
    if (!isRead) break;
  }
  return entry;
}

/// The last unknown field of that number and type, or null.
const UnknownField *lastField(const UnknownFieldSet &fields, int number, UnknownField::Type type) {
  for (int i = fields.field_count() - 1; i >= 0; --i) {
    const UnknownField &field = fields.field(i);
    if (field.number() == number && field.type() == type) return &field;
  }
  return nullptr;
}

}  // namespace

size_t entries(const RepeatedPtrField<onnx::StringStringEntryProto> &list, mass_onnx_entry *out, size_t capacity) {
  const size_t stored = out == nullptr ? 0 : std::min(capacity, count(list));
  for (size_t i = 0; i < stored; ++i) {
    const auto &entry = list.Get(static_cast<int>(i));
    out[i] = {text(entry.key()), text(entry.value())};
  }
  return count(list);
}

size_t unknownEntries(const UnknownFieldSet &fields, int number, mass_onnx_entry *out, size_t capacity) {
  size_t found = 0;
  for (int i = 0; i < fields.field_count(); ++i) {
    const UnknownField &field = fields.field(i);
    if (field.number() != number || field.type() != UnknownField::TYPE_LENGTH_DELIMITED) continue;
    if (out != nullptr && found < capacity) out[found] = decodeEntry(field.length_delimited());
    ++found;
  }
  return found;
}

mass_onnx_text unknownText(const UnknownFieldSet &fields, int number) {
  const UnknownField *field = lastField(fields, number, UnknownField::TYPE_LENGTH_DELIMITED);
  return field == nullptr ? mass_onnx_text{nullptr, 0} : text(field->length_delimited());
}

int32_t unknownEnumeration(const UnknownFieldSet &fields, int number, int32_t otherwise) {
  const UnknownField *field = lastField(fields, number, UnknownField::TYPE_VARINT);
  return field == nullptr ? otherwise : static_cast<int32_t>(field->varint());
}

}  // namespace mass::onnx_shim

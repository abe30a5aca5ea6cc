// Numbers and tensors of numbers become text.
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>

#include "Buffer.h"

namespace mass::json {

namespace {

/// What the text of one element needs at most, with the comma behind it.
constexpr size_t kElementRoom = 32;
/// How many elements are written between two looks at the room that is left.
constexpr size_t kBlock = 1024;

char *put(char *out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

template <typename Integer>
char *put(char *out, Integer value, mass_json_number_style) {
  return std::to_chars(out, out + kElementRoom, value).ptr;
}

char *put(char *out, bool value, mass_json_number_style) { return put(out, value ? "true" : "false"); }

template <typename Float>
char *putTensorFlow(char *out, Float value) {
  char *const limit = out + kElementRoom;
  char *end = std::to_chars(out, limit, value, std::chars_format::general, 6).ptr;
  Float read;
  const auto result = std::from_chars(out, end, read);
  if (result.ec != std::errc() || read != value) {
    end = std::to_chars(out, limit, value, std::chars_format::general, std::numeric_limits<Float>::max_digits10).ptr;
  }
  const std::string_view text(out, static_cast<size_t>(end - out));
  return text.find_first_of(".e") == std::string_view::npos ? put(end, ".0") : end;
}

/// nullptr for what the style refuses.
template <typename Float>
char *putReal(char *out, Float value, mass_json_number_style style) {
  if (!std::isfinite(value)) {
    if (!style.has_tokens) return nullptr;
    return put(out, std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
  }
  if (style.is_tensorflow) return putTensorFlow(out, value);
  // Readers take "-0" for an integer, which has no sign.
  if (value == 0 && std::signbit(value)) return put(out, "-0.0");
  return std::to_chars(out, out + kElementRoom, value).ptr;
}

char *put(char *out, float value, mass_json_number_style style) { return putReal(out, value, style); }
char *put(char *out, double value, mass_json_number_style style) { return putReal(out, value, style); }

/// Writes `count` elements with commas between them; returns how many, fewer if one is refused or there is no memory.
template <typename Element>
size_t writeRow(mass_json_buffer &buffer, const unsigned char *values, size_t count, mass_json_number_style style) {
  for (size_t start = 0; start < count; start += kBlock) {
    const size_t end = count - start < kBlock ? count : start + kBlock;
    char *out = reserve(buffer, (end - start) * kElementRoom);
    if (out == nullptr) return start;
    for (size_t i = start; i < end; i++) {
      std::conditional_t<std::is_same_v<Element, bool>, uint8_t, Element> value;
      std::memcpy(&value, values + i * sizeof value, sizeof value);
      out = put(out, static_cast<Element>(value), style);
      if (out == nullptr) return i;
      *out++ = ',';
    }
    if (end == count) out--;
    buffer.size = static_cast<size_t>(out - buffer.data);
  }
  return count;
}

void writeRepeated(mass_json_buffer &buffer, char c, size_t count) {
  char *out = reserve(buffer, count);
  if (out == nullptr) return;
  std::memset(out, c, count);
  buffer.size += count;
}

/// Arrays around the rows of a tensor.
class Nesting {
 public:
  /// Keeps the axes up to the first empty one, in which nothing is nested.
  Nesting(const size_t *extents, size_t rank) : extents_(extents), rank_(0) {
    while (rank_ < rank && (rank_ == 0 || extents[rank_ - 1] != 0)) rank_++;
    indices_.reset(new (std::nothrow) size_t[rank_ + 1]());
  }

  bool isMade() const { return indices_ != nullptr; }
  size_t rowCount() const { return rank_ == 0 ? 1 : extents_[rank_ - 1]; }
  void open(mass_json_buffer &buffer) const { writeRepeated(buffer, '[', rank_); }

  /// Ends a row: closes what is complete and opens what comes next; false after the last row.
  bool advance(mass_json_buffer &buffer) {
    size_t closing = rank_ == 0 ? 0 : 1;
    while (closing < rank_ && ++indices_[rank_ - 1 - closing] == extents_[rank_ - 1 - closing]) {
      indices_[rank_ - 1 - closing] = 0;
      closing++;
    }
    writeRepeated(buffer, ']', closing);
    if (closing == rank_ || buffer.has_failed) return false;
    writeRepeated(buffer, ',', 1);
    writeRepeated(buffer, '[', closing);
    return true;
  }

 private:
  const size_t *const extents_;
  size_t rank_;
  std::unique_ptr<size_t[]> indices_;
};

template <typename Element>
size_t write(mass_json_buffer &buffer, const void *values, const size_t *extents, size_t rank,
             mass_json_number_style style) {
  Nesting nesting(extents, rank);
  if (!nesting.isMade()) buffer.has_failed = true;
  const auto *bytes = static_cast<const unsigned char *>(values);
  const size_t row = nesting.rowCount();
  size_t written = 0;
  nesting.open(buffer);
  do {
    const size_t count = writeRow<Element>(buffer, bytes + written * sizeof(Element), row, style);
    written += count;
    if (count < row) return written;
  } while (nesting.advance(buffer));
  return written;
}

size_t writeTensor(mass_json_buffer &buffer, mass_json_element element, const void *values, const size_t *extents,
                   size_t rank, mass_json_number_style style) {
  switch (element) {
    case MASS_JSON_ELEMENT_BOOL:
      return write<bool>(buffer, values, extents, rank, style);
    case MASS_JSON_ELEMENT_INT8:
      return write<int8_t>(buffer, values, extents, rank, style);
    case MASS_JSON_ELEMENT_INT16:
      return write<int16_t>(buffer, values, extents, rank, style);
    case MASS_JSON_ELEMENT_INT32:
      return write<int32_t>(buffer, values, extents, rank, style);
    case MASS_JSON_ELEMENT_INT64:
      return write<int64_t>(buffer, values, extents, rank, style);
    case MASS_JSON_ELEMENT_UINT8:
      return write<uint8_t>(buffer, values, extents, rank, style);
    case MASS_JSON_ELEMENT_UINT16:
      return write<uint16_t>(buffer, values, extents, rank, style);
    case MASS_JSON_ELEMENT_UINT32:
      return write<uint32_t>(buffer, values, extents, rank, style);
    case MASS_JSON_ELEMENT_UINT64:
      return write<uint64_t>(buffer, values, extents, rank, style);
    case MASS_JSON_ELEMENT_FLOAT32:
      return write<float>(buffer, values, extents, rank, style);
    case MASS_JSON_ELEMENT_FLOAT64:
      return write<double>(buffer, values, extents, rank, style);
  }
  return 0;
}

template <typename Number>
bool writeOne(mass_json_buffer &buffer, Number value, mass_json_number_style style) {
  char *out = reserve(buffer, kElementRoom);
  if (out == nullptr) return true;
  char *const end = put(out, value, style);
  if (end == nullptr) return false;
  buffer.size = static_cast<size_t>(end - buffer.data);
  return true;
}

}  // namespace

}  // namespace mass::json

void mass_json_write_int64(mass_json_buffer *buffer, int64_t value) { mass::json::writeOne(*buffer, value, {}); }

void mass_json_write_uint64(mass_json_buffer *buffer, uint64_t value) { mass::json::writeOne(*buffer, value, {}); }

bool mass_json_write_double(mass_json_buffer *buffer, double value, mass_json_number_style style) {
  return mass::json::writeOne(*buffer, value, style);
}

size_t mass_json_write_numbers(mass_json_buffer *buffer, mass_json_element element, const void *values,
                               const size_t *extents, size_t rank, mass_json_number_style style) {
  const size_t start = buffer->size;
  const size_t written = mass::json::writeTensor(*buffer, element, values, extents, rank, style);
  size_t count = 1;
  for (size_t axis = 0; axis < rank; axis++) count *= extents[axis];
  if (written < count) buffer->size = start;
  return written;
}

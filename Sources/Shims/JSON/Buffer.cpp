#include "Buffer.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace mass::json {

namespace {

constexpr size_t kSmallest = 256;

/// What stands behind the backslash for a byte; 'u' if it has no name, 0 if it needs no escape.
char escapeOf(unsigned char c) {
  switch (c) {
    case '"':
    case '\\':
      return static_cast<char>(c);
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return c < 0x20 ? 'u' : '\0';
  }
}

void writeEscape(mass_json_buffer &buffer, unsigned char c, char name) {
  constexpr char digits[] = "0123456789abcdef";
  const char text[] = {'\\', name, '0', '0', digits[c >> 4], digits[c & 15]};
  mass_json_write_bytes(&buffer, text, name == 'u' ? 6 : 2);
}

}  // namespace

char *reserve(mass_json_buffer &buffer, size_t size) {
  if (buffer.has_failed) return nullptr;
  if (size <= buffer.capacity - buffer.size) return buffer.data + buffer.size;
  if (size > SIZE_MAX / 4 - buffer.size) {
    buffer.has_failed = true;
    return nullptr;
  }
  const size_t capacity = std::max({buffer.size + size, buffer.capacity + buffer.capacity / 2, kSmallest});
  void *data = std::realloc(buffer.data, capacity);
  if (data == nullptr) {
    buffer.has_failed = true;
    return nullptr;
  }
  buffer.data = static_cast<char *>(data);
  buffer.capacity = capacity;
  return buffer.data + buffer.size;
}

}  // namespace mass::json

void mass_json_buffer_free(mass_json_buffer *buffer) {
  std::free(buffer->data);
  *buffer = {};
}

void mass_json_write_bytes(mass_json_buffer *buffer, const char *bytes, size_t size) {
  char *out = mass::json::reserve(*buffer, size);
  if (out == nullptr || size == 0) return;
  std::memcpy(out, bytes, size);
  buffer->size += size;
}

void mass_json_write_string(mass_json_buffer *buffer, const char *text, size_t size) {
  mass_json_write_bytes(buffer, "\"", 1);
  size_t start = 0;
  for (size_t i = 0; i < size; i++) {
    const auto c = static_cast<unsigned char>(text[i]);
    const char name = mass::json::escapeOf(c);
    if (name == '\0') continue;
    mass_json_write_bytes(buffer, text + start, i - start);
    mass::json::writeEscape(*buffer, c, name);
    start = i + 1;
  }
  mass_json_write_bytes(buffer, text + start, size - start);
  mass_json_write_bytes(buffer, "\"", 1);
}

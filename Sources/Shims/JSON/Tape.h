// How a parsed document lies in memory: simdjson's tape.
//
// The tape is a row of 64-bit words. The high byte of a word is the type of a value, the rest its payload; a number has
// a second word for its bits. The word that opens an array or object says where the next value after it begins and, in
// 24 bits that stick at their largest, how many elements or members it has. A string's payload is an offset into the
// text memory, where four bytes of length stand before the bytes.
#ifndef MASS_JSON_TAPE_H
#define MASS_JSON_TAPE_H

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "mass_json.h"

struct mass_json_document {
  std::unique_ptr<char[]> text;
  size_t size = 0;
  std::unique_ptr<uint64_t[]> tape;
  std::unique_ptr<uint8_t[]> strings;
};

namespace mass::json {

constexpr uint64_t kPayloadMask = 0x00FF'FFFF'FFFF'FFFF;
constexpr uint64_t kCountLimit = 0xFF'FFFF;

inline char typeOf(uint64_t word) { return static_cast<char>(word >> 56); }

inline bool isNumber(char type) { return type == 'l' || type == 'u' || type == 'd'; }

inline double doubleOf(uint64_t bits) {
  double value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// The position behind the value at `position`.
inline size_t next(const mass_json_document &document, size_t position) {
  const uint64_t word = document.tape[position];
  const char type = typeOf(word);
  if (type == '[' || type == '{') return static_cast<uint32_t>(word);
  return position + (isNumber(type) ? 2 : 1);
}

inline std::string_view textAt(const mass_json_document &document, size_t position) {
  const uint8_t *start = document.strings.get() + (document.tape[position] & kPayloadMask);
  uint32_t size;
  std::memcpy(&size, start, sizeof size);
  return {reinterpret_cast<const char *>(start + sizeof size), size};
}

}  // namespace mass::json

#endif

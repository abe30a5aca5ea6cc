#include <array>

#include "mass_json.h"

namespace mass::json {

namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kForeign = 64;

constexpr std::array<uint8_t, 256> digitTable() {
  std::array<uint8_t, 256> table{};
  for (auto &value : table) value = kForeign;
  for (uint8_t i = 0; i < 64; i++) table[static_cast<unsigned char>(kAlphabet[i])] = i;
  return table;
}

constexpr std::array<uint8_t, 256> kDigits = digitTable();

/// Decodes `size` digits, 2 to 4, of one group; the index of the first that does not belong, else `size`.
size_t decodeGroup(const char *text, size_t size, uint8_t *out) {
  uint32_t bits = 0;
  for (size_t i = 0; i < size; i++) {
    const uint8_t digit = kDigits[static_cast<unsigned char>(text[i])];
    if (digit == kForeign) return i;
    bits = bits << 6 | digit;
  }
  const size_t unused = size * 6 % 8;
  if ((bits & ((1u << unused) - 1)) != 0) return size - 1;
  bits <<= (4 - size) * 6;
  for (size_t i = 0; i + 1 < size; i++) out[i] = static_cast<uint8_t>(bits >> (16 - 8 * i));
  return size;
}

}  // namespace

}  // namespace mass::json

size_t mass_json_base64_capacity(size_t size) { return size / 4 * 3; }

size_t mass_json_base64_decode(const char *text, size_t size, uint8_t *out, size_t *offset) {
  uint8_t *const start = out;
  if (size % 4 != 0) {
    *offset = size;
    return SIZE_MAX;
  }
  for (size_t i = 0; i < size; i += 4) {
    size_t digits = 4;
    if (i + 4 == size) {
      while (digits > 2 && text[i + digits - 1] == '=') digits--;
    }
    const size_t read = mass::json::decodeGroup(text + i, digits, out);
    if (read != digits) {
      *offset = i + read;
      return SIZE_MAX;
    }
    out += digits - 1;
  }
  return static_cast<size_t>(out - start);
}

void mass_json_write_base64(mass_json_buffer *buffer, const uint8_t *bytes, size_t size) {
  mass_json_write_bytes(buffer, "\"", 1);
  // A multiple of three, so that only the last block is padded.
  constexpr size_t kBlock = 3 * 256;
  char text[kBlock / 3 * 4];
  for (size_t start = 0; start < size; start += kBlock) {
    const size_t end = size - start < kBlock ? size : start + kBlock;
    char *out = text;
    for (size_t i = start; i < end; i += 3) {
      const uint32_t second = i + 1 < end ? bytes[i + 1] : 0u;
      const uint32_t third = i + 2 < end ? bytes[i + 2] : 0u;
      const uint32_t bits = static_cast<uint32_t>(bytes[i]) << 16 | second << 8 | third;
      *out++ = mass::json::kAlphabet[bits >> 18];
      *out++ = mass::json::kAlphabet[bits >> 12 & 63];
      *out++ = i + 1 < end ? mass::json::kAlphabet[bits >> 6 & 63] : '=';
      *out++ = i + 2 < end ? mass::json::kAlphabet[bits & 63] : '=';
    }
    mass_json_write_bytes(buffer, text, static_cast<size_t>(out - text));
  }
  mass_json_write_bytes(buffer, "\"", 1);
}

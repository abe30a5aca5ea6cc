#include "Locate.h"

namespace mass::json {

namespace {

bool isBetween(std::string_view text, size_t index, int low, int high) {
  if (index >= text.size()) return false;
  const int byte = static_cast<unsigned char>(text[index]);
  return byte >= low && byte <= high;
}

bool isContinuation(std::string_view text, size_t index) { return isBetween(text, index, 0x80, 0xBF); }

}  // namespace

size_t characterSize(std::string_view text) {
  if (isBetween(text, 0, 0x00, 0x7F)) return 1;
  if (isBetween(text, 0, 0xC2, 0xDF)) return isContinuation(text, 1) ? 2 : 0;
  if (isBetween(text, 0, 0xE0, 0xEF)) {
    const int first = static_cast<unsigned char>(text[0]);
    // Neither longer than needed nor a surrogate.
    const bool isSecond = isBetween(text, 1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF);
    return isSecond && isContinuation(text, 2) ? 3 : 0;
  }
  if (isBetween(text, 0, 0xF0, 0xF4)) {
    const int first = static_cast<unsigned char>(text[0]);
    const bool isSecond = isBetween(text, 1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF);
    return isSecond && isContinuation(text, 2) && isContinuation(text, 3) ? 4 : 0;
  }
  return 0;
}

}  // namespace mass::json

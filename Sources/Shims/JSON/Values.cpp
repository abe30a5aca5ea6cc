// Values of a parsed document.
#include <algorithm>
#include <vector>

#include "Tape.h"

using mass::json::kCountLimit;
using mass::json::kPayloadMask;
using mass::json::next;
using mass::json::textAt;
using mass::json::typeOf;

namespace {
// Up to so many keys comparing each with each is faster than sorting them.
constexpr size_t kFewKeys = 16;
}  // namespace

mass_json_kind mass_json_kind_of(const mass_json_document *document, size_t position) {
  switch (typeOf(document->tape[position])) {
    case '[':
      return MASS_JSON_ARRAY;
    case '{':
      return MASS_JSON_OBJECT;
    case '"':
      return MASS_JSON_STRING;
    case 'l':
      return MASS_JSON_INT64;
    case 'u':
      return MASS_JSON_UINT64;
    case 'd':
      return MASS_JSON_DOUBLE;
    case 't':
    case 'f':
      return MASS_JSON_BOOL;
    default:
      return MASS_JSON_NULL;
  }
}

uint64_t mass_json_bits(const mass_json_document *document, size_t position) {
  const char type = typeOf(document->tape[position]);
  if (mass::json::isNumber(type)) return document->tape[position + 1];
  return type == 't' ? 1 : 0;
}

mass_json_text mass_json_text_of(const mass_json_document *document, size_t position) {
  if (typeOf(document->tape[position]) != '"') return {"", 0};
  const std::string_view text = textAt(*document, position);
  return {text.data(), text.size()};
}

size_t mass_json_count(const mass_json_document *document, size_t position) {
  const uint64_t word = document->tape[position];
  const char type = typeOf(word);
  if (type != '[' && type != '{') return 0;
  const size_t count = (word & kPayloadMask) >> 32;
  if (count < kCountLimit) return count;
  // The tape counts no further.
  size_t values = 0;
  const size_t end = mass_json_end(document, position);
  for (size_t i = mass_json_first(position); i != end; i = next(*document, i)) values++;
  return type == '[' ? values : values / 2;
}

size_t mass_json_next(const mass_json_document *document, size_t position) { return next(*document, position); }

size_t mass_json_first(size_t position) { return position + 1; }

size_t mass_json_end(const mass_json_document *document, size_t position) {
  const char type = typeOf(document->tape[position]);
  return type == '[' || type == '{' ? next(*document, position) - 1 : mass_json_first(position);
}

size_t mass_json_member(const mass_json_document *document, size_t position, const char *key, size_t size) {
  if (typeOf(document->tape[position]) != '{') return 0;
  const size_t end = mass_json_end(document, position);
  for (size_t i = mass_json_first(position); i != end; i = next(*document, i + 1)) {
    if (textAt(*document, i) == std::string_view(key, size)) return i + 1;
  }
  return 0;
}

size_t mass_json_duplicate(const mass_json_document *document, size_t position, bool *has_failed) try {
  *has_failed = false;
  if (typeOf(document->tape[position]) != '{') return 0;
  const size_t end = mass_json_end(document, position);
  if (mass_json_count(document, position) <= kFewKeys) {
    for (size_t i = mass_json_first(position); i != end; i = next(*document, i + 1)) {
      const std::string_view key = textAt(*document, i);
      for (size_t j = mass_json_first(position); j != i; j = next(*document, j + 1)) {
        if (textAt(*document, j) == key) return i;
      }
    }
    return 0;
  }
  std::vector<size_t> keys;
  keys.reserve(mass_json_count(document, position));
  for (size_t i = mass_json_first(position); i != end; i = next(*document, i + 1)) keys.push_back(i);
  const auto text = [document](size_t key) { return textAt(*document, key); };
  std::sort(keys.begin(), keys.end(), [&](size_t a, size_t b) { return text(a) < text(b); });
  const auto found =
      std::adjacent_find(keys.begin(), keys.end(), [&](size_t a, size_t b) { return text(a) == text(b); });
  return found == keys.end() ? 0 : *found;
} catch (...) {
  *has_failed = true;
  return 0;
}

bool mass_json_is_base64(const mass_json_document *document, size_t position) {
  if (typeOf(document->tape[position]) != '{' || mass_json_count(document, position) != 1) return false;
  const size_t key = mass_json_first(position);
  return textAt(*document, key) == "b64" && typeOf(document->tape[key + 1]) == '"';
}

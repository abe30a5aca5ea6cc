#include "Repair.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace mass::json {

namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }

bool endsToken(char c) {
  switch (c) {
    case ' ':
    case '\t':
    case '\n':
    case '\r':
    case ',':
    case ':':
    case '[':
    case ']':
    case '{':
    case '}':
    case '"':
      return true;
    default:
      return false;
  }
}

/// The index behind the string that opens at `start`.
size_t skipString(const char *text, size_t size, size_t start) {
  size_t i = start + 1;
  while (i < size && text[i] != '"') i += text[i] == '\\' ? 2 : 1;
  return std::min(i + 1, size);
}

std::optional<double> tokenValue(std::string_view token) {
  if (token == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (token == "Infinity") return std::numeric_limits<double>::infinity();
  if (token == "-Infinity") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

/// The double nearest to an integer that fits neither int64 nor uint64.
std::optional<double> longIntegerValue(std::string_view token) {
  const std::string_view digits = token.substr(token[0] == '-' ? 1 : 0);
  if (digits.size() < 19 || digits[0] == '0' || !std::all_of(digits.begin(), digits.end(), isDigit)) {
    return std::nullopt;
  }
  const char *end = token.data() + token.size();
  int64_t whole;
  uint64_t natural;
  if (std::from_chars(token.data(), end, whole).ec == std::errc()) return std::nullopt;
  if (token[0] != '-' && std::from_chars(token.data(), end, natural).ec == std::errc()) return std::nullopt;
  double value;
  if (std::from_chars(token.data(), end, value).ec != std::errc()) return std::nullopt;
  return value;
}

}  // namespace

std::vector<Patch> repair(char *text, size_t size, bool acceptsTokens) {
  std::vector<Patch> patches;
  size_t numbers = 0;
  for (size_t i = 0; i < size;) {
    if (text[i] == '"') {
      i = skipString(text, size, i);
      continue;
    }
    const size_t start = i;
    while (i < size && !endsToken(text[i])) i++;
    if (i == start) {
      i++;
      continue;
    }
    const std::string_view token(text + start, i - start);
    std::optional<double> value = acceptsTokens ? tokenValue(token) : std::nullopt;
    if (!value) value = longIntegerValue(token);
    if (value) {
      patches.push_back({numbers, *value});
      std::fill(text + start, text + i, ' ');
      std::copy_n("0.0", 3, text + start);
    }
    if (isDigit(text[start]) || text[start] == '-') numbers++;
  }
  return patches;
}

void apply(const std::vector<Patch> &patches, mass_json_document &document) {
  size_t numbers = 0;
  auto patch = patches.begin();
  for (size_t i = MASS_JSON_ROOT; patch != patches.end(); i++) {
    if (!isNumber(typeOf(document.tape[i]))) continue;
    if (numbers++ == patch->number) {
      document.tape[i] = uint64_t{'d'} << 56;
      std::memcpy(&document.tape[i + 1], &patch->value, sizeof patch->value);
      patch++;
    }
    i++;
  }
}

}  // namespace mass::json

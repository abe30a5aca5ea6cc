#include "Locate.h"

#include <charconv>
#include <vector>

namespace mass::json {

namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }

int hexDigit(char c) {
  if (isDigit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// Walks a text until its first fault. Functions that read something return whether they could.
class Walk {
 public:
  Walk(std::string_view text, size_t depthLimit) : text_(text), depthLimit_(depthLimit) {}

  mass_json_failure run() {
    skipBlanks();
    if (isAtEnd()) return {MASS_JSON_EMPTY, MASS_JSON_NOWHERE};
    if (!values()) return {fault_, place_};
    if (!isAtEnd()) return {MASS_JSON_EXPECTED_END, at_};
    return {MASS_JSON_MALFORMED, MASS_JSON_NOWHERE};
  }

 private:
  bool isAtEnd() const { return at_ == text_.size(); }
  /// The byte here; 0, which starts nothing, at the end.
  char here() const { return isAtEnd() ? '\0' : text_[at_]; }

  bool fail(mass_json_fault fault) { return fail(fault, at_); }

  bool fail(mass_json_fault fault, size_t place) {
    fault_ = fault;
    place_ = place;
    return false;
  }

  void skipBlanks() {
    while (here() == ' ' || here() == '\t' || here() == '\n' || here() == '\r') at_++;
  }

  bool take(char c) {
    if (isAtEnd() || here() != c) return false;
    at_++;
    skipBlanks();
    return true;
  }

  /// One value with all that it contains, and the blanks behind it.
  bool values() {
    do {
      if (!valueOrOpening()) return false;
      if (isOpen_) continue;
      while (!containers_.empty() && take(containers_.back() ? '}' : ']')) containers_.pop_back();
      if (containers_.empty()) return true;
      if (!separator()) return false;
    } while (true);
  }

  /// A scalar, an empty container, or the start of a container up to its first value.
  bool valueOrOpening() {
    isOpen_ = false;
    const bool isObject = here() == '{';
    if (!isObject && here() != '[') return scalar();
    if (containers_.size() == depthLimit_) return fail(MASS_JSON_TOO_DEEP);
    take(here());
    if (take(isObject ? '}' : ']')) return true;
    containers_.push_back(isObject);
    isOpen_ = true;
    return isObject ? key() : true;
  }

  bool separator() {
    const bool isObject = containers_.back();
    if (!take(',')) return fail(isObject ? MASS_JSON_EXPECTED_COMMA_OR_BRACE : MASS_JSON_EXPECTED_COMMA_OR_BRACKET);
    return isObject ? key() : true;
  }

  bool key() {
    if (here() != '"') return fail(MASS_JSON_EXPECTED_KEY);
    if (!string()) return false;
    return take(':') ? true : fail(MASS_JSON_EXPECTED_COLON);
  }

  bool scalar() {
    if (here() == '"') return string();
    if (here() == '-' || isDigit(here())) return number();
    for (std::string_view word : {"true", "false", "null"}) {
      if (text_.substr(at_, word.size()) != word) continue;
      at_ += word.size();
      skipBlanks();
      return true;
    }
    return fail(MASS_JSON_EXPECTED_VALUE);
  }

  bool string() {
    const size_t start = at_++;
    while (here() != '"') {
      if (isAtEnd()) return fail(MASS_JSON_UNCLOSED_STRING, start);
      if (here() == '\\') {
        if (!escape()) return false;
        continue;
      }
      if (static_cast<unsigned char>(here()) < 0x20) return fail(MASS_JSON_CONTROL_CHARACTER);
      const size_t size = characterSize(text_.substr(at_));
      if (size == 0) return fail(MASS_JSON_BAD_UTF8);
      at_ += size;
    }
    at_++;
    skipBlanks();
    return true;
  }

  bool escape() {
    const size_t start = at_++;
    if (here() != 'u') {
      if (isAtEnd() || std::string_view("\"\\/bfnrt").find(here()) == std::string_view::npos) {
        return fail(MASS_JSON_BAD_ESCAPE, start);
      }
      at_++;
      return true;
    }
    const int unit = codeUnit();
    if (unit < 0) return fail(MASS_JSON_BAD_ESCAPE, start);
    if (unit < 0xD800 || unit > 0xDFFF) return true;
    if (unit > 0xDBFF || here() != '\\') return fail(MASS_JSON_BAD_SURROGATE, start);
    at_++;
    const int low = codeUnit();
    return low >= 0xDC00 && low <= 0xDFFF ? true : fail(MASS_JSON_BAD_SURROGATE, start);
  }

  /// `u` and four hexadecimal digits; -1 if they are not there.
  int codeUnit() {
    const std::string_view digits = text_.substr(at_, 5);
    if (digits.size() < 5 || digits[0] != 'u') return -1;
    int unit = 0;
    for (char c : digits.substr(1)) {
      if (hexDigit(c) < 0) return -1;
      unit = unit * 16 + hexDigit(c);
    }
    at_ += 5;
    return unit;
  }

  bool number() {
    const size_t start = at_;
    if (!numeral()) return fail(MASS_JSON_BAD_NUMBER, start);
    double value;
    const auto result = std::from_chars(text_.data() + start, text_.data() + at_, value);
    if (result.ec == std::errc::result_out_of_range && isLarge(text_.substr(start, at_ - start))) {
      return fail(MASS_JSON_NUMBER_OUT_OF_RANGE, start);
    }
    skipBlanks();
    return true;
  }

  bool numeral() {
    if (here() == '-') at_++;
    if (here() == '0') {
      at_++;
      if (isDigit(here())) return false;
    } else if (!digits()) {
      return false;
    }
    if (here() == '.') {
      at_++;
      if (!digits()) return false;
    }
    if (here() != 'e' && here() != 'E') return true;
    at_++;
    if (here() == '+' || here() == '-') at_++;
    return digits();
  }

  /// Whether a number that no double holds is too large for one, not too small.
  static bool isLarge(std::string_view numeral) {
    if (numeral[0] == '-') numeral.remove_prefix(1);
    const size_t exponent = numeral.find_first_of("eE");
    return exponent == std::string_view::npos ? numeral[0] != '0' : numeral[exponent + 1] != '-';
  }

  bool digits() {
    const size_t start = at_;
    while (isDigit(here())) at_++;
    return at_ > start;
  }

  const std::string_view text_;
  const size_t depthLimit_;
  size_t at_ = 0;
  /// For each open container whether it is an object.
  std::vector<bool> containers_;
  bool isOpen_ = false;
  mass_json_fault fault_ = MASS_JSON_MALFORMED;
  size_t place_ = 0;
};

}  // namespace

mass_json_failure locate(std::string_view text, size_t depthLimit) { return Walk(text, depthLimit).run(); }

}  // namespace mass::json

// Arrays of values become tensors.
#include <cmath>
#include <limits>

#include "Tape.h"

namespace mass::json {

namespace {

/// Doubles up to here name each integer they stand for.
constexpr double kExactLimit = 9007199254740992.0;

template <typename Integer, typename Source>
mass_json_outcome convertWhole(Source source, Integer &out) {
  out = static_cast<Integer>(source);
  const bool isExact = static_cast<Source>(out) == source && (out < Integer{0}) == (source < Source{0});
  return isExact ? MASS_JSON_FILLED : MASS_JSON_OUT_OF_RANGE;
}

template <typename Integer>
mass_json_outcome convert(char type, uint64_t bits, Integer &out) {
  if (type == 'l') return convertWhole(static_cast<int64_t>(bits), out);
  if (type == 'u') return convertWhole(bits, out);
  if (type != 'd') return MASS_JSON_WRONG_TYPE;
  const double value = doubleOf(bits);
  if (value != std::trunc(value) || std::isinf(value)) return MASS_JSON_WRONG_TYPE;
  if (std::fabs(value) > kExactLimit) return MASS_JSON_OUT_OF_RANGE;
  return convertWhole(static_cast<int64_t>(value), out);
}

template <>
mass_json_outcome convert(char type, uint64_t, bool &out) {
  out = type == 't';
  return out || type == 'f' ? MASS_JSON_FILLED : MASS_JSON_WRONG_TYPE;
}

template <typename Float>
mass_json_outcome convertReal(char type, uint64_t bits, Float &out) {
  if (type == 'd') {
    const double value = doubleOf(bits);
    out = static_cast<Float>(value);
    return std::isinf(out) && !std::isinf(value) ? MASS_JSON_OUT_OF_RANGE : MASS_JSON_FILLED;
  }
  if (type == 'l') {
    out = static_cast<Float>(static_cast<int64_t>(bits));
  } else if (type == 'u') {
    out = static_cast<Float>(bits);
  } else {
    return MASS_JSON_WRONG_TYPE;
  }
  return MASS_JSON_FILLED;
}

template <>
mass_json_outcome convert(char type, uint64_t bits, float &out) {
  return convertReal(type, bits, out);
}

template <>
mass_json_outcome convert(char type, uint64_t bits, double &out) {
  return convertReal(type, bits, out);
}

/// Calls `visit(index, position)` for up to `count` leaves, as long as it returns MASS_JSON_FILLED.
template <typename Visit>
mass_json_filling forLeaves(const mass_json_document &document, size_t position, size_t count, Visit visit) {
  const size_t end = next(document, position);
  size_t index = 0;
  for (size_t i = position; i < end;) {
    const char type = typeOf(document.tape[i]);
    if (type == '[' || type == ']') {
      i++;
      continue;
    }
    if (index == count) return {MASS_JSON_TOO_MANY, index, i};
    const mass_json_outcome outcome = visit(index, i);
    if (outcome != MASS_JSON_FILLED) return {outcome, index, i};
    i = isNumber(type) ? i + 2 : next(document, i);
    index++;
  }
  return {index < count ? MASS_JSON_TOO_FEW : MASS_JSON_FILLED, index, position};
}

template <typename Element>
mass_json_filling fill(const mass_json_document &document, size_t position, void *out, size_t count) {
  const uint64_t *tape = document.tape.get();
  auto *bytes = static_cast<unsigned char *>(out);
  return forLeaves(document, position, count, [tape, bytes](size_t index, size_t i) {
    Element value;
    // Behind the last value stands the end of the document, so there is a next word.
    const mass_json_outcome outcome = convert(typeOf(tape[i]), tape[i + 1], value);
    std::memcpy(bytes + index * sizeof value, &value, sizeof value);
    return outcome;
  });
}

}  // namespace

}  // namespace mass::json

using mass::json::fill;

size_t mass_json_leaf_count(const mass_json_document *document, size_t position) {
  const auto visit = [](size_t, size_t) { return MASS_JSON_FILLED; };
  return mass::json::forLeaves(*document, position, SIZE_MAX, visit).index;
}

mass_json_filling mass_json_fill(const mass_json_document *document, size_t position, mass_json_element element,
                                 void *out, size_t count) {
  switch (element) {
    case MASS_JSON_ELEMENT_BOOL:
      return fill<bool>(*document, position, out, count);
    case MASS_JSON_ELEMENT_INT8:
      return fill<int8_t>(*document, position, out, count);
    case MASS_JSON_ELEMENT_INT16:
      return fill<int16_t>(*document, position, out, count);
    case MASS_JSON_ELEMENT_INT32:
      return fill<int32_t>(*document, position, out, count);
    case MASS_JSON_ELEMENT_INT64:
      return fill<int64_t>(*document, position, out, count);
    case MASS_JSON_ELEMENT_UINT8:
      return fill<uint8_t>(*document, position, out, count);
    case MASS_JSON_ELEMENT_UINT16:
      return fill<uint16_t>(*document, position, out, count);
    case MASS_JSON_ELEMENT_UINT32:
      return fill<uint32_t>(*document, position, out, count);
    case MASS_JSON_ELEMENT_UINT64:
      return fill<uint64_t>(*document, position, out, count);
    case MASS_JSON_ELEMENT_FLOAT32:
      return fill<float>(*document, position, out, count);
    case MASS_JSON_ELEMENT_FLOAT64:
      return fill<double>(*document, position, out, count);
  }
  return {MASS_JSON_WRONG_TYPE, 0, position};
}

mass_json_filling mass_json_leaves(const mass_json_document *document, size_t position, size_t *out, size_t count) {
  return mass::json::forLeaves(*document, position, count, [out](size_t index, size_t i) {
    out[index] = i;
    return MASS_JSON_FILLED;
  });
}

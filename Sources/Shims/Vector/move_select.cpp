#include <algorithm>

#include "move_index.h"

namespace mass {
namespace {

struct OneHotCall {
  int64_t depth, inner;
  Indices indices;
  int32_t element_size;
  const void *off, *on;
  void *out;
};

void RunOneHot(void *context, int64_t begin, int64_t end, int) {
  const OneHotCall &call = *static_cast<const OneHotCall *>(context);
  WithUnit(call.element_size, [&](auto unit) {
    using T = decltype(unit);
    const int64_t block = call.depth * call.inner;
    T *out = static_cast<T *>(call.out);
    std::fill(out + begin * block, out + end * block, *static_cast<const T *>(call.off));
    for (int64_t position = begin * call.inner; position < end * call.inner; ++position) {
      const int64_t raw = call.indices.Raw(position);
      if (raw < -call.depth || raw >= call.depth) continue;
      const int64_t index = raw < 0 ? raw + call.depth : raw;
      const int64_t at = (position / call.inner * call.depth + index) * call.inner + position % call.inner;
      out[at] = *static_cast<const T *>(call.on);
    }
  });
}

struct TopKCall {
  int64_t axis, inner, k;
  int32_t type;
  bool largest;
  const void *src;
  void *values;
  int64_t *positions;
  int64_t *scratch;
};

/// Orders positions of a line: by value, NaN above all numbers, equal ones by position.
template <class T, bool Largest>
struct Before {
  const T *line;
  int64_t stride;

  static bool Less(T a, T b) { return b != b ? a == a : a < b; }

  bool operator()(int64_t a, int64_t b) const {
    const T x = line[a * stride], y = line[b * stride];
    if (Largest ? Less(y, x) : Less(x, y)) return true;
    if (Largest ? Less(x, y) : Less(y, x)) return false;
    return a < b;
  }
};

template <class T, bool Largest>
void TopKLine(const TopKCall &call, int64_t line, int64_t *order) {
  // Heaps win for short results, which is the common case.
  constexpr int64_t kShort = 64;
  const int64_t outer = line / call.inner, column = line % call.inner;
  const T *src = static_cast<const T *>(call.src) + outer * call.axis * call.inner + column;
  const Before<T, Largest> before = {src, call.inner};
  for (int64_t i = 0; i < call.axis; ++i) order[i] = i;
  if (call.k <= kShort) {
    std::partial_sort(order, order + call.k, order + call.axis, before);
  } else {
    if (call.k < call.axis) std::nth_element(order, order + call.k, order + call.axis, before);
    std::sort(order, order + call.k, before);
  }
  for (int64_t i = 0; i < call.k; ++i) {
    const int64_t at = (outer * call.k + i) * call.inner + column;
    static_cast<T *>(call.values)[at] = src[order[i] * call.inner];
    call.positions[at] = order[i];
  }
}

template <class T>
void TopKLines(const TopKCall &call, int64_t begin, int64_t end, int64_t *order) {
  for (int64_t line = begin; line < end; ++line) {
    (call.largest ? TopKLine<T, true> : TopKLine<T, false>)(call, line, order);
  }
}

void RunTopK(void *context, int64_t begin, int64_t end, int thread) {
  const TopKCall &call = *static_cast<const TopKCall *>(context);
  int64_t *order = call.scratch + thread * call.axis;
  switch (call.type) {
    case MASS_MOVE_F32: return TopKLines<float>(call, begin, end, order);
    case MASS_MOVE_F64: return TopKLines<double>(call, begin, end, order);
    case MASS_MOVE_I32: return TopKLines<int32_t>(call, begin, end, order);
    default: return TopKLines<int64_t>(call, begin, end, order);
  }
}

struct TriangularCall {
  int32_t element_size;
  int64_t rows, columns, diagonal;
  bool upper;
  const void *src;
  void *dst;
};

void RunTriangular(void *context, int64_t begin, int64_t end, int) {
  const TriangularCall &call = *static_cast<const TriangularCall *>(context);
  const int64_t size = call.element_size;
  for (int64_t row = begin; row < end; ++row) {
    // The first column on or above the diagonal; for the lower triangle, the first one above it.
    int64_t edge = std::clamp<int64_t>(call.diagonal, -call.rows, call.columns) + row % call.rows;
    edge = std::clamp<int64_t>(call.upper ? edge : edge + 1, 0, call.columns);
    const int64_t first = call.upper ? edge : 0, last = call.upper ? call.columns : edge;
    char *dst = Advance(call.dst, row * call.columns * size);
    const char *src = Advance(call.src, row * call.columns * size);
    std::memset(dst, 0, static_cast<size_t>(first * size));
    if (src != dst) std::memcpy(dst + first * size, src + first * size, static_cast<size_t>((last - first) * size));
    std::memset(dst + last * size, 0, static_cast<size_t>((call.columns - last) * size));
  }
}

}  // namespace
}  // namespace mass

extern "C" {

int32_t mass_one_hot(int32_t threads, int64_t outer, int64_t depth, int64_t inner, const void *indices,
                     int32_t index_size, int32_t element_size, const void *off, const void *on, void *out) {
  using namespace mass;
  int64_t count;
  const int64_t dims[] = {outer, depth, inner};
  if (!IsIndexSize(index_size) || !IsElementSize(element_size)) return MASS_MOVE_BAD_ARGUMENT;
  if (!CountOf(3, dims, &count)) return MASS_MOVE_BAD_ARGUMENT;
  if (count == 0) return MASS_MOVE_OK;
  OneHotCall call = {depth, inner, {indices, index_size}, element_size, off, on, out};
  mass_parallel_for(threads, outer, kMoveGrainBytes / (count / outer) / element_size + 1, RunOneHot, &call);
  return MASS_MOVE_OK;
}

int64_t mass_top_k_scratch_bytes(int32_t threads, int64_t axis) {
  return threads * axis * static_cast<int64_t>(sizeof(int64_t));
}

int32_t mass_top_k(int32_t threads, int32_t type, int64_t outer, int64_t axis, int64_t inner, int64_t k,
                   int32_t largest, const void *src, void *values, int64_t *positions, void *scratch) {
  using namespace mass;
  int64_t count;
  const int64_t dims[] = {outer, axis, inner};
  if (type < MASS_MOVE_F32 || type > MASS_MOVE_I64 || !CountOf(3, dims, &count)) return MASS_MOVE_BAD_ARGUMENT;
  if (k < 0 || k > axis) return MASS_MOVE_BAD_ARGUMENT;
  if (count == 0 || k == 0) return MASS_MOVE_OK;
  TopKCall call = {axis, inner, k, type, largest != 0, src, values, positions, static_cast<int64_t *>(scratch)};
  mass_parallel_for(threads, outer * inner, 2048 / axis + 1, RunTopK, &call);
  return MASS_MOVE_OK;
}

int32_t mass_triangular(int32_t threads, int32_t element_size, int64_t batch, int64_t rows, int64_t columns,
                        int64_t diagonal, int32_t upper, const void *src, void *dst) {
  using namespace mass;
  int64_t count;
  const int64_t dims[] = {batch, rows, columns};
  if (!IsElementSize(element_size) || !CountOf(3, dims, &count)) return MASS_MOVE_BAD_ARGUMENT;
  if (count == 0) return MASS_MOVE_OK;
  TriangularCall call = {element_size, rows, columns, diagonal, upper != 0, src, dst};
  mass_parallel_for(threads, batch * rows, kMoveGrainBytes / columns / element_size + 1, RunTriangular, &call);
  return MASS_MOVE_OK;
}

}  // extern "C"

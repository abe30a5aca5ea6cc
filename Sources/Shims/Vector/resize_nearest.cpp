#include <algorithm>
#include <cstring>

#include "mass_vector_parallel.h"
#include "mass_vector_resize.h"
#include "move_copy.h"

namespace mass {
namespace {

constexpr int64_t kGrainBytes = 32768;

struct NearestCall {
  int32_t rank;
  int32_t element_size;
  const int64_t *dims, *out_dims;
  const int32_t *const *tables;
  /// Bytes of one unit: an element times the innermost axes that are kept.
  int64_t unit_bytes;
  const void *src, *extrapolation;
  void *dst;
};

/// Writes the extrapolation value over `units` units.
void FillUnits(const NearestCall &call, char *dst, int64_t units) {
  const int64_t count = units * call.unit_bytes / call.element_size;
  WithUnit(call.element_size, [&](auto unit) {
    using T = decltype(unit);
    if (call.extrapolation) std::fill_n(reinterpret_cast<T *>(dst), count, *static_cast<const T *>(call.extrapolation));
  });
}

/// The source row of a result row, or null where an index is outside.
const char *SourceRow(const NearestCall &call, int64_t row) {
  int64_t stride = call.dims[call.rank - 1], at = 0;
  for (int32_t axis = call.rank - 2; axis >= 0; --axis) {
    const int64_t out = row % call.out_dims[axis];
    const int64_t source = call.tables[axis] ? call.tables[axis][out] : out;
    if (source < 0) return nullptr;
    at += source * stride;
    stride *= call.dims[axis];
    row /= call.out_dims[axis];
  }
  return Advance(call.src, at * call.unit_bytes);
}

/// One row along the innermost axis with a table.
void PickRow(const NearestCall &call, const char *row, char *dst) {
  const int64_t size = call.out_dims[call.rank - 1], bytes = call.unit_bytes;
  const int32_t *table = call.tables[call.rank - 1];
  if (!table) return static_cast<void>(std::memcpy(dst, row, static_cast<size_t>(size * bytes)));
  const auto pick = [&](auto unit) {
    using T = decltype(unit);
    const T *from = reinterpret_cast<const T *>(row);
    T *to = reinterpret_cast<T *>(dst);
    for (int64_t i = 0; i < size; ++i) {
      if (table[i] >= 0) to[i] = from[table[i]];
    }
  };
  if (bytes <= 16 && IsElementSize(static_cast<int32_t>(bytes))) {
    WithUnit(static_cast<int32_t>(bytes), pick);
  } else {
    for (int64_t i = 0; i < size; ++i) {
      if (table[i] >= 0) std::memcpy(dst + i * bytes, row + table[i] * bytes, static_cast<size_t>(bytes));
    }
  }
  for (int64_t i = 0; i < size; ++i) {
    if (table[i] < 0) FillUnits(call, dst + i * bytes, 1);
  }
}

void RunNearest(void *context, int64_t begin, int64_t end, int) {
  const NearestCall &call = *static_cast<const NearestCall *>(context);
  const int64_t size = call.out_dims[call.rank - 1], row_bytes = size * call.unit_bytes;
  const char *previous = nullptr;
  for (int64_t index = begin; index < end; ++index) {
    const char *row = SourceRow(call, index);
    char *dst = Advance(call.dst, index * row_bytes);
    if (!row) {
      FillUnits(call, dst, size);
    } else if (row == previous) {
      std::memcpy(dst, dst - row_bytes, static_cast<size_t>(row_bytes));
    } else {
      PickRow(call, row, dst);
    }
    previous = row;
  }
}

}  // namespace
}  // namespace mass

extern "C" {

int32_t mass_resize_nearest(int32_t threads, int32_t rank, const int64_t *dims, const int64_t *out_dims,
                            const int32_t *const *tables, int32_t element_size, const void *src,
                            const void *extrapolation, void *dst) {
  using namespace mass;
  int64_t count, bytes;
  if (rank < 1 || rank > MASS_RESIZE_MAX_RANK || !IsElementSize(element_size)) return MASS_RESIZE_BAD_ARGUMENT;
  if (!CountOf(rank, dims, &count) || !Multiply(count, element_size, &bytes)) return MASS_RESIZE_BAD_ARGUMENT;
  if (!CountOf(rank, out_dims, &count) || !Multiply(count, element_size, &bytes)) return MASS_RESIZE_BAD_ARGUMENT;
  for (int32_t axis = 0; axis < rank; ++axis) {
    if (!tables[axis] && dims[axis] != out_dims[axis]) return MASS_RESIZE_BAD_ARGUMENT;
  }
  if (count == 0) return MASS_RESIZE_OK;
  NearestCall call = {rank, element_size, dims, out_dims, tables, element_size, src, extrapolation, dst};
  while (call.rank > 1 && !tables[call.rank - 1]) call.unit_bytes *= dims[--call.rank];
  const int64_t row_bytes = out_dims[call.rank - 1] * call.unit_bytes;
  mass_parallel_for(threads, bytes / row_bytes, kGrainBytes / row_bytes + 1, RunNearest, &call);
  return MASS_RESIZE_OK;
}

}  // extern "C"

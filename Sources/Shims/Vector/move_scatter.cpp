#include <cmath>
#include <type_traits>

#include "move_index.h"

namespace mass {
namespace {

/// `dst op= src` for one element; integers wrap, NaN wins.
template <int32_t Reduction, class T>
T Reduce(T a, T b) {
  if constexpr (Reduction == MASS_SCATTER_ADD || Reduction == MASS_SCATTER_MULTIPLY) {
    if constexpr (std::is_integral_v<T>) {
      using Bits = std::make_unsigned_t<T>;
      const Bits x = static_cast<Bits>(a), y = static_cast<Bits>(b);
      return static_cast<T>(Reduction == MASS_SCATTER_ADD ? x + y : x * y);
    } else {
      return Reduction == MASS_SCATTER_ADD ? a + b : a * b;
    }
  } else {
    if (a != a || b != b) return a != a ? a : b;
    return Reduction == MASS_SCATTER_MINIMUM ? std::min(a, b) : std::max(a, b);
  }
}

/// What a kernel does with one element.
template <class T>
struct Replacing {
  using Element = T;
  static void Apply(T *dst, const T *src) { *dst = *src; }
};

template <int32_t Reduction, class T>
struct Reducing {
  using Element = T;
  static void Apply(T *dst, const T *src) { *dst = Reduce<Reduction>(*dst, *src); }
};

template <int32_t Reduction, class Function>
bool WithType(int32_t type, const Function &function) {
  switch (type) {
    case MASS_MOVE_F32: return function(Reducing<Reduction, float>()), true;
    case MASS_MOVE_F64: return function(Reducing<Reduction, double>()), true;
    case MASS_MOVE_I32: return function(Reducing<Reduction, int32_t>()), true;
    case MASS_MOVE_I64: return function(Reducing<Reduction, int64_t>()), true;
    default: return false;
  }
}

/// Calls `function` with what to do for each element; false when there is no such reduction.
template <class Function>
bool WithReduction(int32_t reduction, int32_t type, int32_t element_size, const Function &function) {
  const auto replace = [&](auto unit) { function(Replacing<decltype(unit)>()); };
  switch (reduction) {
    case MASS_SCATTER_REPLACE: return WithUnit(element_size, replace), true;
    case MASS_SCATTER_ADD: return WithType<MASS_SCATTER_ADD>(type, function);
    case MASS_SCATTER_MULTIPLY: return WithType<MASS_SCATTER_MULTIPLY>(type, function);
    case MASS_SCATTER_MINIMUM: return WithType<MASS_SCATTER_MINIMUM>(type, function);
    case MASS_SCATTER_MAXIMUM: return WithType<MASS_SCATTER_MAXIMUM>(type, function);
    default: return false;
  }
}

bool IsScatter(int32_t reduction, int32_t type, int32_t element_size, int32_t index_size) {
  if (!IsIndexSize(index_size) || !IsElementSize(element_size)) return false;
  if (reduction == MASS_SCATTER_REPLACE) return true;
  if (reduction < 0 || reduction > MASS_SCATTER_MAXIMUM || type < 0 || type > MASS_MOVE_I64) return false;
  return element_size == (type == MASS_MOVE_F32 || type == MASS_MOVE_I32 ? 4 : 8);
}

struct ScatterElementsCall {
  ElementWalk walk;
  int32_t element_size, type, reduction;
  Indices indices;
  const void *updates;
  void *out;
  /// Rows that only one team member may take, because they may write the same elements.
  int64_t rows_per_step;
};

void RunScatterElements(void *context, int64_t begin, int64_t end, int) {
  const ScatterElementsCall &call = *static_cast<const ScatterElementsCall *>(context);
  const ElementWalk &walk = call.walk;
  const int64_t step = walk.strides[walk.rank - 1];
  WithReduction(call.reduction, call.type, call.element_size, [&](auto operation) {
    using T = typename decltype(operation)::Element;
    for (int64_t row = begin * call.rows_per_step; row < end * call.rows_per_step; ++row) {
      T *out = static_cast<T *>(call.out) + walk.Base(row);
      const T *updates = static_cast<const T *>(call.updates) + row * walk.row_count;
      for (int64_t i = 0; i < walk.row_count; ++i) {
        const int64_t index = call.indices.At(row * walk.row_count + i, walk.axis_size);
        operation.Apply(out + i * step + index * walk.axis_stride, updates + i);
      }
    }
  });
}

struct ScatterNdCall {
  int64_t tuples;
  int32_t depth;
  const int64_t *depth_dims;
  int64_t slice_count;
  int32_t element_size, type, reduction;
  Indices indices;
  const void *updates;
  void *out;
};

/// Applies all tuples to the elements `begin ..< end` of each slice, so that shares never meet.
void RunScatterNd(void *context, int64_t begin, int64_t end, int) {
  const ScatterNdCall &call = *static_cast<const ScatterNdCall *>(context);
  WithReduction(call.reduction, call.type, call.element_size, [&](auto operation) {
    using T = typename decltype(operation)::Element;
    for (int64_t tuple = 0; tuple < call.tuples; ++tuple) {
      const int64_t slice = TupleAt(call.indices, tuple, call.depth, call.depth_dims);
      T *out = static_cast<T *>(call.out) + slice * call.slice_count;
      const T *updates = static_cast<const T *>(call.updates) + tuple * call.slice_count;
      for (int64_t i = begin; i < end; ++i) operation.Apply(out + i, updates + i);
    }
  });
}

}  // namespace
}  // namespace mass

extern "C" {

int32_t mass_scatter_elements(int32_t threads, int32_t rank, const int64_t *data_dims, const int64_t *index_dims,
                              int32_t axis, int32_t element_size, int32_t type, int32_t reduction, const void *indices,
                              int32_t index_size, const void *data, const void *updates, void *out,
                              int64_t *bad_position) {
  using namespace mass;
  ScatterElementsCall call = {{}, element_size, type, reduction, {indices, index_size}, updates, out, 0};
  if (!IsScatter(reduction, type, element_size, index_size)) return MASS_MOVE_BAD_ARGUMENT;
  if (!call.walk.Prepare(rank, data_dims, index_dims, axis)) return MASS_MOVE_BAD_ARGUMENT;
  const ElementWalk &walk = call.walk;
  const int64_t count = walk.Count(), outside = FirstOutside(call.indices, count, walk.axis_size);
  if (outside < count) return *bad_position = outside, MASS_MOVE_BAD_INDEX;
  if (out != data) mass_copy_bytes(threads, walk.data_count * element_size, data, out);
  if (count == 0) return MASS_MOVE_OK;
  // Updates with different coordinates on another axis never meet: split on the outermost axis if it is one.
  const int64_t steps = axis > 0 ? walk.dims[0] : 1;
  call.rows_per_step = walk.rows / steps;
  const int64_t step_bytes = call.rows_per_step * walk.row_count * element_size;
  mass_parallel_for(threads, steps, kMoveGrainBytes / step_bytes + 1, RunScatterElements, &call);
  return MASS_MOVE_OK;
}

int32_t mass_scatter_nd(int32_t threads, int64_t tuples, int32_t depth, const int64_t *depth_dims, int64_t slice_count,
                        int32_t element_size, int32_t type, int32_t reduction, const void *indices, int32_t index_size,
                        const void *data, const void *updates, void *out, int64_t *bad_position) {
  using namespace mass;
  int64_t slices, count, data_count;
  if (!IsScatter(reduction, type, element_size, index_size)) return MASS_MOVE_BAD_ARGUMENT;
  if (depth < 0 || depth > MASS_MOVE_MAX_RANK || !CountOf(depth, depth_dims, &slices)) return MASS_MOVE_BAD_ARGUMENT;
  if (!Multiply(tuples, slice_count, &count) || !Multiply(slices, slice_count, &data_count)) {
    return MASS_MOVE_BAD_ARGUMENT;
  }
  ScatterNdCall call = {tuples,    depth, depth_dims,            slice_count, element_size, type,
                        reduction, {indices, index_size}, updates, out};
  const int64_t outside = FirstOutsideTuple(call.indices, tuples, depth, depth_dims);
  if (outside < tuples * depth) return *bad_position = outside, MASS_MOVE_BAD_INDEX;
  if (out != data) mass_copy_bytes(threads, data_count * element_size, data, out);
  if (count == 0) return MASS_MOVE_OK;
  // Shares of less than a few cache lines of a slice would fight for them.
  const int64_t grain = std::max<int64_t>(kMoveGrainBytes / element_size / tuples, 64);
  mass_parallel_for(threads, slice_count, grain, RunScatterNd, &call);
  return MASS_MOVE_OK;
}

}  // extern "C"

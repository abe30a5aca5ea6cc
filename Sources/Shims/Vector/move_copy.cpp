#include "move_copy.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "mass_vector_parallel.h"

namespace mass {
namespace {

constexpr int64_t kGrainBytes = 32768;
/// Sides of the blocks of a transpose: both sides of a block stay in the first-level cache.
constexpr int64_t kBlockRows = 128, kBlockColumns = 32;

/// Removes axis `axis` of a plan.
void RemoveAxis(mass_copy_plan &plan, int32_t axis) {
  for (int32_t i = axis; i + 1 < plan.rank; ++i) {
    plan.dims[i] = plan.dims[i + 1];
    plan.src_strides[i] = plan.src_strides[i + 1];
    plan.dst_strides[i] = plan.dst_strides[i + 1];
  }
  --plan.rank;
}

void SwapAxes(mass_copy_plan &plan, int32_t a, int32_t b) {
  std::swap(plan.dims[a], plan.dims[b]);
  std::swap(plan.src_strides[a], plan.src_strides[b]);
  std::swap(plan.dst_strides[a], plan.dst_strides[b]);
}

/// Orders the axes by destination stride, largest first, and joins those that are one run in both arrays.
void OrderAndMerge(mass_copy_plan &plan) {
  for (int32_t i = 1; i < plan.rank; ++i) {
    for (int32_t j = i; j > 0 && std::abs(plan.dst_strides[j - 1]) < std::abs(plan.dst_strides[j]); --j) {
      SwapAxes(plan, j - 1, j);
    }
  }
  for (int32_t i = plan.rank - 1; i > 0; --i) {
    if (plan.src_strides[i - 1] != plan.src_strides[i] * plan.dims[i]) continue;
    if (plan.dst_strides[i - 1] != plan.dst_strides[i] * plan.dims[i]) continue;
    plan.dims[i] *= plan.dims[i - 1];
    RemoveAxis(plan, i - 1);
  }
}

/// Makes a short contiguous innermost run one larger element, so that what is around it can be transposed.
bool Widen(mass_copy_plan &plan) {
  const int32_t last = plan.rank - 1;
  if (plan.rank < 2 || plan.src_strides[last] != 1 || plan.dst_strides[last] != 1) return false;
  const int64_t run = plan.dims[last];
  if (run > 16 || !IsElementSize(static_cast<int32_t>(run * plan.element_size))) return false;
  for (int32_t i = 0; i < last; ++i) {
    if (plan.src_strides[i] % run != 0 || plan.dst_strides[i] % run != 0) return false;
  }
  for (int32_t i = 0; i < last; ++i) plan.src_strides[i] /= run, plan.dst_strides[i] /= run;
  plan.element_size *= static_cast<int32_t>(run);
  --plan.rank;
  return true;
}

/// Chooses the kind of copy; a transpose gets its two axes innermost.
CopyKind Classify(mass_copy_plan &plan) {
  const int32_t last = plan.rank - 1;
  if (plan.dst_strides[last] != 1) return kCopyStrided;
  if (plan.src_strides[last] == 1) return kCopyRows;
  if (plan.src_strides[last] == 0) return kCopyRepeat;
  for (int32_t i = 0; i < last; ++i) {
    if (plan.src_strides[i] != 1 || plan.dims[i] < 2 || plan.dims[last] < 2) continue;
    for (int32_t j = i; j + 1 < last; ++j) SwapAxes(plan, j, j + 1);
    return kCopyTranspose;
  }
  return kCopyStrided;
}

/// A position in the outer axes of a plan, moved along in order.
struct Odometer {
  const mass_copy_plan &plan;
  int32_t axes;
  int64_t at[MASS_MOVE_MAX_RANK] = {};
  int64_t src = 0, dst = 0;

  Odometer(const mass_copy_plan &plan, int32_t axes, int64_t index) : plan(plan), axes(axes) {
    for (int32_t i = axes - 1; i >= 0; --i) {
      at[i] = index % plan.dims[i];
      index /= plan.dims[i];
      src += at[i] * plan.src_strides[i];
      dst += at[i] * plan.dst_strides[i];
    }
  }

  /// Moves on by `steps`, which does not pass the end of the innermost of the outer axes.
  void Move(int64_t steps) {
    for (int32_t i = axes - 1; i >= 0; --i, steps = 1) {
      at[i] += steps;
      src += steps * plan.src_strides[i];
      dst += steps * plan.dst_strides[i];
      if (at[i] < plan.dims[i]) return;
      src -= at[i] * plan.src_strides[i];
      dst -= at[i] * plan.dst_strides[i];
      at[i] = 0;
    }
  }

  /// How many steps remain on the innermost of the outer axes.
  int64_t Left() const { return axes > 0 ? plan.dims[axes - 1] - at[axes - 1] : 1; }
};

struct CopyCall {
  const mass_copy_plan *plan;
  const void *src;
  void *dst;
};

/// `rows` rows of `count` elements with any strides.
template <class T>
void CopyPlane(const T *src, int64_t src_row, int64_t src_stride, T *dst, int64_t dst_row, int64_t dst_stride,
               int64_t rows, int64_t count) {
  for (int64_t row = 0; row < rows; ++row, src += src_row, dst += dst_row) {
    if (dst_stride == 1) {
      if (src_stride == 0) {
        std::fill_n(dst, count, *src);
      } else {
        for (int64_t i = 0; i < count; ++i) dst[i] = src[i * src_stride];
      }
    } else {
      for (int64_t i = 0; i < count; ++i) dst[i * dst_stride] = src[i * src_stride];
    }
  }
}

/// Rows `begin ..< end` of all but the innermost axis, elements `first ..< first + count` of that.
void CopyRows(const CopyCall &call, int64_t begin, int64_t end, int64_t first, int64_t count) {
  const mass_copy_plan &plan = *call.plan;
  const int32_t last = plan.rank - 1;
  const int64_t size = plan.element_size;
  const int64_t src_row = last > 0 ? plan.src_strides[last - 1] : 0;
  const int64_t dst_row = last > 0 ? plan.dst_strides[last - 1] : 0;
  Odometer odometer(plan, last, begin);
  for (int64_t row = begin; row < end;) {
    const int64_t rows = std::min(odometer.Left(), end - row);
    const char *src = Advance(call.src, (odometer.src + first * plan.src_strides[last]) * size);
    char *dst = Advance(call.dst, (odometer.dst + first * plan.dst_strides[last]) * size);
    if (plan.kind == kCopyRows) {
      for (int64_t r = 0; r < rows; ++r, src += src_row * size, dst += dst_row * size) {
        std::memcpy(dst, src, static_cast<size_t>(count * size));
      }
    } else {
      WithUnit(plan.element_size, [&](auto unit) {
        using T = decltype(unit);
        CopyPlane(reinterpret_cast<const T *>(src), src_row, plan.src_strides[last], reinterpret_cast<T *>(dst),
                  dst_row, plan.dst_strides[last], rows, count);
      });
    }
    row += rows;
    odometer.Move(rows);
  }
}

void RunAcrossRows(void *context, int64_t begin, int64_t end, int) {
  const CopyCall &call = *static_cast<const CopyCall *>(context);
  CopyRows(call, begin, end, 0, call.plan->dims[call.plan->rank - 1]);
}

void RunAlongRows(void *context, int64_t begin, int64_t end, int) {
  const CopyCall &call = *static_cast<const CopyCall *>(context);
  CopyRows(call, 0, call.plan->count / call.plan->dims[call.plan->rank - 1], begin, end - begin);
}

/// Blocks of a transpose: outer index, then blocks of columns, then blocks of rows.
void RunTransposeBlocks(void *context, int64_t begin, int64_t end, int) {
  const CopyCall &call = *static_cast<const CopyCall *>(context);
  const mass_copy_plan &plan = *call.plan;
  const int32_t last = plan.rank - 1;
  const int64_t rows = plan.dims[last], columns = plan.dims[last - 1], size = plan.element_size;
  const int64_t row_blocks = (rows + kBlockRows - 1) / kBlockRows;
  const int64_t column_blocks = (columns + kBlockColumns - 1) / kBlockColumns;
  const int64_t src_stride = plan.src_strides[last], dst_stride = plan.dst_strides[last - 1];
  Odometer odometer(plan, last - 1, begin / (row_blocks * column_blocks));
  for (int64_t index = begin; index < end; ++index) {
    const int64_t row = index % row_blocks * kBlockRows;
    const int64_t column = index / row_blocks % column_blocks * kBlockColumns;
    const char *src = Advance(call.src, (odometer.src + row * src_stride + column) * size);
    char *dst = Advance(call.dst, (odometer.dst + column * dst_stride + row) * size);
    TransposeTile(plan.element_size, src, src_stride, dst, dst_stride, std::min(rows - row, kBlockRows),
                  std::min(columns - column, kBlockColumns));
    if ((index + 1) % (row_blocks * column_blocks) == 0) odometer.Move(1);
  }
}

void RunBytes(void *context, int64_t begin, int64_t end, int) {
  const CopyCall &call = *static_cast<const CopyCall *>(context);
  std::memcpy(Advance(call.dst, begin), Advance(call.src, begin), static_cast<size_t>(end - begin));
}

struct FillCall {
  int32_t element_size;
  const void *value;
  void *dst;
};

void RunFill(void *context, int64_t begin, int64_t end, int) {
  const FillCall &call = *static_cast<const FillCall *>(context);
  WithUnit(call.element_size, [&](auto unit) {
    using T = decltype(unit);
    std::fill_n(static_cast<T *>(call.dst) + begin, end - begin, *static_cast<const T *>(call.value));
  });
}

}  // namespace
}  // namespace mass

extern "C" {

int32_t mass_copy_prepare(mass_copy_plan *plan, int32_t rank, const int64_t *dims, const int64_t *src_strides,
                          const int64_t *dst_strides, int32_t element_size) {
  int64_t bytes;
  *plan = {};
  if (rank < 0 || rank > MASS_MOVE_MAX_RANK || !mass::IsElementSize(element_size)) return MASS_MOVE_BAD_ARGUMENT;
  if (!mass::CountOf(rank, dims, &plan->count)) return MASS_MOVE_BAD_ARGUMENT;
  if (!mass::Multiply(plan->count, element_size, &bytes)) return MASS_MOVE_BAD_ARGUMENT;
  plan->element_size = element_size;
  for (int32_t axis = 0; axis < rank; ++axis) {
    if (dims[axis] == 1) continue;
    plan->dims[plan->rank] = dims[axis];
    plan->src_strides[plan->rank] = src_strides[axis];
    plan->dst_strides[plan->rank++] = dst_strides[axis];
  }
  if (plan->count == 0) return MASS_MOVE_OK;
  if (plan->rank == 0) plan->rank = 1, plan->dims[0] = plan->src_strides[0] = plan->dst_strides[0] = 1;
  mass::OrderAndMerge(*plan);
  if (mass::Widen(*plan)) {
    plan->count = bytes / plan->element_size;
    mass::OrderAndMerge(*plan);
  }
  plan->kind = mass::Classify(*plan);
  return MASS_MOVE_OK;
}

void mass_copy_run(int32_t threads, const mass_copy_plan *plan, const void *src, void *dst) {
  using namespace mass;
  if (plan->kind == kCopyNothing) return;
  CopyCall call = {plan, src, dst};
  const int64_t inner = plan->dims[plan->rank - 1], rows = plan->count / inner;
  const int64_t grain = kGrainBytes / plan->element_size;
  if (plan->kind == kCopyTranspose) {
    const int64_t columns = plan->dims[plan->rank - 2];
    const int64_t row_blocks = (inner + kBlockRows - 1) / kBlockRows;
    const int64_t blocks = row_blocks * ((columns + kBlockColumns - 1) / kBlockColumns) * (rows / columns);
    const int64_t block = std::min(inner, kBlockRows) * std::min(columns, kBlockColumns);
    mass_parallel_for(threads, blocks, grain / block + 1, RunTransposeBlocks, &call);
  } else if (rows >= 4 * threads) {
    mass_parallel_for(threads, rows, grain / inner + 1, RunAcrossRows, &call);
  } else {
    mass_parallel_for(threads, inner, grain / rows + 1, RunAlongRows, &call);
  }
}

void mass_copy_bytes(int32_t threads, int64_t bytes, const void *src, void *dst) {
  mass::CopyCall call = {nullptr, src, dst};
  mass_parallel_for(threads, bytes, mass::kGrainBytes, mass::RunBytes, &call);
}

int32_t mass_fill(int32_t threads, int32_t element_size, int64_t count, const void *value, void *dst) {
  if (!mass::IsElementSize(element_size) || count < 0) return MASS_MOVE_BAD_ARGUMENT;
  mass::FillCall call = {element_size, value, dst};
  mass_parallel_for(threads, count, mass::kGrainBytes / element_size, mass::RunFill, &call);
  return MASS_MOVE_OK;
}

}  // extern "C"

#include <algorithm>
#include <cstring>

#include "mass_vector_parallel.h"
#include "move_copy.h"

namespace mass {
namespace {

constexpr int64_t kPadGrainBytes = 32768;

/// The source coordinate that position `at` (which may lie outside) shows, or -1 for the constant.
int64_t SourceOf(int64_t at, int64_t size, int32_t mode) {
  if (at >= 0 && at < size) return at;
  switch (mode) {
    case MASS_PAD_EDGE: return at < 0 ? 0 : size - 1;
    case MASS_PAD_WRAP: return (at % size + size) % size;
    case MASS_PAD_REFLECT: {
      if (size == 1) return 0;
      const int64_t period = 2 * (size - 1), folded = (at % period + period) % period;
      return folded < size ? folded : period - folded;
    }
    default: return -1;
  }
}

/// The sizes of the result; false when they overflow or are negative.
bool OutDims(int32_t rank, const int64_t *dims, const int64_t *before, const int64_t *after, int64_t *out_dims) {
  if (rank < 1 || rank > MASS_MOVE_MAX_RANK) return false;
  for (int32_t axis = 0; axis < rank; ++axis) {
    int64_t size;
    if (dims[axis] < 0 || __builtin_add_overflow(dims[axis], before[axis], &size)) return false;
    if (__builtin_add_overflow(size, after[axis], &size) || size < 0) return false;
    // Positions are computed relative to the source, so both ends must be representable too.
    if (before[axis] == INT64_MIN || after[axis] == INT64_MIN) return false;
    out_dims[axis] = size;
  }
  return true;
}

/// Finds the longest run of the innermost axis that is a plain copy.
void FindMiddle(mass_pad_plan &plan) {
  const int64_t *map = plan.maps[plan.rank - 1];
  const int64_t size = plan.out_dims[plan.rank - 1];
  int64_t begin = 0;
  for (int64_t i = 1; i <= size; ++i) {
    if (i < size && map[i] == map[i - 1] + 1 && map[i - 1] >= 0) continue;
    if (map[begin] >= 0 && i - begin > plan.middle_end - plan.middle_begin) {
      plan.middle_begin = begin, plan.middle_end = i;
    }
    begin = i;
  }
  plan.middle_source = plan.middle_end > plan.middle_begin ? map[plan.middle_begin] : 0;
}

struct PadCall {
  const mass_pad_plan *plan;
  const void *src, *value;
  void *dst;
};

/// Repeats the constant over `units` units.
void FillUnits(const PadCall &call, char *dst, int64_t units) {
  const int64_t count = units * call.plan->unit_bytes / call.plan->element_size;
  WithUnit(call.plan->element_size, [&](auto unit) {
    using T = decltype(unit);
    std::fill_n(reinterpret_cast<T *>(dst), count, *static_cast<const T *>(call.value));
  });
}

/// Units `begin ..< end` of a result row, one by one; `row` is null where all of it is the constant.
void PadUnits(const PadCall &call, const char *row, char *dst, int64_t begin, int64_t end) {
  const mass_pad_plan &plan = *call.plan;
  const int64_t *map = plan.maps[plan.rank - 1], bytes = plan.unit_bytes;
  for (int64_t i = begin; i < end; ++i) {
    if (row && map[i] >= 0) {
      std::memcpy(dst + i * bytes, row + map[i] * bytes, static_cast<size_t>(bytes));
    } else {
      FillUnits(call, dst + i * bytes, 1);
    }
  }
}

/// The source row of a result row, or null where the constant fills it.
const char *SourceRow(const PadCall &call, int64_t row) {
  const mass_pad_plan &plan = *call.plan;
  int64_t stride = plan.dims[plan.rank - 1], at = 0;
  for (int32_t axis = plan.rank - 2; axis >= 0; --axis) {
    const int64_t source = plan.maps[axis][row % plan.out_dims[axis]];
    if (source < 0) return nullptr;
    at += source * stride;
    stride *= plan.dims[axis];
    row /= plan.out_dims[axis];
  }
  return Advance(call.src, at * plan.unit_bytes);
}

void RunPad(void *context, int64_t begin, int64_t end, int) {
  const PadCall &call = *static_cast<const PadCall *>(context);
  const mass_pad_plan &plan = *call.plan;
  const int64_t size = plan.out_dims[plan.rank - 1], bytes = plan.unit_bytes;
  const int64_t middle = plan.middle_end - plan.middle_begin;
  for (int64_t index = begin; index < end; ++index) {
    char *dst = Advance(call.dst, index * size * bytes);
    const char *row = SourceRow(call, index);
    if (!row) {
      FillUnits(call, dst, size);
      continue;
    }
    PadUnits(call, row, dst, 0, plan.middle_begin);
    if (middle > 0) {
      std::memcpy(dst + plan.middle_begin * bytes, row + plan.middle_source * bytes,
                  static_cast<size_t>(middle * bytes));
    }
    PadUnits(call, row, dst, plan.middle_end, size);
  }
}

}  // namespace
}  // namespace mass

extern "C" {

int64_t mass_pad_table_bytes(int32_t rank, const int64_t *dims, const int64_t *before, const int64_t *after) {
  int64_t out_dims[MASS_MOVE_MAX_RANK], entries = 0, bytes;
  if (!mass::OutDims(rank, dims, before, after, out_dims)) return -1;
  for (int32_t axis = 0; axis < rank; ++axis) {
    if (__builtin_add_overflow(entries, out_dims[axis], &entries)) return -1;
  }
  return mass::Multiply(entries, sizeof(int64_t), &bytes) ? bytes : -1;
}

int32_t mass_pad_prepare(mass_pad_plan *plan, int32_t rank, const int64_t *dims, const int64_t *before,
                         const int64_t *after, int32_t mode, int32_t element_size, void *table) {
  using namespace mass;
  int64_t out_dims[MASS_MOVE_MAX_RANK], count, bytes;
  *plan = {};
  if (!IsElementSize(element_size) || mode < MASS_PAD_CONSTANT || mode > MASS_PAD_WRAP) return MASS_MOVE_BAD_ARGUMENT;
  if (!OutDims(rank, dims, before, after, out_dims) || !CountOf(rank, dims, &count)) return MASS_MOVE_BAD_ARGUMENT;
  if (!CountOf(rank, out_dims, &count) || !Multiply(count, element_size, &bytes)) return MASS_MOVE_BAD_ARGUMENT;
  plan->element_size = element_size;
  if (count == 0) return MASS_MOVE_OK;
  for (int32_t axis = 0; axis < rank; ++axis) {
    if (mode != MASS_PAD_CONSTANT && dims[axis] == 0) return MASS_MOVE_BAD_ARGUMENT;
  }
  plan->unit_bytes = element_size;
  while (rank > 1 && before[rank - 1] == 0 && after[rank - 1] == 0) plan->unit_bytes *= dims[--rank];
  plan->rank = rank;
  int64_t *next = static_cast<int64_t *>(table);
  for (int32_t axis = 0; axis < rank; ++axis) {
    plan->dims[axis] = dims[axis];
    plan->out_dims[axis] = out_dims[axis];
    plan->maps[axis] = next;
    for (int64_t i = 0; i < out_dims[axis]; ++i) *next++ = SourceOf(i - before[axis], dims[axis], mode);
  }
  plan->rows = count / out_dims[rank - 1] / (plan->unit_bytes / element_size);
  FindMiddle(*plan);
  return MASS_MOVE_OK;
}

void mass_pad_run(int32_t threads, const mass_pad_plan *plan, const void *src, const void *value, void *dst) {
  if (plan->rows == 0) return;
  mass::PadCall call = {plan, src, value, dst};
  const int64_t row_bytes = plan->out_dims[plan->rank - 1] * plan->unit_bytes;
  mass_parallel_for(threads, plan->rows, mass::kPadGrainBytes / row_bytes + 1, mass::RunPad, &call);
}

}  // extern "C"

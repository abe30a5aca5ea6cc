/// Select, multiply-add, constants, and the gathering of strided operands, as loops that the compiler vectorizes.
#include "vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "elementwise_select.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <string.h>

#include <algorithm>
#include <cmath>

#include "elementwise_program.h"

HWY_BEFORE_NAMESPACE();
namespace mass {
namespace HWY_NAMESPACE {
namespace {

template <class T>
void Select(const TileArguments &tile, size_t count) {
  const uint8_t *condition = static_cast<const uint8_t *>(tile.a);
  const T *b = static_cast<const T *>(tile.b), *c = static_cast<const T *>(tile.c);
  T *out = static_cast<T *>(tile.out);
#pragma clang loop vectorize(assume_safety)
  for (size_t i = 0; i < count; ++i) {
    const T yes = b[i], no = c[i];
    out[i] = condition[i] ? yes : no;
  }
}

template <class T>
void MultiplyAdd(const TileArguments &tile, size_t count) {
  const T *a = static_cast<const T *>(tile.a), *b = static_cast<const T *>(tile.b);
  const T *c = static_cast<const T *>(tile.c);
  T *out = static_cast<T *>(tile.out);
#pragma clang loop vectorize(assume_safety)
  for (size_t i = 0; i < count; ++i) out[i] = a[i] * b[i] + c[i];
}

TileKernel FindThree(int op, int type) {
  switch (op * 8 + type) {
    case mass_op_select * 8 + mass_vector_f32:
    case mass_op_select * 8 + mass_vector_i32: return Select<uint32_t>;
    case mass_op_select * 8 + mass_vector_f64:
    case mass_op_select * 8 + mass_vector_i64: return Select<uint64_t>;
    case mass_op_select * 8 + mass_vector_bool: return Select<uint8_t>;
    case mass_op_fma * 8 + mass_vector_f32: return MultiplyAdd<float>;
    case mass_op_fma * 8 + mass_vector_f64: return MultiplyAdd<double>;
    default: return nullptr;
  }
}

template <class T>
void FillReal(const TileArguments &tile, size_t count) {
  std::fill_n(static_cast<T *>(tile.out), count, static_cast<T>(tile.p0));
}

/// The value's 64 bits lie in `p0`.
template <class T>
void FillInteger(const TileArguments &tile, size_t count) {
  int64_t value;
  memcpy(&value, &tile.p0, sizeof(value));
  std::fill_n(static_cast<T *>(tile.out), count, static_cast<T>(value));
}

TileKernel FindFill(int type) {
  switch (type) {
    case mass_vector_f32: return FillReal<float>;
    case mass_vector_f64: return FillReal<double>;
    case mass_vector_i32: return FillInteger<int32_t>;
    case mass_vector_i64: return FillInteger<int64_t>;
    case mass_vector_bool: return FillInteger<bool>;
    default: return nullptr;
  }
}

/// Short runs are the usual case, so no call is made for them.
template <class T>
HWY_INLINE void CopyRun(const T *from, int64_t stride, int64_t count, T *to) {
  if (stride == 1) {
    if (count >= 64) {
      memcpy(to, from, static_cast<size_t>(count) * sizeof(T));
      return;
    }
    for (int64_t i = 0; i < count; ++i) to[i] = from[i];
  } else if (stride == 0) {
    const T value = *from;
    for (int64_t i = 0; i < count; ++i) to[i] = value;
  } else {
    for (int64_t i = 0; i < count; ++i) to[i] = from[i * stride];
  }
}

template <class T>
void Gather(const StridedOperand &operand, const void *base, int64_t start, int64_t count, void *tile) {
  const int inner = operand.rank - 1;
  T *to = static_cast<T *>(tile);
  if (inner < 0) return CopyRun(static_cast<const T *>(base), 0, count, to);
  int64_t index[MASS_ELEMENTWISE_MAX_RANK];
  const T *from = static_cast<const T *>(base);
  for (int i = inner; i >= 0; --i) {
    index[i] = start % operand.shape[i];
    start /= operand.shape[i];
    from += index[i] * operand.strides[i];
  }
  const int64_t length = operand.shape[inner], stride = operand.strides[inner];
  int64_t run = std::min(count, length - index[inner]);
  from -= index[inner] * stride;
  CopyRun(from + index[inner] * stride, stride, run, to);
  for (to += run, count -= run; count > 0; to += run, count -= run) {
    for (int i = inner - 1; i >= 0; --i) {
      from += operand.strides[i];
      if (++index[i] < operand.shape[i]) break;
      from -= operand.strides[i] * operand.shape[i];
      index[i] = 0;
    }
    run = std::min(count, length);
    CopyRun(from, stride, run, to);
  }
}

GatherKernel FindGatherOf(size_t size) {
  switch (size) {
    case 1: return Gather<uint8_t>;
    case 2: return Gather<uint16_t>;
    case 4: return Gather<uint32_t>;
    default: return Gather<uint64_t>;
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace mass
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mass {
namespace {
HWY_EXPORT(FindThree);
HWY_EXPORT(FindFill);
HWY_EXPORT(FindGatherOf);
}  // namespace

TileKernel FindTernary(uint16_t op, uint8_t type) { return HWY_DYNAMIC_DISPATCH(FindThree)(op, type); }
TileKernel FindConstant(uint8_t type) { return HWY_DYNAMIC_DISPATCH(FindFill)(type); }
GatherKernel FindGather(size_t element_size) { return HWY_DYNAMIC_DISPATCH(FindGatherOf)(element_size); }

}  // namespace mass
#endif

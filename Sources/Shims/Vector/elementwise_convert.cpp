/// Conversions between register types, and between the types of memory and registers.
#include "vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "elementwise_convert.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <string.h>

#include <limits>
#include <type_traits>

#include "elementwise_program.h"
#include "half-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mass {
namespace HWY_NAMESPACE {
namespace {

struct Boolean {
  uint8_t value;
};

template <class From, class To>
HWY_INLINE To Convert(From x) {
  if constexpr (std::is_same_v<From, Boolean>) {
    return static_cast<To>(x.value);
  } else if constexpr (std::is_same_v<To, Boolean>) {
    return {static_cast<uint8_t>(x != 0)};
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    // 2^(width - 1) is exact in both float types; everything from there on does not fit.
    constexpr From limit = -static_cast<From>(std::numeric_limits<To>::min());
    const To high = x >= limit ? std::numeric_limits<To>::max() : std::numeric_limits<To>::min();
    const bool inside = x >= -limit && x < limit;
    const To value = static_cast<To>(inside ? x : From(0));
    return x != x || inside ? value : high;
  } else {
    return static_cast<To>(x);
  }
}

template <class From, class To>
void Loop(const void *from, void *to, size_t count) {
  if constexpr (std::is_same_v<From, To>) {
    if (to != from) memcpy(to, from, count * sizeof(To));
  } else {
    const From *a = static_cast<const From *>(from);
    To *out = static_cast<To *>(to);
#pragma clang loop vectorize(assume_safety)
    for (size_t i = 0; i < count; ++i) out[i] = Convert<From, To>(a[i]);
  }
}

template <class From, class To>
void Cast(const TileArguments &tile, size_t count) {
  Loop<From, To>(tile.a, tile.out, count);
}

/// The registers' values in memory; unsigned and narrow integers keep the low bits.
ConvertKernel FindStore(int from, int to) {
  switch (to) {
    case mass_vector_f16: return from == mass_vector_f32 ? StoreF16 : nullptr;
    case mass_vector_bf16: return from == mass_vector_f32 ? StoreBF16 : nullptr;
    case mass_vector_i8:
    case mass_vector_u8: return from == mass_vector_i32 ? Loop<int32_t, uint8_t> : nullptr;
    case mass_vector_i16:
    case mass_vector_u16: return from == mass_vector_i32 ? Loop<int32_t, uint16_t> : nullptr;
    case mass_vector_u32: return from == mass_vector_i64 ? Loop<int64_t, uint32_t> : nullptr;
    case mass_vector_u64: return from == mass_vector_i64 ? Loop<int64_t, int64_t> : nullptr;
    default: return nullptr;
  }
}

ConvertKernel FindLoad(int from, int to) {
  switch (from) {
    case mass_vector_f16: return to == mass_vector_f32 ? LoadF16 : nullptr;
    case mass_vector_bf16: return to == mass_vector_f32 ? LoadBF16 : nullptr;
    case mass_vector_i8: return to == mass_vector_i32 ? Loop<int8_t, int32_t> : nullptr;
    case mass_vector_u8: return to == mass_vector_i32 ? Loop<uint8_t, int32_t> : nullptr;
    case mass_vector_i16: return to == mass_vector_i32 ? Loop<int16_t, int32_t> : nullptr;
    case mass_vector_u16: return to == mass_vector_i32 ? Loop<uint16_t, int32_t> : nullptr;
    case mass_vector_u32: return to == mass_vector_i64 ? Loop<uint32_t, int64_t> : nullptr;
    case mass_vector_u64: return to == mass_vector_i64 ? Loop<int64_t, int64_t> : nullptr;
    default: return nullptr;
  }
}

template <class From>
TileKernel FindCastTo(int to) {
  switch (to) {
    case mass_vector_f32: return Cast<From, float>;
    case mass_vector_f64: return Cast<From, double>;
    case mass_vector_i32: return Cast<From, int32_t>;
    case mass_vector_i64: return Cast<From, int64_t>;
    case mass_vector_bool: return Cast<From, Boolean>;
    default: return nullptr;
  }
}

TileKernel FindCastKernel(int from, int to) {
  switch (from) {
    case mass_vector_f32: return FindCastTo<float>(to);
    case mass_vector_f64: return FindCastTo<double>(to);
    case mass_vector_i32: return FindCastTo<int32_t>(to);
    case mass_vector_i64: return FindCastTo<int64_t>(to);
    case mass_vector_bool: return FindCastTo<Boolean>(to);
    default: return nullptr;
  }
}

ConvertKernel Find(int from, int to) {
  if (to >= kRegisterTypeCount) return FindStore(from, to);
  if (from != to) return FindLoad(from, to);
  switch (to) {
    case mass_vector_f32: return Loop<float, float>;
    case mass_vector_f64: return Loop<double, double>;
    case mass_vector_i32: return Loop<int32_t, int32_t>;
    case mass_vector_i64: return Loop<int64_t, int64_t>;
    default: return Loop<uint8_t, uint8_t>;
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace mass
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mass {
namespace {
HWY_EXPORT(Find);
HWY_EXPORT(FindCastKernel);
}  // namespace

ConvertKernel FindConversion(uint8_t from, uint8_t to) { return HWY_DYNAMIC_DISPATCH(Find)(from, to); }
TileKernel FindCast(uint8_t from, uint8_t to) { return HWY_DYNAMIC_DISPATCH(FindCastKernel)(from, to); }

}  // namespace mass
#endif

#include <algorithm>
#include <cmath>

#include "mass_vector_normalize.h"
#include "vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "../row_norm.cpp"
#include <hwy/foreach_target.h>

#include "mass_vector_parallel.h"
#include "part-inl.h"

#ifndef MASS_VECTOR_ROW_NORM_ONCE
#define MASS_VECTOR_ROW_NORM_ONCE
namespace mass {

struct RowNormCall {
  int64_t rows, count;
  float epsilon;
  bool centered;
  const mass_row_norm *operands;
};

struct LpCall {
  int64_t outer, axis, inner;
  bool squared;
  const float *src;
  float *dst;
};

}  // namespace mass
#endif

HWY_BEFORE_NAMESPACE();
namespace mass {
namespace HWY_NAMESPACE {
namespace {

/// The operands of one row; null ones are left out.
struct AddedRow {
  const float *x, *residual, *bias;
  float *sum;
};

/// Writes `x + residual + bias`.
template <bool HasResidual, bool HasBias>
void AddRows(const AddedRow &row, int64_t count) {
  const Floats d;
  int64_t i = 0;
#pragma GCC unroll 4
  for (; i + kLanes <= count; i += kLanes) {
    Vector values = hn::LoadU(d, row.x + i);
    if (HasResidual) values = hn::Add(values, hn::LoadU(d, row.residual + i));
    if (HasBias) values = hn::Add(values, hn::LoadU(d, row.bias + i));
    hn::StoreU(values, d, row.sum + i);
  }
  for (; i < count; ++i) {
    row.sum[i] = row.x[i] + (HasResidual ? row.residual[i] : 0.0f) + (HasBias ? row.bias[i] : 0.0f);
  }
}

/// One row to normalize: `dst = (src - mean) · factor · gamma + beta`.
struct NormalizedRow {
  const float *src;
  float mean, factor;
  const float *gamma, *beta;
  float *dst;
};

template <bool HasGamma, bool HasBeta>
void NormalizeRow(const NormalizedRow &row, int64_t count) {
  const Floats d;
  const Vector means = hn::Set(d, row.mean), factors = hn::Set(d, row.factor);
  int64_t i = 0;
#pragma GCC unroll 4
  for (; i + kLanes <= count; i += kLanes) {
    Vector values = hn::Mul(hn::Sub(hn::LoadU(d, row.src + i), means), factors);
    if (HasGamma && HasBeta) {
      values = hn::MulAdd(values, hn::LoadU(d, row.gamma + i), hn::LoadU(d, row.beta + i));
    } else {
      if (HasGamma) values = hn::Mul(values, hn::LoadU(d, row.gamma + i));
      if (HasBeta) values = hn::Add(values, hn::LoadU(d, row.beta + i));
    }
    hn::StoreU(values, d, row.dst + i);
  }
  for (; i < count; ++i) {
    const float value = (row.src[i] - row.mean) * row.factor * (HasGamma ? row.gamma[i] : 1.0f);
    row.dst[i] = value + (HasBeta ? row.beta[i] : 0.0f);
  }
}

/// Rows that go through each phase together, so that their reductions overlap.
constexpr int64_t kGroup = 4;

/// Adds what there is to add to a row and returns where the sum is.
const float *SumOperands(const RowNormCall &call, int64_t row) {
  const mass_row_norm &operands = *call.operands;
  const int64_t at = row * call.count;
  if (!operands.residual && !operands.bias && !operands.sum) return operands.x + at;
  float *sum = (operands.sum ? operands.sum : operands.result) + at;
  const AddedRow added = {operands.x + at, operands.residual ? operands.residual + at : nullptr, operands.bias, sum};
  if (added.residual) {
    (added.bias ? AddRows<true, true> : AddRows<true, false>)(added, call.count);
  } else {
    (added.bias ? AddRows<false, true> : AddRows<false, false>)(added, call.count);
  }
  return sum;
}

void RunRowGroup(const RowNormCall &call, int64_t first, int64_t rows) {
  const mass_row_norm &operands = *call.operands;
  const int64_t count = call.count;
  const float *sums[kGroup];
  float means[kGroup] = {}, factors[kGroup];
  for (int64_t r = 0; r < rows; ++r) sums[r] = SumOperands(call, first + r);
  for (int64_t r = 0; r < rows && call.centered; ++r) means[r] = static_cast<float>(SumRow(sums[r], count) / count);
  for (int64_t r = 0; r < rows; ++r) {
    const double variance = SumSquares(sums[r], count, means[r]) / count;
    factors[r] = static_cast<float>(1.0 / std::sqrt(variance + call.epsilon));
  }
  const bool gamma = operands.gamma, beta = operands.beta;
  const auto normalize = gamma ? (beta ? NormalizeRow<true, true> : NormalizeRow<true, false>)
                               : (beta ? NormalizeRow<false, true> : NormalizeRow<false, false>);
  for (int64_t r = 0; r < rows; ++r) {
    float *result = operands.result + (first + r) * count;
    normalize({sums[r], means[r], factors[r], operands.gamma, operands.beta, result}, count);
    if (operands.mean && call.centered) operands.mean[first + r] = means[r];
    if (operands.inverse_deviation) operands.inverse_deviation[first + r] = factors[r];
  }
}

void RunRows(void *context, int64_t begin, int64_t end, int) {
  const RowNormCall &call = *static_cast<const RowNormCall *>(context);
  for (int64_t row = begin; row < end; row += kGroup) RunRowGroup(call, row, std::min(end - row, kGroup));
}

/// `x / norm`, zero where the norm is.
HWY_INLINE Vector DivideByNorm(Vector x, Vector norm) {
  const Floats d;
  return hn::IfThenZeroElse(hn::Eq(norm, hn::Zero(d)), hn::Div(x, norm));
}

void LpRow(const LpCall &call, const float *src, float *dst) {
  const Floats d;
  const Vector zero = hn::Zero(d);
  const float sum = call.squared ? static_cast<float>(std::sqrt(SumSquares(src, call.axis, 0.0f)))
                                 : SumOf(FoldRow(src, call.axis, 0.0f, zero, AbsoluteSum()));
  const Vector norm = hn::Set(d, sum);
  for (int64_t i = 0; i < call.axis; i += kLanes) {
    StoreSome(DivideByNorm(LoadSome(src + i, call.axis - i, 0.0f), norm), dst + i, call.axis - i);
  }
}

void LpColumns(const LpCall &call, const float *src, float *dst, int64_t width) {
  const Floats d;
  Vector sum = hn::Zero(d);
  for (int64_t a = 0; a < call.axis; ++a) {
    const Vector x = LoadSome(src + a * call.inner, width, 0.0f);
    sum = call.squared ? hn::MulAdd(x, x, sum) : hn::Add(sum, hn::Abs(x));
  }
  if (call.squared) sum = hn::Sqrt(sum);
  for (int64_t a = 0; a < call.axis; ++a) {
    const Vector x = LoadSome(src + a * call.inner, width, 0.0f);
    StoreSome(DivideByNorm(x, sum), dst + a * call.inner, width);
  }
}

void RunLp(void *context, int64_t begin, int64_t end, int) {
  const LpCall &call = *static_cast<const LpCall *>(context);
  const int64_t blocks = (call.inner + kLanes - 1) / kLanes;
  for (int64_t index = begin; index < end; ++index) {
    const int64_t column = index % blocks * kLanes, at = index / blocks * call.axis * call.inner + column;
    if (call.inner == 1) {
      LpRow(call, call.src + at, call.dst + at);
    } else {
      LpColumns(call, call.src + at, call.dst + at, call.inner - column);
    }
  }
}

constexpr int64_t kGrain = 8192;

void NormalizeRows(int threads, RowNormCall &call) {
  if (call.count > 0) mass_parallel_for(threads, call.rows, kGrain / call.count + 1, RunRows, &call);
}

void LpNormalize(int threads, LpCall &call) {
  if (call.axis == 0 || call.inner == 0) return;
  const int64_t blocks = (call.inner + kLanes - 1) / kLanes;
  const int64_t work = call.axis * std::min(call.inner, kLanes);
  mass_parallel_for(threads, call.outer * blocks, kGrain / work + 1, RunLp, &call);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace mass
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mass {
namespace {
HWY_EXPORT(NormalizeRows);
HWY_EXPORT(LpNormalize);

void RowNorm(int threads, RowNormCall call) { HWY_DYNAMIC_DISPATCH(NormalizeRows)(threads, call); }
void Lp(int threads, LpCall call) { HWY_DYNAMIC_DISPATCH(LpNormalize)(threads, call); }

}  // namespace
}  // namespace mass

extern "C" {

void mass_layer_norm_f32(int32_t threads, int64_t rows, int64_t count, float epsilon, const mass_row_norm *operands) {
  mass::RowNorm(threads, {rows, count, epsilon, true, operands});
}

void mass_rms_norm_f32(int32_t threads, int64_t rows, int64_t count, float epsilon, const mass_row_norm *operands) {
  mass::RowNorm(threads, {rows, count, epsilon, false, operands});
}

void mass_lp_normalize_f32(int32_t threads, int64_t outer, int64_t axis, int64_t inner, int32_t p, const float *src,
                           float *dst) {
  mass::Lp(threads, {outer, axis, inner, p == 2, src, dst});
}

}  // extern "C"
#endif

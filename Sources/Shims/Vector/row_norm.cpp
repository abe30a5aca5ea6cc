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

/// Writes `x + residual + bias`, either of which may be null.
void AddRows(const float *x, const float *residual, const float *bias, int64_t count, float *sum) {
  const Floats d;
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    Vector values = hn::LoadU(d, x + i);
    if (residual) values = hn::Add(values, hn::LoadU(d, residual + i));
    if (bias) values = hn::Add(values, hn::LoadU(d, bias + i));
    hn::StoreU(values, d, sum + i);
  }
  for (; i < count; ++i) sum[i] = x[i] + (residual ? residual[i] : 0.0f) + (bias ? bias[i] : 0.0f);
}

/// `dst = (src - mean) · factor · gamma + beta`.
void NormalizeRow(const float *src, int64_t count, float mean, float factor, const float *gamma, const float *beta,
                  float *dst) {
  const Floats d;
  const Vector means = hn::Set(d, mean), factors = hn::Set(d, factor);
  for (int64_t i = 0; i < count; i += kLanes) {
    const int64_t left = count - i;
    Vector values = hn::Mul(hn::Sub(LoadSome(src + i, left, 0.0f), means), factors);
    if (gamma && beta) {
      values = hn::MulAdd(values, LoadSome(gamma + i, left, 0.0f), LoadSome(beta + i, left, 0.0f));
    } else if (gamma) {
      values = hn::Mul(values, LoadSome(gamma + i, left, 0.0f));
    } else if (beta) {
      values = hn::Add(values, LoadSome(beta + i, left, 0.0f));
    }
    StoreSome(values, dst + i, left);
  }
}

void RunRows(void *context, int64_t begin, int64_t end, int) {
  const RowNormCall &call = *static_cast<const RowNormCall *>(context);
  const mass_row_norm &operands = *call.operands;
  const int64_t count = call.count;
  for (int64_t row = begin; row < end; ++row) {
    const int64_t at = row * count;
    const float *x = operands.x + at;
    const float *residual = operands.residual ? operands.residual + at : nullptr;
    if (residual || operands.bias || operands.sum) {
      float *sum = (operands.sum ? operands.sum : operands.result) + at;
      AddRows(x, residual, operands.bias, count, sum);
      x = sum;
    }
    const float mean = call.centered ? static_cast<float>(SumRow(x, count) / count) : 0.0f;
    const double variance = SumSquares(x, count, mean) / count;
    const float factor = static_cast<float>(1.0 / std::sqrt(variance + call.epsilon));
    NormalizeRow(x, count, mean, factor, operands.gamma, operands.beta, operands.result + at);
    if (operands.mean && call.centered) operands.mean[row] = mean;
    if (operands.inverse_deviation) operands.inverse_deviation[row] = factor;
  }
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

// Rows and elements: softmax, elementwise functions, reductions, resampling, normalization across channels.

#include "internal.h"

using namespace mass::onednn;

namespace {

static_assert(int{MASS_DNNL_RELU} == int{dnnl_eltwise_relu});
static_assert(int{MASS_DNNL_TANH} == int{dnnl_eltwise_tanh});
static_assert(int{MASS_DNNL_ELU} == int{dnnl_eltwise_elu});
static_assert(int{MASS_DNNL_SQUARE} == int{dnnl_eltwise_square});
static_assert(int{MASS_DNNL_ABS} == int{dnnl_eltwise_abs});
static_assert(int{MASS_DNNL_SQRT} == int{dnnl_eltwise_sqrt});
static_assert(int{MASS_DNNL_LINEAR} == int{dnnl_eltwise_linear});
static_assert(int{MASS_DNNL_SOFT_RELU} == int{dnnl_eltwise_soft_relu});
static_assert(int{MASS_DNNL_LOGISTIC} == int{dnnl_eltwise_logistic});
static_assert(int{MASS_DNNL_EXP} == int{dnnl_eltwise_exp});
static_assert(int{MASS_DNNL_GELU_TANH} == int{dnnl_eltwise_gelu_tanh});
static_assert(int{MASS_DNNL_SWISH} == int{dnnl_eltwise_swish});
static_assert(int{MASS_DNNL_LOG} == int{dnnl_eltwise_log});
static_assert(int{MASS_DNNL_CLIP} == int{dnnl_eltwise_clip});
static_assert(int{MASS_DNNL_POW} == int{dnnl_eltwise_pow});
static_assert(int{MASS_DNNL_GELU_ERF} == int{dnnl_eltwise_gelu_erf});
static_assert(int{MASS_DNNL_ROUND} == int{dnnl_eltwise_round});
static_assert(int{MASS_DNNL_LOG_SIGMOID} == int{dnnl_eltwise_logsigmoid});
static_assert(int{MASS_DNNL_MISH} == int{dnnl_eltwise_mish});
static_assert(int{MASS_DNNL_HARD_SWISH} == int{dnnl_eltwise_hardswish});
static_assert(int{MASS_DNNL_ADD} == int{dnnl_binary_add} && int{MASS_DNNL_MUL} == int{dnnl_binary_mul});
static_assert(int{MASS_DNNL_MAX} == int{dnnl_binary_max} && int{MASS_DNNL_MIN} == int{dnnl_binary_min});
static_assert(int{MASS_DNNL_DIV} == int{dnnl_binary_div} && int{MASS_DNNL_SUB} == int{dnnl_binary_sub});
static_assert(int{MASS_DNNL_REDUCE_MAX} == int{dnnl_reduction_max});
static_assert(int{MASS_DNNL_REDUCE_MIN} == int{dnnl_reduction_min});
static_assert(int{MASS_DNNL_REDUCE_SUM} == int{dnnl_reduction_sum});
static_assert(int{MASS_DNNL_REDUCE_MUL} == int{dnnl_reduction_mul});
static_assert(int{MASS_DNNL_REDUCE_MEAN} == int{dnnl_reduction_mean});
static_assert(int{MASS_DNNL_REDUCE_LP_NORM_MAX} == int{dnnl_reduction_norm_lp_max});
static_assert(int{MASS_DNNL_REDUCE_LP_NORM_SUM} == int{dnnl_reduction_norm_lp_sum});
static_assert(int{MASS_DNNL_RESAMPLE_NEAREST} == int{dnnl_resampling_nearest});
static_assert(int{MASS_DNNL_RESAMPLE_LINEAR} == int{dnnl_resampling_linear});

/// Arguments of an operation with one source and one destination.
Arguments oneToOne(const mass_dnnl_options &options) {
  Arguments arguments;
  arguments.add(DNNL_ARG_SRC);
  arguments.addPosts(options);
  arguments.add(DNNL_ARG_DST);
  return arguments;
}

}  // namespace

mass_dnnl_status mass_dnnl_create_softmax(
    const mass_dnnl_tensor *source, const mass_dnnl_tensor *destination, int32_t axis, bool logarithm,
    const mass_dnnl_options *options, mass_dnnl_primitive **out_primitive) {
  *out_primitive = nullptr;
  mass_dnnl_options chosen;
  if (!resolve(options, chosen)) return MASS_DNNL_INVALID;
  const dnnl_memory_desc_t from = unwrap(*source), to = unwrap(*destination);
  dnnl_softmax_v2_desc_t operation = {};
  const auto algorithm = logarithm ? dnnl_softmax_log : dnnl_softmax_accurate;
  const auto status =
      dnnl_softmax_v2_forward_desc_init(&operation, dnnl_forward_inference, algorithm, &from, &to, axis);
  if (status != dnnl_success) return statusOf(status);
  return create(&operation, chosen, oneToOne(chosen), out_primitive);
}

mass_dnnl_status mass_dnnl_create_eltwise(
    mass_dnnl_eltwise_algorithm algorithm, float alpha, float beta, const mass_dnnl_tensor *tensor,
    const mass_dnnl_options *options, mass_dnnl_primitive **out_primitive) {
  *out_primitive = nullptr;
  mass_dnnl_options chosen;
  if (!resolve(options, chosen)) return MASS_DNNL_INVALID;
  const dnnl_memory_desc_t data = unwrap(*tensor);
  dnnl_eltwise_desc_t operation = {};
  const auto status = dnnl_eltwise_forward_desc_init(
      &operation, dnnl_forward_inference, static_cast<dnnl_alg_kind_t>(algorithm), &data, alpha, beta);
  if (status != dnnl_success) return statusOf(status);
  return create(&operation, chosen, oneToOne(chosen), out_primitive);
}

mass_dnnl_status mass_dnnl_create_binary(
    mass_dnnl_binary_algorithm algorithm, const mass_dnnl_tensor *first, const mass_dnnl_tensor *second,
    const mass_dnnl_tensor *destination, const mass_dnnl_options *options, mass_dnnl_primitive **out_primitive) {
  *out_primitive = nullptr;
  mass_dnnl_options chosen;
  if (!resolve(options, chosen)) return MASS_DNNL_INVALID;
  const dnnl_memory_desc_t a = unwrap(*first), b = unwrap(*second), to = unwrap(*destination);
  dnnl_binary_desc_t operation = {};
  const auto status = dnnl_binary_desc_init(&operation, static_cast<dnnl_alg_kind_t>(algorithm), &a, &b, &to);
  if (status != dnnl_success) return statusOf(status);
  Arguments arguments;
  arguments.add(DNNL_ARG_SRC_0);
  arguments.add(DNNL_ARG_SRC_1);
  arguments.addPosts(chosen);
  arguments.add(DNNL_ARG_DST);
  return create(&operation, chosen, arguments, out_primitive);
}

mass_dnnl_status mass_dnnl_create_reduction(
    mass_dnnl_reduction_algorithm algorithm, float p, float epsilon, const mass_dnnl_tensor *source,
    const mass_dnnl_tensor *destination, const mass_dnnl_options *options, mass_dnnl_primitive **out_primitive) {
  *out_primitive = nullptr;
  mass_dnnl_options chosen;
  if (!resolve(options, chosen)) return MASS_DNNL_INVALID;
  const dnnl_memory_desc_t from = unwrap(*source), to = unwrap(*destination);
  dnnl_reduction_desc_t operation = {};
  const auto status =
      dnnl_reduction_desc_init(&operation, static_cast<dnnl_alg_kind_t>(algorithm), &from, &to, p, epsilon);
  if (status != dnnl_success) return statusOf(status);
  return create(&operation, chosen, oneToOne(chosen), out_primitive);
}

mass_dnnl_status mass_dnnl_create_resampling(
    mass_dnnl_resampling_algorithm algorithm, const mass_dnnl_tensor *source, const mass_dnnl_tensor *destination,
    const mass_dnnl_options *options, mass_dnnl_primitive **out_primitive) {
  *out_primitive = nullptr;
  mass_dnnl_options chosen;
  if (!resolve(options, chosen)) return MASS_DNNL_INVALID;
  const dnnl_memory_desc_t from = unwrap(*source), to = unwrap(*destination);
  dnnl_resampling_desc_t operation = {};
  const auto status = dnnl_resampling_forward_desc_init(
      &operation, dnnl_forward_inference, static_cast<dnnl_alg_kind_t>(algorithm), nullptr, &from, &to);
  if (status != dnnl_success) return statusOf(status);
  return create(&operation, chosen, oneToOne(chosen), out_primitive);
}

mass_dnnl_status mass_dnnl_create_lrn(
    const mass_dnnl_tensor *tensor, int64_t size, float alpha, float beta, float k, const mass_dnnl_options *options,
    mass_dnnl_primitive **out_primitive) {
  *out_primitive = nullptr;
  mass_dnnl_options chosen;
  if (!resolve(options, chosen)) return MASS_DNNL_INVALID;
  const dnnl_memory_desc_t data = unwrap(*tensor);
  dnnl_lrn_desc_t operation = {};
  const auto status = dnnl_lrn_forward_desc_init(
      &operation, dnnl_forward_inference, dnnl_lrn_across_channels, &data, size, alpha, beta, k);
  if (status != dnnl_success) return statusOf(status);
  return create(&operation, chosen, oneToOne(chosen), out_primitive);
}

// Convolutions and transposed convolutions.

#include "internal.h"

using namespace mass::onednn;

namespace {

/// oneDNN counts dilation from 0.
struct Dilation {
  dnnl_dims_t from0 = {};
  explicit Dilation(const mass_dnnl_window &window) {
    for (int i = 0; i < 3; ++i) from0[i] = window.dilation[i] - 1;
  }
};

using Initializer = decltype(&dnnl_dilated_convolution_forward_desc_init);

mass_dnnl_status createWith(
    Initializer initialize, dnnl_alg_kind_t algorithm, const mass_dnnl_convolution &description,
    const mass_dnnl_options *options, mass_dnnl_primitive **out_primitive) {
  mass_dnnl_options chosen;
  if (!resolve(options, chosen)) return MASS_DNNL_INVALID;
  const dnnl_memory_desc_t source = unwrap(description.source), weights = unwrap(description.weights);
  const dnnl_memory_desc_t bias = unwrap(description.bias), destination = unwrap(description.destination);
  if (source.ndims < 3 || source.ndims > 5) return MASS_DNNL_INVALID;
  const mass_dnnl_window &window = description.window;
  dnnl_convolution_desc_t operation = {};
  const auto status = initialize(
      &operation, dnnl_forward_inference, algorithm, &source, &weights, isPresent(bias) ? &bias : nullptr, &destination,
      window.stride, Dilation(window).from0, window.pad_begin, window.pad_end);
  if (status != dnnl_success) return statusOf(status);
  Arguments arguments;
  arguments.add(DNNL_ARG_SRC);
  arguments.add(DNNL_ARG_WEIGHTS);
  arguments.addIfPresent(DNNL_ARG_BIAS, bias);
  arguments.addPosts(chosen);
  arguments.add(DNNL_ARG_DST);
  return create(&operation, chosen, arguments, out_primitive);
}

}  // namespace

mass_dnnl_status mass_dnnl_create_convolution(
    const mass_dnnl_convolution *description, const mass_dnnl_options *options, mass_dnnl_primitive **out_primitive) {
  *out_primitive = nullptr;
  static_assert(int{MASS_DNNL_DIRECT} == int{dnnl_convolution_direct});
  static_assert(int{MASS_DNNL_CONVOLUTION_AUTO} == int{dnnl_convolution_auto});
  static_assert(int{MASS_DNNL_WINOGRAD} == int{dnnl_convolution_winograd});
  return createWith(
      dnnl_dilated_convolution_forward_desc_init, static_cast<dnnl_alg_kind_t>(description->algorithm), *description,
      options, out_primitive);
}

mass_dnnl_status mass_dnnl_create_deconvolution(
    const mass_dnnl_convolution *description, const mass_dnnl_options *options, mass_dnnl_primitive **out_primitive) {
  *out_primitive = nullptr;
  const auto algorithm =
      description->algorithm == MASS_DNNL_WINOGRAD ? dnnl_deconvolution_winograd : dnnl_deconvolution_direct;
  return createWith(
      dnnl_dilated_deconvolution_forward_desc_init, algorithm, *description, options, out_primitive);
}

mass_dnnl_status mass_dnnl_create_pooling(
    mass_dnnl_pooling_algorithm algorithm, const mass_dnnl_tensor *source, const mass_dnnl_tensor *destination,
    const mass_dnnl_window *window, const mass_dnnl_options *options, mass_dnnl_primitive **out_primitive) {
  *out_primitive = nullptr;
  static_assert(int{MASS_DNNL_POOL_MAX} == int{dnnl_pooling_max});
  static_assert(int{MASS_DNNL_POOL_AVERAGE_WITH_PADDING} == int{dnnl_pooling_avg_include_padding});
  static_assert(int{MASS_DNNL_POOL_AVERAGE_WITHOUT_PADDING} == int{dnnl_pooling_avg_exclude_padding});
  mass_dnnl_options chosen;
  if (!resolve(options, chosen)) return MASS_DNNL_INVALID;
  const dnnl_memory_desc_t from = unwrap(*source), to = unwrap(*destination);
  if (from.ndims < 3 || from.ndims > 5) return MASS_DNNL_INVALID;
  dnnl_pooling_v2_desc_t operation = {};
  const auto status = dnnl_pooling_v2_forward_desc_init(
      &operation, dnnl_forward_inference, static_cast<dnnl_alg_kind_t>(algorithm), &from, &to, window->stride,
      window->kernel, Dilation(*window).from0, window->pad_begin, window->pad_end);
  if (status != dnnl_success) return statusOf(status);
  Arguments arguments;
  arguments.add(DNNL_ARG_SRC);
  arguments.addPosts(chosen);
  arguments.add(DNNL_ARG_DST);
  return create(&operation, chosen, arguments, out_primitive);
}

// Matrix products.

#include "internal.h"

using namespace mass::onednn;

namespace {

Arguments argumentsOf(const mass_dnnl_product &description, const mass_dnnl_options &options) {
  Arguments arguments;
  arguments.add(DNNL_ARG_SRC);
  arguments.add(DNNL_ARG_WEIGHTS);
  arguments.addIfPresent(DNNL_ARG_BIAS, unwrap(description.bias));
  arguments.addPosts(options);
  arguments.add(DNNL_ARG_DST);
  return arguments;
}

}  // namespace

mass_dnnl_status mass_dnnl_create_matmul(
    const mass_dnnl_product *description, const mass_dnnl_options *options, mass_dnnl_primitive **out_primitive) {
  *out_primitive = nullptr;
  mass_dnnl_options chosen;
  if (!resolve(options, chosen)) return MASS_DNNL_INVALID;
  const dnnl_memory_desc_t source = unwrap(description->source), weights = unwrap(description->weights);
  const dnnl_memory_desc_t bias = unwrap(description->bias), destination = unwrap(description->destination);
  dnnl_matmul_desc_t operation = {};
  const auto status =
      dnnl_matmul_desc_init(&operation, &source, &weights, isPresent(bias) ? &bias : nullptr, &destination);
  if (status != dnnl_success) return statusOf(status);
  return create(&operation, chosen, argumentsOf(*description, chosen), out_primitive);
}

mass_dnnl_status mass_dnnl_create_inner_product(
    const mass_dnnl_product *description, const mass_dnnl_options *options, mass_dnnl_primitive **out_primitive) {
  *out_primitive = nullptr;
  mass_dnnl_options chosen;
  if (!resolve(options, chosen)) return MASS_DNNL_INVALID;
  const dnnl_memory_desc_t source = unwrap(description->source), weights = unwrap(description->weights);
  const dnnl_memory_desc_t bias = unwrap(description->bias), destination = unwrap(description->destination);
  dnnl_inner_product_desc_t operation = {};
  const auto status = dnnl_inner_product_forward_desc_init(
      &operation, dnnl_forward_inference, &source, &weights, isPresent(bias) ? &bias : nullptr, &destination);
  if (status != dnnl_success) return statusOf(status);
  return create(&operation, chosen, argumentsOf(*description, chosen), out_primitive);
}

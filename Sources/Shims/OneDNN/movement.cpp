// Reorders and concatenation.

#include <cstdlib>
#include <utility>

#include "internal.h"

using namespace mass::onednn;

mass_dnnl_status mass_dnnl_create_reorder(
    const mass_dnnl_tensor *source, const mass_dnnl_tensor *destination, const mass_dnnl_options *options,
    mass_dnnl_primitive **out_primitive) {
  *out_primitive = nullptr;
  mass_dnnl_options chosen;
  if (!resolve(options, chosen)) return MASS_DNNL_INVALID;
  if (chosen.skip != 0 || chosen.implementation != nullptr) return MASS_DNNL_UNSUPPORTED;
  const TeamScope team(chosen.threads);
  Attributes attributes;
  if (const auto status = makeAttributes(chosen, attributes)) return status;
  const dnnl_memory_desc_t from = unwrap(*source), to = unwrap(*destination);
  dnnl_primitive_desc_t description = nullptr;
  const auto status =
      dnnl_reorder_primitive_desc_create(&description, &from, engine(), &to, engine(), attributes.get());
  if (status != dnnl_success) return statusOf(status);
  Arguments arguments;
  arguments.add(DNNL_ARG_FROM);
  arguments.add(DNNL_ARG_TO);
  return compile(Description(description), chosen, arguments, out_primitive);
}

mass_dnnl_status mass_dnnl_create_concat(
    const mass_dnnl_tensor *sources, int32_t source_count, int32_t axis, const mass_dnnl_tensor *destination,
    const mass_dnnl_options *options, mass_dnnl_primitive **out_primitive) {
  *out_primitive = nullptr;
  mass_dnnl_options chosen;
  if (!resolve(options, chosen)) return MASS_DNNL_INVALID;
  if (source_count < 1 || source_count > MASS_DNNL_MAX_SOURCES) return MASS_DNNL_INVALID;
  if (chosen.skip != 0 || chosen.implementation != nullptr) return MASS_DNNL_UNSUPPORTED;
  const TeamScope team(chosen.threads);
  Attributes attributes;
  if (const auto status = makeAttributes(chosen, attributes)) return status;
  dnnl_memory_desc_t parts[MASS_DNNL_MAX_SOURCES];
  Arguments arguments;
  for (int i = 0; i < source_count; ++i) {
    parts[i] = unwrap(sources[i]);
    arguments.add(DNNL_ARG_MULTIPLE_SRC + i);
  }
  arguments.add(DNNL_ARG_DST);
  const dnnl_memory_desc_t to = unwrap(*destination);
  dnnl_primitive_desc_t description = nullptr;
  const auto status = dnnl_concat_primitive_desc_create(
      &description, &to, source_count, axis, parts, attributes.get(), engine());
  if (status != dnnl_success) return statusOf(status);
  return compile(Description(description), chosen, arguments, out_primitive);
}

mass_dnnl_status mass_dnnl_reorder_once(
    const mass_dnnl_tensor *source_tensor, const void *source, const mass_dnnl_tensor *destination_tensor,
    void *destination, int32_t threads) {
  mass_dnnl_options options = {};
  options.threads = threads;
  mass_dnnl_primitive *reorder = nullptr;
  auto status = mass_dnnl_create_reorder(source_tensor, destination_tensor, &options, &reorder);
  if (status != MASS_DNNL_OK) return status;
  const std::size_t scratchBytes = mass_dnnl_primitive_scratch_byte_count(reorder);
  void *scratch = nullptr;
  if (scratchBytes > 0 && posix_memalign(&scratch, 64, scratchBytes) != 0) status = MASS_DNNL_OUT_OF_MEMORY;
  if (status == MASS_DNNL_OK) {
    void *const operands[] = {const_cast<void *>(source), destination};
    status = mass_dnnl_execute(reorder, operands, scratch);
  }
  std::free(scratch);
  mass_dnnl_primitive_destroy(&reorder);
  return status;
}

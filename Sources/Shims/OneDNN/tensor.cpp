// Descriptions of tensors as values.

#include <algorithm>

#include "internal.h"

namespace mass::onednn {
namespace {

bool isType(int32_t type) { return type >= MASS_DNNL_BF16 && type <= MASS_DNNL_U8; }

mass_dnnl_status checkShape(mass_dnnl_type type, int32_t rank, const int64_t *dimensions) {
  const bool sound = isType(type) && rank >= 1 && rank <= MASS_DNNL_MAX_RANK && dimensions != nullptr
      && std::all_of(dimensions, dimensions + rank, [](int64_t extent) { return extent >= 0; });
  return sound ? MASS_DNNL_OK : MASS_DNNL_INVALID;
}

/// The elements from the first to the last of a blocked layout; false when that overflows.
bool elementCount(const dnnl_memory_desc_t &descriptor, int64_t &count) {
  const dnnl_blocking_desc_t &blocking = descriptor.format_desc.blocking;
  int64_t blocks[DNNL_MAX_NDIMS];
  std::fill_n(blocks, DNNL_MAX_NDIMS, 1);
  int64_t inner = 1;
  for (int i = 0; i < blocking.inner_nblks; ++i) {
    int64_t &block = blocks[blocking.inner_idxs[i]];
    if (__builtin_mul_overflow(block, blocking.inner_blks[i], &block)) return false;
    if (__builtin_mul_overflow(inner, blocking.inner_blks[i], &inner)) return false;
  }
  count = inner;
  for (int i = 0; i < descriptor.ndims; ++i) {
    if (descriptor.padded_dims[i] == 0) {
      count = 0;
      return true;
    }
    int64_t reach = 0;
    if (__builtin_mul_overflow(descriptor.padded_dims[i] / blocks[i] - 1, blocking.strides[i], &reach)) return false;
    if (__builtin_add_overflow(count, reach, &count)) return false;
  }
  return true;
}

}  // namespace

bool byteCount(const dnnl_memory_desc_t &descriptor, std::size_t &count) {
  count = 0;
  if (!isPresent(descriptor) || descriptor.format_kind == dnnl_format_kind_any) return true;
  if (descriptor.format_kind != dnnl_blocked) {
    count = dnnl_memory_desc_get_size(&descriptor);
    return true;
  }
  int64_t elements = 0;
  if (!elementCount(descriptor, elements)) return false;
  const int64_t size = static_cast<int64_t>(dnnl_data_type_size(descriptor.data_type));
  int64_t bytes = 0;
  if (__builtin_mul_overflow(elements, size, &bytes)) return false;
  count = static_cast<std::size_t>(bytes);
  // Behind the elements, packed weights may carry compensation buffers that only the library can size.
  if (descriptor.extra.flags != 0) count = std::max(count, dnnl_memory_desc_get_size(&descriptor));
  return true;
}

}  // namespace mass::onednn

using namespace mass::onednn;

mass_dnnl_status mass_dnnl_tensor_plain(
    mass_dnnl_type type, int32_t rank, const int64_t *dimensions, const int64_t *strides,
    mass_dnnl_tensor *out_tensor) {
  *out_tensor = {};
  if (const auto status = checkShape(type, rank, dimensions)) return status;
  int64_t dense[MASS_DNNL_MAX_RANK];
  if (strides == nullptr) {
    int64_t stride = 1;
    for (int i = rank - 1; i >= 0; --i) {
      dense[i] = stride;
      if (__builtin_mul_overflow(stride, std::max<int64_t>(dimensions[i], 1), &stride)) return MASS_DNNL_INVALID;
    }
    strides = dense;
  } else if (std::any_of(strides, strides + rank, [](int64_t stride) { return stride < 0; })) {
    return MASS_DNNL_INVALID;
  }
  dnnl_memory_desc_t descriptor = {};
  const auto status =
      dnnl_memory_desc_init_by_strides(&descriptor, rank, dimensions, static_cast<dnnl_data_type_t>(type), strides);
  if (status != dnnl_success) return statusOf(status);
  std::size_t bytes = 0;
  if (!byteCount(descriptor, bytes)) return MASS_DNNL_INVALID;
  *out_tensor = wrap(descriptor);
  return MASS_DNNL_OK;
}

mass_dnnl_status mass_dnnl_tensor_channels_last(
    mass_dnnl_type type, int32_t rank, const int64_t *dimensions, mass_dnnl_tensor *out_tensor) {
  *out_tensor = {};
  if (const auto status = checkShape(type, rank, dimensions)) return status;
  if (rank < 3) return MASS_DNNL_INVALID;
  int64_t strides[MASS_DNNL_MAX_RANK];
  int64_t stride = 1;
  const auto place = [&](int axis) {
    strides[axis] = stride;
    return !__builtin_mul_overflow(stride, std::max<int64_t>(dimensions[axis], 1), &stride);
  };
  bool sound = place(1);
  for (int axis = rank - 1; axis >= 2; --axis) sound = sound && place(axis);
  if (!sound || !place(0)) return MASS_DNNL_INVALID;
  return mass_dnnl_tensor_plain(type, rank, dimensions, strides, out_tensor);
}

mass_dnnl_status mass_dnnl_tensor_any(
    mass_dnnl_type type, int32_t rank, const int64_t *dimensions, mass_dnnl_tensor *out_tensor) {
  *out_tensor = {};
  mass_dnnl_tensor plain;
  if (const auto status = mass_dnnl_tensor_plain(type, rank, dimensions, nullptr, &plain)) return status;
  dnnl_memory_desc_t descriptor = {};
  const auto status = dnnl_memory_desc_init_by_tag(
      &descriptor, rank, dimensions, static_cast<dnnl_data_type_t>(type), dnnl_format_tag_any);
  if (status != dnnl_success) return statusOf(status);
  *out_tensor = wrap(descriptor);
  return MASS_DNNL_OK;
}

size_t mass_dnnl_tensor_byte_count(const mass_dnnl_tensor *tensor) {
  std::size_t count = 0;
  return byteCount(unwrap(*tensor), count) ? count : 0;
}

bool mass_dnnl_tensor_equal(const mass_dnnl_tensor *a, const mass_dnnl_tensor *b) {
  const dnnl_memory_desc_t left = unwrap(*a), right = unwrap(*b);
  return dnnl_memory_desc_equal(&left, &right) != 0;
}

bool mass_dnnl_tensor_is_plain(const mass_dnnl_tensor *tensor) {
  const dnnl_memory_desc_t descriptor = unwrap(*tensor);
  return isPresent(descriptor) && descriptor.format_kind == dnnl_blocked && descriptor.extra.flags == 0
      && descriptor.format_desc.blocking.inner_nblks == 0
      && std::equal(descriptor.dims, descriptor.dims + descriptor.ndims, descriptor.padded_dims);
}

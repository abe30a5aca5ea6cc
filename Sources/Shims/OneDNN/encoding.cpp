// Tensors as bytes: little-endian 64-bit fields behind a marker, checked one by one when they come back.

#include <algorithm>

#include "internal.h"

namespace mass::onednn {
namespace {

constexpr uint64_t marker = 0x3154'4e44'5353'414d;  // "MASSDNT1"
constexpr int64_t extentLimit = int64_t{1} << 48;
constexpr int64_t blockLimit = int64_t{1} << 16;

class Writer {
 public:
  Writer(uint8_t *bytes, std::size_t capacity) : bytes(bytes), capacity(capacity) {}
  void put(int64_t value) {
    if (capacity - used < 8) {
      full = true;
      return;
    }
    for (int i = 0; i < 8; ++i) bytes[used++] = static_cast<uint8_t>(static_cast<uint64_t>(value) >> (8 * i));
  }
  void put(const int64_t *values, int count) {
    for (int i = 0; i < count; ++i) put(values[i]);
  }
  std::size_t count() const { return full ? 0 : used; }

 private:
  uint8_t *bytes;
  std::size_t capacity, used = 0;
  bool full = false;
};

class Reader {
 public:
  Reader(const uint8_t *bytes, std::size_t count) : bytes(bytes), left(count) {}
  int64_t take() {
    if (left < 8) {
      sound = false;
      return 0;
    }
    uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value |= static_cast<uint64_t>(bytes[i]) << (8 * i);
    bytes += 8;
    left -= 8;
    return static_cast<int64_t>(value);
  }
  /// A field that must lie in `low`...`high`; `low` when it does not.
  int64_t take(int64_t low, int64_t high) {
    const int64_t value = take();
    if (value >= low && value <= high) return value;
    sound = false;
    return low;
  }
  void take(int64_t *values, int64_t count, int64_t low, int64_t high) {
    for (int64_t i = 0; i < count; ++i) values[i] = take(low, high);
  }
  bool isSound() const { return sound; }
  bool isFinished() const { return sound && left == 0; }

 private:
  const uint8_t *bytes;
  std::size_t left;
  bool sound = true;
};

void encodeWinograd(const dnnl_wino_desc_t &layout, Writer &writer) {
  const int64_t fields[] = {layout.wino_format, layout.r,         layout.alpha,     layout.ic,       layout.oc,
                            layout.ic_block,    layout.oc_block,  layout.ic2_block, layout.oc2_block};
  for (const int64_t field : fields) writer.put(field);
  uint32_t adjustment = 0;
  std::memcpy(&adjustment, &layout.adj_scale, sizeof adjustment);
  writer.put(static_cast<int64_t>(adjustment));
  writer.put(static_cast<int64_t>(layout.size));
}

/// Reads a Winograd layout whose stated size is that of its transformed weights.
bool decodeWinograd(Reader &reader, const dnnl_memory_desc_t &descriptor, dnnl_wino_desc_t &layout) {
  const int64_t format = reader.take(dnnl_wino_wei_aaOIoi, dnnl_wino_wei_OBaaIBOIio);
  layout.wino_format = static_cast<dnnl_wino_memory_format_t>(format);
  int *const fields[] = {&layout.r,        &layout.alpha,    &layout.ic,        &layout.oc,
                         &layout.ic_block, &layout.oc_block, &layout.ic2_block, &layout.oc2_block};
  for (int *field : fields) *field = static_cast<int>(reader.take(0, blockLimit * blockLimit / 4));
  const auto adjustment = static_cast<uint32_t>(reader.take(0, UINT32_MAX));
  std::memcpy(&layout.adj_scale, &adjustment, sizeof adjustment);
  layout.size = static_cast<std::size_t>(reader.take(1, extentLimit));
  int64_t expected = static_cast<int64_t>(dnnl_data_type_size(descriptor.data_type));
  const int64_t factors[] = {layout.alpha, layout.alpha, layout.ic, layout.oc};
  for (const int64_t factor : factors)
    if (__builtin_mul_overflow(expected, factor, &expected)) return false;
  return reader.isSound() && static_cast<int64_t>(layout.size) == expected;
}

/// Reads strides and blocks, and requires that the blocks divide the padded dimensions.
bool decodeBlocks(Reader &reader, dnnl_memory_desc_t &descriptor) {
  dnnl_blocking_desc_t &blocking = descriptor.format_desc.blocking;
  reader.take(blocking.strides, descriptor.ndims, 0, extentLimit);
  blocking.inner_nblks = static_cast<int>(reader.take(0, DNNL_MAX_NDIMS));
  reader.take(blocking.inner_blks, blocking.inner_nblks, 1, blockLimit);
  reader.take(blocking.inner_idxs, blocking.inner_nblks, 0, descriptor.ndims - 1);
  if (!reader.isSound()) return false;
  int64_t blocks[DNNL_MAX_NDIMS];
  std::fill_n(blocks, DNNL_MAX_NDIMS, 1);
  for (int i = 0; i < blocking.inner_nblks; ++i) {
    int64_t &block = blocks[blocking.inner_idxs[i]];
    if (__builtin_mul_overflow(block, blocking.inner_blks[i], &block)) return false;
  }
  for (int i = 0; i < descriptor.ndims; ++i)
    if (descriptor.padded_dims[i] % blocks[i] != 0) return false;
  return true;
}

bool decode(Reader &reader, dnnl_memory_desc_t &descriptor) {
  if (static_cast<uint64_t>(reader.take()) != marker) return false;
  descriptor.data_type = static_cast<dnnl_data_type_t>(reader.take(MASS_DNNL_BF16, MASS_DNNL_U8));
  descriptor.format_kind = static_cast<dnnl_format_kind_t>(reader.take(dnnl_blocked, dnnl_format_kind_wino));
  descriptor.ndims = static_cast<int>(reader.take(1, DNNL_MAX_NDIMS));
  reader.take(descriptor.dims, descriptor.ndims, 0, extentLimit);
  reader.take(descriptor.padded_dims, descriptor.ndims, 0, extentLimit);
  if (!reader.isSound()) return false;
  for (int i = 0; i < descriptor.ndims; ++i)
    if (descriptor.padded_dims[i] < descriptor.dims[i]) return false;
  return descriptor.format_kind == dnnl_blocked
      ? decodeBlocks(reader, descriptor)
      : decodeWinograd(reader, descriptor, descriptor.format_desc.wino_desc);
}

bool isEncodable(const dnnl_memory_desc_t &descriptor) {
  return isPresent(descriptor) && descriptor.extra.flags == 0 && descriptor.offset0 == 0
      && (descriptor.format_kind == dnnl_blocked || descriptor.format_kind == dnnl_format_kind_wino)
      && std::all_of(descriptor.padded_offsets, descriptor.padded_offsets + descriptor.ndims,
                     [](int64_t offset) { return offset == 0; });
}

}  // namespace
}  // namespace mass::onednn

using namespace mass::onednn;

size_t mass_dnnl_tensor_encode(const mass_dnnl_tensor *tensor, uint8_t *bytes, size_t capacity) {
  const dnnl_memory_desc_t descriptor = unwrap(*tensor);
  if (!isEncodable(descriptor)) return 0;
  Writer writer(bytes, capacity);
  writer.put(static_cast<int64_t>(marker));
  writer.put(descriptor.data_type);
  writer.put(descriptor.format_kind);
  writer.put(descriptor.ndims);
  writer.put(descriptor.dims, descriptor.ndims);
  writer.put(descriptor.padded_dims, descriptor.ndims);
  if (descriptor.format_kind == dnnl_blocked) {
    const dnnl_blocking_desc_t &blocking = descriptor.format_desc.blocking;
    writer.put(blocking.strides, descriptor.ndims);
    writer.put(blocking.inner_nblks);
    writer.put(blocking.inner_blks, blocking.inner_nblks);
    writer.put(blocking.inner_idxs, blocking.inner_nblks);
  } else {
    encodeWinograd(descriptor.format_desc.wino_desc, writer);
  }
  return writer.count();
}

mass_dnnl_status mass_dnnl_tensor_decode(
    const uint8_t *bytes, size_t count, size_t byte_limit, mass_dnnl_tensor *out_tensor) {
  *out_tensor = {};
  Reader reader(bytes, count);
  dnnl_memory_desc_t descriptor = {};
  if (!decode(reader, descriptor) || !reader.isFinished()) return MASS_DNNL_INVALID;
  std::size_t bytesDescribed = 0;
  if (!byteCount(descriptor, bytesDescribed) || bytesDescribed > byte_limit) return MASS_DNNL_INVALID;
  *out_tensor = wrap(descriptor);
  return MASS_DNNL_OK;
}

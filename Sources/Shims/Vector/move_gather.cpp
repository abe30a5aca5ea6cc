#include "move_index.h"

namespace mass {
namespace {

struct GatherCall {
  int64_t axis, inner_bytes, index_count;
  Indices indices;
  const void *data;
  void *out;
};

template <int Size>
void GatherUnits(const GatherCall &call, int64_t begin, int64_t end) {
  using T = Unit<Size>;
  T *out = static_cast<T *>(call.out);
  for (int64_t row = begin; row < end; ++row) {
    const int64_t outer = row / call.index_count, position = row % call.index_count;
    out[row] = static_cast<const T *>(call.data)[outer * call.axis + call.indices.At(position, call.axis)];
  }
}

void RunGather(void *context, int64_t begin, int64_t end, int) {
  const GatherCall &call = *static_cast<const GatherCall *>(context);
  const int64_t bytes = call.inner_bytes;
  if (bytes == 4) return GatherUnits<4>(call, begin, end);
  if (bytes == 8) return GatherUnits<8>(call, begin, end);
  for (int64_t row = begin; row < end; ++row) {
    const int64_t outer = row / call.index_count, position = row % call.index_count;
    const int64_t from = outer * call.axis + call.indices.At(position, call.axis);
    std::memcpy(Advance(call.out, row * bytes), Advance(call.data, from * bytes), static_cast<size_t>(bytes));
  }
}

struct GatherElementsCall {
  ElementWalk walk;
  int32_t element_size;
  Indices indices;
  const void *data;
  void *out;
};

template <class T>
void GatherElementRows(const GatherElementsCall &call, int64_t begin, int64_t end) {
  const ElementWalk &walk = call.walk;
  const int64_t step = walk.strides[walk.rank - 1];
  for (int64_t row = begin; row < end; ++row) {
    const T *data = static_cast<const T *>(call.data) + walk.Base(row);
    T *out = static_cast<T *>(call.out) + row * walk.row_count;
    for (int64_t i = 0; i < walk.row_count; ++i) {
      const int64_t index = call.indices.At(row * walk.row_count + i, walk.axis_size);
      out[i] = data[i * step + index * walk.axis_stride];
    }
  }
}

void RunGatherElements(void *context, int64_t begin, int64_t end, int) {
  const GatherElementsCall &call = *static_cast<const GatherElementsCall *>(context);
  WithUnit(call.element_size, [&](auto unit) { GatherElementRows<decltype(unit)>(call, begin, end); });
}

struct GatherNdCall {
  int64_t tuples, block_slices;
  int32_t depth;
  const int64_t *depth_dims;
  int64_t slice_bytes;
  Indices indices;
  const void *data;
  void *out;
};

void RunGatherNd(void *context, int64_t begin, int64_t end, int) {
  const GatherNdCall &call = *static_cast<const GatherNdCall *>(context);
  for (int64_t tuple = begin; tuple < end; ++tuple) {
    const int64_t slice = tuple / call.tuples * call.block_slices +
                          TupleAt(call.indices, tuple, call.depth, call.depth_dims);
    std::memcpy(Advance(call.out, tuple * call.slice_bytes), Advance(call.data, slice * call.slice_bytes),
                static_cast<size_t>(call.slice_bytes));
  }
}

}  // namespace
}  // namespace mass

extern "C" {

int32_t mass_gather(int32_t threads, int64_t outer, int64_t axis, int64_t inner_bytes, int64_t index_count,
                    const void *indices, int32_t index_size, const void *data, void *out, int64_t *bad_position) {
  using namespace mass;
  int64_t bytes;
  const int64_t data_dims[] = {outer, axis, inner_bytes}, out_dims[] = {outer, index_count, inner_bytes};
  if (!IsIndexSize(index_size) || !CountOf(3, data_dims, &bytes)) return MASS_MOVE_BAD_ARGUMENT;
  if (!CountOf(3, out_dims, &bytes)) return MASS_MOVE_BAD_ARGUMENT;
  GatherCall call = {axis, inner_bytes, index_count, {indices, index_size}, data, out};
  const int64_t outside = FirstOutside(call.indices, index_count, axis);
  if (outside < index_count) return *bad_position = outside, MASS_MOVE_BAD_INDEX;
  if (bytes > 0) {
    mass_parallel_for(threads, outer * index_count, kMoveGrainBytes / inner_bytes + 1, RunGather, &call);
  }
  return MASS_MOVE_OK;
}

int32_t mass_gather_elements(int32_t threads, int32_t rank, const int64_t *data_dims, const int64_t *index_dims,
                             int32_t axis, int32_t element_size, const void *indices, int32_t index_size,
                             const void *data, void *out, int64_t *bad_position) {
  using namespace mass;
  GatherElementsCall call = {{}, element_size, {indices, index_size}, data, out};
  if (!IsIndexSize(index_size) || !IsElementSize(element_size)) return MASS_MOVE_BAD_ARGUMENT;
  if (!call.walk.Prepare(rank, data_dims, index_dims, axis)) return MASS_MOVE_BAD_ARGUMENT;
  const int64_t count = call.walk.Count(), outside = FirstOutside(call.indices, count, call.walk.axis_size);
  if (outside < count) return *bad_position = outside, MASS_MOVE_BAD_INDEX;
  const int64_t row_bytes = call.walk.row_count * element_size;
  if (count > 0) {
    mass_parallel_for(threads, call.walk.rows, kMoveGrainBytes / row_bytes + 1, RunGatherElements, &call);
  }
  return MASS_MOVE_OK;
}

int32_t mass_gather_nd(int32_t threads, int64_t batch, int64_t tuples, int32_t depth, const int64_t *depth_dims,
                       int64_t slice_bytes, const void *indices, int32_t index_size, const void *data, void *out,
                       int64_t *bad_position) {
  using namespace mass;
  GatherNdCall call = {tuples, 0, depth, depth_dims, slice_bytes, {indices, index_size}, data, out};
  int64_t bytes;
  const int64_t sizes[] = {batch, tuples, slice_bytes}, positions[] = {batch, tuples, depth};
  if (depth < 0 || depth > MASS_MOVE_MAX_RANK || !IsIndexSize(index_size)) return MASS_MOVE_BAD_ARGUMENT;
  if (!CountOf(depth, depth_dims, &call.block_slices) || !CountOf(3, sizes, &bytes)) return MASS_MOVE_BAD_ARGUMENT;
  int64_t count;
  if (!CountOf(3, positions, &count)) return MASS_MOVE_BAD_ARGUMENT;
  const int64_t outside = FirstOutsideTuple(call.indices, batch * tuples, depth, depth_dims);
  if (outside < count) return *bad_position = outside, MASS_MOVE_BAD_INDEX;
  if (bytes > 0) mass_parallel_for(threads, batch * tuples, kMoveGrainBytes / slice_bytes + 1, RunGatherNd, &call);
  return MASS_MOVE_OK;
}

}  // extern "C"

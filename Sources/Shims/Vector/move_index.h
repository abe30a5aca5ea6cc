/// Reading untrusted indices of either width.
#ifndef MASS_MOVE_INDEX_H
#define MASS_MOVE_INDEX_H

#include <algorithm>
#include <cstring>

#include "mass_vector_parallel.h"
#include "move_copy.h"

namespace mass {

constexpr int64_t kMoveGrainBytes = 32768;

/// Indices of 4 or 8 bytes, negative ones counting from the end of an axis.
struct Indices {
  const void *data;
  int32_t size;

  int64_t Raw(int64_t position) const {
    return size == 4 ? static_cast<const int32_t *>(data)[position] : static_cast<const int64_t *>(data)[position];
  }
  /// The index at `position`, from the start of an axis that it is known to lie in.
  int64_t At(int64_t position, int64_t axis) const {
    const int64_t index = Raw(position);
    return index < 0 ? index + axis : index;
  }
};

inline bool IsIndexSize(int32_t size) { return size == 4 || size == 8; }

template <class T>
int64_t FirstOutside(const T *indices, int64_t count, int64_t axis) {
  for (int64_t i = 0; i < count; ++i) {
    if (indices[i] < -axis || indices[i] >= axis) return i;
  }
  return count;
}

/// The first position whose index lies outside an axis of `axis` elements, or `count`.
inline int64_t FirstOutside(const Indices &indices, int64_t count, int64_t axis) {
  return indices.size == 4 ? FirstOutside(static_cast<const int32_t *>(indices.data), count, axis)
                           : FirstOutside(static_cast<const int64_t *>(indices.data), count, axis);
}

/// The first position of tuples of `depth` indices that lies outside its axis, or `count · depth`.
inline int64_t FirstOutsideTuple(const Indices &indices, int64_t count, int32_t depth, const int64_t *dims) {
  for (int64_t position = 0; position < count * depth; ++position) {
    const int64_t index = indices.Raw(position), axis = dims[position % depth];
    if (index < -axis || index >= axis) return position;
  }
  return count * depth;
}

/// The flattened index of a tuple in `dims`.
inline int64_t TupleAt(const Indices &indices, int64_t tuple, int32_t depth, const int64_t *dims) {
  int64_t flat = 0;
  for (int32_t i = 0; i < depth; ++i) flat = flat * dims[i] + indices.At(tuple * depth + i, dims[i]);
  return flat;
}

/// The shape that GatherElements and ScatterElements walk: the rows of the index array and where they lie in the data.
struct ElementWalk {
  int32_t rank;
  int64_t dims[MASS_MOVE_MAX_RANK];
  /// Strides of the data, zero on the axis that the index replaces.
  int64_t strides[MASS_MOVE_MAX_RANK];
  int64_t rows, row_count, axis_size, axis_stride, data_count;
  int32_t axis;

  /// Reads the two shapes; false when they do not fit together.
  bool Prepare(int32_t shape_rank, const int64_t *data_dims, const int64_t *index_dims, int32_t shape_axis) {
    int64_t count;
    rank = shape_rank, axis = shape_axis;
    if (rank < 1 || rank > MASS_MOVE_MAX_RANK || axis < 0 || axis >= rank) return false;
    if (!CountOf(rank, data_dims, &data_count) || !CountOf(rank, index_dims, &count)) return false;
    int64_t stride = 1;
    for (int32_t i = rank - 1; i >= 0; --i) {
      if (i != axis && index_dims[i] > data_dims[i]) return false;
      dims[i] = index_dims[i];
      strides[i] = i == axis ? 0 : stride;
      if (i == axis) axis_stride = stride;
      stride = data_count == 0 ? 0 : stride * data_dims[i];
    }
    axis_size = data_dims[axis];
    row_count = dims[rank - 1];
    rows = row_count == 0 ? 0 : count / row_count;
    return true;
  }

  /// Where a row starts in the data.
  int64_t Base(int64_t row) const {
    int64_t base = 0;
    for (int32_t i = rank - 2; i >= 0; --i) {
      base += row % dims[i] * strides[i];
      row /= dims[i];
    }
    return base;
  }

  int64_t Count() const { return rows * row_count; }
};

}  // namespace mass

#endif

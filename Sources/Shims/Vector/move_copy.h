/// What the files of the moving kernels share: opaque elements, the kinds of copy, and transposing tiles.
#ifndef MASS_MOVE_COPY_H
#define MASS_MOVE_COPY_H

#include "mass_vector_move.h"

namespace mass {

/// An element of `Size` bytes without alignment, so that neighbours can be moved as one.
template <int Size>
struct Unit {
  unsigned char bytes[Size];
};

inline bool IsElementSize(int32_t size) { return size == 1 || size == 2 || size == 4 || size == 8 || size == 16; }

/// Calls `function(Unit<size>())` for the size given at run time, 1, 2, 4, 8 or 16.
template <class Function>
void WithUnit(int32_t size, const Function &function) {
  switch (size) {
    case 1: return function(Unit<1>());
    case 2: return function(Unit<2>());
    case 4: return function(Unit<4>());
    case 8: return function(Unit<8>());
    case 16: return function(Unit<16>());
    default: return;
  }
}

inline const char *Advance(const void *pointer, int64_t bytes) { return static_cast<const char *>(pointer) + bytes; }
inline char *Advance(void *pointer, int64_t bytes) { return static_cast<char *>(pointer) + bytes; }

/// Multiplies sizes; false when they overflow or are negative.
inline bool Multiply(int64_t a, int64_t b, int64_t *product) {
  return a >= 0 && b >= 0 && !__builtin_mul_overflow(a, b, product);
}

/// The product of `dims`; false when it overflows or a size is negative.
inline bool CountOf(int32_t rank, const int64_t *dims, int64_t *count) {
  *count = 1;
  bool empty = false;
  for (int32_t axis = 0; axis < rank; ++axis) {
    if (dims[axis] < 0) return false;
    empty = empty || dims[axis] == 0;
  }
  for (int32_t axis = 0; axis < rank; ++axis) {
    if (!empty && !Multiply(*count, dims[axis], count)) return false;
  }
  if (empty) *count = 0;
  return true;
}

/// How the innermost axes of a prepared copy are run.
enum CopyKind : int32_t {
  /// Nothing to copy.
  kCopyNothing,
  /// The innermost axis is contiguous in both.
  kCopyRows,
  /// The innermost axis repeats one source element.
  kCopyRepeat,
  /// The innermost axis has any strides.
  kCopyStrided,
  /// The innermost axis is contiguous in the destination, the one before it in the source.
  kCopyTranspose,
};

/// `dst[c · dst_stride + r] = src[r · src_stride + c]` for `r < rows`, `c < columns`; strides count elements.
void TransposeTile(int32_t element_size, const void *src, int64_t src_stride, void *dst, int64_t dst_stride,
                   int64_t rows, int64_t columns);

}  // namespace mass

#endif

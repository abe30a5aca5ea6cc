/// The prepared form of an elementwise program, and the tables of kernels it is made from.
#ifndef MASS_ELEMENTWISE_PROGRAM_H
#define MASS_ELEMENTWISE_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "mass_vector_elementwise.h"

namespace mass {

/// What a kernel gets for one tile. `out` may equal an operand of the same element size.
struct TileArguments {
  void *out;
  const void *a, *b, *c;
  double p0, p1;
};

using TileKernel = void (*)(const TileArguments &arguments, size_t count);
using ConvertKernel = void (*)(const void *from, void *to, size_t count);

/// A strided operand, with the dimensions merged that it walks as one; the last is the innermost.
struct StridedOperand {
  int32_t rank;
  int64_t shape[MASS_ELEMENTWISE_MAX_RANK];
  int64_t strides[MASS_ELEMENTWISE_MAX_RANK];

  int64_t InnerLength() const { return rank == 0 ? 1 : shape[rank - 1]; }
  int64_t InnerStride() const { return rank == 0 ? 0 : strides[rank - 1]; }
  bool IsScalar() const { return rank == 0 || (rank == 1 && strides[0] == 0); }
  bool IsDense() const { return rank == 0 || (rank == 1 && strides[0] == 1); }
  bool IsPeriodic() const { return rank > 1 && strides[0] == 0; }
  /// The offset of the element at linear index `start`; `run` is how many follow it in the innermost dimension.
  int64_t Offset(int64_t start, int64_t *run) const;
};

/// Copies `count` elements from linear index `start` on into `tile`.
using GatherKernel = void (*)(const StridedOperand &operand, const void *base, int64_t start, int64_t count,
                              void *tile);

// Each finder returns null where it has no kernel.
TileKernel FindUnaryF32(uint16_t op);
TileKernel FindActivationF32(uint16_t op);
TileKernel FindTrigonometricF32(uint16_t op);
TileKernel FindUnaryScalar(uint16_t op, uint8_t type);
TileKernel FindBinaryF32(uint16_t op);
TileKernel FindBinaryGeneric(uint16_t op, uint8_t type);
TileKernel FindTernary(uint16_t op, uint8_t type);
TileKernel FindConstant(uint8_t type);
/// Between register types (the meaning of Cast), or between a memory type and its register type.
ConvertKernel FindConversion(uint8_t from, uint8_t to);
TileKernel FindCast(uint8_t from, uint8_t to);
GatherKernel FindGather(size_t element_size);

/// The kernel of an instruction; `*cost` is about how many nanoseconds it takes per element.
TileKernel FindKernel(const mass_elementwise_instruction &instruction, double *cost);

inline size_t ElementSize(uint8_t type) {
  static const uint8_t sizes[] = {4, 8, 4, 8, 1, 2, 2, 1, 1, 2, 2, 4, 8};
  return sizes[type];
}

inline uint8_t RegisterType(uint8_t type) {
  static const uint8_t registers[] = {0, 1, 2, 3, 4, 0, 0, 2, 2, 2, 2, 3, 3};
  return registers[type];
}

constexpr uint8_t kTypeCount = 13;
constexpr uint8_t kRegisterTypeCount = 5;

}  // namespace mass

#endif

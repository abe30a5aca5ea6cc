#include "elementwise_program.h"

namespace mass {
namespace {

constexpr double kCheap = 0.05, kMathematics = 0.3, kLibrary = 5;  // nanoseconds per element

TileKernel FindUnary(uint16_t op, uint8_t type, double *cost) {
  if (type == mass_vector_f32) {
    *cost = op == mass_op_exp || op == mass_op_log || (op >= mass_op_tanh && op <= mass_op_sigmoid) ? kMathematics
                                                                                                    : kCheap;
    if (const TileKernel kernel = FindUnaryF32(op)) return kernel;
    *cost = kMathematics;
    if (const TileKernel kernel = FindActivationF32(op)) return kernel;
    if (const TileKernel kernel = FindTrigonometricF32(op)) return kernel;
  }
  const bool mathematics = op >= mass_op_exp && op <= mass_op_shrink && op != mass_op_relu && op != mass_op_clip;
  *cost = mathematics && type <= mass_vector_f64 && op != mass_op_affine ? kLibrary : 2 * kCheap;
  return FindUnaryScalar(op, type);
}

TileKernel FindBinary(uint16_t op, uint8_t type, double *cost) {
  *cost = kCheap;
  if (op >= mass_op_div && op <= mass_op_fmod) *cost = op == mass_op_div && type == mass_vector_f32 ? 0.1 : kLibrary;
  if (type == mass_vector_f32) {
    if (const TileKernel kernel = FindBinaryF32(op)) return kernel;
  }
  return FindBinaryGeneric(op, type);
}

}  // namespace

TileKernel FindKernel(const mass_elementwise_instruction &instruction, double *cost) {
  const uint16_t op = instruction.op;
  *cost = kCheap;
  if (op <= mass_op_shrink) return FindUnary(op, instruction.type, cost);
  if (op >= mass_op_add && op <= mass_op_shift_right) return FindBinary(op, instruction.type, cost);
  if (op == mass_op_cast) return FindCast(instruction.type, instruction.result);
  if (op == mass_op_constant) return FindConstant(instruction.result);
  return FindTernary(op, instruction.type);
}

}  // namespace mass

/// The layout of a prepared elementwise program in memory.
#ifndef MASS_ELEMENTWISE_LAYOUT_H
#define MASS_ELEMENTWISE_LAYOUT_H

#include <memory>
#include <vector>

#include "elementwise_program.h"

namespace mass {

/// Addresses of a tile's values: registers by size class, inputs, outputs written in place, constants.
enum Slot : int {
  kScratchSlots = 0,
  kInputSlots = 3 * MASS_ELEMENTWISE_MAX_REGISTERS,
  kOutputSlots = kInputSlots + MASS_ELEMENTWISE_MAX_REGISTERS,
  kConstantSlots = kOutputSlots + MASS_ELEMENTWISE_MAX_REGISTERS,
  kSlotCount = kConstantSlots + MASS_ELEMENTWISE_MAX_REGISTERS,
};

struct Step {
  TileKernel kernel;
  uint8_t out, a, b, c;  // slots
  double p0, p1;
};

enum class InputMode : uint8_t {
  direct,   // the kernels read the tensor itself
  convert,  // dense, of another type
  once,     // the same for every tile
  gather,
};

struct Input {
  StridedOperand operand;
  InputMode mode;
  uint8_t type;
  size_t size;  // of an element in memory
  GatherKernel gather;
  ConvertKernel convert;  // null where the register has the memory's type
};

struct Output {
  bool direct;  // the kernels write the tensor itself
  uint8_t slot;
  size_t size;
  ConvertKernel convert;
};

constexpr uint8_t kNoType = 255;

/// Sets how the program's iteration space is cut, from the types of the slots that need memory (else `kNoType`) and
/// the time per element in nanoseconds.
void ChooseTiles(mass_elementwise &program, const uint8_t *slotTypes, double cost);

/// Gives each thread the memory for its slots, and fills the constant ones.
void AllocateTiles(mass_elementwise &program, const uint8_t *slotTypes, const std::vector<Step> &constants);

}  // namespace mass

struct mass_elementwise {
  int64_t count = 0;      // elements of the iteration space
  int64_t tile = 0;       // the most elements of a tile
  int64_t row = 0;        // tiles do not cross its multiples, if not 0
  int64_t row_tiles = 0;  // tiles of a row
  int64_t unit_count = 0;
  int64_t unit_grain = 1;  // tiles worth another thread
  int threads = 1;
  std::vector<mass::Step> steps;
  std::vector<mass::Input> inputs;
  std::vector<mass::Output> outputs;
  std::vector<void *> slots;  // kSlotCount per thread
  std::vector<void *> raw;    // per thread: a tile of unconverted elements
  std::unique_ptr<char, void (*)(void *)> scratch{nullptr, nullptr};
};

#endif

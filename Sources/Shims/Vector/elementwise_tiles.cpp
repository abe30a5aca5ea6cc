#include <stdlib.h>

#include <algorithm>
#include <new>

#include "elementwise_layout.h"

namespace mass {
namespace {

constexpr int64_t kCacheBytes = 32 << 10;   // what the tiles of a program may take together
constexpr int64_t kLongestTile = 16384;     // for programs without tiles of their own
constexpr double kShareNanoseconds = 4000;  // less is not worth another thread

size_t TileLength(const mass_elementwise &program) {
  return static_cast<size_t>(std::min(program.tile, std::max<int64_t>(program.count, 1)));
}

size_t TileBytes(const mass_elementwise &program, size_t elementSize) {
  return (TileLength(program) * elementSize + 63) / 64 * 64;
}

/// The tile that fits the cache, whatever the shape.
int64_t CacheTile(const mass_elementwise &program, const uint8_t *slotTypes) {
  size_t bytes = 0;
  for (int slot = 0; slot < kSlotCount; ++slot) {
    if (slotTypes[slot] != kNoType) bytes += ElementSize(slotTypes[slot]);
  }
  if (program.steps.size() <= 1 && bytes == 0) return kLongestTile;
  // Tensors that the kernels use directly pass through the same cache.
  const size_t streams = (program.inputs.size() + program.outputs.size()) * 4;
  return std::max<int64_t>(256, kCacheBytes / static_cast<int64_t>(bytes + streams) / 64 * 64);
}

/// How far the operand goes before it jumps or starts anew; 0 where it never does.
int64_t NaturalRow(const mass_elementwise &program, const StridedOperand &operand) {
  if (operand.rank < 2 || program.count == 0) return 0;
  if (operand.IsPeriodic()) return program.count / operand.shape[0];
  return operand.InnerStride() == 1 ? operand.InnerLength() : 0;
}

}  // namespace

void ChooseTiles(mass_elementwise &program, const uint8_t *slotTypes, double cost) {
  int64_t tile = CacheTile(program, slotTypes), row = 0;
  for (const Input &input : program.inputs) row = std::max(row, NaturalRow(program, input.operand));
  if (row == program.count) row = 0;
  if (row > tile) {
    const int64_t parts = (row + tile - 1) / tile;
    tile = ((row + parts - 1) / parts + 15) / 16 * 16;
    program.row = row;
    program.row_tiles = (row + tile - 1) / tile;
  } else if (row > 0) {
    tile = tile / row * row;
  }
  for (Input &input : program.inputs) {
    const StridedOperand &operand = input.operand;
    if (row > 0 && row <= tile && operand.IsPeriodic() && row % NaturalRow(program, operand) == 0) {
      input.mode = InputMode::once;
    }
  }
  program.tile = tile;
  program.unit_count = row > tile ? program.count / row * program.row_tiles : (program.count + tile - 1) / tile;
  const double total = cost + 0.05 * static_cast<double>(program.inputs.size() + program.outputs.size());
  program.unit_grain = static_cast<int64_t>(kShareNanoseconds / (total * static_cast<double>(tile))) + 1;
}

void AllocateTiles(mass_elementwise &program, const uint8_t *slotTypes, const std::vector<Step> &constants) {
  const size_t raw = TileBytes(program, 8);
  size_t shared = 0, own = raw;
  for (int slot = 0; slot < kSlotCount; ++slot) {
    if (slotTypes[slot] == kNoType) continue;
    (slot >= kConstantSlots ? shared : own) += TileBytes(program, ElementSize(slotTypes[slot]));
  }
  const size_t threads = static_cast<size_t>(program.threads);
  void *memory = nullptr;
  if (posix_memalign(&memory, 64, shared + own * threads) != 0) throw std::bad_alloc();
  program.scratch = {static_cast<char *>(memory), free};
  program.slots.assign(threads * kSlotCount, nullptr);
  char *next = program.scratch.get();
  for (size_t thread = 0; thread < threads; ++thread) {
    program.raw.push_back(next);
    next += raw;
    for (size_t slot = 0; slot < kSlotCount; ++slot) {
      if (slotTypes[slot] == kNoType) continue;
      void *&address = program.slots[thread * kSlotCount + slot];
      if (slot >= kConstantSlots && thread > 0) {
        address = program.slots[slot];
      } else {
        address = next;
        next += TileBytes(program, ElementSize(slotTypes[slot]));
      }
    }
  }
  for (const Step &step : constants) {
    step.kernel({program.slots[step.out], nullptr, nullptr, nullptr, step.p0, step.p1}, TileLength(program));
  }
}

}  // namespace mass

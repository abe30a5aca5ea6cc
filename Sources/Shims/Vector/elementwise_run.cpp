#include <algorithm>

#include "elementwise_layout.h"
#include "mass_vector_parallel.h"

namespace mass {

int64_t StridedOperand::Offset(int64_t start, int64_t *run) const {
  int64_t offset = 0;
  for (int i = rank - 1; i >= 0; --i) {
    const int64_t index = start % shape[i];
    if (i == rank - 1) *run = shape[i] - index;
    offset += index * strides[i];
    start /= shape[i];
  }
  return offset;
}

}  // namespace mass

namespace {

using mass::Input;
using mass::InputMode;

struct Run {
  const mass_elementwise *program;
  void *const *operands;
};

void LoadStrided(const Input &input, const void *base, int64_t start, int64_t count, void *tile, void *raw) {
  if (input.convert == nullptr) return input.gather(input.operand, base, start, count, tile);
  input.gather(input.operand, base, start, count, raw);
  input.convert(raw, tile, static_cast<size_t>(count));
}

/// Where the kernels find `count` elements of the input from `start` on: in the tensor if they lie together there.
void *LoadTile(const Input &input, void *base, int64_t start, int64_t count, void *tile, void *raw) {
  char *bytes = static_cast<char *>(base);
  switch (input.mode) {
    case InputMode::direct: return bytes + static_cast<size_t>(start) * input.size;
    case InputMode::once: return tile;
    case InputMode::convert:
      input.convert(bytes + static_cast<size_t>(start) * input.size, tile, static_cast<size_t>(count));
      return tile;
    case InputMode::gather: break;
  }
  int64_t run = 0;
  if (input.operand.InnerStride() == 1 && input.convert == nullptr) {
    const int64_t offset = input.operand.Offset(start, &run);
    if (run >= count) return bytes + offset * static_cast<int64_t>(input.size);
  }
  LoadStrided(input, base, start, count, tile, raw);
  return tile;
}

void RunTile(const Run &run, int64_t start, int64_t count, void **slots, void *const *tiles, void *raw) {
  const mass_elementwise &program = *run.program;
  const size_t inputs = program.inputs.size();
  for (size_t i = 0; i < inputs; ++i) {
    slots[mass::kInputSlots + i] = LoadTile(program.inputs[i], run.operands[i], start, count, tiles[i], raw);
  }
  for (size_t i = 0; i < program.outputs.size(); ++i) {
    const mass::Output &output = program.outputs[i];
    if (!output.direct) continue;
    slots[mass::kOutputSlots + i] =
        static_cast<char *>(run.operands[inputs + i]) + static_cast<size_t>(start) * output.size;
  }
  for (const mass::Step &step : program.steps) {
    step.kernel({slots[step.out], slots[step.a], slots[step.b], slots[step.c], step.p0, step.p1},
                static_cast<size_t>(count));
  }
  for (size_t i = 0; i < program.outputs.size(); ++i) {
    const mass::Output &output = program.outputs[i];
    if (output.direct) continue;
    char *to = static_cast<char *>(run.operands[inputs + i]) + static_cast<size_t>(start) * output.size;
    if (slots[output.slot] != to) output.convert(slots[output.slot], to, static_cast<size_t>(count));
  }
}

void RunUnits(void *context, int64_t begin, int64_t end, int thread) {
  const Run &run = *static_cast<const Run *>(context);
  const mass_elementwise &program = *run.program;
  void **slots = const_cast<void **>(program.slots.data()) + thread * mass::kSlotCount;
  void *raw = program.raw[static_cast<size_t>(thread)];
  void *tiles[MASS_ELEMENTWISE_MAX_REGISTERS];
  for (size_t i = 0; i < program.inputs.size(); ++i) {
    tiles[i] = slots[mass::kInputSlots + i];
    if (program.inputs[i].mode != InputMode::once) continue;
    LoadStrided(program.inputs[i], run.operands[i], 0, std::min(program.tile, program.count), tiles[i], raw);
  }
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t row = program.row_tiles == 0 ? 0 : unit / program.row_tiles;
    const int64_t start = row * program.row + (unit - row * program.row_tiles) * program.tile;
    const int64_t limit = program.row_tiles == 0 ? program.count : (row + 1) * program.row;
    RunTile(run, start, std::min(program.tile, limit - start), slots, tiles, raw);
  }
  std::copy_n(tiles, program.inputs.size(), slots + mass::kInputSlots);
}

}  // namespace

extern "C" {

void mass_elementwise_run(mass_elementwise *program, int threads, void *const *operands) {
  Run run = {program, operands};
  mass_parallel_for(std::min(threads, program->threads), program->unit_count, program->unit_grain, RunUnits, &run);
}

void mass_elementwise_destroy(mass_elementwise *program) { delete program; }

}  // extern "C"

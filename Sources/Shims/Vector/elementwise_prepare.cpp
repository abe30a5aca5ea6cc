#include <algorithm>
#include <new>

#include "elementwise_layout.h"

namespace mass {
namespace {

constexpr int kRegisters = MASS_ELEMENTWISE_MAX_REGISTERS;

/// Builds a program from a description; every step returns whether it could.
class Preparation {
 public:
  Preparation(const mass_elementwise_description &description, mass_elementwise &program)
      : source_(description), program_(program) {
    std::fill_n(types_, kRegisters, kNoType);
    std::fill_n(tileTypes_, static_cast<int>(kSlotCount), kNoType);
    std::fill_n(lastWrite_, kRegisters, -1);
  }

  mass_vector_status Run() {
    program_.threads = std::max<int>(source_.threads, 1);
    if (!CheckCounts() || !CountElements() || !ReadInputs()) return status_;
    FindLastUses();
    if (!ReadInstructions() || !ReadOutputs()) return status_;
    ChooseTiles(program_, tileTypes_, cost_);
    AllocateTiles(program_, tileTypes_, constants_);
    return mass_vector_ok;
  }

 private:
  bool Fail(mass_vector_status status) {
    status_ = status;
    return false;
  }

  bool CheckCounts() {
    const bool valid = source_.rank >= 0 && source_.rank <= MASS_ELEMENTWISE_MAX_RANK && source_.input_count >= 0 &&
                       source_.input_count <= kRegisters && source_.output_count > 0 &&
                       source_.output_count <= kRegisters && source_.instruction_count >= 0;
    return valid || Fail(mass_vector_invalid);
  }

  bool CountElements() {
    program_.count = 1;
    for (int i = 0; i < source_.rank; ++i) {
      if (source_.shape[i] < 0 || __builtin_mul_overflow(program_.count, source_.shape[i], &program_.count)) {
        return Fail(mass_vector_invalid);
      }
    }
    return true;
  }

  StridedOperand Merge(const int64_t *strides) const {
    StridedOperand merged = {};
    for (int i = 0; i < source_.rank; ++i) {
      const int64_t size = source_.shape[i];
      if (size == 1) continue;
      const int last = merged.rank - 1;
      if (last >= 0 && merged.strides[last] == strides[i] * size) {
        merged.shape[last] *= size;
        merged.strides[last] = strides[i];
        continue;
      }
      merged.shape[merged.rank] = size;
      merged.strides[merged.rank++] = strides[i];
    }
    return merged;
  }

  bool ReadInputs() {
    for (int i = 0; i < source_.input_count; ++i) {
      const mass_elementwise_input &input = source_.inputs[i];
      if (input.type >= kTypeCount) return Fail(mass_vector_invalid);
      const uint8_t type = RegisterType(input.type);
      Input entry = {Merge(input.strides), InputMode::gather, type, ElementSize(input.type),
                     FindGather(ElementSize(input.type)),
                     type == input.type ? nullptr : FindConversion(input.type, type)};
      if (entry.operand.IsScalar()) {
        entry.mode = InputMode::once;
      } else if (entry.operand.IsDense()) {
        entry.mode = entry.convert == nullptr ? InputMode::direct : InputMode::convert;
      }
      program_.inputs.push_back(entry);
      types_[i] = type;
      slots_[i] = static_cast<uint8_t>(kInputSlots + i);
      // A direct input needs no tile, any other does.
      if (entry.mode != InputMode::direct) tileTypes_[slots_[i]] = type;
    }
    return true;
  }

  /// Notes where each register is last written, and where any input is last read.
  void FindLastUses() {
    for (int i = 0; i < source_.instruction_count; ++i) {
      const mass_elementwise_instruction &instruction = source_.instructions[i];
      if (instruction.destination >= kRegisters) continue;
      lastWrite_[instruction.destination] = i;
      ++writes_[instruction.destination];
      const uint8_t operands[] = {instruction.a, instruction.b, instruction.c};
      for (int k = 0; k < OperandCount(instruction.op); ++k) {
        if (operands[k] < source_.input_count) lastInputRead_ = i;
      }
    }
  }

  static int OperandCount(uint16_t op) {
    if (op == mass_op_constant) return 0;
    if (op == mass_op_select || op == mass_op_fma) return 3;
    return op >= mass_op_add && op <= mass_op_shift_right ? 2 : 1;
  }

  static uint8_t OperandType(const mass_elementwise_instruction &instruction, int operand) {
    return instruction.op == mass_op_select && operand == 0 ? uint8_t{mass_vector_bool} : instruction.type;
  }

  static uint8_t ResultType(const mass_elementwise_instruction &instruction) {
    const uint16_t op = instruction.op;
    if (op == mass_op_cast || op == mass_op_constant) return instruction.result;
    const bool truth = op == mass_op_is_nan || op == mass_op_is_inf ||
                       (op >= mass_op_equal && op <= mass_op_greater_or_equal);
    return truth ? uint8_t{mass_vector_bool} : instruction.type;
  }

  bool ReadInstructions() {
    for (int i = 0; i < source_.instruction_count; ++i) {
      if (!ReadInstruction(source_.instructions[i], i)) return false;
    }
    return true;
  }

  bool ReadInstruction(const mass_elementwise_instruction &instruction, int index) {
    const uint8_t operands[] = {instruction.a, instruction.b, instruction.c};
    const uint8_t destination = instruction.destination;
    if (destination >= kRegisters || instruction.type >= kRegisterTypeCount ||
        instruction.result >= kRegisterTypeCount || instruction.result != ResultType(instruction)) {
      return Fail(mass_vector_invalid);
    }
    uint8_t slots[3] = {};
    for (int k = 0; k < OperandCount(instruction.op); ++k) {
      if (operands[k] >= kRegisters || types_[operands[k]] != OperandType(instruction, k)) {
        return Fail(mass_vector_invalid);
      }
      slots[k] = slots_[operands[k]];
    }
    double cost = 0;
    const TileKernel kernel = FindKernel(instruction, &cost);
    if (kernel == nullptr) return Fail(mass_vector_unsupported);
    cost_ += cost;
    types_[destination] = instruction.result;
    slots_[destination] = ResultSlot(instruction, index);
    Step step = {kernel, slots_[destination], slots[0], slots[1], slots[2], instruction.p0, instruction.p1};
    if (instruction.op == mass_op_constant) SetConstant(instruction, step);
    const bool fixed = slots_[destination] >= kConstantSlots;
    (fixed ? constants_ : program_.steps).push_back(step);
    return true;
  }

  /// Constants pass their 64 bits in `p0`, whatever the type.
  static void SetConstant(const mass_elementwise_instruction &instruction, Step &step) {
    const bool real = instruction.result == mass_vector_f32 || instruction.result == mass_vector_f64;
    if (!real) __builtin_memcpy(&step.p0, &instruction.integer, sizeof(step.p0));
  }

  /// Where the instruction's result goes: straight into an output when nothing reads an input afterwards (the output
  /// may lie in an input's memory), else into a tile. Tiles differ by element size, so widening in place is safe.
  uint8_t ResultSlot(const mass_elementwise_instruction &instruction, int index) {
    const uint8_t destination = instruction.destination;
    if (lastWrite_[destination] == index && lastInputRead_ <= index) {
      for (int i = 0; i < source_.output_count; ++i) {
        const mass_elementwise_output &output = source_.outputs[i];
        if (output.register_ == destination && output.type == instruction.result) {
          return static_cast<uint8_t>(kOutputSlots + i);
        }
      }
    }
    if (instruction.op == mass_op_constant && writes_[destination] == 1 && destination >= source_.input_count) {
      const uint8_t slot = static_cast<uint8_t>(kConstantSlots + destination);
      tileTypes_[slot] = instruction.result;
      return slot;
    }
    const size_t size = ElementSize(instruction.result);
    const int group = size == 8 ? 2 : size == 4 ? 1 : 0;
    const uint8_t slot = static_cast<uint8_t>(kScratchSlots + group * kRegisters + destination);
    tileTypes_[slot] = instruction.result;
    return slot;
  }

  bool ReadOutputs() {
    for (int i = 0; i < source_.output_count; ++i) {
      const mass_elementwise_output &output = source_.outputs[i];
      if (output.type >= kTypeCount || output.register_ >= kRegisters ||
          types_[output.register_] != RegisterType(output.type)) {
        return Fail(mass_vector_invalid);
      }
      const uint8_t slot = slots_[output.register_];
      program_.outputs.push_back({slot == kOutputSlots + i, slot, ElementSize(output.type),
                                  FindConversion(RegisterType(output.type), output.type)});
    }
    return true;
  }

  const mass_elementwise_description &source_;
  mass_elementwise &program_;
  mass_vector_status status_ = mass_vector_ok;
  uint8_t types_[kRegisters];
  uint8_t slots_[kRegisters] = {};
  uint8_t tileTypes_[kSlotCount];  // of the slots that need memory
  int lastWrite_[kRegisters];
  int writes_[kRegisters] = {};
  int lastInputRead_ = -1;
  double cost_ = 0;
  std::vector<Step> constants_;
};

}  // namespace
}  // namespace mass

extern "C" mass_vector_status mass_elementwise_prepare(const mass_elementwise_description *description,
                                                       mass_elementwise **program) {
  *program = nullptr;
  try {
    auto prepared = std::make_unique<mass_elementwise>();
    const mass_vector_status status = mass::Preparation(*description, *prepared).Run();
    if (status == mass_vector_ok) *program = prepared.release();
    return status;
  } catch (const std::bad_alloc &) {
    return mass_vector_out_of_memory;
  }
}

// Recurrent cells.

#include "internal.h"

using namespace mass::onednn;

namespace {

/// The description's tensors as oneDNN's, with the absent ones as null pointers.
struct Tensors {
  dnnl_memory_desc_t source, initialHidden, initialCell, weights, recurrentWeights, peephole, bias, destination,
      finalHidden, finalCell;

  explicit Tensors(const mass_dnnl_recurrence &description)
      : source(unwrap(description.source)), initialHidden(unwrap(description.initial_hidden)),
        initialCell(unwrap(description.initial_cell)), weights(unwrap(description.weights)),
        recurrentWeights(unwrap(description.recurrent_weights)), peephole(unwrap(description.peephole)),
        bias(unwrap(description.bias)), destination(unwrap(description.destination)),
        finalHidden(unwrap(description.final_hidden)), finalCell(unwrap(description.final_cell)) {}

  static const dnnl_memory_desc_t *optional(const dnnl_memory_desc_t &descriptor) {
    return isPresent(descriptor) ? &descriptor : nullptr;
  }

  Arguments arguments() const {
    Arguments arguments;
    arguments.add(DNNL_ARG_SRC_LAYER);
    arguments.addIfPresent(DNNL_ARG_SRC_ITER, initialHidden);
    arguments.addIfPresent(DNNL_ARG_SRC_ITER_C, initialCell);
    arguments.add(DNNL_ARG_WEIGHTS_LAYER);
    arguments.add(DNNL_ARG_WEIGHTS_ITER);
    arguments.addIfPresent(DNNL_ARG_WEIGHTS_PEEPHOLE, peephole);
    arguments.add(DNNL_ARG_BIAS);
    arguments.add(DNNL_ARG_DST_LAYER);
    arguments.addIfPresent(DNNL_ARG_DST_ITER, finalHidden);
    arguments.addIfPresent(DNNL_ARG_DST_ITER_C, finalCell);
    return arguments;
  }
};

dnnl_status_t initialize(
    dnnl_rnn_desc_t &operation, const mass_dnnl_recurrence &description, dnnl_rnn_direction_t direction,
    const Tensors &t) {
  const auto optional = Tensors::optional;
  switch (description.cell) {
    case MASS_DNNL_CELL_RNN:
      return dnnl_vanilla_rnn_forward_desc_init(
          &operation, dnnl_forward_inference, static_cast<dnnl_alg_kind_t>(description.activation), direction,
          &t.source, optional(t.initialHidden), &t.weights, &t.recurrentWeights, optional(t.bias), &t.destination,
          optional(t.finalHidden), dnnl_rnn_flags_undef, description.alpha, 0.0F);
    case MASS_DNNL_CELL_LSTM:
      return dnnl_lstm_forward_desc_init_v2(
          &operation, dnnl_forward_inference, direction, &t.source, optional(t.initialHidden), optional(t.initialCell),
          &t.weights, &t.recurrentWeights, optional(t.peephole), optional(t.bias), &t.destination,
          optional(t.finalHidden), optional(t.finalCell), dnnl_rnn_flags_undef);
    case MASS_DNNL_CELL_GRU:
      return dnnl_gru_forward_desc_init(
          &operation, dnnl_forward_inference, direction, &t.source, optional(t.initialHidden), &t.weights,
          &t.recurrentWeights, optional(t.bias), &t.destination, optional(t.finalHidden), dnnl_rnn_flags_undef);
    case MASS_DNNL_CELL_LBR_GRU:
      return dnnl_lbr_gru_forward_desc_init(
          &operation, dnnl_forward_inference, direction, &t.source, optional(t.initialHidden), &t.weights,
          &t.recurrentWeights, optional(t.bias), &t.destination, optional(t.finalHidden), dnnl_rnn_flags_undef);
  }
  return dnnl_invalid_arguments;
}

bool translate(mass_dnnl_direction direction, dnnl_rnn_direction_t &translated) {
  switch (direction) {
    case MASS_DNNL_FORWARD:
      translated = dnnl_unidirectional_left2right;
      return true;
    case MASS_DNNL_REVERSE:
      translated = dnnl_unidirectional_right2left;
      return true;
    case MASS_DNNL_BIDIRECTIONAL:
      translated = dnnl_bidirectional_concat;
      return true;
  }
  return false;
}

}  // namespace

mass_dnnl_status mass_dnnl_create_recurrence(
    const mass_dnnl_recurrence *description, const mass_dnnl_options *options, mass_dnnl_primitive **out_primitive) {
  *out_primitive = nullptr;
  static_assert(int{MASS_DNNL_CELL_RNN} == int{dnnl_vanilla_rnn} && int{MASS_DNNL_CELL_LSTM} == int{dnnl_vanilla_lstm});
  static_assert(int{MASS_DNNL_CELL_GRU} == int{dnnl_vanilla_gru} && int{MASS_DNNL_CELL_LBR_GRU} == int{dnnl_lbr_gru});
  mass_dnnl_options chosen;
  dnnl_rnn_direction_t direction;
  if (!resolve(options, chosen) || chosen.post_count != 0) return MASS_DNNL_INVALID;
  if (!translate(description->direction, direction)) return MASS_DNNL_INVALID;
  const Tensors tensors(*description);
  dnnl_rnn_desc_t operation = {};
  const auto status = initialize(operation, *description, direction, tensors);
  if (status != dnnl_success) return statusOf(status);
  return create(&operation, chosen, tensors.arguments(), out_primitive);
}

/// One function per kind of primitive. Each takes a plain description and `options` (null for the defaults), and on
/// success stores a primitive that the caller destroys; on failure it stores null.
///
/// Operand order is always: sources, weights, bias, operands of binary post-operations in their order, destinations;
/// absent tensors are left out. All primitives are for inference, keep no state and take their scratch memory from the
/// caller.

#ifndef MASS_ONEDNN_OPERATIONS_H
#define MASS_ONEDNN_OPERATIONS_H

#include "mass_onednn.h"

#ifdef __cplusplus
extern "C" {
#endif

// MARK: Algorithms (the numbers are oneDNN's own)

typedef enum mass_dnnl_eltwise_algorithm {
  MASS_DNNL_RELU = 0x1f, ///< x ≥ 0 ? x : alpha·x
  MASS_DNNL_TANH = 0x2f,
  MASS_DNNL_ELU = 0x3f, ///< x > 0 ? x : alpha·(eˣ − 1)
  MASS_DNNL_SQUARE = 0x4f,
  MASS_DNNL_ABS = 0x5f,
  MASS_DNNL_SQRT = 0x6f,
  MASS_DNNL_LINEAR = 0x7f, ///< alpha·x + beta
  MASS_DNNL_SOFT_RELU = 0x9f,
  MASS_DNNL_LOGISTIC = 0xaf,
  MASS_DNNL_EXP = 0xbf,
  MASS_DNNL_GELU_TANH = 0xcf,
  MASS_DNNL_SWISH = 0xdf, ///< x · logistic(alpha·x)
  MASS_DNNL_LOG = 0xef,
  MASS_DNNL_CLIP = 0xff, ///< min(max(x, alpha), beta)
  MASS_DNNL_POW = 0x20, ///< alpha · x^beta
  MASS_DNNL_GELU_ERF = 0x30,
  MASS_DNNL_ROUND = 0x40,
  MASS_DNNL_LOG_SIGMOID = 0x50,
  MASS_DNNL_MISH = 0x60,
  MASS_DNNL_HARD_SWISH = 0x70, ///< x · min(max(x/6 + 1/2, 0), 1)
} mass_dnnl_eltwise_algorithm;

typedef enum mass_dnnl_binary_algorithm {
  MASS_DNNL_ADD = 0x1fff0,
  MASS_DNNL_MUL = 0x1fff1,
  MASS_DNNL_MAX = 0x1fff2,
  MASS_DNNL_MIN = 0x1fff3,
  MASS_DNNL_DIV = 0x1fff4,
  MASS_DNNL_SUB = 0x1fff5,
} mass_dnnl_binary_algorithm;

// MARK: Convolutions

/// A window that slides over up to three spatial dimensions, in the order of the logical dimensions; entries past the
/// spatial rank are ignored. A dilation of 1 is dense.
typedef struct mass_dnnl_window {
  int64_t kernel[3]; ///< of pooling only: a convolution's is in its weights
  int64_t stride[3];
  int64_t dilation[3];
  int64_t pad_begin[3];
  int64_t pad_end[3];
} mass_dnnl_window;

typedef enum mass_dnnl_convolution_algorithm {
  MASS_DNNL_DIRECT = 0x1,
  MASS_DNNL_CONVOLUTION_AUTO = 0x3,
  MASS_DNNL_WINOGRAD = 0x2,
} mass_dnnl_convolution_algorithm;

/// Weights are logically O, I, spatial…, or G, O/G, I/G, spatial… with groups; an absent bias has no tensor, a present
/// one has O elements.
typedef struct mass_dnnl_convolution {
  mass_dnnl_convolution_algorithm algorithm;
  mass_dnnl_tensor source;
  mass_dnnl_tensor weights;
  mass_dnnl_tensor bias;
  mass_dnnl_tensor destination;
  mass_dnnl_window window;
} mass_dnnl_convolution;

/// Operands: source, weights, bias, post operands, destination.
mass_dnnl_status mass_dnnl_create_convolution(
    const mass_dnnl_convolution *description, const mass_dnnl_options *options, mass_dnnl_primitive **out_primitive);

/// A transposed convolution. Weights are logically O, I, spatial… as for a convolution from source to destination
/// channels.
/// Operands: source, weights, bias, post operands, destination.
mass_dnnl_status mass_dnnl_create_deconvolution(
    const mass_dnnl_convolution *description, const mass_dnnl_options *options, mass_dnnl_primitive **out_primitive);

// MARK: Products

/// destination[…, m, n] = Σₖ source[…, m, k] · weights[…, k, n] + bias; batch dimensions of 1 broadcast, transposes are
/// strides. The bias has the destination's rank with dimensions of 1 where it broadcasts.
typedef struct mass_dnnl_product {
  mass_dnnl_tensor source;
  mass_dnnl_tensor weights;
  mass_dnnl_tensor bias;
  mass_dnnl_tensor destination;
} mass_dnnl_product;

/// Operands: source, weights, bias, post operands, destination.
mass_dnnl_status mass_dnnl_create_matmul(
    const mass_dnnl_product *description, const mass_dnnl_options *options, mass_dnnl_primitive **out_primitive);

/// The same for weights that are logically O, I, spatial… and a source N, I, spatial…, with a bias of O elements.
/// Operands: source, weights, bias, post operands, destination.
mass_dnnl_status mass_dnnl_create_inner_product(
    const mass_dnnl_product *description, const mass_dnnl_options *options, mass_dnnl_primitive **out_primitive);

// MARK: Windows, rows and elements

typedef enum mass_dnnl_pooling_algorithm {
  MASS_DNNL_POOL_MAX = 0x1ff,
  MASS_DNNL_POOL_AVERAGE_WITH_PADDING = 0x2ff,
  MASS_DNNL_POOL_AVERAGE_WITHOUT_PADDING = 0x3ff,
} mass_dnnl_pooling_algorithm;

/// Operands: source, post operands, destination.
mass_dnnl_status mass_dnnl_create_pooling(
    mass_dnnl_pooling_algorithm algorithm, const mass_dnnl_tensor *source, const mass_dnnl_tensor *destination,
    const mass_dnnl_window *window, const mass_dnnl_options *options, mass_dnnl_primitive **out_primitive);

/// Softmax over `axis`, or its logarithm. Operands: source, destination.
mass_dnnl_status mass_dnnl_create_softmax(
    const mass_dnnl_tensor *source, const mass_dnnl_tensor *destination, int32_t axis, bool logarithm,
    const mass_dnnl_options *options, mass_dnnl_primitive **out_primitive);

/// Operands: source, post operands, destination, the latter of the source's layout; both may be the same memory.
mass_dnnl_status mass_dnnl_create_eltwise(
    mass_dnnl_eltwise_algorithm algorithm, float alpha, float beta, const mass_dnnl_tensor *tensor,
    const mass_dnnl_options *options, mass_dnnl_primitive **out_primitive);

/// Dimensions of 1 in `second` broadcast. Operands: first, second, post operands, destination; the first and the
/// destination may be the same memory.
mass_dnnl_status mass_dnnl_create_binary(
    mass_dnnl_binary_algorithm algorithm, const mass_dnnl_tensor *first, const mass_dnnl_tensor *second,
    const mass_dnnl_tensor *destination, const mass_dnnl_options *options, mass_dnnl_primitive **out_primitive);

typedef enum mass_dnnl_reduction_algorithm {
  MASS_DNNL_REDUCE_MAX = 0x2fff2,
  MASS_DNNL_REDUCE_MIN = 0x2fff3,
  MASS_DNNL_REDUCE_SUM = 0x2fff4,
  MASS_DNNL_REDUCE_MUL = 0x2fff5,
  MASS_DNNL_REDUCE_MEAN = 0x2fff6,
  MASS_DNNL_REDUCE_LP_NORM_MAX = 0x2fff7, ///< (max(Σ|x|ᵖ, ε))^(1/p)
  MASS_DNNL_REDUCE_LP_NORM_SUM = 0x2fff8, ///< (Σ|x|ᵖ + ε)^(1/p)
} mass_dnnl_reduction_algorithm;

/// Reduces the dimensions that are 1 in `destination` and not in `source`. Operands: source, post operands,
/// destination.
mass_dnnl_status mass_dnnl_create_reduction(
    mass_dnnl_reduction_algorithm algorithm, float p, float epsilon, const mass_dnnl_tensor *source,
    const mass_dnnl_tensor *destination, const mass_dnnl_options *options, mass_dnnl_primitive **out_primitive);

typedef enum mass_dnnl_resampling_algorithm {
  MASS_DNNL_RESAMPLE_NEAREST = 0x2fff0,
  MASS_DNNL_RESAMPLE_LINEAR = 0x2fff1,
} mass_dnnl_resampling_algorithm;

/// Resamples the spatial dimensions under the half-pixel convention. Operands: source, post operands, destination.
mass_dnnl_status mass_dnnl_create_resampling(
    mass_dnnl_resampling_algorithm algorithm, const mass_dnnl_tensor *source, const mass_dnnl_tensor *destination,
    const mass_dnnl_options *options, mass_dnnl_primitive **out_primitive);

/// Local response normalization across channels: x / (k + alpha/size · Σx²)^beta. Operands: source, destination.
mass_dnnl_status mass_dnnl_create_lrn(
    const mass_dnnl_tensor *tensor, int64_t size, float alpha, float beta, float k, const mass_dnnl_options *options,
    mass_dnnl_primitive **out_primitive);

// MARK: Movement

/// Copies, converting layout and element type. Operands: source, destination.
mass_dnnl_status mass_dnnl_create_reorder(
    const mass_dnnl_tensor *source, const mass_dnnl_tensor *destination, const mass_dnnl_options *options,
    mass_dnnl_primitive **out_primitive);

/// More sources than any concatenation takes in one primitive.
#define MASS_DNNL_MAX_SOURCES 64

/// Operands: the sources, destination.
mass_dnnl_status mass_dnnl_create_concat(
    const mass_dnnl_tensor *sources, int32_t source_count, int32_t axis, const mass_dnnl_tensor *destination,
    const mass_dnnl_options *options, mass_dnnl_primitive **out_primitive);

// MARK: Recurrent cells

typedef enum mass_dnnl_cell {
  MASS_DNNL_CELL_RNN = 0x1fff,
  MASS_DNNL_CELL_LSTM = 0x2fff, ///< gates i, f, c, o
  MASS_DNNL_CELL_GRU = 0x3fff, ///< gates u, r, o
  MASS_DNNL_CELL_LBR_GRU = 0x4fff, ///< gates u, r, o, "linear before reset"; a fourth bias is the recurrent one of o
} mass_dnnl_cell;

typedef enum mass_dnnl_direction {
  MASS_DNNL_FORWARD = 0,
  MASS_DNNL_REVERSE = 1,
  MASS_DNNL_BIDIRECTIONAL = 2, ///< results of both directions side by side in the channels
} mass_dnnl_direction;

/// One layer (L = 1) of D directions. Absent initial states are zero; absent final states are not stored.
typedef struct mass_dnnl_recurrence {
  mass_dnnl_cell cell;
  mass_dnnl_direction direction;
  /// Of the plain cell: `MASS_DNNL_RELU` or `MASS_DNNL_TANH`.
  mass_dnnl_eltwise_algorithm activation;
  float alpha;
  mass_dnnl_tensor source; ///< T, N, I
  mass_dnnl_tensor initial_hidden; ///< L, D, N, H
  mass_dnnl_tensor initial_cell; ///< L, D, N, H, LSTM only
  mass_dnnl_tensor weights; ///< L, D, I, G, H
  mass_dnnl_tensor recurrent_weights; ///< L, D, H, G, H
  mass_dnnl_tensor peephole; ///< L, D, 3, H, LSTM only: i, f, o
  mass_dnnl_tensor bias; ///< L, D, G, H; required
  mass_dnnl_tensor destination; ///< T, N, H, or T, N, 2H when bidirectional
  mass_dnnl_tensor final_hidden; ///< L, D, N, H
  mass_dnnl_tensor final_cell; ///< L, D, N, H, LSTM only
} mass_dnnl_recurrence;

/// Operands: source, initial hidden, initial cell, weights, recurrent weights, peephole, bias, destination, final
/// hidden, final cell.
mass_dnnl_status mass_dnnl_create_recurrence(
    const mass_dnnl_recurrence *description, const mass_dnnl_options *options, mass_dnnl_primitive **out_primitive);

#ifdef __cplusplus
}
#endif

#endif

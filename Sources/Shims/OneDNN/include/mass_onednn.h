/// oneDNN 2.6 for Swift: descriptions of tensors as plain values, one call to create a primitive, one to run it.
///
/// Nothing here decides anything: which implementation to take, how to lay out a tensor and how many threads to use are
/// the caller's. Nothing prints, throws or exits; every failure is a `mass_dnnl_status`. The functions that create
/// primitives of each kind stand in `mass_onednn_operations.h`.
///
/// Thread safety: every function may be called from any thread. One primitive object serves one thread at a time.

#ifndef MASS_ONEDNN_H
#define MASS_ONEDNN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// MARK: Outcomes

typedef enum mass_dnnl_status {
  MASS_DNNL_OK = 0,
  /// The description contradicts itself, or an argument is out of range.
  MASS_DNNL_INVALID = 1,
  /// The description is sound, but there is no such implementation on this machine, or no further one.
  MASS_DNNL_UNSUPPORTED = 2,
  MASS_DNNL_OUT_OF_MEMORY = 3,
  /// The library failed for a reason of its own.
  MASS_DNNL_FAILED = 4,
} mass_dnnl_status;

/// What `status` means, as a static string.
const char *mass_dnnl_status_text(mass_dnnl_status status);

// MARK: The library and the machine

/// The library's version, such as "2.6.3", as a static string.
const char *mass_dnnl_version(void);

/// The widest instruction set that the library uses here, such as "avx512_core_bf16", as a static string. It respects
/// `ONEDNN_MAX_CPU_ISA`. Packed weights and implementation names are only meaningful under the same answer.
const char *mass_dnnl_cpu_isa(void);

/// Sets how many threads of the process-wide OpenMP team parallel regions started by the *calling* thread use, and
/// returns how many they used before. `count` below 1 changes nothing.
int32_t mass_dnnl_set_threads(int32_t count);

// MARK: Tensors

#define MASS_DNNL_MAX_RANK 12

typedef enum mass_dnnl_type {
  MASS_DNNL_BF16 = 2,
  MASS_DNNL_F32 = 3,
  MASS_DNNL_S32 = 4,
  MASS_DNNL_S8 = 5,
  MASS_DNNL_U8 = 6,
} mass_dnnl_type;

/// Element type, dimensions and physical layout of a tensor: a value without owned memory. All zero means "no tensor",
/// which is how optional operands of an operation are left out.
typedef struct mass_dnnl_tensor {
  uint64_t words[87];
} mass_dnnl_tensor;

/// Describes a tensor with `strides` in elements, or a dense row-major one when `strides` is null.
///
/// Refuses a rank outside 1...12, negative dimensions or strides, and extents that overflow.
mass_dnnl_status mass_dnnl_tensor_plain(
    mass_dnnl_type type, int32_t rank, const int64_t *dimensions, const int64_t *strides, mass_dnnl_tensor *out_tensor);

/// Describes a dense tensor of logical dimensions N, C, spatial… that is stored N, spatial…, C. The rank must be at
/// least 3.
mass_dnnl_status mass_dnnl_tensor_channels_last(
    mass_dnnl_type type, int32_t rank, const int64_t *dimensions, mass_dnnl_tensor *out_tensor);

/// Describes a tensor whose layout the primitive may choose; `mass_dnnl_operand` tells the choice.
mass_dnnl_status mass_dnnl_tensor_any(
    mass_dnnl_type type, int32_t rank, const int64_t *dimensions, mass_dnnl_tensor *out_tensor);

/// The bytes from the first to the last element, padding of packed layouts included. 0 for no tensor and for an
/// undecided layout.
size_t mass_dnnl_tensor_byte_count(const mass_dnnl_tensor *tensor);

/// Whether both have the same element type, dimensions and physical layout.
bool mass_dnnl_tensor_equal(const mass_dnnl_tensor *a, const mass_dnnl_tensor *b);

/// Whether the layout is one of strides only, without blocks, padding or transforms.
bool mass_dnnl_tensor_is_plain(const mass_dnnl_tensor *tensor);

/// More than any encoded tensor takes.
#define MASS_DNNL_ENCODED_TENSOR_LIMIT 768

/// Writes `tensor` as bytes that do not depend on the machine, and returns how many: at most
/// `MASS_DNNL_ENCODED_TENSOR_LIMIT`. 0 when `capacity` is too small or the layout holds machine-specific state (packed
/// recurrent weights).
size_t mass_dnnl_tensor_encode(const mass_dnnl_tensor *tensor, uint8_t *bytes, size_t capacity);

/// Reads what `mass_dnnl_tensor_encode` wrote. The bytes may be hostile: every field is checked, extents must not
/// overflow, and the result describes at most `byte_limit` bytes of memory.
mass_dnnl_status mass_dnnl_tensor_decode(
    const uint8_t *bytes, size_t count, size_t byte_limit, mass_dnnl_tensor *out_tensor);

// MARK: What is done to a result before it is stored

typedef enum mass_dnnl_post_kind {
  /// result ← result + scale · destination: the destination is read before it is overwritten.
  MASS_DNNL_POST_SUM = 0,
  /// result ← scale · f(result), `algorithm` being a `mass_dnnl_eltwise_algorithm`.
  MASS_DNNL_POST_ELTWISE = 1,
  /// result ← result ∘ operand, `algorithm` being a `mass_dnnl_binary_algorithm`; dimensions of 1 in `operand`
  /// broadcast.
  MASS_DNNL_POST_BINARY = 2,
} mass_dnnl_post_kind;

typedef struct mass_dnnl_post {
  mass_dnnl_post_kind kind;
  int32_t algorithm;
  float alpha;
  float beta;
  /// Of sums and elementwise functions; 1 for the plain ones.
  float scale;
  /// Of binary steps only.
  mass_dnnl_tensor operand;
} mass_dnnl_post;

#define MASS_DNNL_MAX_POSTS 32

/// How a primitive is to be made, whatever its kind. All zero: nothing after it, the first implementation, the calling
/// thread's team.
typedef struct mass_dnnl_options {
  const mass_dnnl_post *posts;
  int32_t post_count;
  /// How many acceptable implementations to pass over. Counting up until `MASS_DNNL_UNSUPPORTED` visits all of them.
  int32_t skip;
  /// When not null: only implementations of exactly this name are acceptable.
  const char *implementation;
  /// Threads of the team, at creation and at every execution; 0 takes the calling thread's present setting.
  int32_t threads;
} mass_dnnl_options;

// MARK: Primitives

/// A compiled primitive with its argument list. It owns no tensor memory.
typedef struct mass_dnnl_primitive mass_dnnl_primitive;

/// Destroys what `*primitive` refers to, if anything, and sets it to null.
void mass_dnnl_primitive_destroy(mass_dnnl_primitive **primitive);

/// The implementation's name, such as "brgconv:avx512_core". It lives as long as the primitive.
const char *mass_dnnl_primitive_name(const mass_dnnl_primitive *primitive);

/// Whether the implementation is a plain loop rather than generated or blocked code: usually many times slower.
bool mass_dnnl_primitive_is_reference(const mass_dnnl_primitive *primitive);

/// Bytes of scratch memory that an execution needs, 64-byte aligned; 0 when none.
size_t mass_dnnl_primitive_scratch_byte_count(const mass_dnnl_primitive *primitive);

/// How many pointers an execution takes: the operands in the order that the creating function states.
int32_t mass_dnnl_primitive_operand_count(const mass_dnnl_primitive *primitive);

/// The layout that the primitive expects of operand `index`, decided even where the description left it open.
mass_dnnl_status mass_dnnl_operand(const mass_dnnl_primitive *primitive, int32_t index, mass_dnnl_tensor *out_tensor);

/// Runs the primitive on the calling thread's OpenMP team and returns when it is done.
///
/// `operands` holds `mass_dnnl_primitive_operand_count` pointers, each to memory of its operand's layout; `scratch` may
/// be null when no scratch is needed. Nothing is allocated by the shim; inputs are never written.
mass_dnnl_status mass_dnnl_execute(mass_dnnl_primitive *primitive, void *const *operands, void *scratch);

/// Copies `source` into `destination`, converting layout and element type: packs weights once. Memory must not overlap.
mass_dnnl_status mass_dnnl_reorder_once(
    const mass_dnnl_tensor *source_tensor, const void *source, const mass_dnnl_tensor *destination_tensor,
    void *destination, int32_t threads);

#ifdef __cplusplus
}
#endif

#endif

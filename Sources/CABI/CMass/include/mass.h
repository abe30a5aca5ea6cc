/// mass.h: the C interface of AI Mass, version 1.
///
/// AI Mass compiles ONNX models into plans and runs them. The way through this interface:
///
///     mass_compile()        model.onnx -> model.plan, once
///     mass_model_open()     plan -> model: immutable, its weights mapped from the file, shared by all threads
///     mass_session_create() model -> session: the memory that one caller at a time computes in
///     mass_session_run()    input tensors -> output tensors, as often as wanted
///
/// OWNERSHIP. Whoever creates an object destroys it. A destroy function takes the address of the pointer, sets the
/// pointer to NULL, and does nothing when it is NULL already or when the address is. Objects may be destroyed in any
/// order: a session keeps its model alive. What an accessor returns belongs to the object that it was asked of.
///
/// ERRORS. A function that can fail returns a `mass_status` and takes a `mass_error **error` last. `error` may be NULL;
/// otherwise `*error` is overwritten: with NULL on success, on failure with an object that the caller destroys. After a
/// failure out-parameters that were to receive an object hold NULL. No argument ends the process, as long as pointers
/// that are not NULL point to what they are declared to point to.
///
/// THREADS. Models and errors are immutable: any number of threads may use one. A session is for one caller at a time;
/// a second call meanwhile fails with MASS_BUSY. Different sessions run at the same time, each on threads of its own.
/// An object must not be destroyed while another thread uses it. The threads do not survive fork(): a child may use
/// this library only when its parent had not yet.
///
/// TEXT. All text is UTF-8 and ends with a zero byte.
///
/// COMPATIBILITY. The interface only grows: functions, status codes and constants are added and keep their meaning;
/// structs named `…options` and `…info` grow at the end and say in `struct_size` how much of them the caller knows;
/// other structs never change.
#ifndef MASS_H
#define MASS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define MASS_API __attribute__((visibility("default")))
#else
#define MASS_API
#endif

// MARK: Version

/// The version this header belongs to, as text and as major * 1000000 + minor * 1000 + patch.
#define MASS_VERSION_STRING "0.1.0"
#define MASS_VERSION_NUMBER 1000

/// The version of the library that was loaded: static text, and the number.
MASS_API const char *mass_version_string(void);
MASS_API int32_t mass_version_number(void);

// MARK: Errors

/// Why a call failed. Later versions may return codes that are not listed here.
typedef enum mass_status {
  MASS_OK = 0,
  MASS_INVALID_ARGUMENT = 1,  ///< A NULL that must not be one, an index out of range, a bad option.
  MASS_FILE_ERROR = 2,        ///< A file cannot be opened, read or written.
  MASS_BAD_FORMAT = 3,        ///< Bytes are neither a plan nor a model, are damaged, or are of an unknown version.
  MASS_UNSUPPORTED = 4,       ///< A model, or a call, needs something that this build does not do.
  MASS_MISMATCH = 5,          ///< A tensor's type, shape or memory is not what the model takes or gives.
  MASS_NOT_FOUND = 6,         ///< There is no input or output of that name.
  MASS_SHAPE_UNKNOWN = 7,     ///< Output shapes depend on the inputs' data.
  MASS_RUN_FAILED = 8,        ///< A node could not be computed.
  MASS_BUSY = 9,              ///< The session is running in another thread.
  MASS_INTERNAL = 10          ///< A defect of this library; please report it with the message.
} mass_status;

typedef struct mass_error mass_error;

/// The code's name as above, such as "MASS_MISMATCH"; "unknown status" for any other number. Static text.
MASS_API const char *mass_status_name(mass_status status);

/// The code; MASS_OK for NULL.
MASS_API mass_status mass_error_status(const mass_error *error);

/// One line for people: what was expected and what came, with the names of file, node or tensor. "" for NULL.
MASS_API const char *mass_error_message(const mass_error *error);

MASS_API void mass_error_destroy(mass_error **error);

// MARK: Tensors

/// Values of `mass_dtype.code`; those below 128 are DLPack's.
enum {
  MASS_INT = 0,
  MASS_UINT = 1,
  MASS_FLOAT = 2,
  MASS_BFLOAT = 4,
  MASS_COMPLEX = 5,
  MASS_BOOL = 6,
  MASS_FLOAT8_E4M3FN = 10,
  MASS_FLOAT8_E4M3FNUZ = 11,
  MASS_FLOAT8_E5M2 = 12,
  MASS_FLOAT8_E5M2FNUZ = 13,
  MASS_FLOAT8_E8M0FNU = 14,
  MASS_FLOAT4_E2M1FN = 17,
  MASS_STRING = 128  ///< Only in `mass_value_info`: tensors of strings cannot be passed yet.
};

/// The device of all tensors of this version, kDLCPU.
#define MASS_CPU 1

/// No tensor has more axes.
#define MASS_MAX_RANK 64

/// An element type, laid out as DLPack's DLDataType: {MASS_FLOAT, 32, 1} is a C float, {MASS_BOOL, 8, 1} a bool.
/// Elements of 4 and 2 bits lie two and four to a byte, the first in the lowest bits.
typedef struct mass_dtype {
  uint8_t code;
  uint8_t bits;    ///< Of one element, a whole complex number included.
  uint16_t lanes;  ///< Always 1.
} mass_dtype;

/// Laid out as DLPack's DLDevice.
typedef struct mass_device {
  int32_t device_type;  ///< MASS_CPU
  int32_t device_id;    ///< 0
} mass_device;

/// A tensor in the caller's memory, laid out as DLPack's DLTensor: a pointer to one may be cast to the other.
/// It owns nothing.
typedef struct mass_tensor {
  void *data;  ///< Aligned to its elements. Not written when an input.
  mass_device device;
  int32_t ndim;
  mass_dtype dtype;
  int64_t *shape;        ///< `ndim` extents; may be NULL when `ndim` is 0.
  int64_t *strides;      ///< In elements. NULL, or what NULL means: dense, the last axis varies fastest.
  uint64_t byte_offset;  ///< From `data` to the first element.
} mass_tensor;

// MARK: Compiling

/// The extents of one input that a plan is tuned for. Other shapes run too. This struct never changes.
typedef struct mass_shape {
  const char *name;
  const int64_t *extents;
  int32_t ndim;
} mass_shape;

/// How to compile. A field of zero means the default, so initialize with MASS_COMPILE_OPTIONS_INIT.
typedef struct mass_compile_options {
  size_t struct_size;        ///< sizeof(mass_compile_options)
  int32_t threads;           ///< Threads the plan is tuned for; 0: as many as the process may use.
  int32_t strict;            ///< Nonzero refuses every approximate kernel and pass.
  const mass_shape *shapes;  ///< Shapes to tune for; symbols of other inputs are taken as 1.
  size_t shape_count;
  int32_t untuned;   ///< Nonzero skips what is derived for this machine: compiles faster, starts slower.
  int32_t reserved;  ///< 0
  /// Called on the calling thread with a fraction, 0 to 1, of the stage; NULL for silence. `stage` lives as long as
  /// the call, which must return normally.
  void (*progress)(void *context, const char *stage, double fraction);
  void *progress_context;
} mass_compile_options;

#define MASS_COMPILE_OPTIONS_INIT {sizeof(mass_compile_options), 0, 0, NULL, 0, 0, 0, NULL, NULL}

/// Compiles the ONNX model at `onnx_path` into a plan at `plan_path`, which is replaced only on success.
/// `options` may be NULL.
MASS_API mass_status mass_compile(const char *onnx_path, const char *plan_path, const mass_compile_options *options,
                                  mass_error **error);

// MARK: Models

typedef struct mass_model mass_model;

/// Opens a plan or an ONNX model, told apart by content. A plan's file stays mapped and must not be changed while the
/// model lives. An ONNX model is compiled first, which takes its time; `options` are for that, and may be NULL.
MASS_API mass_status mass_model_open(const char *path, const mass_compile_options *options, mass_model **model,
                                     mass_error **error);

/// As mass_model_open() from `count` bytes, which are copied. An ONNX model here cannot refer to external data.
MASS_API mass_status mass_model_open_memory(const void *bytes, size_t count, const mass_compile_options *options,
                                            mass_model **model, mass_error **error);

MASS_API void mass_model_destroy(mass_model **model);

/// What kind of value an input or output is. Only tensors can be passed in this version.
typedef enum mass_value_kind {
  MASS_TENSOR = 1,
  MASS_SEQUENCE = 2,
  MASS_OPTIONAL = 3,
  MASS_MAP = 4,
  MASS_UNKNOWN = 5
} mass_value_kind;

/// One input or output. Text and arrays belong to the model.
typedef struct mass_value_info {
  size_t struct_size;  ///< Set it to sizeof(mass_value_info) before the call.
  const char *name;
  mass_value_kind kind;
  mass_dtype dtype;      ///< Of a tensor's elements; zeros for other kinds.
  int64_t rank;          ///< -1 when it is not known before running, and for other kinds.
  const int64_t *shape;  ///< `rank` extents, -1 where an extent is symbolic.
  /// `rank` entries: NULL where the extent is a number, else an expression over symbols, such as "N" or "2*N+1".
  /// Equal symbols stand for equal extents.
  const char *const *symbols;
} mass_value_info;

/// How many inputs and outputs the model has; 0 for NULL.
MASS_API size_t mass_model_input_count(const mass_model *model);
MASS_API size_t mass_model_output_count(const mass_model *model);

/// Describes the input or output at `index`, counted from 0 in the model's order.
MASS_API mass_status mass_model_input(const mass_model *model, size_t index, mass_value_info *info, mass_error **error);
MASS_API mass_status mass_model_output(const mass_model *model, size_t index, mass_value_info *info,
                                       mass_error **error);

/// Finds the position of the input or output called `name`; `*index` is written on success only.
MASS_API mass_status mass_model_find_input(const mass_model *model, const char *name, size_t *index,
                                           mass_error **error);
MASS_API mass_status mass_model_find_output(const mass_model *model, const char *name, size_t *index,
                                            mass_error **error);

// MARK: Sessions

typedef struct mass_session mass_session;

/// How to run. A field of zero means the default, so initialize with MASS_SESSION_OPTIONS_INIT.
typedef struct mass_session_options {
  size_t struct_size;  ///< sizeof(mass_session_options)
  int32_t threads;     ///< Threads that one run may use, the caller's included; 0: as many as the process may use.
  int32_t strict;      ///< Nonzero refuses every approximate kernel.
} mass_session_options;

#define MASS_SESSION_OPTIONS_INIT {sizeof(mass_session_options), 0, 0}

/// Creates a session. `options` may be NULL.
MASS_API mass_status mass_session_create(const mass_model *model, const mass_session_options *options,
                                         mass_session **session, mass_error **error);

/// Runs the model on all its inputs and gives all its outputs, both in the model's order.
///
/// Inputs are dense tensors of the model's types. They are read, never kept.
///
/// An output whose `data` is NULL on entry, or is what the last run put there, is the library's: the whole descriptor
/// is overwritten. Data and shape belong to the session, are only to be read, and hold until the next call on it, which
/// may take them as inputs.
///
/// Any other output is the caller's: the descriptor must have the type and shape that the run gives (ask
/// mass_session_output_shapes()), and its memory is written in place. It must not overlap an input or another output.
///
/// The first run on input shapes binds the model to them. A run on the same shapes as the last one, into the caller's
/// memory or again into the library's, copies nothing and allocates nothing. After a failure the contents of the
/// caller's outputs are not defined; the session can be used again.
MASS_API mass_status mass_session_run(mass_session *session, const mass_tensor *inputs, size_t input_count,
                                      mass_tensor *outputs, size_t output_count, mass_error **error);

/// Tells types and shapes of the outputs for inputs of these types and shapes; `data` of the inputs is not looked at.
///
/// On entry `ndim` of an output is the room in its `shape`, which is the caller's; on return `ndim` is the rank, and
/// `shape`, `dtype` and `device` are filled in, `strides` is NULL and `byte_offset` 0. `data` is left as it is. Where
/// the room is too small `shape` is left as it is too, and the call fails with MASS_INVALID_ARGUMENT after the rest.
/// MASS_SHAPE_UNKNOWN when shapes depend on data: run with library outputs then.
MASS_API mass_status mass_session_output_shapes(mass_session *session, const mass_tensor *inputs, size_t input_count,
                                                mass_tensor *outputs, size_t output_count, mass_error **error);

MASS_API void mass_session_destroy(mass_session **session);

#ifdef __cplusplus
}
#endif

#endif

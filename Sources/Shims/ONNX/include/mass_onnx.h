/*
 * mass_onnx.h — reading ONNX protobuf files, in plain C.
 *
 * A file is opened once into an owner (`mass_onnx_model`, `mass_onnx_value`); everything else is a view of
 * that owner's memory: handles, texts and arrays stay valid until the owner is closed, and nobody frees
 * them. Opening copies the bytes of the file once; no accessor copies or allocates.
 *
 * Rules that hold for every accessor:
 *   - NULL stands for an absent message: its counts are 0, its numbers 0, its texts and arrays empty.
 *   - An index out of range gives NULL, 0 or an empty text, never a fault.
 *   - Texts are the bytes of the file: any encoding, zeros included, not zero-terminated by contract.
 *   - Arrays have no promised alignment beyond that of their element; `raw` bytes have none.
 *   - Nothing is checked or corrected beyond the protobuf encoding. Counts, dimensions, names and enumerated
 *     numbers are what the file says.
 *   - An opened owner is immutable, so any number of threads may read it at once.
 *
 * Fields that the system's ONNX schema is too old to know are read from the bytes it kept. Left out on
 * purpose: quantization annotations, training information and device placement.
 */
#ifndef MASS_ONNX_H
#define MASS_ONNX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The shim is linked into its user and is nobody else's interface. */
#pragma GCC visibility push(hidden)

/* ---- Plain values ---------------------------------------------------------------------------------- */

/* Bytes that are usually UTF-8. `data` may be NULL when `size` is 0. */
struct mass_onnx_text {
  const char *data;
  size_t size;
};

struct mass_onnx_bytes {
  const void *data;
  size_t size;
};

struct mass_onnx_floats {
  const float *data;
  size_t count;
};

struct mass_onnx_doubles {
  const double *data;
  size_t count;
};

struct mass_onnx_int32s {
  const int32_t *data;
  size_t count;
};

struct mass_onnx_int64s {
  const int64_t *data;
  size_t count;
};

struct mass_onnx_uint64s {
  const uint64_t *data;
  size_t count;
};

/* A key with its value: metadata, or one property of external data. */
struct mass_onnx_entry {
  struct mass_onnx_text key;
  struct mass_onnx_text value;
};

/* The version of an operator set that a model or function is written against. */
struct mass_onnx_opset {
  struct mass_onnx_text domain;
  int64_t version;
};

/* ---- Opening --------------------------------------------------------------------------------------- */

/* The most bytes one file may have: what protobuf can address. Larger models keep weights in external data. */
#define MASS_ONNX_MAXIMUM_BYTES INT32_MAX

/* The deepest nesting of messages. One sub-graph inside another takes three. Deeper files are malformed. */
#define MASS_ONNX_MAXIMUM_DEPTH 100

/*
 * Opening spends at most MASS_ONNX_MEMORY_BASE + MASS_ONNX_MEMORY_PER_BYTE × (bytes of the file) on message
 * structures, however the file is built; texts and raw data, no longer than the file itself, come on top.
 */
#define MASS_ONNX_MEMORY_BASE ((size_t)64 << 20)
#define MASS_ONNX_MEMORY_PER_BYTE ((size_t)32)

enum mass_onnx_status {
  MASS_ONNX_OK = 0,
  /* The file cannot be opened or read, or is not a regular file. */
  MASS_ONNX_UNREADABLE = 1,
  /* One of the limits above is exceeded. */
  MASS_ONNX_TOO_LARGE = 2,
  /* Not the protobuf encoding of the message asked for: damaged, cut short, or nested too deeply. */
  MASS_ONNX_MALFORMED = 3,
  MASS_ONNX_OUT_OF_MEMORY = 4,
  /* A NULL where the contract wants a pointer, or an unknown kind. */
  MASS_ONNX_INVALID_ARGUMENT = 5,
  /* A failure inside protobuf that has no better name. */
  MASS_ONNX_INTERNAL = 6,
};

/* Owners. */
struct mass_onnx_model;
struct mass_onnx_value;

/* Views. */
struct mass_onnx_function;
struct mass_onnx_graph;
struct mass_onnx_node;
struct mass_onnx_attribute;
struct mass_onnx_value_info;
struct mass_onnx_type;
struct mass_onnx_tensor;
struct mass_onnx_sparse_tensor;
struct mass_onnx_sequence;
struct mass_onnx_optional;
struct mass_onnx_map;

/*
 * Opens the model in the file at `path`. The file must not shrink while this runs; afterwards it is no longer
 * used. On success `*out` owns the model; close it. On failure `*out` is NULL and `message`, where given, holds
 * a sentence without the path, cut to `capacity` bytes and zero-terminated. External data is not touched.
 */
enum mass_onnx_status mass_onnx_model_open_file(const char *path, struct mass_onnx_model **out, char *message,
                                                size_t capacity);

/* The same from memory, which need not outlive the call. */
enum mass_onnx_status mass_onnx_model_open_bytes(const void *data, size_t size, struct mass_onnx_model **out,
                                                 char *message, size_t capacity);

/* Frees the model and sets `*model` to NULL. A NULL `model` or `*model` is left alone. */
void mass_onnx_model_close(struct mass_onnx_model **model);

/* What a file of test data holds. The file does not say, so the caller must know. */
enum mass_onnx_value_kind {
  MASS_ONNX_VALUE_TENSOR = 1,
  MASS_ONNX_VALUE_SPARSE_TENSOR = 2,
  MASS_ONNX_VALUE_SEQUENCE = 3,
  MASS_ONNX_VALUE_MAP = 4,
  MASS_ONNX_VALUE_OPTIONAL = 5,
};

/* Opens a file that holds one value, such as `input_0.pb`, with the rules of `mass_onnx_model_open_file`. */
enum mass_onnx_status mass_onnx_value_open_file(const char *path, enum mass_onnx_value_kind kind,
                                                struct mass_onnx_value **out, char *message, size_t capacity);
enum mass_onnx_status mass_onnx_value_open_bytes(const void *data, size_t size, enum mass_onnx_value_kind kind,
                                                 struct mass_onnx_value **out, char *message, size_t capacity);
void mass_onnx_value_close(struct mass_onnx_value **value);

/* The value as what it was opened as; NULL as anything else. */
const struct mass_onnx_tensor *mass_onnx_value_tensor(const struct mass_onnx_value *value);
const struct mass_onnx_sparse_tensor *mass_onnx_value_sparse_tensor(const struct mass_onnx_value *value);
const struct mass_onnx_sequence *mass_onnx_value_sequence(const struct mass_onnx_value *value);
const struct mass_onnx_map *mass_onnx_value_map(const struct mass_onnx_value *value);
const struct mass_onnx_optional *mass_onnx_value_optional(const struct mass_onnx_value *value);

/* ---- Model ----------------------------------------------------------------------------------------- */

int64_t mass_onnx_model_ir_version(const struct mass_onnx_model *model);
int64_t mass_onnx_model_version(const struct mass_onnx_model *model);
struct mass_onnx_text mass_onnx_model_producer_name(const struct mass_onnx_model *model);
struct mass_onnx_text mass_onnx_model_producer_version(const struct mass_onnx_model *model);
struct mass_onnx_text mass_onnx_model_domain(const struct mass_onnx_model *model);
struct mass_onnx_text mass_onnx_model_documentation(const struct mass_onnx_model *model);

/* NULL when the file has none. */
const struct mass_onnx_graph *mass_onnx_model_graph(const struct mass_onnx_model *model);

size_t mass_onnx_model_opset_count(const struct mass_onnx_model *model);
struct mass_onnx_opset mass_onnx_model_opset(const struct mass_onnx_model *model, size_t index);

size_t mass_onnx_model_function_count(const struct mass_onnx_model *model);
const struct mass_onnx_function *mass_onnx_model_function(const struct mass_onnx_model *model, size_t index);

/*
 * Metadata of every kind is fetched as one list: the result is the number of entries there are, and the first
 * `capacity` of them are stored at `entries`. Call with 0 to learn the number. Takes time in proportion to the list.
 */
size_t mass_onnx_model_metadata(const struct mass_onnx_model *model, struct mass_onnx_entry *entries, size_t capacity);

/* ---- Model-local functions ------------------------------------------------------------------------- */

struct mass_onnx_text mass_onnx_function_name(const struct mass_onnx_function *function);
struct mass_onnx_text mass_onnx_function_domain(const struct mass_onnx_function *function);
struct mass_onnx_text mass_onnx_function_overload(const struct mass_onnx_function *function);
struct mass_onnx_text mass_onnx_function_documentation(const struct mass_onnx_function *function);

size_t mass_onnx_function_input_count(const struct mass_onnx_function *function);
struct mass_onnx_text mass_onnx_function_input(const struct mass_onnx_function *function, size_t index);
size_t mass_onnx_function_output_count(const struct mass_onnx_function *function);
struct mass_onnx_text mass_onnx_function_output(const struct mass_onnx_function *function, size_t index);

/* Attributes that a caller must give: names only. */
size_t mass_onnx_function_attribute_count(const struct mass_onnx_function *function);
struct mass_onnx_text mass_onnx_function_attribute(const struct mass_onnx_function *function, size_t index);

/* Attributes that a caller may leave out, with their default values. */
size_t mass_onnx_function_default_count(const struct mass_onnx_function *function);
const struct mass_onnx_attribute *mass_onnx_function_default(const struct mass_onnx_function *function, size_t index);

size_t mass_onnx_function_node_count(const struct mass_onnx_function *function);
const struct mass_onnx_node *mass_onnx_function_node(const struct mass_onnx_function *function, size_t index);
size_t mass_onnx_function_opset_count(const struct mass_onnx_function *function);
struct mass_onnx_opset mass_onnx_function_opset(const struct mass_onnx_function *function, size_t index);
size_t mass_onnx_function_value_info_count(const struct mass_onnx_function *function);
const struct mass_onnx_value_info *mass_onnx_function_value_info(const struct mass_onnx_function *function,
                                                                 size_t index);
size_t mass_onnx_function_metadata(const struct mass_onnx_function *function, struct mass_onnx_entry *entries,
                                   size_t capacity);

/* ---- Graphs ---------------------------------------------------------------------------------------- */

struct mass_onnx_text mass_onnx_graph_name(const struct mass_onnx_graph *graph);
struct mass_onnx_text mass_onnx_graph_documentation(const struct mass_onnx_graph *graph);

size_t mass_onnx_graph_node_count(const struct mass_onnx_graph *graph);
const struct mass_onnx_node *mass_onnx_graph_node(const struct mass_onnx_graph *graph, size_t index);
size_t mass_onnx_graph_initializer_count(const struct mass_onnx_graph *graph);
const struct mass_onnx_tensor *mass_onnx_graph_initializer(const struct mass_onnx_graph *graph, size_t index);
size_t mass_onnx_graph_sparse_initializer_count(const struct mass_onnx_graph *graph);
const struct mass_onnx_sparse_tensor *mass_onnx_graph_sparse_initializer(const struct mass_onnx_graph *graph,
                                                                         size_t index);
size_t mass_onnx_graph_input_count(const struct mass_onnx_graph *graph);
const struct mass_onnx_value_info *mass_onnx_graph_input(const struct mass_onnx_graph *graph, size_t index);
size_t mass_onnx_graph_output_count(const struct mass_onnx_graph *graph);
const struct mass_onnx_value_info *mass_onnx_graph_output(const struct mass_onnx_graph *graph, size_t index);
size_t mass_onnx_graph_value_info_count(const struct mass_onnx_graph *graph);
const struct mass_onnx_value_info *mass_onnx_graph_value_info(const struct mass_onnx_graph *graph, size_t index);
size_t mass_onnx_graph_metadata(const struct mass_onnx_graph *graph, struct mass_onnx_entry *entries, size_t capacity);

/* ---- Nodes ----------------------------------------------------------------------------------------- */

struct mass_onnx_text mass_onnx_node_name(const struct mass_onnx_node *node);
struct mass_onnx_text mass_onnx_node_operator(const struct mass_onnx_node *node);
struct mass_onnx_text mass_onnx_node_domain(const struct mass_onnx_node *node);
struct mass_onnx_text mass_onnx_node_overload(const struct mass_onnx_node *node);
struct mass_onnx_text mass_onnx_node_documentation(const struct mass_onnx_node *node);

/* An empty text is an operand that was left out. */
size_t mass_onnx_node_input_count(const struct mass_onnx_node *node);
struct mass_onnx_text mass_onnx_node_input(const struct mass_onnx_node *node, size_t index);
size_t mass_onnx_node_output_count(const struct mass_onnx_node *node);
struct mass_onnx_text mass_onnx_node_output(const struct mass_onnx_node *node, size_t index);

size_t mass_onnx_node_attribute_count(const struct mass_onnx_node *node);
const struct mass_onnx_attribute *mass_onnx_node_attribute(const struct mass_onnx_node *node, size_t index);
size_t mass_onnx_node_metadata(const struct mass_onnx_node *node, struct mass_onnx_entry *entries, size_t capacity);

/* ---- Attributes ------------------------------------------------------------------------------------ */

/* The numbers ONNX gives the types. A file may hold others. */
enum mass_onnx_attribute_tag {
  MASS_ONNX_ATTRIBUTE_UNDEFINED = 0,
  MASS_ONNX_ATTRIBUTE_FLOAT = 1,
  MASS_ONNX_ATTRIBUTE_INT = 2,
  MASS_ONNX_ATTRIBUTE_STRING = 3,
  MASS_ONNX_ATTRIBUTE_TENSOR = 4,
  MASS_ONNX_ATTRIBUTE_GRAPH = 5,
  MASS_ONNX_ATTRIBUTE_FLOATS = 6,
  MASS_ONNX_ATTRIBUTE_INTS = 7,
  MASS_ONNX_ATTRIBUTE_STRINGS = 8,
  MASS_ONNX_ATTRIBUTE_TENSORS = 9,
  MASS_ONNX_ATTRIBUTE_GRAPHS = 10,
  MASS_ONNX_ATTRIBUTE_SPARSE_TENSOR = 11,
  MASS_ONNX_ATTRIBUTE_SPARSE_TENSORS = 12,
  MASS_ONNX_ATTRIBUTE_TYPE = 13,
  MASS_ONNX_ATTRIBUTE_TYPES = 14,
};

struct mass_onnx_text mass_onnx_attribute_name(const struct mass_onnx_attribute *attribute);
struct mass_onnx_text mass_onnx_attribute_documentation(const struct mass_onnx_attribute *attribute);

/* The type as the file states it, known or not; UNDEFINED where the file states none. */
int32_t mass_onnx_attribute_type(const struct mass_onnx_attribute *attribute);

/* Whether the file holds a value in the field of `type`. A list counts when it is not empty. */
bool mass_onnx_attribute_holds(const struct mass_onnx_attribute *attribute, int32_t type);

/* Inside a function: the function's attribute that supplies the value. Empty elsewhere. */
struct mass_onnx_text mass_onnx_attribute_reference(const struct mass_onnx_attribute *attribute);

float mass_onnx_attribute_float(const struct mass_onnx_attribute *attribute);
int64_t mass_onnx_attribute_int(const struct mass_onnx_attribute *attribute);
struct mass_onnx_text mass_onnx_attribute_string(const struct mass_onnx_attribute *attribute);
const struct mass_onnx_tensor *mass_onnx_attribute_tensor(const struct mass_onnx_attribute *attribute);
const struct mass_onnx_graph *mass_onnx_attribute_graph(const struct mass_onnx_attribute *attribute);
const struct mass_onnx_sparse_tensor *mass_onnx_attribute_sparse_tensor(const struct mass_onnx_attribute *attribute);
const struct mass_onnx_type *mass_onnx_attribute_type_value(const struct mass_onnx_attribute *attribute);

struct mass_onnx_floats mass_onnx_attribute_floats(const struct mass_onnx_attribute *attribute);
struct mass_onnx_int64s mass_onnx_attribute_ints(const struct mass_onnx_attribute *attribute);

/* The length of the list that `type`, one of the plural types, names; 0 for other types. */
size_t mass_onnx_attribute_count(const struct mass_onnx_attribute *attribute, int32_t type);
struct mass_onnx_text mass_onnx_attribute_string_at(const struct mass_onnx_attribute *attribute, size_t index);
const struct mass_onnx_tensor *mass_onnx_attribute_tensor_at(const struct mass_onnx_attribute *attribute, size_t index);
const struct mass_onnx_graph *mass_onnx_attribute_graph_at(const struct mass_onnx_attribute *attribute, size_t index);
const struct mass_onnx_sparse_tensor *mass_onnx_attribute_sparse_tensor_at(const struct mass_onnx_attribute *attribute,
                                                                           size_t index);
const struct mass_onnx_type *mass_onnx_attribute_type_at(const struct mass_onnx_attribute *attribute, size_t index);

/* ---- Value declarations and types ------------------------------------------------------------------ */

struct mass_onnx_text mass_onnx_value_info_name(const struct mass_onnx_value_info *info);
struct mass_onnx_text mass_onnx_value_info_documentation(const struct mass_onnx_value_info *info);
const struct mass_onnx_type *mass_onnx_value_info_type(const struct mass_onnx_value_info *info);
size_t mass_onnx_value_info_metadata(const struct mass_onnx_value_info *info, struct mass_onnx_entry *entries,
                                     size_t capacity);

enum mass_onnx_type_tag {
  /* The file states no kind, or one that is newer than this header. */
  MASS_ONNX_TYPE_UNKNOWN = 0,
  MASS_ONNX_TYPE_TENSOR = 1,
  MASS_ONNX_TYPE_SPARSE_TENSOR = 2,
  MASS_ONNX_TYPE_SEQUENCE = 3,
  MASS_ONNX_TYPE_MAP = 4,
  MASS_ONNX_TYPE_OPTIONAL = 5,
  MASS_ONNX_TYPE_OPAQUE = 6,
};

enum mass_onnx_dimension_tag {
  MASS_ONNX_DIMENSION_UNKNOWN = 0,
  MASS_ONNX_DIMENSION_VALUE = 1,
  MASS_ONNX_DIMENSION_PARAMETER = 2,
};

struct mass_onnx_dimension {
  enum mass_onnx_dimension_tag kind;
  /* Of kind VALUE. May be negative: that is what the file says. */
  int64_t value;
  /* Of kind PARAMETER. May be empty. */
  struct mass_onnx_text parameter;
  struct mass_onnx_text denotation;
};

enum mass_onnx_type_tag mass_onnx_type_kind(const struct mass_onnx_type *type);
struct mass_onnx_text mass_onnx_type_denotation(const struct mass_onnx_type *type);

/* A tensor's or sparse tensor's element type, or a map's key type, as ONNX numbers them; 0 for other kinds. */
int32_t mass_onnx_type_element(const struct mass_onnx_type *type);

/* Whether a tensor or sparse tensor has a known rank. Without one the rank reads 0. */
bool mass_onnx_type_has_shape(const struct mass_onnx_type *type);
size_t mass_onnx_type_rank(const struct mass_onnx_type *type);
struct mass_onnx_dimension mass_onnx_type_dimension(const struct mass_onnx_type *type, size_t axis);

/* What a sequence or optional holds, or a map's value type. NULL for other kinds, or where the file has none. */
const struct mass_onnx_type *mass_onnx_type_inner(const struct mass_onnx_type *type);

/* ---- Tensors --------------------------------------------------------------------------------------- */

struct mass_onnx_text mass_onnx_tensor_name(const struct mass_onnx_tensor *tensor);
struct mass_onnx_text mass_onnx_tensor_documentation(const struct mass_onnx_tensor *tensor);

/* The element type as ONNX numbers them; any number. */
int32_t mass_onnx_tensor_element(const struct mass_onnx_tensor *tensor);
struct mass_onnx_int64s mass_onnx_tensor_dimensions(const struct mass_onnx_tensor *tensor);

/* Whether this is one segment of a larger tensor, a form that ONNX reserved and nobody writes. */
bool mass_onnx_tensor_is_segment(const struct mass_onnx_tensor *tensor);

/* Where the data is: 0 in this file, 1 in the file that the external entries name; other numbers as they stand. */
int32_t mass_onnx_tensor_location(const struct mass_onnx_tensor *tensor);
size_t mass_onnx_tensor_external(const struct mass_onnx_tensor *tensor, struct mass_onnx_entry *entries,
                                 size_t capacity);

/* Little-endian elements, tightly packed. A tensor has either these bytes or one of the typed arrays. */
bool mass_onnx_tensor_has_raw(const struct mass_onnx_tensor *tensor);
struct mass_onnx_bytes mass_onnx_tensor_raw(const struct mass_onnx_tensor *tensor);

struct mass_onnx_floats mass_onnx_tensor_floats(const struct mass_onnx_tensor *tensor);
struct mass_onnx_doubles mass_onnx_tensor_doubles(const struct mass_onnx_tensor *tensor);
struct mass_onnx_int32s mass_onnx_tensor_int32s(const struct mass_onnx_tensor *tensor);
struct mass_onnx_int64s mass_onnx_tensor_int64s(const struct mass_onnx_tensor *tensor);
struct mass_onnx_uint64s mass_onnx_tensor_uint64s(const struct mass_onnx_tensor *tensor);
size_t mass_onnx_tensor_string_count(const struct mass_onnx_tensor *tensor);
struct mass_onnx_text mass_onnx_tensor_string(const struct mass_onnx_tensor *tensor, size_t index);
size_t mass_onnx_tensor_metadata(const struct mass_onnx_tensor *tensor, struct mass_onnx_entry *entries,
                                 size_t capacity);

/* The values carry the sparse tensor's name. */
const struct mass_onnx_tensor *mass_onnx_sparse_tensor_values(const struct mass_onnx_sparse_tensor *tensor);
const struct mass_onnx_tensor *mass_onnx_sparse_tensor_indices(const struct mass_onnx_sparse_tensor *tensor);
struct mass_onnx_int64s mass_onnx_sparse_tensor_dimensions(const struct mass_onnx_sparse_tensor *tensor);

/* ---- Sequences, optionals and maps ----------------------------------------------------------------- */

struct mass_onnx_text mass_onnx_sequence_name(const struct mass_onnx_sequence *sequence);

/* What the elements are: a `mass_onnx_value_kind`, 0 for undefined, or any other number the file holds. */
int32_t mass_onnx_sequence_kind(const struct mass_onnx_sequence *sequence);

/* The number of elements of one kind; a well-formed sequence has those of its own kind alone. */
size_t mass_onnx_sequence_count(const struct mass_onnx_sequence *sequence, int32_t kind);
const struct mass_onnx_tensor *mass_onnx_sequence_tensor(const struct mass_onnx_sequence *sequence, size_t index);
const struct mass_onnx_sparse_tensor *mass_onnx_sequence_sparse_tensor(const struct mass_onnx_sequence *sequence,
                                                                       size_t index);
const struct mass_onnx_sequence *mass_onnx_sequence_sequence(const struct mass_onnx_sequence *sequence, size_t index);
const struct mass_onnx_map *mass_onnx_sequence_map(const struct mass_onnx_sequence *sequence, size_t index);
const struct mass_onnx_optional *mass_onnx_sequence_optional(const struct mass_onnx_sequence *sequence, size_t index);

struct mass_onnx_text mass_onnx_optional_name(const struct mass_onnx_optional *optional);

/* What the element is, numbered as for a sequence. An empty optional has none of the elements below. */
int32_t mass_onnx_optional_kind(const struct mass_onnx_optional *optional);
const struct mass_onnx_tensor *mass_onnx_optional_tensor(const struct mass_onnx_optional *optional);
const struct mass_onnx_sparse_tensor *mass_onnx_optional_sparse_tensor(const struct mass_onnx_optional *optional);
const struct mass_onnx_sequence *mass_onnx_optional_sequence(const struct mass_onnx_optional *optional);
const struct mass_onnx_map *mass_onnx_optional_map(const struct mass_onnx_optional *optional);
const struct mass_onnx_optional *mass_onnx_optional_optional(const struct mass_onnx_optional *optional);

struct mass_onnx_text mass_onnx_map_name(const struct mass_onnx_map *map);

/* The keys' element type as ONNX numbers them: an integer type with `keys`, or string with `string_key`. */
int32_t mass_onnx_map_key_type(const struct mass_onnx_map *map);
struct mass_onnx_int64s mass_onnx_map_keys(const struct mass_onnx_map *map);
size_t mass_onnx_map_string_key_count(const struct mass_onnx_map *map);
struct mass_onnx_text mass_onnx_map_string_key(const struct mass_onnx_map *map, size_t index);
const struct mass_onnx_sequence *mass_onnx_map_values(const struct mass_onnx_map *map);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif

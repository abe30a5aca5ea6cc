/*
 * mass_json.h — reading and writing JSON with simdjson, in plain C.
 *
 * A document is parsed and checked once, as a whole. Its values are then named by their position in it: the root is
 * MASS_JSON_ROOT, other positions come from the functions below. A position from elsewhere is a fault of the caller.
 * A parsed document does not change, so any number of threads may read it at once.
 */
#ifndef MASS_JSON_H
#define MASS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The shim is linked into its user and is nobody else's interface. */
#pragma GCC visibility push(hidden)

/* ---- Documents ------------------------------------------------------------------------------------- */

typedef struct mass_json_document mass_json_document;

/* What is wrong with a text. */
typedef enum {
  MASS_JSON_VALID = 0,
  MASS_JSON_NO_MEMORY,
  MASS_JSON_EMPTY,
  MASS_JSON_TOO_LARGE,
  MASS_JSON_TOO_DEEP,
  MASS_JSON_BAD_UTF8,
  MASS_JSON_EXPECTED_VALUE,
  MASS_JSON_EXPECTED_KEY,
  MASS_JSON_EXPECTED_COLON,
  MASS_JSON_EXPECTED_COMMA_OR_BRACKET,
  MASS_JSON_EXPECTED_COMMA_OR_BRACE,
  MASS_JSON_EXPECTED_END,
  MASS_JSON_UNCLOSED_STRING,
  MASS_JSON_CONTROL_CHARACTER,
  MASS_JSON_BAD_ESCAPE,
  MASS_JSON_BAD_SURROGATE,
  MASS_JSON_BAD_NUMBER,
  MASS_JSON_NUMBER_OUT_OF_RANGE,
  MASS_JSON_MALFORMED
} mass_json_fault;

/* The offset of a fault that has no place. */
#define MASS_JSON_NOWHERE SIZE_MAX

typedef struct {
  mass_json_fault fault;
  size_t offset; /* bytes from the start of the text, or MASS_JSON_NOWHERE */
} mass_json_failure;

/* Makes room for a text of `size` bytes; NULL if there is no memory. */
mass_json_document *mass_json_create(size_t size);

/* Where the text goes. Valid until mass_json_parse or mass_json_free. */
char *mass_json_text_buffer(mass_json_document *document);

/*
 * Parses the text and releases it. Call once.
 *
 * Arrays and objects may be nested `depth_limit` deep, an empty one within the deepest too. Integers that fit neither
 * int64 nor uint64 become doubles; a number beyond the doubles is a failure. With `accepts_tokens` the bare words NaN,
 * Infinity and -Infinity are doubles.
 */
mass_json_failure mass_json_parse(mass_json_document *document, size_t depth_limit, bool accepts_tokens);

void mass_json_free(mass_json_document *document);

/* ---- Values ---------------------------------------------------------------------------------------- */

#define MASS_JSON_ROOT ((size_t)1)

typedef enum {
  MASS_JSON_NULL,
  MASS_JSON_BOOL,
  MASS_JSON_INT64,
  MASS_JSON_UINT64, /* more than an int64 holds */
  MASS_JSON_DOUBLE,
  MASS_JSON_STRING,
  MASS_JSON_ARRAY,
  MASS_JSON_OBJECT
} mass_json_kind;

/* UTF-8 of a document, escapes resolved: may contain zeros. Valid until the document is freed. */
typedef struct {
  const char *data;
  size_t size;
} mass_json_text;

mass_json_kind mass_json_kind_of(const mass_json_document *document, size_t position);

/* The bits of a number as its kind says, 0 or 1 for a bool, else 0. */
uint64_t mass_json_bits(const mass_json_document *document, size_t position);

/* The text of a string; empty for other kinds. */
mass_json_text mass_json_text_of(const mass_json_document *document, size_t position);

/* Elements of an array, members of an object; 0 for other kinds. */
size_t mass_json_count(const mass_json_document *document, size_t position);

/* The position behind a value: of the next element, the next key, or mass_json_end of what contains it. */
size_t mass_json_next(const mass_json_document *document, size_t position);

/* The position of the first element of an array or the first key of an object. A key is followed by its value. */
size_t mass_json_first(size_t position);

/* Where the elements or members of an array or object end. */
size_t mass_json_end(const mass_json_document *document, size_t position);

/* The value of the first member of an object with this key, compared by bytes; 0 if there is none. */
size_t mass_json_member(const mass_json_document *document, size_t position, const char *key, size_t size);

/* The position of a key that an object has twice, 0 if it has none; O(n log n). Sets `has_failed` without memory. */
size_t mass_json_duplicate(const mass_json_document *document, size_t position, bool *has_failed);

/* Whether a value is an object whose only member is a string named b64. */
bool mass_json_is_base64(const mass_json_document *document, size_t position);

/* ---- Tensors --------------------------------------------------------------------------------------- */

typedef enum {
  MASS_JSON_ELEMENT_BOOL,
  MASS_JSON_ELEMENT_INT8,
  MASS_JSON_ELEMENT_INT16,
  MASS_JSON_ELEMENT_INT32,
  MASS_JSON_ELEMENT_INT64,
  MASS_JSON_ELEMENT_UINT8,
  MASS_JSON_ELEMENT_UINT16,
  MASS_JSON_ELEMENT_UINT32,
  MASS_JSON_ELEMENT_UINT64,
  MASS_JSON_ELEMENT_FLOAT32,
  MASS_JSON_ELEMENT_FLOAT64
} mass_json_element;

typedef enum {
  MASS_JSON_FILLED,
  MASS_JSON_TOO_FEW,
  MASS_JSON_TOO_MANY,
  MASS_JSON_WRONG_TYPE,
  MASS_JSON_OUT_OF_RANGE
} mass_json_outcome;

typedef struct {
  mass_json_outcome outcome;
  size_t index;    /* the leaf in question; for MASS_JSON_TOO_FEW their number */
  size_t position; /* of that leaf */
} mass_json_filling;

/* What a value holds when the arrays in it are flattened, however deep: 1 if it is no array. An object is a leaf. */
size_t mass_json_leaf_count(const mass_json_document *document, size_t position);

/*
 * Writes exactly `count` leaves, in order, as elements of host byte order; `out` need not be aligned, nor
 * exist for no elements.
 *
 * Bools are true and false. Integers are numbers without a fraction, those written as doubles within +-2^53. Floats
 * are any numbers; what rounds to an infinity is out of range. After a failure the contents of `out` are unspecified.
 */
mass_json_filling mass_json_fill(const mass_json_document *document, size_t position, mass_json_element element,
                                 void *out, size_t count);

/* As mass_json_fill, for the positions of the leaves; no type is wrong. */
mass_json_filling mass_json_leaves(const mass_json_document *document, size_t position, size_t *out, size_t count);

typedef enum { MASS_JSON_RECTANGULAR, MASS_JSON_RAGGED, MASS_JSON_HAS_OBJECT, MASS_JSON_NO_ROOM } mass_json_regularity;

/* Stands for the extent of what is no array. */
#define MASS_JSON_LEAF (-1)

typedef struct {
  mass_json_regularity regularity;
  size_t rank;      /* how many extents were written */
  size_t depth;     /* if not rectangular: how many indices of the path were written */
  int64_t expected; /* if ragged: the extent that earlier neighbours have, or MASS_JSON_LEAF */
  int64_t got;
} mass_json_shape;

/*
 * The shape of nested arrays: `extents` from the outside inwards, none for a leaf, the last 0 if empty.
 *
 * Objects are refused unless mass_json_is_base64. What breaks the shape is named by `path`, its index in each array
 * around it. Both have room for `capacity`, which one more than the depth limit suffices for.
 */
mass_json_shape mass_json_shape_of(const mass_json_document *document, size_t position, size_t *extents, size_t *path,
                                   size_t capacity);

/* ---- Base64 ---------------------------------------------------------------------------------------- */

/* Bytes that a text of `size` characters decodes to at most. */
size_t mass_json_base64_capacity(size_t size);

/*
 * Decodes the standard alphabet with its padding: no blanks, no bits left over. Returns how many bytes were written, or
 * SIZE_MAX and sets *offset to the first character that does not belong.
 */
size_t mass_json_base64_decode(const char *text, size_t size, uint8_t *out, size_t *offset);

/* ---- Writing --------------------------------------------------------------------------------------- */

/* A text that grows; starts as all zeros. Once there was no memory, `has_failed` stays set and nothing is written. */
typedef struct {
  char *data; /* from malloc */
  size_t size;
  size_t capacity;
  bool has_failed;
} mass_json_buffer;

typedef struct {
  bool is_tensorflow; /* six digits where they read back exactly, else as many as can matter; whole numbers end in .0 */
  bool has_tokens;    /* NaN, Infinity and -Infinity are written, not refused */
} mass_json_number_style;

void mass_json_buffer_free(mass_json_buffer *buffer);

void mass_json_write_bytes(mass_json_buffer *buffer, const char *bytes, size_t size);

/* Writes UTF-8 in quotes, with escapes where JSON needs them. */
void mass_json_write_string(mass_json_buffer *buffer, const char *text, size_t size);

/* Writes bytes in quotes, as base64. */
void mass_json_write_base64(mass_json_buffer *buffer, const uint8_t *bytes, size_t size);

void mass_json_write_int64(mass_json_buffer *buffer, int64_t value);
void mass_json_write_uint64(mass_json_buffer *buffer, uint64_t value);

/* Writes the shortest text that reads back as `value`; false if it is refused. */
bool mass_json_write_double(mass_json_buffer *buffer, double value, mass_json_number_style style);

/*
 * Writes the elements of a dense row-major tensor as arrays nested `rank` deep; a bare number for rank 0.
 *
 * Returns how many elements were written: all, or the index of the first that is refused, and then the text is as it
 * was before.
 */
size_t mass_json_write_numbers(mass_json_buffer *buffer, mass_json_element element, const void *values,
                               const size_t *extents, size_t rank, mass_json_number_style style);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif
#endif

// What the C programs share: checks, files, and the demo model's data.
#ifndef TESTS_C_TESTING_H
#define TESTS_C_TESTING_H

#define _GNU_SOURCE

#include <math.h>
#include <mass.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/// Ends the program when the condition is false.
#define CHECK(condition)                                                                     \
  do {                                                                                       \
    if (!(condition)) {                                                                      \
      fprintf(stderr, "%s:%d: expected %s\n", __FILE__, __LINE__, #condition);               \
      exit(1);                                                                               \
    }                                                                                        \
  } while (0)

/// Ends the program unless the call succeeds, which takes `&error` last.
#define SUCCEEDS(call)                                                                       \
  do {                                                                                       \
    mass_error *error = NULL;                                                                \
    if ((call) != MASS_OK) {                                                                 \
      fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, mass_error_message(error)); \
      exit(1);                                                                               \
    }                                                                                        \
    CHECK(error == NULL);                                                                    \
  } while (0)

/// Ends the program unless the call fails with this status and a message that contains this text.
#define FAILS(call, expected, text)                                                          \
  do {                                                                                       \
    mass_error *error = NULL;                                                                \
    mass_status status = (call);                                                             \
    const char *message = mass_error_message(error);                                         \
    if (status != (expected) || mass_error_status(error) != status || !strstr(message, text)) { \
      fprintf(stderr, "%s:%d: %s: expected %s with '%s', got %s: %s\n", __FILE__, __LINE__, #call, \
              mass_status_name(expected), text, mass_status_name(status), message);          \
      exit(1);                                                                               \
    }                                                                                        \
    mass_error_destroy(&error);                                                              \
    CHECK(error == NULL);                                                                    \
  } while (0)

enum { PICTURES = 5, PIXELS = 32 * 32, DIGITS = 10 };

/// The whole file, to be freed.
static inline unsigned char *read_file(const char *path, size_t *count) {
  FILE *file = fopen(path, "rb");
  CHECK(file != NULL);
  CHECK(fseek(file, 0, SEEK_END) == 0);
  long size = ftell(file);
  CHECK(size > 0 && fseek(file, 0, SEEK_SET) == 0);
  unsigned char *bytes = malloc((size_t)size);
  CHECK(bytes != NULL && fread(bytes, 1, (size_t)size, file) == (size_t)size);
  fclose(file);
  *count = (size_t)size;
  return bytes;
}

/// Reads the only array of an uncompressed .npz file: a zip entry that holds an .npy file.
static inline void read_npz(const char *path, float *values, size_t count) {
  size_t size = 0;
  unsigned char *bytes = read_file(path, &size);
  CHECK(size > 30 && memcmp(bytes, "PK\3\4", 4) == 0 && bytes[8] == 0);
  size_t array = 30 + bytes[26] + 256u * bytes[27] + bytes[28] + 256u * bytes[29];
  CHECK(size > array + 10 && memcmp(bytes + array, "\x93NUMPY", 6) == 0);
  size_t data = array + 10 + bytes[array + 8] + 256u * bytes[array + 9];
  CHECK(size > data + 4 * count);
  memcpy(values, bytes + data, 4 * count);
  free(bytes);
}

/// A descriptor of floats on the CPU.
static inline mass_tensor floats(float *data, int64_t *shape, int32_t ndim) {
  mass_tensor tensor = {data, {MASS_CPU, 0}, ndim, {MASS_FLOAT, 32, 1}, shape, NULL, 0};
  return tensor;
}

static inline int are_close(const float *a, const float *b, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (!(fabsf(a[i] - b[i]) <= 1e-4f + 1e-3f * fabsf(b[i]))) return 0;
  }
  return 1;
}

/// The name of a file in a folder that is made for this program.
static inline const char *temporary(const char *name) {
  static char folder[64];
  static char path[128];
  if (!folder[0]) {
    strcpy(folder, ".build/c-tests/files-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
  }
  if (!name) return folder;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

/// Removes the file and the folder of `temporary`.
static inline void remove_temporary(const char *name) {
  unlink(temporary(name));
  CHECK(rmdir(temporary(NULL)) == 0);
}

#endif

// A run on shapes like the last one's allocates nothing, on no thread. This program's allocator, which the library uses
// too, counts. One exception: oneDNN makes a table of arguments in every call of dnnl_primitive_execute().
#include "testing.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>

static atomic_long allocations;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
  atomic_fetch_add(&allocations, 1);
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  atomic_fetch_add(&allocations, 1);
  return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
  atomic_fetch_add(&allocations, 1);
  return __libc_realloc(block, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  atomic_fetch_add(&allocations, 1);
  return __libc_memalign(alignment, size);
}

/// The operator `new` of C++, wherever it is called.
void *_Znwm(size_t size) {
  Dl_info caller;
  int is_known = dladdr(__builtin_return_address(0), &caller) != 0 && caller.dli_fname != NULL;
  if (!is_known || !strstr(caller.dli_fname, "libdnnl.so")) atomic_fetch_add(&allocations, 1);
  return __libc_malloc(size);
}

void *memalign(size_t alignment, size_t size) { return aligned_alloc(alignment, size); }

int posix_memalign(void **block, size_t alignment, size_t size) {
  *block = aligned_alloc(alignment, size);
  return *block ? 0 : ENOMEM;
}

static float images[PICTURES * PIXELS];
static float answers[PICTURES * DIGITS];

/// Runs twice to settle, then counts.
static void test_runs(mass_session *session, int64_t batch, int is_library) {
  float result[PICTURES * DIGITS];
  int64_t image_shape[] = {batch, 1, 32, 32}, digits_shape[] = {batch, DIGITS};
  mass_tensor input = floats(images, image_shape, 4), output = floats(is_library ? NULL : result, digits_shape, 2);
  long before = 0;
  for (int i = 0; i < 12; i++) {
    if (i == 2) before = atomic_load(&allocations);
    SUCCEEDS(mass_session_run(session, &input, 1, &output, 1, &error));
  }
  long count = atomic_load(&allocations) - before;
  if (count != 0) fprintf(stderr, "batch %ld, library memory %d: %ld allocations\n", (long)batch, is_library, count);
  CHECK(count == 0);
  CHECK(are_close(output.data, answers, (size_t)(batch * DIGITS)));
}

int main(void) {
  read_npz("models/digits.inputs.npz", images, PICTURES * PIXELS);
  read_npz("models/digits.expected.npz", answers, PICTURES * DIGITS);
  mass_model *model = NULL;
  SUCCEEDS(mass_model_open("models/digits.onnx", NULL, &model, &error));
  for (int32_t threads = 1; threads <= 2; threads++) {
    mass_session_options options = MASS_SESSION_OPTIONS_INIT;
    options.threads = threads;
    mass_session *session = NULL;
    SUCCEEDS(mass_session_create(model, &options, &session, &error));
    for (int64_t batch = 1; batch <= PICTURES; batch += 2) {
      test_runs(session, batch, 0);
      test_runs(session, batch, 1);
    }
    mass_session_destroy(&session);
  }
  mass_model_destroy(&model);
  CHECK(atomic_load(&allocations) > 0);
  return 0;
}

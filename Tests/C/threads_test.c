// One model, several threads: sessions of their own run at once; a session shared by mistake says so and stays whole.
#include "testing.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 4, RUNS = 20 };

static float images[PICTURES * PIXELS];
static float answers[PICTURES * DIGITS];
static mass_model *model;
static mass_session *shared;
static atomic_int refusals, successes;

static mass_status run_batch(mass_session *session, int64_t batch, float *result, mass_error **error) {
  int64_t image_shape[] = {batch, 1, 32, 32}, digits_shape[] = {batch, DIGITS};
  mass_tensor input = floats(images, image_shape, 4), output = floats(result, digits_shape, 2);
  return mass_session_run(session, &input, 1, &output, 1, error);
}

static void *run_own(void *argument) {
  (void)argument;
  mass_session_options options = MASS_SESSION_OPTIONS_INIT;
  options.threads = 1;
  mass_session *session = NULL;
  float result[PICTURES * DIGITS];
  SUCCEEDS(mass_session_create(model, &options, &session, &error));
  for (int i = 0; i < RUNS; i++) {
    int64_t batch = i % 2 ? PICTURES : 1;
    mass_value_info info = {.struct_size = sizeof info};
    SUCCEEDS(mass_model_input(model, 0, &info, &error));
    CHECK(strcmp(info.symbols[0], "N") == 0);
    SUCCEEDS(run_batch(session, batch, result, &error));
    CHECK(are_close(result, answers, (size_t)(batch * DIGITS)));
  }
  mass_session_destroy(&session);
  return NULL;
}

static void *run_shared(void *argument) {
  (void)argument;
  float result[PICTURES * DIGITS];
  for (int i = 0; i < RUNS; i++) {
    mass_error *error = NULL;
    mass_status status = run_batch(shared, PICTURES, result, &error);
    CHECK(status == MASS_OK || status == MASS_BUSY);
    if (status == MASS_OK) CHECK(are_close(result, answers, PICTURES * DIGITS));
    atomic_fetch_add(status == MASS_OK ? &successes : &refusals, 1);
    mass_error_destroy(&error);
  }
  return NULL;
}

static void run_on_threads(void *(*body)(void *)) {
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, body, NULL) == 0);
  for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
}

int main(void) {
  read_npz("models/digits.inputs.npz", images, PICTURES * PIXELS);
  read_npz("models/digits.expected.npz", answers, PICTURES * DIGITS);
  SUCCEEDS(mass_model_open("models/digits.onnx", NULL, &model, &error));
  run_on_threads(run_own);
  SUCCEEDS(mass_session_create(model, NULL, &shared, &error));
  run_on_threads(run_shared);
  CHECK(atomic_load(&successes) > 0 && atomic_load(&successes) + atomic_load(&refusals) == THREADS * RUNS);
  mass_session_destroy(&shared);
  mass_model_destroy(&model);
  return 0;
}

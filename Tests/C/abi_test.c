// The way through mass.h: compile, open, ask, run; then the same from memory, with other batches and by other means.
#include "testing.h"

#include "models.h"

static float padded_images[3 + PICTURES * PIXELS];
static float *const images = padded_images + 3;
static float answers[PICTURES * DIGITS];

enum { ROUNDS = 7 };
static const int64_t batches[ROUNDS] = {1, PICTURES, PICTURES, 2, 1, 1, PICTURES};

static void test_version(void) {
  CHECK(strcmp(mass_version_string(), MASS_VERSION_STRING) == 0);
  CHECK(mass_version_number() == MASS_VERSION_NUMBER);
  CHECK(strcmp(mass_status_name(MASS_OK), "MASS_OK") == 0);
  CHECK(strcmp(mass_status_name(MASS_INTERNAL), "MASS_INTERNAL") == 0);
  CHECK(strcmp(mass_status_name((mass_status)77), "unknown status") == 0);
}

static void count_progress(void *context, const char *stage, double fraction) {
  CHECK(stage[0] != 0 && fraction >= 0 && fraction <= 1);
  ++*(int *)context;
}

static void test_compile(const char *plan) {
  int steps = 0;
  int64_t extents[] = {PICTURES, 1, 32, 32};
  mass_shape shape = {"image", extents, 4};
  mass_compile_options options = MASS_COMPILE_OPTIONS_INIT;
  options.threads = 1;
  options.shapes = &shape;
  options.shape_count = 1;
  options.progress = count_progress;
  options.progress_context = &steps;
  SUCCEEDS(mass_compile("models/digits.onnx", plan, &options, &error));
  CHECK(steps > 0);
  CHECK(mass_compile("models/digits.onnx", plan, NULL, NULL) == MASS_OK);
}

static void check_digits(const mass_model *model) {
  CHECK(mass_model_input_count(model) == 1 && mass_model_output_count(model) == 1);
  mass_value_info info = {.struct_size = sizeof info};
  SUCCEEDS(mass_model_input(model, 0, &info, &error));
  CHECK(info.struct_size == sizeof info && strcmp(info.name, "image") == 0 && info.kind == MASS_TENSOR);
  CHECK(info.dtype.code == MASS_FLOAT && info.dtype.bits == 32 && info.dtype.lanes == 1);
  CHECK(info.rank == 4 && info.shape[0] == -1 && info.shape[1] == 1 && info.shape[2] == 32 && info.shape[3] == 32);
  CHECK(strcmp(info.symbols[0], "N") == 0 && info.symbols[1] == NULL && info.symbols[3] == NULL);
  SUCCEEDS(mass_model_output(model, 0, &info, &error));
  CHECK(strcmp(info.name, "probabilities") == 0 && info.rank == 2 && info.shape[0] == -1 && info.shape[1] == 10);
  size_t index = 99;
  SUCCEEDS(mass_model_find_input(model, "image", &index, &error));
  CHECK(index == 0);
  index = 99;
  SUCCEEDS(mass_model_find_output(model, "probabilities", &index, &error));
  CHECK(index == 0);
}

/// Outputs in the caller's memory, with a batch that changes.
static void test_own_memory(mass_session *session) {
  float probabilities[PICTURES * DIGITS];
  for (int round = 0; round < ROUNDS; round++) {
    int64_t batch = batches[round];
    int64_t shape[] = {batch, 1, 32, 32}, expected[] = {batch, DIGITS}, room[4] = {0};
    mass_tensor input = floats(images, shape, 4);
    mass_tensor output = floats(NULL, room, 4);
    SUCCEEDS(mass_session_output_shapes(session, &input, 1, &output, 1, &error));
    CHECK(output.ndim == 2 && output.shape == room && room[0] == batch && room[1] == DIGITS && output.data == NULL);
    memset(probabilities, 0, sizeof probabilities);
    output = floats(probabilities, expected, 2);
    SUCCEEDS(mass_session_run(session, &input, 1, &output, 1, &error));
    CHECK(output.data == probabilities && output.shape == expected);
    CHECK(are_close(probabilities, answers, (size_t)(batch * DIGITS)));
  }
}

/// Outputs in the library's memory, in a descriptor that is used again.
static void test_library_memory(mass_session *session) {
  mass_tensor output = {0};
  for (int round = 0; round < ROUNDS; round++) {
    int64_t batch = batches[round], strides[] = {PIXELS, 777, 32, 1}, shape[] = {batch, 1, 32, 32};
    mass_tensor input = floats(padded_images, shape, 4);
    input.byte_offset = 12;
    input.strides = strides;
    SUCCEEDS(mass_session_run(session, &input, 1, &output, 1, &error));
    CHECK(output.ndim == 2 && output.shape[0] == batch && output.shape[1] == DIGITS && output.strides == NULL);
    CHECK(output.dtype.code == MASS_FLOAT && output.dtype.bits == 32 && output.device.device_type == MASS_CPU);
    CHECK(are_close(output.data, answers, (size_t)(batch * DIGITS)));
  }
}

static void test_session(const mass_model *model, int32_t threads, int32_t strict) {
  mass_session_options options = MASS_SESSION_OPTIONS_INIT;
  options.threads = threads;
  options.strict = strict;
  mass_session *session = NULL;
  SUCCEEDS(mass_session_create(model, &options, &session, &error));
  test_own_memory(session);
  test_library_memory(session);
  mass_session_destroy(&session);
  CHECK(session == NULL);
}

/// The bytes are given back right after opening, and the model before the session.
static void test_memory(const char *path) {
  size_t count = 0;
  unsigned char *bytes = read_file(path, &count);
  mass_model *model = NULL;
  SUCCEEDS(mass_model_open_memory(bytes, count, NULL, &model, &error));
  free(bytes);
  check_digits(model);
  mass_session *session = NULL;
  SUCCEEDS(mass_session_create(model, NULL, &session, &error));
  mass_model_destroy(&model);
  test_own_memory(session);
  mass_session_destroy(&session);
}

/// An output may be the next run's input.
static void test_chain(void) {
  mass_model *model = NULL;
  mass_session *session = NULL;
  SUCCEEDS(mass_model_open_memory(running_sum, sizeof running_sum, NULL, &model, &error));
  SUCCEEDS(mass_session_create(model, NULL, &session, &error));
  float x[] = {1, 2, 3}, zero[] = {0, 0, 0};
  int64_t shape[] = {3};
  mass_tensor inputs[] = {floats(x, shape, 1), floats(zero, shape, 1)};
  mass_tensor output = {0};
  for (int i = 1; i <= 10; i++) {
    SUCCEEDS(mass_session_run(session, inputs, 2, &output, 1, &error));
    const float *sum = output.data;
    CHECK(sum[0] == (float)i && sum[1] == (float)(2 * i) && sum[2] == (float)(3 * i));
    inputs[1] = output;
  }
  mass_session_destroy(&session);
  mass_model_destroy(&model);
}

/// Shapes that only a run tells, without elements too.
static void test_data_dependence(void) {
  mass_model *model = NULL;
  mass_session *session = NULL;
  SUCCEEDS(mass_model_open_memory(non_zero, sizeof non_zero, NULL, &model, &error));
  SUCCEEDS(mass_session_create(model, NULL, &session, &error));
  float x[] = {0, 5, 0, 7};
  int64_t four[] = {4}, none[] = {0}, two[] = {1, 2}, places[2] = {0};
  mass_tensor input = floats(x, four, 1), output = {0};
  FAILS(mass_session_output_shapes(session, &input, 1, &output, 1, &error), MASS_SHAPE_UNKNOWN, "depend on data");
  SUCCEEDS(mass_session_run(session, &input, 1, &output, 1, &error));
  CHECK(output.ndim == 2 && output.shape[0] == 1 && output.shape[1] == 2 && output.dtype.code == MASS_INT);
  CHECK(((int64_t *)output.data)[0] == 1 && ((int64_t *)output.data)[1] == 3);
  mass_tensor own = {places, {MASS_CPU, 0}, 2, {MASS_INT, 64, 1}, two, NULL, 0};
  SUCCEEDS(mass_session_run(session, &input, 1, &own, 1, &error));
  CHECK(places[0] == 1 && places[1] == 3);
  x[0] = 1;
  FAILS(mass_session_run(session, &input, 1, &own, 1, &error), MASS_MISMATCH, "i64[1x3]");
  mass_tensor empty = floats(NULL, none, 1);
  SUCCEEDS(mass_session_run(session, &empty, 1, &output, 1, &error));
  CHECK(output.ndim == 2 && output.shape[1] == 0);
  mass_session_destroy(&session);
  mass_model_destroy(&model);
}

int main(void) {
  read_npz("models/digits.inputs.npz", images, PICTURES * PIXELS);
  read_npz("models/digits.expected.npz", answers, PICTURES * DIGITS);
  test_version();
  const char *plan = temporary("digits.plan");
  test_compile(plan);
  mass_model *model = NULL;
  SUCCEEDS(mass_model_open(plan, NULL, &model, &error));
  check_digits(model);
  test_session(model, 0, 0);
  test_session(model, 1, 1);
  test_session(model, 2, 0);
  mass_model_destroy(&model);
  SUCCEEDS(mass_model_open("models/digits.onnx", NULL, &model, &error));
  check_digits(model);
  test_session(model, 1, 0);
  mass_model_destroy(&model);
  test_memory(plan);
  test_memory("models/digits.onnx");
  test_chain();
  test_data_dependence();
  remove_temporary("digits.plan");
  return 0;
}

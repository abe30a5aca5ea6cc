// Every way to call mass.h wrongly that a caller can be told about: a status and a text, and the objects stay usable.
#include "testing.h"

#include <limits.h>

#include "models.h"

static const char *const onnx_path = "models/digits.onnx";

static void test_nothing(void) {
  mass_error_destroy(NULL);
  mass_model_destroy(NULL);
  mass_session_destroy(NULL);
  mass_error *error = NULL;
  mass_model *model = NULL;
  mass_session *session = NULL;
  mass_error_destroy(&error);
  mass_model_destroy(&model);
  mass_session_destroy(&session);
  CHECK(mass_error_status(NULL) == MASS_OK && mass_error_message(NULL)[0] == 0);
  CHECK(mass_model_input_count(NULL) == 0 && mass_model_output_count(NULL) == 0);
  CHECK(mass_model_open(NULL, NULL, NULL, NULL) == MASS_INVALID_ARGUMENT);
}

static void test_files(void) {
  mass_model *model = (mass_model *)1;
  FAILS(mass_model_open("no/such.plan", NULL, &model, &error), MASS_FILE_ERROR, "no/such.plan");
  CHECK(model == NULL);
  FAILS(mass_model_open("models", NULL, &model, &error), MASS_FILE_ERROR, "models");
  FAILS(mass_model_open(NULL, NULL, &model, &error), MASS_INVALID_ARGUMENT, "path");
  FAILS(mass_model_open("\xff\xfe", NULL, &model, &error), MASS_INVALID_ARGUMENT, "UTF-8");
  FAILS(mass_model_open(onnx_path, NULL, NULL, &error), MASS_INVALID_ARGUMENT, "model");
  FAILS(mass_model_open("models/README.md", NULL, &model, &error), MASS_BAD_FORMAT, "models/README.md");
  FAILS(mass_compile(onnx_path, "no/such/folder/x.plan", NULL, &error), MASS_FILE_ERROR, "no/such/folder");
  FAILS(mass_compile("no/such.onnx", "x.plan", NULL, &error), MASS_FILE_ERROR, "no/such.onnx");
  FAILS(mass_compile(NULL, "x.plan", NULL, &error), MASS_INVALID_ARGUMENT, "onnx_path");
  FAILS(mass_compile(onnx_path, NULL, NULL, &error), MASS_INVALID_ARGUMENT, "plan_path");
}

/// Every truncation of a plan's start, and a bit of each of its first bytes, is refused.
static void test_memory(void) {
  const char *plan = temporary("errors.plan");
  SUCCEEDS(mass_compile(onnx_path, plan, NULL, &error));
  size_t count = 0;
  unsigned char *bytes = read_file(plan, &count);
  mass_model *model = NULL;
  for (size_t i = 0; i < 600 && i < count; i++) {
    CHECK(mass_model_open_memory(bytes, i, NULL, &model, NULL) != MASS_OK && model == NULL);
  }
  for (size_t i = 0; i < 64; i++) {
    bytes[i] ^= 0x10;
    mass_status status = mass_model_open_memory(bytes, count, NULL, &model, NULL);
    CHECK(i >= 56 || (status != MASS_OK && model == NULL));
    mass_model_destroy(&model);
    bytes[i] ^= 0x10;
  }
  FAILS(mass_model_open_memory(bytes, count - 1, NULL, &model, &error), MASS_BAD_FORMAT, "truncated");
  FAILS(mass_model_open_memory(NULL, 8, NULL, &model, &error), MASS_INVALID_ARGUMENT, "bytes");
  FAILS(mass_model_open_memory(bytes, SIZE_MAX, NULL, &model, &error), MASS_INVALID_ARGUMENT, "bytes");
  FAILS(mass_model_open_memory(bytes, count, NULL, NULL, &error), MASS_INVALID_ARGUMENT, "model");
  FAILS(mass_model_open_memory(NULL, 0, NULL, &model, &error), MASS_BAD_FORMAT, "");
  free(bytes);
  remove_temporary("errors.plan");
}

static void test_options(const mass_model *model) {
  mass_session *session = NULL;
  struct {
    mass_session_options known;
    int64_t later;
  } newer = {MASS_SESSION_OPTIONS_INIT, 0};
  newer.known.struct_size = sizeof newer;
  SUCCEEDS(mass_session_create(model, &newer.known, &session, &error));
  mass_session_destroy(&session);
  newer.later = 1;
  FAILS(mass_session_create(model, &newer.known, &session, &error), MASS_UNSUPPORTED, "does not know");
  mass_session_options options = {0};
  FAILS(mass_session_create(model, &options, &session, &error), MASS_INVALID_ARGUMENT, "struct_size");
  options.struct_size = sizeof options;
  options.threads = -1;
  FAILS(mass_session_create(model, &options, &session, &error), MASS_INVALID_ARGUMENT, "threads");
  FAILS(mass_session_create(NULL, NULL, &session, &error), MASS_INVALID_ARGUMENT, "model");
  FAILS(mass_session_create(model, NULL, NULL, &error), MASS_INVALID_ARGUMENT, "session");
}

static mass_status compile_for(const char *name, const int64_t *extents, int32_t ndim, mass_error **error) {
  mass_shape shape = {name, extents, ndim};
  mass_compile_options options = MASS_COMPILE_OPTIONS_INIT;
  options.shapes = &shape;
  options.shape_count = 1;
  mass_model *model = NULL;
  mass_status status = mass_model_open(onnx_path, &options, &model, error);
  CHECK(model == NULL);
  return status;
}

static void test_compile_options(void) {
  const int64_t small[] = {1, 1, 16, 16}, negative[] = {-1, 1, 32, 32};
  FAILS(compile_for("picture", small, 4, &error), MASS_INVALID_ARGUMENT, "picture");
  FAILS(compile_for("image", small, 4, &error), MASS_MISMATCH, "image");
  FAILS(compile_for("image", small, 3, &error), MASS_MISMATCH, "image");
  FAILS(compile_for("image", negative, 4, &error), MASS_INVALID_ARGUMENT, "-1");
  FAILS(compile_for("image", small, 65, &error), MASS_INVALID_ARGUMENT, "65");
  FAILS(compile_for("image", NULL, 4, &error), MASS_INVALID_ARGUMENT, "extents");
  FAILS(compile_for(NULL, small, 4, &error), MASS_INVALID_ARGUMENT, "name");
  mass_compile_options options = MASS_COMPILE_OPTIONS_INIT;
  options.shape_count = 1;
  FAILS(mass_compile(onnx_path, "x.plan", &options, &error), MASS_INVALID_ARGUMENT, "shapes");
  options.shape_count = 0;
  options.threads = INT_MIN;
  FAILS(mass_compile(onnx_path, "x.plan", &options, &error), MASS_INVALID_ARGUMENT, "threads");
  options.struct_size = 8;
  FAILS(mass_compile(onnx_path, "x.plan", &options, &error), MASS_INVALID_ARGUMENT, "struct_size");
}

static void test_queries(const mass_model *model) {
  mass_value_info info = {.struct_size = sizeof info};
  size_t index = 0;
  FAILS(mass_model_input(model, 1, &info, &error), MASS_INVALID_ARGUMENT, "index");
  FAILS(mass_model_output(model, SIZE_MAX, &info, &error), MASS_INVALID_ARGUMENT, "index");
  FAILS(mass_model_input(NULL, 0, &info, &error), MASS_INVALID_ARGUMENT, "model");
  FAILS(mass_model_input(model, 0, NULL, &error), MASS_INVALID_ARGUMENT, "info");
  info.struct_size = 0;
  FAILS(mass_model_output(model, 0, &info, &error), MASS_INVALID_ARGUMENT, "struct_size");
  FAILS(mass_model_find_input(model, "picture", &index, &error), MASS_NOT_FOUND, "'image'");
  FAILS(mass_model_find_output(model, "image", &index, &error), MASS_NOT_FOUND, "'probabilities'");
  FAILS(mass_model_find_input(model, NULL, &index, &error), MASS_INVALID_ARGUMENT, "name");
  FAILS(mass_model_find_input(model, "image", NULL, &error), MASS_INVALID_ARGUMENT, "index");
}

static float pixels[PIXELS + 2], digits[DIGITS + 2];
static int64_t image_shape[] = {1, 1, 32, 32}, digits_shape[] = {1, DIGITS};

/// Runs with one thing about the input or the output changed.
static mass_status run(mass_session *session, mass_tensor input, mass_tensor output, mass_error **error) {
  return mass_session_run(session, &input, 1, &output, 1, error);
}

#define RUN_FAILS(change, expected, text)                                                    \
  do {                                                                                       \
    mass_tensor input = floats(pixels, image_shape, 4), output = floats(digits, digits_shape, 2); \
    change;                                                                                  \
    FAILS(run(session, input, output, &error), expected, text);                              \
  } while (0)

static void test_inputs(mass_session *session) {
  int64_t three[] = {1, 32, 32}, wrong[] = {1, 1, 32, 31}, negative[] = {-1, 1, 32, 32};
  int64_t huge[] = {INT64_MAX, INT64_MAX, 32, 32}, large[] = {1 << 30, 1, 1 << 10, 1 << 10};
  int64_t strides[] = {1024, 1024, 1, 32};
  RUN_FAILS((input.ndim = 3, input.shape = three), MASS_MISMATCH,
            "input 'image': expected f32[Nx1x32x32], got f32[1x32x32]");
  RUN_FAILS(input.shape = wrong, MASS_MISMATCH, "got f32[1x1x32x31]");
  RUN_FAILS(input.shape = negative, MASS_MISMATCH, "negative");
  RUN_FAILS(input.shape = huge, MASS_MISMATCH, "input 'image'");
  RUN_FAILS(input.shape = large, MASS_MISMATCH, "input 'image'");
  RUN_FAILS(input.shape = NULL, MASS_INVALID_ARGUMENT, "input 'image': shape");
  RUN_FAILS(input.ndim = -1, MASS_MISMATCH, "ndim -1");
  RUN_FAILS(input.ndim = INT_MAX, MASS_MISMATCH, "ndim 2147483647");
  RUN_FAILS(input.strides = strides, MASS_MISMATCH, "strides");
  RUN_FAILS(input.data = NULL, MASS_INVALID_ARGUMENT, "input 'image': data");
  RUN_FAILS(input.data = (char *)pixels + 1, MASS_MISMATCH, "aligned");
  RUN_FAILS(input.byte_offset = 2, MASS_MISMATCH, "aligned");
  RUN_FAILS(input.byte_offset = UINT64_MAX, MASS_MISMATCH, "byte_offset");
  RUN_FAILS(input.device.device_type = 2, MASS_MISMATCH, "device");
  RUN_FAILS(input.dtype.bits = 64, MASS_MISMATCH, "got f64[1x1x32x32]");
  RUN_FAILS(input.dtype.bits = 33, MASS_MISMATCH, "33 bits");
  RUN_FAILS(input.dtype.lanes = 4, MASS_MISMATCH, "4 lanes");
  RUN_FAILS(input.dtype.code = 200, MASS_MISMATCH, "code 200");
}

static void test_outputs(mass_session *session) {
  int64_t wrong[] = {2, DIGITS}, strides[] = {10, 2};
  RUN_FAILS(output.shape = wrong, MASS_MISMATCH, "output 'probabilities': expected f32[1x10], got f32[2x10]");
  RUN_FAILS(output.ndim = 1, MASS_MISMATCH, "got f32[1]");
  RUN_FAILS(output.ndim = 1000, MASS_MISMATCH, "ndim 1000");
  RUN_FAILS(output.shape = NULL, MASS_INVALID_ARGUMENT, "output 'probabilities': shape");
  RUN_FAILS(output.strides = strides, MASS_MISMATCH, "strides");
  RUN_FAILS(output.dtype.code = MASS_INT, MASS_MISMATCH, "got i32[1x10]");
  RUN_FAILS(output.dtype.lanes = 0, MASS_MISMATCH, "0 lanes");
  RUN_FAILS(output.device.device_type = 0, MASS_MISMATCH, "device");
  RUN_FAILS(output.data = (char *)digits + 2, MASS_MISMATCH, "aligned");
  RUN_FAILS(output.data = pixels + 7, MASS_MISMATCH, "overlaps input 'image'");
}

static void test_calls(mass_session *session) {
  mass_tensor input = floats(pixels, image_shape, 4), output = floats(digits, digits_shape, 2);
  FAILS(mass_session_run(NULL, &input, 1, &output, 1, &error), MASS_INVALID_ARGUMENT, "session");
  FAILS(mass_session_run(session, NULL, 1, &output, 1, &error), MASS_INVALID_ARGUMENT, "inputs");
  FAILS(mass_session_run(session, &input, 1, NULL, 1, &error), MASS_INVALID_ARGUMENT, "outputs");
  FAILS(mass_session_run(session, &input, 0, &output, 1, &error), MASS_MISMATCH, "expected 1 inputs ('image'), got 0");
  FAILS(mass_session_run(session, &input, 2, &output, 1, &error), MASS_MISMATCH, "got 2");
  FAILS(mass_session_run(session, &input, SIZE_MAX, &output, 1, &error), MASS_INVALID_ARGUMENT, "inputs");
  FAILS(mass_session_run(session, &input, 1, NULL, 0, &error), MASS_MISMATCH, "expected 1 outputs");
  int64_t room[2] = {7, 7};
  output = floats(NULL, room, 1);
  FAILS(mass_session_output_shapes(session, &input, 1, &output, 1, &error), MASS_INVALID_ARGUMENT, "room for 2");
  CHECK(output.ndim == 2 && room[0] == 7);
  output.shape = NULL;
  FAILS(mass_session_output_shapes(session, &input, 1, &output, 1, &error), MASS_INVALID_ARGUMENT, "shape NULL");
  input.ndim = 0;
  FAILS(mass_session_output_shapes(session, &input, 1, &output, 1, &error), MASS_MISMATCH, "image");
  CHECK(mass_session_run(session, NULL, 1, NULL, 1, NULL) == MASS_INVALID_ARGUMENT);
}

/// Strings cannot be passed: the model opens, its types can be asked for, a run is refused.
static void test_strings(void) {
  mass_model *model = NULL;
  SUCCEEDS(mass_model_open_memory(strings, sizeof strings, NULL, &model, &error));
  mass_value_info info = {.struct_size = sizeof info};
  SUCCEEDS(mass_model_input(model, 0, &info, &error));
  CHECK(info.kind == MASS_TENSOR && info.dtype.code == MASS_STRING);
  mass_session *session = NULL;
  SUCCEEDS(mass_session_create(model, NULL, &session, &error));
  RUN_FAILS(input.ndim = 1, MASS_UNSUPPORTED, "input 'x'");
  mass_session_destroy(&session);
  mass_model_destroy(&model);
}

int main(void) {
  test_nothing();
  test_files();
  test_memory();
  test_compile_options();
  test_strings();
  mass_model *model = NULL;
  mass_session *session = NULL;
  SUCCEEDS(mass_model_open(onnx_path, NULL, &model, &error));
  test_options(model);
  test_queries(model);
  SUCCEEDS(mass_session_create(model, NULL, &session, &error));
  test_inputs(session);
  test_outputs(session);
  test_calls(session);
  // After all that the session still works.
  mass_tensor input = floats(pixels, image_shape, 4), output = floats(digits, digits_shape, 2);
  SUCCEEDS(mass_session_run(session, &input, 1, &output, 1, &error));
  test_inputs(session);
  test_outputs(session);
  mass_session_destroy(&session);
  mass_model_destroy(&model);
  return 0;
}

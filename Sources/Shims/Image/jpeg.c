#include "internal.h"

#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

#include <jerror.h>

/* A file may ask for this many passes over its pixels; sane ones have about ten. */
enum { MASS_IMAGE_SCAN_LIMIT = 256 };

typedef struct {
  struct jpeg_decompress_struct info;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  jmp_buf leave;
  mass_image_message message;
} decoder;

static void leave(j_common_ptr info) {
  decoder *self = info->client_data;
  char text[JMSG_LENGTH_MAX];
  info->err->format_message(info, text);
  mass_image_fail(self->message, "not a readable JPEG file: %s", text);
  longjmp(self->leave, 1);
}

/* libjpeg repairs damaged pixels and says so on standard error; here they are refused. */
static void warn(j_common_ptr info, int level) {
  if (level < 0 && info->err->msg_code != JWRN_EXTRANEOUS_DATA && info->err->msg_code != JWRN_JFIF_MAJOR) leave(info);
}

static void watch(j_common_ptr info) {
  decoder *self = info->client_data;
  if (self->info.input_scan_number <= MASS_IMAGE_SCAN_LIMIT) return;
  mass_image_fail(self->message, "expected a JPEG file of at most %d scans, got more", MASS_IMAGE_SCAN_LIMIT);
  longjmp(self->leave, 1);
}

static void start(decoder *self, const unsigned char *bytes, size_t count) {
  jpeg_create_decompress(&self->info);
  self->info.client_data = self;
  self->info.progress = &self->progress;
  self->progress.progress_monitor = watch;
  jpeg_mem_src(&self->info, bytes, count);
  jpeg_read_header(&self->info, TRUE);
  self->info.out_color_space = self->info.jpeg_color_space == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
}

static void read_rows(decoder *self, mass_image *out) {
  jpeg_start_decompress(&self->info);
  while (self->info.output_scanline < self->info.output_height) {
    JSAMPROW row = out->pixels + self->info.output_scanline * out->width * out->channels;
    jpeg_read_scanlines(&self->info, &row, 1);
  }
  jpeg_finish_decompress(&self->info);
}

int mass_image_decode_jpeg(const unsigned char *bytes, size_t count, size_t pixel_limit, mass_image *out,
                           mass_image_message message) {
  decoder self = {.message = message};
  self.info.client_data = &self;
  self.info.err = jpeg_std_error(&self.errors);
  self.errors.error_exit = leave;
  self.errors.emit_message = warn;
  if (setjmp(self.leave) != 0) {
    jpeg_destroy_decompress(&self.info);
    mass_image_free(out);
    return -1;
  }
  start(&self, bytes, count);
  size_t channels = self.info.out_color_space == JCS_GRAYSCALE ? 1 : 3;
  if (mass_image_allocate(out, self.info.image_width, self.info.image_height, channels, pixel_limit, message) != 0) {
    jpeg_destroy_decompress(&self.info);
    return -1;
  }
  read_rows(&self, out);
  jpeg_destroy_decompress(&self.info);
  return 0;
}

#include "internal.h"

#include <png.h>
#include <stdlib.h>

/* Copies `channels` of every `stride` samples, in place of an alpha channel that nobody wants. */
static void drop_alpha(const png_byte *from, size_t stride, mass_image *to) {
  unsigned char *pixel = to->pixels;
  for (size_t i = 0; i < to->width * to->height; i++, from += stride, pixel += to->channels) {
    for (size_t c = 0; c < to->channels; c++) pixel[c] = from[c];
  }
}

static int read_with_alpha(png_image *image, mass_image *out) {
  png_byte *samples = calloc(out->width * out->height, out->channels + 1);
  if (samples == NULL) {
    png_image_free(image);
    return 0;
  }
  int is_read = png_image_finish_read(image, NULL, samples, 0, NULL);
  if (is_read) drop_alpha(samples, out->channels + 1, out);
  free(samples);
  return is_read;
}

int mass_image_decode_png(const unsigned char *bytes, size_t count, size_t pixel_limit, mass_image *out,
                          mass_image_message message) {
  png_image image = {.version = PNG_IMAGE_VERSION};
  if (!png_image_begin_read_from_memory(&image, bytes, count)) {
    return mass_image_fail(message, "not a readable PNG file: %s", image.message);
  }
  int is_colour = (image.format & PNG_FORMAT_FLAG_COLOR) != 0;
  int has_alpha = (image.format & PNG_FORMAT_FLAG_ALPHA) != 0;
  if (mass_image_allocate(out, image.width, image.height, is_colour ? 3 : 1, pixel_limit, message) != 0) {
    png_image_free(&image);
    return -1;
  }
  image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB; /* 16-bit samples are as gamma-encoded as 8-bit ones */
  image.format = (is_colour ? PNG_FORMAT_FLAG_COLOR : 0) | (has_alpha ? PNG_FORMAT_FLAG_ALPHA : 0);
  int is_read = has_alpha ? read_with_alpha(&image, out) : png_image_finish_read(&image, NULL, out->pixels, 0, NULL);
  if (is_read) return 0;
  mass_image_free(out);
  return mass_image_fail(message, "not a readable PNG file: %s", image.message);
}

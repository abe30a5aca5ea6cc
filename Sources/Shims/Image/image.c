#include "internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int mass_image_fail(mass_image_message message, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  if (message.capacity > 0) vsnprintf(message.text, message.capacity, format, arguments);
  va_end(arguments);
  return -1;
}

int mass_image_allocate(mass_image *image, size_t width, size_t height, size_t channels, size_t pixel_limit,
                        mass_image_message message) {
  if (width == 0 || height == 0) return mass_image_fail(message, "the picture is empty");
  if (height > pixel_limit / width) {
    return mass_image_fail(message, "expected at most %zu pixels, got %zux%zu", pixel_limit, width, height);
  }
  unsigned char *pixels = calloc(width * height, channels);
  if (pixels == NULL) return mass_image_fail(message, "no memory for %zux%zu pixels", width, height);
  *image = (mass_image){.width = width, .height = height, .channels = channels, .pixels = pixels};
  return 0;
}

int mass_image_decode(const unsigned char *bytes, size_t count, size_t pixel_limit, mass_image *out, char *message,
                      size_t capacity) {
  static const unsigned char png[] = {0x89, 'P', 'N', 'G'};
  static const unsigned char jpeg[] = {0xff, 0xd8, 0xff};
  mass_image_message report = {message, capacity};
  memset(out, 0, sizeof *out);
  if (count >= sizeof png && memcmp(bytes, png, sizeof png) == 0) {
    return mass_image_decode_png(bytes, count, pixel_limit, out, report);
  }
  if (count >= sizeof jpeg && memcmp(bytes, jpeg, sizeof jpeg) == 0) {
    return mass_image_decode_jpeg(bytes, count, pixel_limit, out, report);
  }
  return mass_image_fail(report, "expected a PNG or JPEG file, got something else");
}

void mass_image_free(mass_image *image) {
  free(image->pixels);
  memset(image, 0, sizeof *image);
}

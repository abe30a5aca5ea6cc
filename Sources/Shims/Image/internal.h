#ifndef MASS_IMAGE_INTERNAL_H
#define MASS_IMAGE_INTERNAL_H

#include "mass_image.h"

/* Where a decoder writes what is wrong. */
typedef struct {
  char *text;
  size_t capacity;
} mass_image_message;

/* Writes a printf-like message and returns -1. */
int mass_image_fail(mass_image_message message, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Checks the extents against the limit and allocates zeroed pixels. */
int mass_image_allocate(mass_image *image, size_t width, size_t height, size_t channels, size_t pixel_limit,
                        mass_image_message message);

int mass_image_decode_png(const unsigned char *bytes, size_t count, size_t pixel_limit, mass_image *out,
                          mass_image_message message);
int mass_image_decode_jpeg(const unsigned char *bytes, size_t count, size_t pixel_limit, mass_image *out,
                           mass_image_message message);

#endif

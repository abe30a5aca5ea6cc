/* Decodes pictures with libpng and libjpeg. */
#ifndef MASS_IMAGE_H
#define MASS_IMAGE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Pixels of 8 bits a channel, rows from the top, without padding between them. */
typedef struct {
  size_t width;
  size_t height;
  size_t channels; /* 1: grey, 3: red, green, blue */
  unsigned char *pixels;
} mass_image;

/*
 * Decodes `count` bytes of a PNG or JPEG file, which must not be changed meanwhile.
 *
 * Samples come as the file stores them: no colour management, no rotation; 16-bit samples are reduced to 8 and an alpha
 * channel is dropped. A picture of more than `pixel_limit` pixels is refused before memory is taken for it.
 *
 * Returns 0 and fills *out, which mass_image_free releases. Otherwise returns -1 and writes what is wrong to `message`,
 * cut to `capacity` bytes and terminated.
 */
int mass_image_decode(const unsigned char *bytes, size_t count, size_t pixel_limit, mass_image *out, char *message,
                      size_t capacity);

/* Releases the pixels and clears *image. */
void mass_image_free(mass_image *image);

#ifdef __cplusplus
}
#endif
#endif

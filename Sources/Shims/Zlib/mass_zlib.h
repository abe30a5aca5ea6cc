/* gzip and deflate by zlib: its initializers are macros, which Swift does not see. */
#ifndef MASS_ZLIB_H
#define MASS_ZLIB_H

#include <zlib.h>

/* Reads gzip (RFC 1952) and zlib (RFC 1950) streams, whichever it is. */
static inline int mass_inflate_start(z_stream *stream) { return inflateInit2(stream, 15 + 32); }

static inline int mass_deflate_start(z_stream *stream, int level, int is_gzip) {
  return deflateInit2(stream, level, Z_DEFLATED, 15 + (is_gzip ? 16 : 0), 8, Z_DEFAULT_STRATEGY);
}

#endif

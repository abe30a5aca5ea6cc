// A text that grows.
#ifndef MASS_JSON_BUFFER_H
#define MASS_JSON_BUFFER_H

#include "mass_json.h"

namespace mass::json {

/// Makes room for `size` more bytes and returns where they go; nullptr, now and from then on, without memory.
char *reserve(mass_json_buffer &buffer, size_t size);

}  // namespace mass::json

#endif

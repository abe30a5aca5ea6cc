// Where a text stops being JSON.
#ifndef MASS_JSON_LOCATE_H
#define MASS_JSON_LOCATE_H

#include <string_view>

#include "mass_json.h"

namespace mass::json {

/// The first fault of a text that was refused; MASS_JSON_MALFORMED without a place if none is found.
///
/// Costs one walk over the text, byte by byte, and a bit of memory for each level.
mass_json_failure locate(std::string_view text, size_t depthLimit);

/// Bytes of the UTF-8 character at the start of `text`; 0 if there is none.
size_t characterSize(std::string_view text);

}  // namespace mass::json

#endif

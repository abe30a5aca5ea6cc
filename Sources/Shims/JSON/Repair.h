// Numbers that the parser does not take, taken out of a text before it is parsed again.
#ifndef MASS_JSON_REPAIR_H
#define MASS_JSON_REPAIR_H

#include <vector>

#include "Tape.h"

namespace mass::json {

/// The value of a number that the text no longer holds.
struct Patch {
  /// Which of the document's numbers it is.
  size_t number;
  double value;
};

/// Replaces integers beyond 64 bits, and the bare tokens if they are accepted, by a `0.0` of the same length.
std::vector<Patch> repair(char *text, size_t size, bool acceptsTokens);

/// Gives the numbers of a parsed document their values back.
void apply(const std::vector<Patch> &patches, mass_json_document &document);

}  // namespace mass::json

#endif

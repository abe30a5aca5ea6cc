// The shape of nested arrays.
#include "Tape.h"

namespace mass::json {

namespace {

/// Walks over arrays in arrays, keeping the index in each.
class ShapeWalk {
 public:
  ShapeWalk(const mass_json_document &document, size_t *extents, size_t *path)
      : document_(document), extents_(extents), path_(path) {}

  /// Takes the extents from the first element of the first element and so on; false without room for them.
  bool measure(size_t position, size_t capacity) {
    while (typeOf(document_.tape[position]) == '[') {
      if (rank_ == capacity) return false;
      extents_[rank_] = mass_json_count(&document_, position);
      if (extents_[rank_++] == 0) break;
      position = mass_json_first(position);
    }
    return true;
  }

  /// Compares every array and leaf with the extents.
  mass_json_shape check(size_t position) {
    const size_t end = next(document_, position);
    for (size_t i = position; i < end;) {
      const char type = typeOf(document_.tape[i]);
      if (type == ']') {
        depth_--;
        i++;
        step();
        continue;
      }
      const int64_t got = type == '[' ? static_cast<int64_t>(mass_json_count(&document_, i)) : MASS_JSON_LEAF;
      const int64_t expected = depth_ < rank_ ? static_cast<int64_t>(extents_[depth_]) : MASS_JSON_LEAF;
      if (got != expected) return {MASS_JSON_RAGGED, rank_, depth_, expected, got};
      if (type == '[') {
        path_[depth_++] = 0;
        i++;
        continue;
      }
      if (type == '{' && !mass_json_is_base64(&document_, i)) {
        return {MASS_JSON_HAS_OBJECT, rank_, depth_, MASS_JSON_LEAF, MASS_JSON_LEAF};
      }
      i = next(document_, i);
      step();
    }
    return {MASS_JSON_RECTANGULAR, rank_, 0, 0, 0};
  }

 private:
  void step() {
    if (depth_ > 0) path_[depth_ - 1]++;
  }

  const mass_json_document &document_;
  size_t *const extents_;
  size_t *const path_;
  size_t rank_ = 0;
  /// How many arrays are open.
  size_t depth_ = 0;
};

}  // namespace

}  // namespace mass::json

mass_json_shape mass_json_shape_of(const mass_json_document *document, size_t position, size_t *extents, size_t *path,
                                   size_t capacity) {
  mass::json::ShapeWalk walk(*document, extents, path);
  if (!walk.measure(position, capacity)) return {MASS_JSON_NO_ROOM, 0, 0, 0, 0};
  return walk.check(position);
}

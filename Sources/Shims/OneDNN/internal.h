// What the shim's files share: the C header's values seen as oneDNN's, and the one way a primitive is made.

#ifndef MASS_ONEDNN_INTERNAL_H
#define MASS_ONEDNN_INTERNAL_H

#include <oneapi/dnnl/dnnl.h>

#include <cstring>
#include <memory>

#include "mass_onednn_operations.h"

namespace mass::onednn {

// A tensor is a memory descriptor under another name.
static_assert(sizeof(mass_dnnl_tensor) == sizeof(dnnl_memory_desc_t));

inline dnnl_memory_desc_t unwrap(const mass_dnnl_tensor &tensor) {
  dnnl_memory_desc_t descriptor;
  std::memcpy(&descriptor, &tensor, sizeof descriptor);
  return descriptor;
}

inline mass_dnnl_tensor wrap(const dnnl_memory_desc_t &descriptor) {
  mass_dnnl_tensor tensor;
  std::memcpy(&tensor, &descriptor, sizeof tensor);
  return tensor;
}

inline bool isPresent(const dnnl_memory_desc_t &descriptor) { return descriptor.ndims != 0; }

mass_dnnl_status statusOf(dnnl_status_t status);

/// Bytes from the first to the last element; false when that overflows or the descriptor is inconsistent.
bool byteCount(const dnnl_memory_desc_t &descriptor, std::size_t &count);

/// The process's CPU engine; null when it could not be made.
dnnl_engine_t engine();

/// Sets the calling thread's team size for a scope, if it differs.
class TeamScope {
 public:
  explicit TeamScope(int threads);
  ~TeamScope();
  TeamScope(const TeamScope &) = delete;
  TeamScope &operator=(const TeamScope &) = delete;

 private:
  int before;
  bool changed;
};

/// Present threads of a team started by the calling thread.
int teamSize();

/// The execution arguments of a primitive, in operand order.
class Arguments {
 public:
  static constexpr int limit = MASS_DNNL_MAX_SOURCES + MASS_DNNL_MAX_POSTS + 12;

  void add(int id) { append(id, {}); }
  void addIfPresent(int id, const dnnl_memory_desc_t &descriptor) {
    if (isPresent(descriptor)) add(id);
  }
  /// The operands of the binary post-operations, whose layouts the caller decided.
  void addPosts(const mass_dnnl_options &options);

  int count() const { return used; }
  int id(int index) const { return ids[index]; }
  const dnnl_memory_desc_t &known(int index) const { return descriptors[index]; }

 private:
  void append(int id, const dnnl_memory_desc_t &descriptor) {
    ids[used] = id;
    descriptors[used++] = descriptor;
  }

  int used = 0;
  int ids[limit];
  dnnl_memory_desc_t descriptors[limit];
};

template <typename Handle, dnnl_status_t (*destroy)(Handle)>
struct Destroyer {
  using pointer = Handle;
  void operator()(Handle handle) const { destroy(handle); }
};
template <typename Handle, dnnl_status_t (*destroy)(Handle)>
using Owned = std::unique_ptr<Handle, Destroyer<Handle, destroy>>;

using Attributes = Owned<dnnl_primitive_attr_t, dnnl_primitive_attr_destroy>;
using Description = Owned<dnnl_primitive_desc_t, dnnl_primitive_desc_destroy>;

/// `options`, or all defaults when there are none; false when they are malformed.
bool resolve(const mass_dnnl_options *options, mass_dnnl_options &resolved);

/// Attributes for `options`: the caller's scratch memory and the post-operations.
mass_dnnl_status makeAttributes(const mass_dnnl_options &options, Attributes &attributes);

/// Finds the implementation that `options` asks for and compiles it.
mass_dnnl_status create(
    const_dnnl_op_desc_t operation, const mass_dnnl_options &options, const Arguments &arguments,
    mass_dnnl_primitive **out_primitive);

/// Compiles a primitive whose implementation the library has already chosen.
mass_dnnl_status compile(
    Description description, const mass_dnnl_options &options, const Arguments &arguments,
    mass_dnnl_primitive **out_primitive);

}  // namespace mass::onednn

#endif

// Turning bytes into messages, within the limits of the header.
#pragma once

#include <google/protobuf/arena.h>

#include <string>

#include "Messages.h"

namespace mass::onnx_shim {

/// Why opening failed. Thrown inside the shim, never across its border.
struct Failure {
  mass_onnx_status status;
  std::string message;
};

/// An arena whose blocks come out of an allowance that `Allowance` sets.
google::protobuf::ArenaOptions meteredArena();

/// While it lives, metered arenas of this thread may take as much memory as a file of `size` bytes is granted.
class Allowance {
public:
  explicit Allowance(size_t size);
  ~Allowance();
  Allowance(const Allowance &) = delete;
  Allowance &operator=(const Allowance &) = delete;

  bool isExhausted() const { return isExhausted_; }

  /// Takes `size` bytes off, or throws `std::bad_alloc`.
  void take(size_t size);

private:
  size_t left_;
  bool isExhausted_ = false;
};

/// The bytes of a regular file, mapped for as long as this lives.
class MappedFile {
public:
  explicit MappedFile(const char *path);
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  const void *data() const { return data_; }
  size_t size() const { return size_; }

private:
  void *data_ = nullptr;
  size_t size_ = 0;
};

/// Reads `message` from exactly these bytes. `name` is what an error calls it.
void parse(const void *data, size_t size, google::protobuf::Message &message, const std::string &name);

/// Runs `body` and reports whatever it throws.
enum mass_onnx_status report(char *message, size_t capacity, void (*body)(void *), void *context);

template <class Body> enum mass_onnx_status report(char *message, size_t capacity, Body body) {
  return report(
      message, capacity, [](void *context) { (*static_cast<Body *>(context))(); }, &body);
}

/// Makes an `Owner(bytes, …)` under its allowance and gives it to `*out`, which is NULL until then.
template <class Owner, class... Rest>
void open(const void *data, size_t size, Owner **out, Rest... rest) {
  if (data == nullptr && size != 0) throw Failure{MASS_ONNX_INVALID_ARGUMENT, "no bytes given"};
  if (size > static_cast<size_t>(MASS_ONNX_MAXIMUM_BYTES)) {
    throw Failure{MASS_ONNX_TOO_LARGE, "has " + std::to_string(size) + " bytes; expected at most " +
                                           std::to_string(MASS_ONNX_MAXIMUM_BYTES) +
                                           " (keep weights in external data)"};
  }
  Allowance allowance(size);
  try {
    *out = new Owner(data, size, rest...);
  } catch (const std::bad_alloc &) {
    if (!allowance.isExhausted()) throw;
    throw Failure{MASS_ONNX_TOO_LARGE, "describes more messages than a file of " + std::to_string(size) +
                                           " bytes may (memory limit)"};
  }
}

}  // namespace mass::onnx_shim

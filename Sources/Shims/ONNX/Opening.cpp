// Turning bytes into messages, within the limits of the header.
#include "Opening.h"

#include <fcntl.h>
#include <google/protobuf/stubs/logging.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <new>
#include <system_error>

namespace mass::onnx_shim {

namespace {

thread_local Allowance *currentAllowance = nullptr;

void *allocateBlock(size_t size) {
  if (currentAllowance != nullptr) currentAllowance->take(size);
  return ::operator new(size);
}

void freeBlock(void *block, size_t) { ::operator delete(block); }

Failure systemFailure(const char *action, int code) {
  return {MASS_ONNX_UNREADABLE, std::string(action) + ": " + std::generic_category().message(code)};
}

/// Closes a file descriptor at the end of a scope.
struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) close(number);
  }
};

}  // namespace

google::protobuf::ArenaOptions meteredArena() {
  google::protobuf::ArenaOptions options;
  options.start_block_size = 4 << 10;
  options.max_block_size = 256 << 10;
  options.block_alloc = allocateBlock;
  options.block_dealloc = freeBlock;
  return options;
}

Allowance::Allowance(size_t size) : left_(MASS_ONNX_MEMORY_BASE + MASS_ONNX_MEMORY_PER_BYTE * size) {
  currentAllowance = this;
}

Allowance::~Allowance() { currentAllowance = nullptr; }

void Allowance::take(size_t size) {
  if (size > left_) {
    isExhausted_ = true;
    throw std::bad_alloc();
  }
  left_ -= size;
}

MappedFile::MappedFile(const char *path) {
  // Without O_NONBLOCK, opening a named pipe would wait for its writer.
  const Descriptor file = {::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.number < 0) throw systemFailure("cannot be opened", errno);
  struct stat status = {};
  if (fstat(file.number, &status) != 0) throw systemFailure("cannot be examined", errno);
  if (!S_ISREG(status.st_mode)) throw Failure{MASS_ONNX_UNREADABLE, "is not a regular file"};
  size_ = static_cast<size_t>(status.st_size);
  if (size_ == 0) return;
  void *data = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.number, 0);
  if (data == MAP_FAILED) throw systemFailure("cannot be read", errno);
  data_ = data;
  madvise(data_, size_, MADV_SEQUENTIAL);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(data_, size_);
}

void parse(const void *data, size_t size, google::protobuf::Message &message, const std::string &name) {
  const void *bytes = data == nullptr ? "" : data;
  if (message.ParseFromArray(bytes, static_cast<int>(size))) return;
  throw Failure{MASS_ONNX_MALFORMED, name + " is not valid ONNX protobuf: damaged, cut short, or nested deeper than " +
                                         std::to_string(MASS_ONNX_MAXIMUM_DEPTH) + " messages"};
}

enum mass_onnx_status report(char *message, size_t capacity, void (*body)(void *), void *context) {
  const auto fail = [&](mass_onnx_status status, const char *what) {
    if (message != nullptr && capacity != 0) std::snprintf(message, capacity, "%s", what);
    return status;
  };
  if (message != nullptr && capacity != 0) *message = 0;
  try {
    const google::protobuf::LogSilencer silence;
    body(context);
    return MASS_ONNX_OK;
  } catch (const Failure &failure) {
    return fail(failure.status, failure.message.c_str());
  } catch (const std::bad_alloc &) {
    return fail(MASS_ONNX_OUT_OF_MEMORY, "not enough memory");
  } catch (const std::exception &exception) {
    return fail(MASS_ONNX_INTERNAL, exception.what());
  } catch (...) {
    return fail(MASS_ONNX_INTERNAL, "unexpected failure in protobuf");
  }
}

}  // namespace mass::onnx_shim

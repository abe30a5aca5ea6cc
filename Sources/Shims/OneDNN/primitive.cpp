// Making, asking, running and destroying primitives.

#include <new>
#include <utility>

#include "internal.h"

namespace mass::onednn {

using Iterator = Owned<dnnl_primitive_desc_iterator_t, dnnl_primitive_desc_iterator_destroy>;
using PostOperations = Owned<dnnl_post_ops_t, dnnl_post_ops_destroy>;
using Primitive = Owned<dnnl_primitive_t, dnnl_primitive_destroy>;
using Stream = Owned<dnnl_stream_t, dnnl_stream_destroy>;
using Memory = Owned<dnnl_memory_t, dnnl_memory_destroy>;

}  // namespace mass::onednn

using namespace mass::onednn;

struct mass_dnnl_primitive {
  /// One execution argument: its memory object points where the last execution pointed it.
  struct Operand {
    dnnl_memory_desc_t descriptor = {};
    Memory memory;
    void *address = nullptr;
  };

  Primitive primitive;
  Stream stream;
  const char *name = "";
  int threads = 1;
  int operandCount = 0;
  std::size_t scratchBytes = 0;
  std::unique_ptr<Operand[]> operands;  // the operands, then the scratch memory if any
  std::unique_ptr<dnnl_exec_arg_t[]> arguments;
  int argumentCount = 0;
};

namespace mass::onednn {
namespace {

/// Gives operand `index` a memory object without memory.
///
/// Padded and packed operands get one of as many flat bytes: for those the library would write zeros into the padding
/// whenever the address is set, and packed weights may lie in read-only pages. Executions read layouts from the
/// primitive, not from memory objects.
mass_dnnl_status attach(mass_dnnl_primitive &made, int index, int id, const dnnl_memory_desc_t &descriptor) {
  std::size_t bytes = 0;
  if (!byteCount(descriptor, bytes)) return MASS_DNNL_INVALID;
  dnnl_memory_desc_t held = descriptor;
  const mass_dnnl_tensor tensor = wrap(descriptor);
  if (!mass_dnnl_tensor_is_plain(&tensor)) {
    const int64_t extent = static_cast<int64_t>(bytes);
    const auto status = dnnl_memory_desc_init_by_strides(&held, 1, &extent, dnnl_u8, nullptr);
    if (status != dnnl_success) return statusOf(status);
  }
  dnnl_memory_t memory = nullptr;
  const auto status = dnnl_memory_create(&memory, &held, engine(), DNNL_MEMORY_NONE);
  if (status != dnnl_success) return statusOf(status);
  made.operands[index].descriptor = descriptor;
  made.operands[index].memory.reset(memory);
  made.arguments[index] = {id, memory};
  return MASS_DNNL_OK;
}

mass_dnnl_status attachAll(
    mass_dnnl_primitive &made, const_dnnl_primitive_desc_t description, const Arguments &arguments) {
  for (int i = 0; i < arguments.count(); ++i) {
    const dnnl_memory_desc_t *descriptor = isPresent(arguments.known(i))
        ? &arguments.known(i)
        : dnnl_primitive_desc_query_md(description, dnnl_query_exec_arg_md, arguments.id(i));
    if (descriptor == nullptr || !isPresent(*descriptor)) return MASS_DNNL_FAILED;
    if (const auto status = attach(made, i, arguments.id(i), *descriptor)) return status;
  }
  made.operandCount = made.argumentCount = arguments.count();
  const dnnl_memory_desc_t *scratch = dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
  if (scratch != nullptr && isPresent(*scratch)) made.scratchBytes = dnnl_memory_desc_get_size(scratch);
  if (made.scratchBytes == 0) return MASS_DNNL_OK;
  return attach(made, made.argumentCount++, DNNL_ARG_SCRATCHPAD, *scratch);
}

mass_dnnl_status appendPost(dnnl_post_ops_t operations, const mass_dnnl_post &post) {
  switch (post.kind) {
    case MASS_DNNL_POST_SUM:
      return statusOf(dnnl_post_ops_append_sum(operations, post.scale));
    case MASS_DNNL_POST_ELTWISE:
      return statusOf(dnnl_post_ops_append_eltwise(
          operations, post.scale, static_cast<dnnl_alg_kind_t>(post.algorithm), post.alpha, post.beta));
    case MASS_DNNL_POST_BINARY: {
      const dnnl_memory_desc_t operand = unwrap(post.operand);
      return statusOf(dnnl_post_ops_append_binary(operations, static_cast<dnnl_alg_kind_t>(post.algorithm), &operand));
    }
  }
  return MASS_DNNL_INVALID;
}

const char *nameOf(const_dnnl_primitive_desc_t description) {
  const char *name = nullptr;
  const auto status = dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, static_cast<void *>(&name));
  return status == dnnl_success && name != nullptr ? name : "";
}

}  // namespace

void Arguments::addPosts(const mass_dnnl_options &options) {
  for (int i = 0; i < options.post_count; ++i)
    if (options.posts[i].kind == MASS_DNNL_POST_BINARY)
      append(DNNL_ARG_ATTR_MULTIPLE_POST_OP(i) | DNNL_ARG_SRC_1, unwrap(options.posts[i].operand));
}

bool resolve(const mass_dnnl_options *options, mass_dnnl_options &resolved) {
  resolved = options != nullptr ? *options : mass_dnnl_options{};
  return resolved.post_count >= 0 && resolved.post_count <= MASS_DNNL_MAX_POSTS && resolved.skip >= 0
      && (resolved.post_count == 0 || resolved.posts != nullptr);
}

mass_dnnl_status makeAttributes(const mass_dnnl_options &options, Attributes &attributes) {
  dnnl_primitive_attr_t made = nullptr;
  if (const auto status = statusOf(dnnl_primitive_attr_create(&made))) return status;
  attributes.reset(made);
  const auto scratch = statusOf(dnnl_primitive_attr_set_scratchpad_mode(made, dnnl_scratchpad_mode_user));
  if (scratch != MASS_DNNL_OK) return scratch;
  if (options.post_count == 0) return MASS_DNNL_OK;
  dnnl_post_ops_t operations = nullptr;
  if (const auto status = statusOf(dnnl_post_ops_create(&operations))) return status;
  const PostOperations owner(operations);
  for (int i = 0; i < options.post_count; ++i)
    if (const auto status = appendPost(operations, options.posts[i])) return status;
  return statusOf(dnnl_primitive_attr_set_post_ops(made, operations));
}

mass_dnnl_status create(
    const_dnnl_op_desc_t operation, const mass_dnnl_options &options, const Arguments &arguments,
    mass_dnnl_primitive **out_primitive) {
  const TeamScope team(options.threads);
  Attributes attributes;
  if (const auto status = makeAttributes(options, attributes)) return status;
  dnnl_primitive_desc_iterator_t candidates = nullptr;
  const auto started = dnnl_primitive_desc_iterator_create(&candidates, operation, attributes.get(), engine(), nullptr);
  if (started != dnnl_success) return statusOf(started);
  const Iterator owner(candidates);
  for (int passed = 0;;) {
    Description candidate(dnnl_primitive_desc_iterator_fetch(candidates));
    if (!candidate) return MASS_DNNL_OUT_OF_MEMORY;
    const char *const name = nameOf(candidate.get());
    const bool acceptable = options.implementation == nullptr || std::strcmp(options.implementation, name) == 0;
    if (acceptable && passed++ == options.skip) return compile(std::move(candidate), options, arguments, out_primitive);
    if (const auto status = statusOf(dnnl_primitive_desc_iterator_next(candidates))) return status;
  }
}

mass_dnnl_status compile(
    Description description, const mass_dnnl_options &options, const Arguments &arguments,
    mass_dnnl_primitive **out_primitive) {
  const TeamScope team(options.threads);
  std::unique_ptr<mass_dnnl_primitive> made(new (std::nothrow) mass_dnnl_primitive);
  if (!made) return MASS_DNNL_OUT_OF_MEMORY;
  const int capacity = arguments.count() + 1;
  made->operands.reset(new (std::nothrow) mass_dnnl_primitive::Operand[static_cast<std::size_t>(capacity)]);
  made->arguments.reset(new (std::nothrow) dnnl_exec_arg_t[static_cast<std::size_t>(capacity)]);
  if (!made->operands || !made->arguments) return MASS_DNNL_OUT_OF_MEMORY;
  made->threads = teamSize();

  dnnl_primitive_t primitive = nullptr;
  if (const auto status = statusOf(dnnl_primitive_create(&primitive, description.get()))) return status;
  made->primitive.reset(primitive);
  dnnl_stream_t stream = nullptr;
  if (const auto status = statusOf(dnnl_stream_create(&stream, engine(), dnnl_stream_in_order))) return status;
  made->stream.reset(stream);

  const_dnnl_primitive_desc_t kept = nullptr;
  if (const auto status = statusOf(dnnl_primitive_get_primitive_desc(primitive, &kept))) return status;
  made->name = nameOf(kept);
  if (const auto status = attachAll(*made, kept, arguments)) return status;
  *out_primitive = made.release();
  return MASS_DNNL_OK;
}

}  // namespace mass::onednn

void mass_dnnl_primitive_destroy(mass_dnnl_primitive **primitive) {
  delete *primitive;
  *primitive = nullptr;
}

const char *mass_dnnl_primitive_name(const mass_dnnl_primitive *primitive) { return primitive->name; }

bool mass_dnnl_primitive_is_reference(const mass_dnnl_primitive *primitive) {
  return std::strncmp(primitive->name, "ref", 3) == 0 || std::strncmp(primitive->name, "simple", 6) == 0;
}

size_t mass_dnnl_primitive_scratch_byte_count(const mass_dnnl_primitive *primitive) { return primitive->scratchBytes; }

int32_t mass_dnnl_primitive_operand_count(const mass_dnnl_primitive *primitive) { return primitive->operandCount; }

mass_dnnl_status mass_dnnl_operand(const mass_dnnl_primitive *primitive, int32_t index, mass_dnnl_tensor *out_tensor) {
  *out_tensor = {};
  if (index < 0 || index >= primitive->operandCount) return MASS_DNNL_INVALID;
  *out_tensor = wrap(primitive->operands[index].descriptor);
  return MASS_DNNL_OK;
}

mass_dnnl_status mass_dnnl_execute(mass_dnnl_primitive *primitive, void *const *operands, void *scratch) {
  const TeamScope team(primitive->threads);
  for (int i = 0; i < primitive->argumentCount; ++i) {
    void *const address = i < primitive->operandCount ? operands[i] : scratch;
    mass_dnnl_primitive::Operand &operand = primitive->operands[i];
    if (operand.address == address) continue;
    if (const auto status = statusOf(dnnl_memory_set_data_handle(operand.memory.get(), address))) return status;
    operand.address = address;
  }
  return statusOf(dnnl_primitive_execute(
      primitive->primitive.get(), primitive->stream.get(), primitive->argumentCount, primitive->arguments.get()));
}

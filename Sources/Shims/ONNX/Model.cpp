// Models and their functions.
#include "Opening.h"

using namespace mass::onnx_shim;

struct mass_onnx_model {
  google::protobuf::Arena arena;
  onnx::ModelProto &proto;
  std::vector<mass_onnx_function> functions;

  mass_onnx_model(const void *data, size_t size);

private:
  mass_onnx_function complete(const onnx::FunctionProto &function);

  template <class Message> const Message *parseUnknown(const google::protobuf::UnknownField &field, const char *what) {
    auto *message = google::protobuf::Arena::CreateMessage<Message>(&arena);
    parse(field.length_delimited().data(), field.length_delimited().size(), *message, what);
    return message;
  }
};

mass_onnx_model::mass_onnx_model(const void *data, size_t size)
    : arena(meteredArena()), proto(*google::protobuf::Arena::CreateMessage<onnx::ModelProto>(&arena)) {
  parse(data, size, proto, "the model");
  functions.reserve(count(proto.functions()));
  for (const auto &function : proto.functions()) functions.push_back(complete(function));
}

mass_onnx_function mass_onnx_model::complete(const onnx::FunctionProto &function) {
  constexpr int attributeProtoNumber = 11, valueInfoNumber = 12;
  mass_onnx_function result;
  result.proto = &function;
  const UnknownFieldSet &fields = function.unknown_fields();
  for (int i = 0; i < fields.field_count(); ++i) {
    const auto &field = fields.field(i);
    if (field.type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) continue;
    if (field.number() == attributeProtoNumber) {
      result.defaults.push_back(parseUnknown<onnx::AttributeProto>(field, "a function's default attribute"));
    } else if (field.number() == valueInfoNumber) {
      result.valueInfo.push_back(parseUnknown<onnx::ValueInfoProto>(field, "a function's value declaration"));
    }
  }
  return result;
}

namespace {

const onnx::ModelProto &message(const mass_onnx_model *model) {
  return model == nullptr ? onnx::ModelProto::default_instance() : model->proto;
}

const onnx::FunctionProto &message(const mass_onnx_function *function) {
  return function == nullptr ? onnx::FunctionProto::default_instance() : *function->proto;
}

}  // namespace

enum mass_onnx_status mass_onnx_model_open_file(const char *path, mass_onnx_model **out, char *message,
                                                size_t capacity) {
  if (out != nullptr) *out = nullptr;
  return report(message, capacity, [&] {
    if (path == nullptr || out == nullptr) throw Failure{MASS_ONNX_INVALID_ARGUMENT, "no path or no place for a model"};
    const MappedFile file(path);
    open(file.data(), file.size(), out);
  });
}

enum mass_onnx_status mass_onnx_model_open_bytes(const void *data, size_t size, mass_onnx_model **out, char *message,
                                                 size_t capacity) {
  if (out != nullptr) *out = nullptr;
  return report(message, capacity, [&] {
    if (out == nullptr) throw Failure{MASS_ONNX_INVALID_ARGUMENT, "no place for a model"};
    open(data, size, out);
  });
}

void mass_onnx_model_close(mass_onnx_model **model) {
  if (model == nullptr) return;
  delete *model;
  *model = nullptr;
}

int64_t mass_onnx_model_ir_version(const mass_onnx_model *model) { return message(model).ir_version(); }

int64_t mass_onnx_model_version(const mass_onnx_model *model) { return message(model).model_version(); }

mass_onnx_text mass_onnx_model_producer_name(const mass_onnx_model *model) {
  return text(message(model).producer_name());
}

mass_onnx_text mass_onnx_model_producer_version(const mass_onnx_model *model) {
  return text(message(model).producer_version());
}

mass_onnx_text mass_onnx_model_domain(const mass_onnx_model *model) { return text(message(model).domain()); }

mass_onnx_text mass_onnx_model_documentation(const mass_onnx_model *model) { return text(message(model).doc_string()); }

const mass_onnx_graph *mass_onnx_model_graph(const mass_onnx_model *model) {
  return handle(message(model).has_graph(), message(model).graph());
}

size_t mass_onnx_model_opset_count(const mass_onnx_model *model) { return count(message(model).opset_import()); }

mass_onnx_opset mass_onnx_model_opset(const mass_onnx_model *model, size_t index) {
  return at(message(model).opset_import(), index);
}

size_t mass_onnx_model_function_count(const mass_onnx_model *model) {
  return model == nullptr ? 0 : model->functions.size();
}

const mass_onnx_function *mass_onnx_model_function(const mass_onnx_model *model, size_t index) {
  return index < mass_onnx_model_function_count(model) ? &model->functions[index] : nullptr;
}

size_t mass_onnx_model_metadata(const mass_onnx_model *model, mass_onnx_entry *out, size_t capacity) {
  return entries(message(model).metadata_props(), out, capacity);
}

mass_onnx_text mass_onnx_function_name(const mass_onnx_function *function) { return text(message(function).name()); }

mass_onnx_text mass_onnx_function_domain(const mass_onnx_function *function) {
  return text(message(function).domain());
}

mass_onnx_text mass_onnx_function_overload(const mass_onnx_function *function) {
  return unknownText(message(function).unknown_fields(), 13);
}

mass_onnx_text mass_onnx_function_documentation(const mass_onnx_function *function) {
  return text(message(function).doc_string());
}

size_t mass_onnx_function_input_count(const mass_onnx_function *function) { return count(message(function).input()); }

mass_onnx_text mass_onnx_function_input(const mass_onnx_function *function, size_t index) {
  return at(message(function).input(), index);
}

size_t mass_onnx_function_output_count(const mass_onnx_function *function) { return count(message(function).output()); }

mass_onnx_text mass_onnx_function_output(const mass_onnx_function *function, size_t index) {
  return at(message(function).output(), index);
}

size_t mass_onnx_function_attribute_count(const mass_onnx_function *function) {
  return count(message(function).attribute());
}

mass_onnx_text mass_onnx_function_attribute(const mass_onnx_function *function, size_t index) {
  return at(message(function).attribute(), index);
}

size_t mass_onnx_function_default_count(const mass_onnx_function *function) {
  return function == nullptr ? 0 : function->defaults.size();
}

const mass_onnx_attribute *mass_onnx_function_default(const mass_onnx_function *function, size_t index) {
  return index < mass_onnx_function_default_count(function) ? handle(*function->defaults[index]) : nullptr;
}

size_t mass_onnx_function_node_count(const mass_onnx_function *function) { return count(message(function).node()); }

const mass_onnx_node *mass_onnx_function_node(const mass_onnx_function *function, size_t index) {
  return at(message(function).node(), index);
}

size_t mass_onnx_function_opset_count(const mass_onnx_function *function) {
  return count(message(function).opset_import());
}

mass_onnx_opset mass_onnx_function_opset(const mass_onnx_function *function, size_t index) {
  return at(message(function).opset_import(), index);
}

size_t mass_onnx_function_value_info_count(const mass_onnx_function *function) {
  return function == nullptr ? 0 : function->valueInfo.size();
}

const mass_onnx_value_info *mass_onnx_function_value_info(const mass_onnx_function *function, size_t index) {
  return index < mass_onnx_function_value_info_count(function) ? handle(*function->valueInfo[index]) : nullptr;
}

size_t mass_onnx_function_metadata(const mass_onnx_function *function, mass_onnx_entry *out, size_t capacity) {
  return unknownEntries(message(function).unknown_fields(), 14, out, capacity);
}

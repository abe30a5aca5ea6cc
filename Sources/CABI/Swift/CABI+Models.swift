// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CMass
import MassRuntime

@c @implementation public func mass_compile(
  _ onnx_path: UnsafePointer<CChar>!, _ plan_path: UnsafePointer<CChar>!,
  _ options: UnsafePointer<mass_compile_options>!, _ error: UnsafeMutablePointer<OpaquePointer?>!
) -> mass_status {
  unsafe report(to: error) { () throws(Failure) in
    let source = try unsafe text(onnx_path, "onnx_path")
    let target = try unsafe text(plan_path, "plan_path")
    let plan = try compile(path: source, try unsafe CompileRequest(options))
    do throws(PlanError) { try plan.write(to: target) } catch let reason { throw Failure(reason) }
  }
}

@c @implementation public func mass_model_open(
  _ path: UnsafePointer<CChar>!, _ options: UnsafePointer<mass_compile_options>!,
  _ model: UnsafeMutablePointer<OpaquePointer?>!, _ error: UnsafeMutablePointer<OpaquePointer?>!
) -> mass_status {
  unsafe export(to: model, "model", orTo: error) { () throws(Failure) in
    try unsafe ModelBox(path: text(path, "path"), CompileRequest(options))
  }
}

@c @implementation public func mass_model_open_memory(
  _ bytes: UnsafeRawPointer!, _ count: Int, _ options: UnsafePointer<mass_compile_options>!,
  _ model: UnsafeMutablePointer<OpaquePointer?>!, _ error: UnsafeMutablePointer<OpaquePointer?>!
) -> mass_status {
  unsafe export(to: model, "model", orTo: error) { () throws(Failure) in
    try unsafe ModelBox(bytes: buffer(of: bytes, count), CompileRequest(options))
  }
}

@c @implementation public func mass_model_destroy(_ model: UnsafeMutablePointer<OpaquePointer?>!) {
  unsafe destroy(ModelBox.self, model)
}

@c @implementation public func mass_model_input_count(_ model: OpaquePointer!) -> Int {
  unsafe object(ModelBox.self, model)?.inputs.count ?? 0
}

@c @implementation public func mass_model_output_count(_ model: OpaquePointer!) -> Int {
  unsafe object(ModelBox.self, model)?.outputs.count ?? 0
}

@c @implementation public func mass_model_input(
  _ model: OpaquePointer!, _ index: Int, _ info: UnsafeMutablePointer<mass_value_info>!,
  _ error: UnsafeMutablePointer<OpaquePointer?>!
) -> mass_status {
  unsafe report(to: error) { () throws(Failure) in
    try unsafe object(ModelBox.self, model, "model").inputs.describe(index, "input", in: info)
  }
}

@c @implementation public func mass_model_output(
  _ model: OpaquePointer!, _ index: Int, _ info: UnsafeMutablePointer<mass_value_info>!,
  _ error: UnsafeMutablePointer<OpaquePointer?>!
) -> mass_status {
  unsafe report(to: error) { () throws(Failure) in
    try unsafe object(ModelBox.self, model, "model").outputs.describe(index, "output", in: info)
  }
}

@c @implementation public func mass_model_find_input(
  _ model: OpaquePointer!, _ name: UnsafePointer<CChar>!, _ index: UnsafeMutablePointer<Int>!,
  _ error: UnsafeMutablePointer<OpaquePointer?>!
) -> mass_status {
  unsafe report(to: error) { () throws(Failure) in
    try unsafe object(ModelBox.self, model, "model").inputs.find(text(name, "name"), "input", index)
  }
}

@c @implementation public func mass_model_find_output(
  _ model: OpaquePointer!, _ name: UnsafePointer<CChar>!, _ index: UnsafeMutablePointer<Int>!,
  _ error: UnsafeMutablePointer<OpaquePointer?>!
) -> mass_status {
  unsafe report(to: error) { () throws(Failure) in
    try unsafe object(ModelBox.self, model, "model").outputs.find(text(name, "name"), "output", index)
  }
}

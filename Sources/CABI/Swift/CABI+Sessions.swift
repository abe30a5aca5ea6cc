// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CMass
import MassRuntime

@c @implementation public func mass_session_create(
  _ model: OpaquePointer!, _ options: UnsafePointer<mass_session_options>!,
  _ session: UnsafeMutablePointer<OpaquePointer?>!, _ error: UnsafeMutablePointer<OpaquePointer?>!
) -> mass_status {
  unsafe export(to: session, "session", orTo: error) { () throws(Failure) in
    try unsafe SessionBox(object(ModelBox.self, model, "model"), SessionOptions(options))
  }
}

@c @implementation public func mass_session_run(
  _ session: OpaquePointer!, _ inputs: UnsafePointer<mass_tensor>!, _ input_count: Int,
  _ outputs: UnsafeMutablePointer<mass_tensor>!, _ output_count: Int, _ error: UnsafeMutablePointer<OpaquePointer?>!
) -> mass_status {
  unsafe report(to: error) { () throws(Failure) in
    let box = try unsafe object(SessionBox.self, session, "session")
    let inputs = try unsafe buffer(inputs, input_count, "inputs")
    let outputs = try unsafe buffer(outputs, output_count, "outputs")
    try box.exclusively { () throws(Failure) in try unsafe box.run(inputs, outputs) }
  }
}

@c @implementation public func mass_session_output_shapes(
  _ session: OpaquePointer!, _ inputs: UnsafePointer<mass_tensor>!, _ input_count: Int,
  _ outputs: UnsafeMutablePointer<mass_tensor>!, _ output_count: Int, _ error: UnsafeMutablePointer<OpaquePointer?>!
) -> mass_status {
  unsafe report(to: error) { () throws(Failure) in
    let box = try unsafe object(SessionBox.self, session, "session")
    let inputs = try unsafe buffer(inputs, input_count, "inputs")
    let outputs = try unsafe buffer(outputs, output_count, "outputs")
    try box.exclusively { () throws(Failure) in try unsafe box.describeOutputs(inputs, outputs) }
  }
}

@c @implementation public func mass_session_destroy(_ session: UnsafeMutablePointer<OpaquePointer?>!) {
  unsafe destroy(SessionBox.self, session)
}

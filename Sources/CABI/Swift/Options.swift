import CMass
import MassCompiler
import MassRuntime

/// Reads a struct of which the caller may know less, or more, than this library.
///
/// - Parameter size: The caller's `struct_size`.
/// - Parameter minimum: The struct's size in version 1.
/// - Parameter value: The defaults; overwritten as far as the caller knows the struct.
private func read<Options>(
  _ pointer: UnsafePointer<Options>, size: Int, minimum: Int, _ parameter: String, into value: inout Options
) throws(Failure) {
  guard (minimum...4096).contains(size) else {
    let text = "\(parameter): expected a struct_size of at least \(minimum), got \(size); set it with sizeof"
    throw Failure(MASS_INVALID_ARGUMENT, text)
  }
  let bytes = unsafe UnsafeRawBufferPointer(start: pointer, count: size)
  let known = min(size, MemoryLayout<Options>.size)
  guard unsafe bytes[known...].allSatisfy({ $0 == 0 }) else {
    throw Failure(MASS_UNSUPPORTED, "\(parameter): sets an option that this version of the library does not know")
  }
  unsafe withUnsafeMutableBytes(of: &value) { target in
    unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<known]))
  }
}

private func threads(_ count: Int32) throws(Failure) -> Int? {
  guard (0...4096).contains(count) else {
    throw Failure(MASS_INVALID_ARGUMENT, "options: expected 0 to 4096 threads, got \(count)")
  }
  return count == 0 ? nil : Int(count)
}

extension SessionOptions {
  init(_ pointer: UnsafePointer<mass_session_options>?) throws(Failure) {
    self.init()
    guard let pointer = unsafe pointer else { return }
    var options = mass_session_options()
    try unsafe read(pointer, size: pointer.pointee.struct_size, minimum: 16, "options", into: &options)
    threads = try MassCABI.threads(options.threads)
    isStrict = options.strict != 0
  }
}

/// `mass_compile_options`, decoded.
struct CompileRequest {
  var options = CompileOptions()
  var progress: ((CompileProgress) -> Void)?

  init(_ pointer: UnsafePointer<mass_compile_options>?) throws(Failure) {
    guard let pointer = unsafe pointer else { return }
    var raw = unsafe mass_compile_options()
    try unsafe read(pointer, size: pointer.pointee.struct_size, minimum: 56, "options", into: &raw)
    options.threads = try unsafe threads(raw.threads)
    options.isStrict = unsafe raw.strict != 0
    options.isTuned = unsafe raw.untuned == 0
    guard unsafe raw.reserved == 0 else { throw Failure(MASS_INVALID_ARGUMENT, "options: reserved is not 0") }
    options.shapes = try unsafe Self.shapes(raw.shapes, count: raw.shape_count)
    if let callback = unsafe raw.progress {
      let context = unsafe raw.progress_context
      progress = { step in unsafe step.stage.withCString { unsafe callback(context, $0, step.fraction) } }
    }
  }

  private static func shapes(_ pointer: UnsafePointer<mass_shape>?, count: Int) throws(Failure) -> [String: [Int]] {
    guard count != 0 else { return [:] }
    guard let pointer = unsafe pointer else { throw .null("options.shapes") }
    guard (0...4096).contains(count) else {
      throw Failure(MASS_INVALID_ARGUMENT, "options: expected at most 4096 shapes, got \(UInt(bitPattern: count))")
    }
    var result: [String: [Int]] = [:]
    for i in 0..<count {
      let name = try unsafe text(pointer[i].name, "options.shapes: name")
      result[name] = try unsafe extents(pointer[i], "options.shapes: '\(name)'")
    }
    return result
  }

  private static func extents(_ shape: mass_shape, _ subject: String) throws(Failure) -> [Int] {
    let rank = unsafe Int(shape.ndim)
    guard (0...Int(MASS_MAX_RANK)).contains(rank) else {
      throw Failure(MASS_INVALID_ARGUMENT, "\(subject): expected 0 to \(MASS_MAX_RANK) axes, got \(rank)")
    }
    guard rank > 0 else { return [] }
    guard let pointer = unsafe shape.extents else { throw .null("\(subject): extents") }
    let extents = unsafe UnsafeBufferPointer(start: pointer, count: rank).map { Int($0) }
    guard extents.allSatisfy({ $0 >= 0 }) else {
      throw Failure(MASS_INVALID_ARGUMENT, "\(subject): expected extents of 0 and more, got \(extents)")
    }
    return extents
  }
}

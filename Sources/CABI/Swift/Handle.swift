import CMass

/// A string in memory that C may point to.
@safe final class CText {
  let pointer: UnsafePointer<CChar>

  init(_ text: String) {
    let bytes = text.utf8CString
    let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
    for (i, byte) in bytes.enumerated() { unsafe (copy + i).initialize(to: byte) }
    unsafe pointer = UnsafePointer(copy)
  }

  deinit { unsafe pointer.deallocate() }
}

/// What a `mass_error` points to.
@safe final class ErrorBox {
  let status: mass_status
  let message: CText

  init(_ failure: Failure) {
    status = failure.status
    message = CText(failure.message)
  }
}

/// The object behind a handle of C, which keeps its ownership; nil for NULL.
func object<Box: AnyObject>(_ type: Box.Type, _ handle: OpaquePointer?) -> Box? {
  guard let handle = unsafe handle else { return nil }
  return unsafe Unmanaged<Box>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
}

/// The object behind a handle that must not be NULL.
func object<Box: AnyObject>(
  _ type: Box.Type, _ handle: OpaquePointer?, _ parameter: String
) throws(Failure) -> Box {
  guard let box = unsafe object(type, handle) else { throw .null(parameter) }
  return box
}

/// Hands the ownership of `box` to C.
func handle(_ box: AnyObject) -> OpaquePointer { unsafe OpaquePointer(Unmanaged.passRetained(box).toOpaque()) }

/// Takes the ownership back and nulls the handle.
func destroy<Box: AnyObject>(_ type: Box.Type, _ handle: UnsafeMutablePointer<OpaquePointer?>?) {
  guard let handle = unsafe handle, let object = unsafe handle.pointee else { return }
  unsafe handle.pointee = nil
  unsafe Unmanaged<Box>.fromOpaque(UnsafeRawPointer(object)).release()
}

/// Runs the body of an exported function: its failure becomes a status and an error object.
func report(to error: UnsafeMutablePointer<OpaquePointer?>?, _ body: () throws(Failure) -> Void) -> mass_status {
  if let error = unsafe error { unsafe error.pointee = nil }
  do throws(Failure) { try body() } catch let failure {
    if let error = unsafe error { unsafe error.pointee = handle(ErrorBox(failure)) }
    return failure.status
  }
  return MASS_OK
}

/// As `report(to:_:)`, for a body that makes an object for C.
func export<Box: AnyObject>(
  to out: UnsafeMutablePointer<OpaquePointer?>?, _ parameter: String, orTo error: UnsafeMutablePointer<OpaquePointer?>?,
  _ make: () throws(Failure) -> Box
) -> mass_status {
  unsafe report(to: error) { () throws(Failure) in
    guard let out = unsafe out else { throw .null(parameter) }
    unsafe out.pointee = nil
    unsafe out.pointee = handle(try make())
  }
}

/// A string argument that must not be NULL.
func text(_ pointer: UnsafePointer<CChar>?, _ parameter: String) throws(Failure) -> String {
  guard let pointer = unsafe pointer else { throw .null(parameter) }
  guard let text = unsafe String(validatingCString: pointer) else {
    throw Failure(MASS_INVALID_ARGUMENT, "\(parameter): expected UTF-8, got other bytes")
  }
  return text
}

/// An array argument: NULL is allowed when it has no elements.
func buffer<Element>(
  _ start: UnsafePointer<Element>?, _ count: Int, _ parameter: String
) throws(Failure) -> UnsafeBufferPointer<Element> {
  try unsafe UnsafeBufferPointer(buffer(UnsafeMutablePointer(mutating: start), count, parameter))
}

func buffer<Element>(
  _ start: UnsafeMutablePointer<Element>?, _ count: Int, _ parameter: String
) throws(Failure) -> UnsafeMutableBufferPointer<Element> {
  guard unsafe count == 0 || start != nil else { throw .null(parameter) }
  // Counts above `Int.max` arrive negative.
  let (_, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
  guard count >= 0, !overflow else {
    throw Failure(MASS_INVALID_ARGUMENT, "\(parameter): expected a count of elements, got \(UInt(bitPattern: count))")
  }
  return unsafe UnsafeMutableBufferPointer(start: start, count: count)
}

func buffer(of start: UnsafeRawPointer?, _ count: Int) throws(Failure) -> UnsafeRawBufferPointer {
  try unsafe UnsafeRawBufferPointer(buffer(start?.assumingMemoryBound(to: UInt8.self), count, "bytes"))
}

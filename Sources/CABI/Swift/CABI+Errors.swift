// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CMass

@c @implementation public func mass_status_name(_ status: mass_status) -> UnsafePointer<CChar>! {
  let name: StaticString =
    switch status {
    case MASS_OK: "MASS_OK"
    case MASS_INVALID_ARGUMENT: "MASS_INVALID_ARGUMENT"
    case MASS_FILE_ERROR: "MASS_FILE_ERROR"
    case MASS_BAD_FORMAT: "MASS_BAD_FORMAT"
    case MASS_UNSUPPORTED: "MASS_UNSUPPORTED"
    case MASS_MISMATCH: "MASS_MISMATCH"
    case MASS_NOT_FOUND: "MASS_NOT_FOUND"
    case MASS_SHAPE_UNKNOWN: "MASS_SHAPE_UNKNOWN"
    case MASS_RUN_FAILED: "MASS_RUN_FAILED"
    case MASS_BUSY: "MASS_BUSY"
    case MASS_INTERNAL: "MASS_INTERNAL"
    default: "unknown status"
    }
  return unsafe staticText(name)
}

@c @implementation public func mass_error_status(_ error: OpaquePointer!) -> mass_status {
  unsafe object(ErrorBox.self, error)?.status ?? MASS_OK
}

@c @implementation public func mass_error_message(_ error: OpaquePointer!) -> UnsafePointer<CChar>! {
  unsafe object(ErrorBox.self, error)?.message.pointer ?? staticText("")
}

@c @implementation public func mass_error_destroy(_ error: UnsafeMutablePointer<OpaquePointer?>!) {
  unsafe destroy(ErrorBox.self, error)
}

/// A literal's bytes, which end with a zero and live as long as the process.
private func staticText(_ text: StaticString) -> UnsafePointer<CChar> {
  unsafe UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}

import FoundationEssentials
import MassFormats
import MassRuntime
import MassServingProtocol

extension TypedContents {
  /// Whether the datatype has a list; FP16 and BF16 have none.
  static func canHold(_ element: ElementType) -> Bool { Datatype.isWritableAsJSON(element) }

  /// The elements of an output in the list of its datatype.
  static func contents(of tensor: Tensor) -> WireInferTensorContents {
    var contents = WireInferTensorContents()
    switch tensor.element {
    case .bool: contents.boolContents = elements(of: tensor, as: UInt8.self).map { $0 != 0 }
    case .float32: contents.fp32Contents = elements(of: tensor)
    case .float64: contents.fp64Contents = elements(of: tensor)
    case .int64: contents.int64Contents = elements(of: tensor)
    case .uint64: contents.uint64Contents = elements(of: tensor)
    case .int32: contents.intContents = elements(of: tensor)
    case .uint32: contents.uintContents = elements(of: tensor)
    case .int8: contents.intContents = elements(of: tensor, as: Int8.self).map(Int32.init)
    case .int16: contents.intContents = elements(of: tensor, as: Int16.self).map(Int32.init)
    case .uint8: contents.uintContents = elements(of: tensor, as: UInt8.self).map(UInt32.init)
    case .uint16: contents.uintContents = elements(of: tensor, as: UInt16.self).map(UInt32.init)
    case .string: contents.bytesContents = tensor.strings.map { Data($0.utf8) }
    default: break
    }
    return contents
  }

  private static func elements<Element: BitwiseCopyable>(of tensor: Tensor, as: Element.Type = Element.self)
    -> [Element]
  {
    unsafe tensor.withUnsafeBytes { bytes in
      unsafe [Element](unsafeUninitializedCapacity: tensor.count) { target, count in
        unsafe UnsafeMutableRawBufferPointer(target).copyMemory(from: bytes)
        count = tensor.count
      }
    }
  }
}

import MassRuntime
import OneDNNShim

#if canImport(Glibc)
  import Glibc
#endif

/// Owns one oneDNN primitive.
@safe final class Primitive {
  private var handle: OpaquePointer?

  /// Runs `create`, which stores a primitive or fails; nil when it fails or only a plain-loop implementation exists.
  init?(
    posts: [mass_dnnl_post] = [], implementation: String? = nil, skip: Int = 0, threads: Int,
    acceptsReference: Bool = false,
    _ create: (UnsafePointer<mass_dnnl_options>, UnsafeMutablePointer<OpaquePointer?>) -> mass_dnnl_status
  ) {
    var made: OpaquePointer?
    let status = unsafe posts.withUnsafeBufferPointer { posts in
      unsafe withOptionalCString(implementation) { name in
        var options = unsafe mass_dnnl_options(
          posts: posts.baseAddress, post_count: Int32(posts.count), skip: Int32(skip), implementation: name,
          threads: Int32(clamping: threads))
        return unsafe create(&options, &made)
      }
    }
    unsafe handle = made
    guard status == MASS_DNNL_OK, acceptsReference || !isReference else { return nil }
  }

  deinit { unsafe mass_dnnl_primitive_destroy(&handle) }

  var name: String { unsafe String(cString: mass_dnnl_primitive_name(handle)) }
  var isReference: Bool { unsafe mass_dnnl_primitive_is_reference(handle) }
  var scratchBytes: Int { unsafe mass_dnnl_primitive_scratch_byte_count(handle) }
  var operandCount: Int { unsafe Int(mass_dnnl_primitive_operand_count(handle)) }

  /// The layout the primitive wants of an operand.
  func operand(_ i: Int) -> mass_dnnl_tensor? {
    var tensor = mass_dnnl_tensor()
    return unsafe mass_dnnl_operand(handle, Int32(i), &tensor) == MASS_DNNL_OK ? tensor : nil
  }

  @unsafe func execute(
    _ operands: UnsafePointer<UnsafeMutableRawPointer?>, scratch: UnsafeMutableRawPointer?
  ) -> mass_dnnl_status {
    unsafe mass_dnnl_execute(handle, operands, scratch)
  }
}

private func withOptionalCString<R>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> R) -> R {
  guard let text else { return body(nil) }
  return unsafe text.withCString { unsafe body($0) }
}

/// Runs one primitive on operands of the node and constants prepared when the kernel was made.
@safe final class PrimitiveKernel: Kernel {
  /// Where the primitive's operand comes from.
  enum Source {
    /// The node's input or, counted after the inputs, output.
    case operand(Int)
    case constant(Tensor)
  }

  private let primitive: Primitive
  private let sources: [Source]
  private let node: String
  /// The input whose content the destination must hold before the run, the destination's index, and their bytes.
  private let addend: (input: Int, output: Int, byteCount: Int)?
  private let pointers: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  let scratchBytes: Int
  let inPlacePairs: [InPlacePair]

  init(
    _ primitive: Primitive, _ sources: [Source], node: BoundNode, addend: Int? = nil, inPlace: [InPlacePair] = []
  ) {
    self.primitive = primitive
    self.sources = sources
    self.node = node.name
    scratchBytes = primitive.scratchBytes
    self.addend = addend.map { ($0, node.inputs.count, node.outputs[0].count * 4) }
    inPlacePairs = inPlace + (addend.map { [InPlacePair(input: $0)] } ?? [])
    unsafe pointers = .allocate(capacity: max(sources.count, 1))
    unsafe pointers.initialize(repeating: nil, count: max(sources.count, 1))
    for (i, source) in sources.enumerated() {
      if case .constant(let tensor) = source {
        unsafe pointers[i] = UnsafeMutableRawPointer(mutating: tensor.baseAddress)
      }
    }
  }

  deinit { unsafe pointers.deallocate() }

  func run(_ operands: Operands.Pointers, scratch: UnsafeMutableRawPointer?) throws(OperatorError) {
    for (i, source) in sources.enumerated() {
      if case .operand(let at) = source { unsafe pointers[i] = operands[at] }
    }
    if let addend, let from = unsafe operands[addend.input], let to = unsafe operands[addend.output], unsafe from != to {
      unsafe _ = memcpy(to, from, addend.byteCount)
    }
    let status = unsafe primitive.execute(pointers, scratch: scratch)
    guard status == MASS_DNNL_OK else {
      throw unsafe OperatorError(
        op: primitive.name, node: node, expected: "oneDNN to run",
        got: String(cString: mass_dnnl_status_text(status)))
    }
  }
}

import MassRuntime
import OneDNNShim

/// Owns one oneDNN primitive.
@safe final class Primitive {
  private var handle: OpaquePointer?

  /// Runs `create`, which stores a primitive or fails; nil when it fails, or when only a plain-loop implementation exists
  /// and the caller does not accept it.
  init?(
    posts: [mass_dnnl_post] = [], implementation: String? = nil, threads: Int, acceptsReference: Bool = false,
    _ create: (UnsafePointer<mass_dnnl_options>, UnsafeMutablePointer<OpaquePointer?>) -> mass_dnnl_status
  ) {
    var made: OpaquePointer?
    let status = unsafe posts.withUnsafeBufferPointer { posts in
      unsafe withOptionalCString(implementation) { name in
        var options = unsafe mass_dnnl_options(
          posts: posts.baseAddress, post_count: Int32(posts.count), skip: 0, implementation: name,
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

extension Primitive {
  /// A copy that converts the layout.
  static func reorder(_ source: mass_dnnl_tensor, _ target: mass_dnnl_tensor, threads: Int) -> Primitive? {
    unsafe Primitive(threads: threads, acceptsReference: true) { options, result in
      var (from, to) = (source, target)
      return unsafe mass_dnnl_create_reorder(&from, &to, options, result)
    }
  }

  /// A function of each element, in place.
  static func eltwise(_ post: mass_dnnl_post, on tensor: mass_dnnl_tensor, threads: Int) -> Primitive? {
    unsafe Primitive(threads: threads, acceptsReference: true) { options, result in
      var copy = tensor
      let algorithm = mass_dnnl_eltwise_algorithm(UInt32(bitPattern: post.algorithm))
      return unsafe mass_dnnl_create_eltwise(algorithm, post.alpha, post.beta, &copy, options, result)
    }
  }

  /// A function of each element and another operand's, in place.
  static func binary(_ post: mass_dnnl_post, on tensor: mass_dnnl_tensor, threads: Int) -> Primitive? {
    unsafe Primitive(threads: threads, acceptsReference: true) { options, result in
      var (first, second, target) = (tensor, post.operand, tensor)
      let algorithm = mass_dnnl_binary_algorithm(UInt32(bitPattern: post.algorithm))
      return unsafe mass_dnnl_create_binary(algorithm, &first, &second, &target, options, result)
    }
  }
}

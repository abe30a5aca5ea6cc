import BLASShim
import MassRuntime

/// Double-precision matrix products by OpenBLAS.
public struct BLASPlugin: RuntimePlugin {
  public let name = "blas"

  public init() {}

  public var lowerings: [Lowering] {
    [Lowering(MatMul.self, "blas.gemm") { op, node in op.blasOffers(node) }]
  }
}

extension MatMul {
  func blasOffers(_ node: BoundNode) -> [KernelOffer] {
    guard node.isAll(.float64), epilogue.isEmpty, node.input(2) == nil, let a = node.input(0), let b = node.input(1),
      a.rank == 2, b.rank == 2, [a, b, node.outputs[0]].allSatisfy({ $0.shape.allSatisfy { $0 <= Int(Int32.max) } })
    else { return [] }
    let (m, n) = (node.outputs[0].shape[0], node.outputs[0].shape[1])
    let k = transposeA ? a.shape[0] : a.shape[1]
    return [KernelOffer("") { DoubleProduct(self, m: m, n: n, k: k, lda: a.shape[1], ldb: b.shape[1]) }]
  }
}

/// `C = alpha · op(A) · op(B)`, row-major.
private final class DoubleProduct: Kernel {
  private let op: MatMul
  private let m, n, k, lda, ldb: Int32

  init(_ op: MatMul, m: Int, n: Int, k: Int, lda: Int, ldb: Int) {
    self.op = op
    (self.m, self.n, self.k) = (Int32(m), Int32(n), Int32(k))
    (self.lda, self.ldb) = (Int32(max(lda, 1)), Int32(max(ldb, 1)))
  }

  func run(_ operands: Operands.Pointers, scratch: UnsafeMutableRawPointer?) {
    unsafe cblas_dgemm(
      CblasRowMajor, op.transposeA ? CblasTrans : CblasNoTrans, op.transposeB ? CblasTrans : CblasNoTrans, m, n, k,
      Double(op.alpha), operands[0]?.assumingMemoryBound(to: Double.self), lda,
      operands[1]?.assumingMemoryBound(to: Double.self), ldb, 0, operands[2]?.assumingMemoryBound(to: Double.self),
      max(n, 1))
  }
}

import MassRuntime
import OneDNNShim

/// Kernels by oneDNN: convolution, matrix product, pooling and what else it computes fast.
public struct OneDNNPlugin: RuntimePlugin {
  public let name = "onednn"

  public init() {}

  /// Library version and instruction set: packed weights are good for this combination only.
  public var processor: String {
    unsafe "onednn \(String(cString: mass_dnnl_version())) \(String(cString: mass_dnnl_cpu_isa()))"
  }

  public var lowerings: [Lowering] {
    [
      Lowering(Conv.self, "onednn.conv") { op, node in op.oneDNNOffers(node) },
      Lowering(ConvTranspose.self, "onednn.deconv") { op, node in op.oneDNNOffers(node) },
      Lowering(MatMul.self, "onednn.matmul") { op, node in op.oneDNNOffers(node) },
      Lowering(MaxPool.self, "onednn.pool") { op, node in op.oneDNNOffers(node) },
      Lowering(AveragePool.self, "onednn.pool") { op, node in op.oneDNNOffers(node) },
      Lowering(GlobalPool.self, "onednn.pool") { op, node in op.oneDNNOffers(node) },
      Lowering(LRN.self, "onednn.lrn") { op, node in op.oneDNNOffers(node) },
      Lowering(LSTM.self, "onednn.lstm") { op, node in op.oneDNNOffers(node) },
      Lowering(GRU.self, "onednn.gru") { op, node in op.oneDNNOffers(node) },
      Lowering(RNN.self, "onednn.rnn") { op, node in op.oneDNNOffers(node) },
    ]
  }
}

extension OperatorSet {
  /// Operators of the neural-network family.
  static let neuralNetwork: [any Operator.Type] = [
    Conv.self, ConvTranspose.self, MatMul.self,
    MaxPool.self, AveragePool.self, LpPool.self, GlobalPool.self,
    Softmax.self, LogSoftmax.self, Hardmax.self,
    BatchNormalization.self, InstanceNormalization.self, GroupNormalization.self, LayerNormalization.self,
    RMSNormalization.self, FusedLayerNormalization.self, LpNormalization.self, LRN.self,
    MeanVarianceNormalization.self,
    Reduce.self, Resize.self,
    LSTM.self, GRU.self, RNN.self,
    Attention.self, RotaryEmbedding.self,
  ]
}

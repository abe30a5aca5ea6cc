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
    Einsum.self, Det.self, MaxUnpool.self,
    GridSample.self, AffineGrid.self, RoiAlign.self, NonMaxSuppression.self, Col2Im.self,
    NegativeLogLikelihoodLoss.self, SoftmaxCrossEntropyLoss.self,
    DFT.self, STFT.self, Window.self, MelWeightMatrix.self,
    Random.self, Bernoulli.self, Multinomial.self,
  ]
}

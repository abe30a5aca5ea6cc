import MassRuntime

extension ImportRule {
  /// Attention and positions.
  static let attention: [ImportRule] = [
    ImportRule("Attention") { n throws(ImportError) in try n.finishAttention() },
    ImportRule("RotaryEmbedding") { n throws(ImportError) in
      try n.finish(
        RotaryEmbedding(
          isInterleaved: try n.bool("interleaved"), rotatedSize: try n.int("rotary_embedding_dim", default: 0),
          heads: try n.int("num_heads")))
    },
  ]
}

extension NodeTranslation {
  fileprivate func finishAttention() throws(ImportError) {
    // The softmax is computed in the widest precision whatever the model asks for.
    _ = try elementType("softmax_precision")
    var op = Attention(scale: try float("scale"), isCausal: try bool("is_causal"))
    op.softcap = try float("softcap", default: 0)
    op.queryHeads = try int("q_num_heads")
    op.keyHeads = try int("kv_num_heads")
    op.leftWindow = try window("left_window_size")
    op.rightWindow = try window("right_window_size")
    op.scoreStage = try scoreStage()
    try finish(op)
  }

  private func window(_ name: String) throws(ImportError) -> Int? {
    let size = try int(name, default: -1)
    return size < 0 ? nil : size
  }

  private func scoreStage() throws(ImportError) -> Attention.ScoreStage {
    let mode = try int("qk_matmul_output_mode", default: 0)
    guard let stage = Attention.ScoreStage(rawValue: mode) else {
      throw invalid(expected: "qk_matmul_output_mode in 0...3", got: "\(mode)")
    }
    return stage
  }
}

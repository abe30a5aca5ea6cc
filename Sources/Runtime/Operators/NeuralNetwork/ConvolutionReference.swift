/// Direct convolution in `Double`: the sums behind `Conv` and `ConvTranspose`.
///
/// For each kernel position the pairs of input and output rows it connects are listed once; the loops over channels
/// then only add scaled rows to rows.
struct ConvolutionReference {
  let window: ResolvedWindow
  let batch: Int
  let groups: Int
  /// Per group.
  var inputChannels = 0
  /// Per group.
  var outputChannels = 0

  init(window: ResolvedWindow, batch: Int, groups: Int) {
    self.groups = groups
    self.batch = batch
    self.window = window.flattened
  }

  /// One kernel position: `rows` of `count` elements from column `input`, every `step`-th, to column `output`.
  private struct Tap {
    var rows: [(input: Int, output: Int)]
    var count: Int
  }

  private var inputSize: Int { window.input.reduce(1, *) }
  private var outputSize: Int { window.output.reduce(1, *) }
  private var kernelSize: Int { window.kernel.reduce(1, *) }
  private var step: Int { window.strides.last ?? 1 }

  /// Y[n, m] = bias[m] + Σ W[m, c, k] · X[n, c, o·s - p + k·d]
  func forward(_ x: [Double], _ w: [Double], _ bias: [Double]?) -> [Double] {
    let channels = groups * outputChannels
    var y = [Double](repeating: 0, count: batch * channels * outputSize)
    if let bias { fill(&y, bias) }
    let taps = taps()
    unsafe x.withUnsafeBufferPointer { x in
      unsafe w.withUnsafeBufferPointer { w in
        unsafe y.withUnsafeMutableBufferPointer { y in
          guard let x = x.baseAddress, let w = w.baseAddress, let y = y.baseAddress else { return }
          for image in 0..<batch * groups {
            let group = image % groups
            let source = unsafe x + image * inputChannels * inputSize
            let weights = unsafe w + group * outputChannels * inputChannels * kernelSize
            let target = unsafe y + image * outputChannels * outputSize
            unsafe forward(source, weights, target, taps)
          }
        }
      }
    }
    return y
  }

  /// One image and group, four output channels at a time.
  private func forward(
    _ x: UnsafePointer<Double>, _ w: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ taps: [Tap]
  ) {
    let perOutput = inputChannels * kernelSize
    for first in stride(from: 0, to: outputChannels, by: 4) {
      let block = min(4, outputChannels - first)
      for channel in 0..<inputChannels {
        let plane = unsafe x + channel * inputSize
        for (k, tap) in taps.enumerated() {
          let at = unsafe w + first * perOutput + channel * kernelSize + k
          for row in tap.rows {
            let source = unsafe plane + row.input
            let target = unsafe y + first * outputSize + row.output
            if block == 4 {
              unsafe addFour(source, at, perOutput, target, tap.count)
            } else {
              for b in 0..<block {
                unsafe addOne(source, at[b * perOutput], target + b * outputSize, tap.count)
              }
            }
          }
        }
      }
    }
  }

  @inline(__always)
  private func addFour(
    _ x: UnsafePointer<Double>, _ w: UnsafePointer<Double>, _ weightStep: Int, _ y: UnsafeMutablePointer<Double>,
    _ count: Int
  ) {
    let (a, b) = unsafe (w[0], w[weightStep])
    let (c, d) = unsafe (w[2 * weightStep], w[3 * weightStep])
    let (y1, y2, y3) = unsafe (y + outputSize, y + 2 * outputSize, y + 3 * outputSize)
    if step == 1 {
      for i in 0..<count {
        let v = unsafe x[i]
        unsafe y[i] += a * v
        unsafe y1[i] += b * v
        unsafe y2[i] += c * v
        unsafe y3[i] += d * v
      }
    } else {
      for i in 0..<count {
        let v = unsafe x[i * step]
        unsafe y[i] += a * v
        unsafe y1[i] += b * v
        unsafe y2[i] += c * v
        unsafe y3[i] += d * v
      }
    }
  }

  @inline(__always)
  private func addOne(_ x: UnsafePointer<Double>, _ w: Double, _ y: UnsafeMutablePointer<Double>, _ count: Int) {
    if step == 1 {
      for i in 0..<count { unsafe y[i] += w * x[i] }
    } else {
      for i in 0..<count { unsafe y[i] += w * x[i * step] }
    }
  }

  /// The adjoint: scatters each input element over the outputs it reaches. `window` describes the convolution whose
  /// *input* is our result, so `window.output` are our input's extents.
  func transposed(_ x: [Double], _ w: [Double], _ bias: [Double]?) -> [Double] {
    let channels = groups * outputChannels
    var y = [Double](repeating: 0, count: batch * channels * inputSize)
    if let bias {
      for i in y.indices { y[i] = bias[i / inputSize % channels] }
    }
    let taps = taps()
    for image in 0..<batch * groups {
      for c in 0..<inputChannels {
        let source = (image * inputChannels + c) * outputSize
        let row = (image % groups * inputChannels + c) * outputChannels
        for m in 0..<outputChannels {
          let target = (image * outputChannels + m) * inputSize
          for (k, tap) in taps.enumerated() {
            scatter(x, from: source, times: w[(row + m) * kernelSize + k], into: &y, at: target, tap)
          }
        }
      }
    }
    return y
  }

  private func scatter(
    _ x: [Double], from source: Int, times weight: Double, into y: inout [Double], at target: Int, _ tap: Tap
  ) {
    unsafe x.withUnsafeBufferPointer { x in
      unsafe y.withUnsafeMutableBufferPointer { y in
        for row in tap.rows {
          var to = target + row.input
          let from = source + row.output
          for i in 0..<tap.count {
            unsafe y[to] += weight * x[from + i]
            to += step
          }
        }
      }
    }
  }

  private func fill(_ y: inout [Double], _ bias: [Double]) {
    let channels = groups * outputChannels
    for i in y.indices { y[i] = bias[i / outputSize % channels] }
  }

  /// The rows each kernel position connects, in row-major order of the kernel.
  private func taps() -> [Tap] {
    let inputStrides = Strides.rowMajor(window.input)
    let outputStrides = Strides.rowMajor(window.output)
    var taps: [Tap] = [Tap(rows: [(0, 0)], count: 1)]
    for axis in 0..<window.rank {
      let isLast = axis == window.rank - 1
      var next: [Tap] = []
      next.reserveCapacity(taps.count * window.kernel[axis])
      for tap in taps {
        for k in 0..<window.kernel[axis] {
          let outputs = window.outputs(axis, tap: k)
          let shift = k * window.dilations[axis] - window.padsBegin[axis]
          var rows: [(input: Int, output: Int)] = []
          for row in tap.rows where !outputs.isEmpty {
            for o in isLast ? outputs.prefix(1) : outputs {
              let input = row.input + (o * window.strides[axis] + shift) * inputStrides[axis]
              rows.append((input, row.output + o * outputStrides[axis]))
            }
          }
          next.append(Tap(rows: rows, count: isLast ? outputs.count : 1))
        }
      }
      taps = next
    }
    return taps
  }
}

extension ResolvedWindow {
  /// A pointwise window over one long axis instead of several; other windows unchanged.
  fileprivate var flattened: ResolvedWindow {
    let isPointwise =
      input == output && (kernel + strides).allSatisfy { $0 == 1 } && padsBegin.allSatisfy { $0 == 0 }
    guard isPointwise else { return self }
    let count = input.reduce(1, *)
    return ResolvedWindow(
      input: [count], kernel: [1], output: [count], strides: [1], dilations: [1], padsBegin: [0], padsEnd: [0])
  }
}

import MassRuntime
import VectorShim

extension Resize {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    guard let x = node.input(0), x.layout == node.outputs[0].layout, x.rank <= Int(MASS_RESIZE_MAX_RANK),
      let width = x.element.byteWidth, node.outputs[0].element == x.element,
      (1..<node.inputs.count).allSatisfy({ node.input($0).map { $0.constant != nil || $0.count == 0 } ?? true }),
      (x.shape + node.outputs[0].shape).allSatisfy({ $0 <= Int(Int32.max) })
    else { return [] }
    let made = tables(
      input: x.shape, output: node.outputs[0].shape, roi: node.input(1)?.constant?.doubles() ?? [],
      scales: node.input(2)?.constant?.doubles() ?? [], sizes: node.constants(3) ?? [])
    let ordered = x.axesInMemory.map { made[$0] }
    if ordered.allSatisfy({ $0.taps <= 1 }) {
      guard x.element == .float32 || ordered.allSatisfy({ !$0.indices.contains(-1) }) else { return [] }
      return KernelOffer.exact { NearestResize(ordered, width: width, extrapolation: extrapolationValue, node) }
    }
    guard x.element == .float32 else { return [] }
    return KernelOffer.single { WeightedResize(ordered, extrapolation: extrapolationValue, node) }
  }
}

/// Picks elements by one index table for each axis that changes.
@safe private final class NearestResize: Kernel {
  private let storage: UnsafeMutablePointer<Int32>
  private var tables: [UnsafePointer<Int32>?] = unsafe []
  private let extents: [Int64]
  private let resultExtents: [Int64]
  private let width: Int32
  private var extrapolation: Float
  private let threads: Int32
  private let result: Int

  init(_ axes: [ResizeTable], width: Int, extrapolation: Float, _ node: BoundNode) {
    unsafe storage = UnsafeMutablePointer.allocate(capacity: max(axes.reduce(0) { $0 + $1.indices.count }, 1))
    extents = axes.map { Int64($0.inputSize) }
    resultExtents = axes.map { Int64($0.outputSize) }
    self.width = Int32(width)
    self.extrapolation = extrapolation
    threads = node.team
    result = node.inputs.count
    var next = unsafe storage
    for axis in axes {
      unsafe tables.append(axis.isIdentity ? nil : UnsafePointer(next))
      for index in axis.indices {
        unsafe next.initialize(to: Int32(index))
        unsafe next += 1
      }
    }
  }

  deinit { unsafe storage.deallocate() }

  func run(_ operands: Operands.Pointers, scratch: UnsafeMutableRawPointer?) {
    _ = unsafe mass_resize_nearest(
      threads, Int32(extents.count), extents, resultExtents, tables, width, operands[0], &extrapolation,
      operands[result])
  }
}

/// Mixes neighbours along one axis after another.
@safe private final class WeightedResize: Kernel {
  let scratchBytes: Int
  private let indices: UnsafeMutablePointer<Int32>
  private let weights: UnsafeMutablePointer<Float>
  private var axes: [mass_resize_axis] = unsafe []
  private let extrapolation: Float
  private let threads: Int32
  private let result: Int

  init?(_ tables: [ResizeTable], extrapolation: Float, _ node: BoundNode) {
    let count = max(tables.reduce(0) { $0 + $1.indices.count }, 1)
    unsafe indices = UnsafeMutablePointer.allocate(capacity: count)
    unsafe weights = UnsafeMutablePointer.allocate(capacity: count)
    self.extrapolation = extrapolation
    threads = node.team
    result = node.inputs.count
    var start = 0
    for table in tables {
      unsafe axes.append(
        mass_resize_axis(
          size: Int64(table.inputSize), out_size: Int64(table.outputSize), taps: Int64(table.taps),
          indices: table.isIdentity ? nil : indices + start, weights: table.isIdentity ? nil : weights + start))
      for (i, (index, weight)) in zip(table.indices, table.weights).enumerated() {
        unsafe indices[start + i] = Int32(index)
        unsafe weights[start + i] = Float(weight)
      }
      start += table.indices.count
    }
    scratchBytes = Int(unsafe mass_resize_scratch_bytes(Int32(axes.count), axes))
    guard scratchBytes >= 0 else { return nil }
  }

  deinit {
    unsafe indices.deallocate()
    unsafe weights.deallocate()
  }

  func run(_ operands: Operands.Pointers, scratch: UnsafeMutableRawPointer?) {
    _ = unsafe mass_resize_weighted_f32(
      threads, Int32(axes.count), axes, extrapolation, operands.floats(0), operands.floats(result), scratch)
  }
}

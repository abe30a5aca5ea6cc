/// Memory that one or more values of a program lie in, while it is being planned.
final class Buffer {
  enum Place {
    /// In the session's arena, at an offset still to be found.
    case arena
    /// Memory of the program's input or output with this index.
    case input(Int)
    case output(Int)
    case constant(Tensor)
  }

  var place: Place
  var byteCount: Int
  /// Steps between which the content matters.
  var firstStep: Int
  var lastStep: Int
  /// The buffer this one is a part of, and where.
  var parent: (buffer: Buffer, offset: Int)?
  var arenaOffset = 0
  /// Every value that lies in this buffer or in one embedded in it.
  var residents: [ValueID] = []

  init(_ place: Place, byteCount: Int, step: Int) {
    self.place = place
    self.byteCount = byteCount
    firstStep = step
    lastStep = step
  }

  /// The outermost buffer and this one's offset in it.
  var root: (buffer: Buffer, offset: Int) {
    var (buffer, offset) = (self, 0)
    while let parent = buffer.parent {
      offset += parent.offset
      buffer = parent.buffer
    }
    return (buffer, offset)
  }

  var isArena: Bool { if case .arena = place { true } else { false } }

  func extend(to step: Int) {
    firstStep = min(firstStep, step)
    lastStep = max(lastStep, step)
  }

  /// Makes this buffer a part of another one.
  func embed(in other: Buffer, at offset: Int) {
    parent = (other, offset)
    other.residents += residents
    other.extend(to: firstStep)
    other.extend(to: lastStep)
  }
}

/// Where a value lies: a buffer and a byte offset in it.
struct Location {
  var buffer: Buffer
  var offset: Int

  var resolved: (buffer: Buffer, offset: Int) {
    let (root, base) = buffer.root
    return (root, base + offset)
  }
}

enum ArenaLayout {
  /// Gives every arena buffer an offset such that buffers that live at the same time do not overlap.
  ///
  /// Greedy by size, each at the lowest free offset (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net
  /// Inference", 2020, algorithm "Greedy by Size").
  ///
  /// - Returns: The bytes needed.
  static func assign(_ buffers: [Buffer]) -> Int {
    var placed: [Buffer] = []
    var total = 0
    for buffer in buffers.sorted(by: { $0.byteCount > $1.byteCount }) {
      var offset = 0
      for other in placed where other.firstStep <= buffer.lastStep && buffer.firstStep <= other.lastStep {
        if offset + buffer.byteCount <= other.arenaOffset { break }
        offset = max(offset, (other.arenaOffset + other.byteCount).roundedUp(to: TensorStorage.alignment))
      }
      buffer.arenaOffset = offset
      total = max(total, offset + buffer.byteCount)
      let at = placed.firstIndex { $0.arenaOffset > offset } ?? placed.count
      placed.insert(buffer, at: at)
    }
    return total.roundedUp(to: TensorStorage.alignment)
  }
}

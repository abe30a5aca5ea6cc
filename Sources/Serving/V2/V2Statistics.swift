import MassJSON

/// Statistics and the repository's index as Triton writes them.
enum V2Statistics {
  static func index(_ entries: [IndexEntry]) -> JSONWriter {
    var writer = JSONWriter()
    writer.array { writer in
      for entry in entries {
        writer.object { writer in
          writer.key("name")
          writer.string(entry.name)
          writer.key("version")
          writer.string("\(entry.version)")
          writer.key("state")
          writer.string(entry.state.rawValue)
          writer.key("reason")
          writer.string(entry.reason)
        }
      }
    }
    return writer
  }

  static func writer(_ statistics: [VersionStatistics]) -> JSONWriter {
    var writer = JSONWriter()
    writer.object { writer in
      writer.key("model_stats")
      writer.array { writer in for version in statistics { write(version, &writer) } }
    }
    return writer
  }

  private static func write(_ version: VersionStatistics, _ writer: inout JSONWriter) {
    writer.object { writer in
      writer.key("name")
      writer.string(version.name)
      writer.key("version")
      writer.string("\(version.version)")
      for (key, value) in [
        ("last_inference", version.lastInference), ("inference_count", version.inferenceCount),
        ("execution_count", version.executionCount),
      ] {
        writer.key(key)
        writer.integer(value)
      }
      writer.key("inference_stats")
      members(
        [
          ("success", version.success), ("fail", version.failure), ("queue", version.queue),
          ("compute_input", version.input), ("compute_infer", version.compute), ("compute_output", version.output),
          ("cache_hit", version.cacheHit), ("cache_miss", version.cacheMiss),
        ], &writer)
      writer.key("response_stats")
      writer.object { _ in }
      writer.key("batch_stats")
      writer.array { writer in
        for (rows, batch) in version.batches.sorted(by: { $0.key < $1.key }) { write(rows, batch, &writer) }
      }
      writer.key("memory_usage")
      writer.array { writer in memory(version.residentBytes, &writer) }
    }
  }

  private static func write(_ rows: Int, _ batch: VersionStatistics.Batch, _ writer: inout JSONWriter) {
    writer.object { writer in
      writer.key("batch_size")
      writer.integer(rows)
      for (key, duration) in [
        ("compute_input", batch.input), ("compute_infer", batch.compute), ("compute_output", batch.output),
      ] {
        writer.key(key)
        write(duration, &writer)
      }
    }
  }

  private static func memory(_ bytes: UInt64, _ writer: inout JSONWriter) {
    writer.object { writer in
      writer.key("type")
      writer.string("CPU")
      writer.key("id")
      writer.integer(0)
      writer.key("byte_size")
      writer.integer(bytes)
    }
  }

  private static func members(_ durations: [(String, DurationCount)], _ writer: inout JSONWriter) {
    writer.object { writer in
      for (key, duration) in durations {
        writer.key(key)
        write(duration, &writer)
      }
    }
  }

  private static func write(_ duration: DurationCount, _ writer: inout JSONWriter) {
    writer.object { writer in
      writer.key("count")
      writer.integer(duration.count)
      writer.key("ns")
      writer.integer(duration.nanoseconds)
    }
  }
}

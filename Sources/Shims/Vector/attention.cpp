#include "mass_vector_attention.h"

#include <cmath>

#include "vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "../attention.cpp"
#include <hwy/foreach_target.h>

#include "attention_call.h"
#include "attention_tile-inl.h"
#include "mass_vector_parallel.h"

HWY_BEFORE_NAMESPACE();
namespace mass {
namespace HWY_NAMESPACE {
namespace {

/// One thread's buffers.
struct Buffers {
  float *keys, *values, *queries, *scores, *products, *maxima, *sums;
};

constexpr int64_t kLargestDepth = 256;
constexpr int64_t kLargestChunk = 1020;
/// With fewer rows packing costs more than it saves.
constexpr int64_t kFewRows = 3;

int64_t KeyBlock(const mass_attention &shape) {
  return std::max(shape.head_size, shape.value_size) <= 64 ? 256 : 128;
}

int64_t PaddedWidth(int64_t width) { return RoundUp(width, 32); }

/// Floats of scratch per thread, for every target.
int64_t ScratchFloats(const mass_attention &shape) {
  const int64_t packed = KeyBlock(shape) * (PaddedWidth(shape.head_size) + PaddedWidth(shape.value_size));
  return packed + 12 * (2 * kTileStride + PaddedWidth(shape.value_size)) + 2 * (kLargestChunk + 4);
}

/// Cuts a thread's scratch.
Buffers Cut(const mass_attention &shape, float *scratch) {
  Buffers buffers;
  buffers.keys = scratch;
  buffers.values = buffers.keys + KeyBlock(shape) * PaddedWidth(shape.head_size);
  buffers.queries = buffers.values + KeyBlock(shape) * PaddedWidth(shape.value_size);
  buffers.scores = buffers.queries + 12 * kTileStride;
  buffers.products = buffers.scores + 12 * kTileStride;
  buffers.maxima = buffers.products + 12 * PaddedWidth(shape.value_size);
  buffers.sums = buffers.maxima + kLargestChunk + 4;
  return buffers;
}

/// The part of a call that one task does: some query rows of one key head.
struct Task {
  const AttentionCall &call;
  Buffers buffers;
  int64_t batch, kv_head, first_row, row_count;

  int64_t HeadOf(int64_t row) const {
    return kv_head * (call.shape->heads / call.shape->kv_heads) + (first_row + row) / call.shape->queries;
  }
  int64_t QueryOf(int64_t row) const { return (first_row + row) % call.shape->queries; }

  const float *Query(int64_t row) const {
    const int64_t *strides = call.shape->query_strides;
    return call.query + batch * strides[0] + HeadOf(row) * strides[1] + QueryOf(row) * strides[2];
  }
  float *Out(int64_t row) const {
    const int64_t *strides = call.shape->out_strides;
    return call.out + batch * strides[0] + HeadOf(row) * strides[1] + QueryOf(row) * strides[2];
  }
  const float *Key(int64_t key) const {
    const int64_t *strides = call.shape->key_strides;
    return call.key + batch * strides[0] + kv_head * strides[1] + key * strides[2];
  }
  const float *Value(int64_t key) const {
    const int64_t *strides = call.shape->value_strides;
    return call.value + batch * strides[0] + kv_head * strides[1] + key * strides[2];
  }

  /// How many keys of the block at `begin` a row sees.
  int64_t Visible(int64_t row, int64_t begin, int64_t count) const {
    if (!call.shape->causal) return count;
    return std::clamp<int64_t>(QueryOf(row) + call.shape->causal_offset + 1 - begin, 0, count);
  }
};

/// Completes a score row over `count` keys: soft cap, mask and -∞ where the row sees no key, up to a whole vector.
void MaskRow(const Task &task, int64_t row, int64_t begin, int64_t count, float *scores) {
  const mass_attention &shape = *task.call.shape;
  const int64_t visible = task.Visible(row, begin, count), padded = RoundUp(count, kLanes);
  if (shape.softcap != 0.0f) CapScores(shape.softcap, scores, padded);
  if (task.call.mask) {
    const int64_t *strides = shape.mask_strides;
    const float *mask = task.call.mask + task.batch * strides[0] + task.HeadOf(row) * strides[1] +
                        task.QueryOf(row) * strides[2] + begin * strides[3];
    AddMask(mask, strides[3], scores, visible);
  }
  std::fill(scores + visible, scores + padded, kNegativeInfinity);
}

/// Turns the scores of a tile's rows over `count` keys into weights, and merges them with the running maxima and sums.
/// `old` receives the factors for what was summed before.
void SoftmaxRows(const Task &task, int64_t first, int64_t rows, int64_t begin, int64_t count, float *old) {
  const int64_t padded = RoundUp(count, kLanes);
  float *scores = task.buffers.scores, *maxima = task.buffers.maxima + first, *sums = task.buffers.sums + first;
  if (task.call.mask || task.call.shape->causal || task.call.shape->softcap != 0.0f || padded != count) {
    for (int64_t r = 0; r < rows; ++r) MaskRow(task, first + r, begin, count, scores + r * kTileStride);
  }
  // Two loops, so that the rows' reductions overlap.
  float shifts[kTileRows];
  for (int64_t r = 0; r < rows; ++r) {
    const float maximum = std::max(maxima[r], MaximumOf(scores + r * kTileStride, padded));
    // A row without a visible key yet has weights of zero, not NaN.
    shifts[r] = maximum == kNegativeInfinity ? 0.0f : maximum;
    old[r] = sums[r] == 0.0f ? 0.0f : std::exp(maxima[r] - shifts[r]);
    maxima[r] = maximum;
  }
  for (int64_t r = 0; r < rows; ++r) {
    sums[r] = sums[r] * old[r] + Exponentiate(shifts[r], scores + r * kTileStride, padded);
  }
}

/// Copies the queries of a tile for the depths from `begin`, scaled, into the query tile.
void LoadQueries(const Task &task, int64_t first, int64_t rows, int64_t begin, int64_t depth) {
  const int64_t padded = RoundUp(depth, kLanes);
  for (int64_t r = 0; r < rows; ++r) {
    float *to = task.buffers.queries + r * kTileStride;
    CopyScaled(task.Query(first + r) + begin, depth, task.call.shape->scale, to, padded);
  }
  for (int64_t r = rows; r < PaddedRows(rows); ++r) {
    std::fill_n(task.buffers.queries + r * kTileStride, padded, 0.0f);
  }
}

/// One tile of query rows against a packed block of keys.
void RunTile(const Task &task, int64_t first, int64_t rows, int64_t begin, int64_t block_count, bool last) {
  const mass_attention &shape = *task.call.shape;
  const Buffers &buffers = task.buffers;
  int64_t count = 0;
  for (int64_t r = 0; r < rows; ++r) count = std::max(count, task.Visible(first + r, begin, block_count));
  const int64_t width = shape.value_size, product_stride = PaddedWidth(width);
  for (int64_t depth = 0; count > 0 && depth < shape.head_size; depth += kLargestDepth) {
    const int64_t part = std::min(shape.head_size - depth, kLargestDepth);
    LoadQueries(task, first, rows, depth, part);
    for (int64_t key = 0; key < count; key += kPanel) {
      const int64_t panel_width = block_count - key > kLanes ? kPanel : kLanes;
      MultiplyRows(rows, buffers.queries, buffers.keys + key * shape.head_size + depth * panel_width, 0, panel_width,
                   part, depth > 0, buffers.scores + key, kTileStride);
    }
  }
  float old[kTileRows];
  if (count > 0) {
    SoftmaxRows(task, first, rows, begin, count, old);
    MultiplyRows(rows, buffers.scores, buffers.values, block_count * kPanel, width, count, false, buffers.products,
                 product_stride);
  } else {
    std::fill_n(buffers.products, rows * product_stride, 0.0f);
    std::fill_n(old, rows, 1.0f);
  }
  for (int64_t r = 0; r < rows; ++r) {
    const float sum = buffers.sums[first + r];
    const float factor = !last ? 1.0f : sum == 0.0f ? 0.0f : 1.0f / sum;
    MergeRow(buffers.products + r * product_stride, factor, begin == 0 ? 0.0f : old[r] * factor, task.Out(first + r),
             width);
  }
}

/// A task of many rows: packs each block of keys and values once.
void RunTiles(const Task &task, int64_t keys) {
  const mass_attention &shape = *task.call.shape;
  for (int64_t begin = 0; begin == 0 || begin < keys; begin += task.call.block) {
    const int64_t count = std::min(keys - begin, task.call.block);
    if (count > 0) {
      PackKeys(task.Key(begin), shape.key_strides[2], count, shape.head_size, task.buffers.keys);
      PackValues(task.Value(begin), shape.value_strides[2], count, shape.value_size, task.buffers.values);
    }
    for (int64_t row = 0; row < task.row_count; row += kTileRows) {
      RunTile(task, row, std::min(task.row_count - row, kTileRows), begin, count, begin + task.call.block >= keys);
    }
  }
}

/// A task of few rows, as in decoding: reads keys and values in place.
void RunFewRows(const Task &task, int64_t keys) {
  const mass_attention &shape = *task.call.shape;
  for (int64_t begin = 0; begin == 0 || begin < keys; begin += task.call.block) {
    const int64_t block_count = std::min(keys - begin, task.call.block);
    for (int64_t row = 0; row < task.row_count; ++row) {
      const int64_t count = task.Visible(row, begin, block_count);
      float old = 1.0f, *scores = task.buffers.scores, *product = task.buffers.products;
      std::fill_n(product, shape.value_size, 0.0f);
      if (count > 0) {
        ScoreKeys(task.Query(row), shape.scale, task.Key(begin), shape.key_strides[2], count, shape.head_size, scores);
        SoftmaxRows(task, row, 1, begin, count, &old);
        AddValues(scores, task.Value(begin), shape.value_strides[2], count, shape.value_size, product);
      }
      const float sum = task.buffers.sums[row];
      const float factor = begin + task.call.block < keys ? 1.0f : sum == 0.0f ? 0.0f : 1.0f / sum;
      MergeRow(product, factor, begin == 0 ? 0.0f : old * factor, task.Out(row), shape.value_size);
    }
  }
}

void RunTasks(void *context, int64_t begin, int64_t end, int thread) {
  const AttentionCall &call = *static_cast<const AttentionCall *>(context);
  const mass_attention &shape = *call.shape;
  const Buffers buffers = Cut(shape, call.scratch + thread * call.scratch_floats);
  for (int64_t index = begin; index < end; ++index) {
    const int64_t head = index / call.chunks, first = index % call.chunks * call.chunk_rows;
    const Task task = {call, buffers, head / shape.kv_heads, head % shape.kv_heads, first,
                       std::min(call.rows - first, call.chunk_rows)};
    std::fill_n(buffers.maxima, task.row_count, kNegativeInfinity);
    std::fill_n(buffers.sums, task.row_count, 0.0f);
    int64_t keys = shape.keys;
    if (call.key_counts) keys = std::clamp<int64_t>(call.key_counts[task.batch], 0, keys);
    (task.row_count <= kFewRows ? RunFewRows : RunTiles)(task, keys);
  }
}

void Run(int threads, AttentionCall &call) {
  const mass_attention &shape = *call.shape;
  const int64_t heads = shape.batch * shape.kv_heads;
  call.rows = shape.heads / shape.kv_heads * shape.queries;
  if (call.rows == 0) return;
  int64_t chunks = heads % threads == 0 ? 1 : (4 * threads + heads - 1) / heads;
  chunks = std::clamp<int64_t>(call.rows / (4 * kTileRows), 1, chunks);
  chunks = std::max(chunks, (call.rows + kLargestChunk - 1) / kLargestChunk);
  call.chunk_rows = RoundUp((call.rows + chunks - 1) / chunks, kTileRows);
  call.chunks = (call.rows + call.chunk_rows - 1) / call.chunk_rows;
  call.block = KeyBlock(shape);
  call.scratch_floats = ScratchFloats(shape);
  mass_parallel_for(threads, heads * call.chunks, 1, RunTasks, &call);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace mass
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mass {
namespace {
HWY_EXPORT(Run);

constexpr int64_t kLargestSize = int64_t{1} << 20;

int64_t ScratchBytes(int64_t threads, const mass_attention &shape) {
  if (shape.batch < 0 || shape.queries < 0 || shape.keys < 0 || threads < 1) return -1;
  if (shape.head_size < 0 || shape.head_size > kLargestSize) return -1;
  if (shape.value_size < 0 || shape.value_size > kLargestSize) return -1;
  if (shape.heads <= 0 || shape.kv_heads <= 0 || shape.heads % shape.kv_heads != 0) return -1;
  return threads * HWY_STATIC_DISPATCH(ScratchFloats)(shape) * static_cast<int64_t>(sizeof(float));
}

void Attend(int threads, AttentionCall call) { HWY_DYNAMIC_DISPATCH(Run)(threads, call); }

}  // namespace
}  // namespace mass

extern "C" {

int64_t mass_attention_scratch_bytes(int32_t threads, const mass_attention *attention) {
  return mass::ScratchBytes(threads, *attention);
}

void mass_attention_f32(int32_t threads, const mass_attention *attention, const float *query, const float *key,
                        const float *value, const float *mask, const int64_t *key_counts, float *out, void *scratch) {
  mass::AttentionCall call = {};
  call.shape = attention;
  call.query = query, call.key = key, call.value = value, call.mask = mask;
  call.key_counts = key_counts;
  call.out = out;
  call.scratch = static_cast<float *>(scratch);
  mass::Attend(threads, call);
}

}  // extern "C"
#endif

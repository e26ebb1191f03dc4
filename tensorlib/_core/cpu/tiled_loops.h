// Inner loops over operands that lie in memory in different orders, such as x + y.T.
//
// A loop runs along the order of one operand, and would fetch a cache line of another for each
// element. So it runs in tiles, into which the others are transposed first.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <utility>

#include "copy.h"
#include "dtypes.h"
#include "float_status.h"
#include "parallel_loops.h"
#include "strided.h"
#include "thread_pool.h"

namespace tl {

constexpr intptr_t kTileLength = 256;  // elements along the last axis
constexpr int kMostTiled = 4;

// The inputs that are transposed: all are contiguous along one axis, a line for each element of
// the last one.
struct Tiling {
  int axis = -1;
  int count = 0;
  int operands[kMostTiled];
  intptr_t sizes[kMostTiled];
  intptr_t height = kLine;  // elements of a tile along `axis`
};

inline Tiling find_tiling(Walk const &walk, uint8_t const *dtypes, int inputs) {
  Tiling tiling;
  int const last = walk.ndim - 1;
  if (last < 1 || walk.shape[last] < 16) return tiling;
  for (int k = 0; k < inputs && tiling.count < kMostTiled; ++k) {
    intptr_t const size = tl_itemsizes[dtypes[k]];
    if (std::abs(walk.strides[last][k]) < kLine) continue;
    for (int axis = 0; axis < last; ++axis) {
      if (walk.strides[axis][k] != size || walk.shape[axis] < 8) continue;
      if (tiling.axis >= 0 && axis != tiling.axis) continue;
      tiling.axis = axis;
      tiling.operands[tiling.count] = k;
      tiling.sizes[tiling.count++] = size;
      tiling.height = std::min(tiling.height, kLine / size);
      break;
    }
  }
  return tiling;
}

// One tile: `height` runs of `length` elements, beginning at `start`.
inline void run_tile(Walk const &walk, char *const *start, TimedLoop const &loop,
                     Tiling const &tiling, intptr_t height, intptr_t length) {
  alignas(kLine) char buffers[kMostTiled][kTileLength * kLine];
  int const last = walk.ndim - 1;
  char *runs[kMaxOperands];
  intptr_t across[kMaxOperands], steps[kMaxOperands];
  for (int k = 0; k < walk.operands; ++k) {
    runs[k] = start[k];
    across[k] = walk.strides[last - 1][k];
    steps[k] = walk.strides[last][k];
  }
  for (int t = 0; t < tiling.count; ++t) {
    int const k = tiling.operands[t];
    with_itemsize(tiling.sizes[t], [&](auto item) {
      constexpr intptr_t size = sizeof(item);
      copy_transposed<size>(buffers[t], kTileLength * size, start[k], walk.strides[last][k],
                            length, height, false);
      across[k] = kTileLength * size;
      steps[k] = size;
    });
    runs[k] = buffers[t];
  }
  for (intptr_t i = 0; i < height; ++i) {
    char *arguments[kMaxOperands];  // loops may change theirs
    for (int k = 0; k < walk.operands; ++k) arguments[k] = runs[k] + i * across[k];
    loop.function(arguments, &length, steps, loop.data);
  }
}

inline void walk_run_tiled(Walk walk, char *const *start, TimedLoop const &loop,
                           Tiling const &tiling) {
  constexpr Nanoseconds transposed = 0.5;  // alone, of an element
  int const last = walk.ndim - 1;
  std::swap(walk.shape[tiling.axis], walk.shape[last - 1]);
  std::swap(walk.strides[tiling.axis], walk.strides[last - 1]);
  intptr_t const high = walk.shape[last - 1], wide = walk.shape[last];
  intptr_t const rows = (high + tiling.height - 1) / tiling.height;
  intptr_t const columns = (wide + kTileLength - 1) / kTileLength;
  intptr_t tiles = rows * columns;
  for (int axis = 0; axis < last - 1; ++axis) tiles *= walk.shape[axis];
  Nanoseconds const tile_time =
      (loop.read() + transposed) * Nanoseconds(tiling.height * kTileLength);
  Nanoseconds const alone = tile_time * Nanoseconds(tiles);
  intptr_t const many = std::max(intptr_t(1), intptr_t(kTask / tile_time));  // of a task
  std::atomic<int> status{0};
  parallel_for(
      (tiles + many - 1) / many, threads_for(alone),
      [&](intptr_t task, int) {
        take_float_status();
        for (intptr_t tile = task * many; tile < std::min(tiles, (task + 1) * many); ++tile) {
          intptr_t const first = tile % columns * kTileLength;
          intptr_t const top = tile / columns % rows * tiling.height;
          char *at[kMaxOperands];
          for (int k = 0; k < walk.operands; ++k) {
            at[k] = start[k] + top * walk.strides[last - 1][k] + first * walk.strides[last][k];
          }
          intptr_t rest = tile / columns / rows;
          for (int axis = last - 2; axis >= 0; --axis) {
            intptr_t const position = rest % walk.shape[axis];
            rest /= walk.shape[axis];
            for (int k = 0; k < walk.operands; ++k) at[k] += position * walk.strides[axis][k];
          }
          run_tile(walk, at, loop, tiling, std::min(tiling.height, high - top),
                   std::min(kTileLength, wide - first));
        }
        if (int const raised = take_float_status()) status |= raised;
      },
      alone);
  raise_float_status(status);
}

// A loop over a prepared walk of many elements, which may be visited in any order; `dtypes` are
// those of the operands, of which the inputs come first.
inline void run_long(Walk const &walk, char *const *start, TimedLoop const &loop,
                     uint8_t const *dtypes, int inputs) {
  Tiling const tiling = find_tiling(walk, dtypes, inputs);
  if (tiling.count > 0) {
    walk_run_tiled(walk, start, loop, tiling);
  } else {
    walk_run_long(walk, start, loop);
  }
}

}  // namespace tl

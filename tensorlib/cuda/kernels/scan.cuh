// Running sums and products along one axis of contiguous memory.
//
// Lines are divided into chunks where there are few of them: then the chunks are folded first,
// their results are scanned, and each chunk starts from what came before it.
#pragma once

#include "reduce.cuh"

namespace tl {

constexpr int kEach = 4;  // neighbours that a thread scans

// Of shape (outer, n, inner); scan.py fills it.
struct Lines {
  int64_t outer, n, inner;
  int64_t chunks, chunk;  // of each line, and how long they are
  int64_t group;          // threads for a chunk of a row: a warp or the block
};

// What the lanes before this one have, and this one.
template <class Op, class State>
__device__ __forceinline__ State scan_warp(State state) {
  int const lane = threadIdx.x % kWarp;
  for (int step = 1; step < kWarp; step *= 2) {
    State const before = shuffled_by(state, [=](uint32_t word) {
      return uint32_t(__shfl_up_sync(0xffffffff, word, step));
    });
    if (lane >= step) state = Op::merge(before, state);
  }
  return state;
}

// The state of the threads of the group before this one, and that of all of them.
template <class Op, class State>
__device__ State scan_group(State state, int group, State *total) {
  int const lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  State const here = scan_warp<Op>(state);
  State before = shuffled_by(here, [](uint32_t word) {
    return uint32_t(__shfl_up_sync(0xffffffff, word, 1));
  });
  if (lane == 0) before = Op::first();
  if (group <= kWarp) {
    *total = shuffled_by(here, [](uint32_t word) {
      return uint32_t(__shfl_sync(0xffffffff, word, kWarp - 1));
    });
    return before;
  }
  __shared__ State warps[kThreads / kWarp];
  if (lane == kWarp - 1) warps[warp] = here;
  __syncthreads();
  State earlier = Op::first();
  *total = Op::first();
  for (int k = 0; k < kThreads / kWarp; ++k) {
    if (k == warp) earlier = *total;
    *total = Op::merge(*total, warps[k]);
  }
  __syncthreads();
  return Op::merge(earlier, before);
}

// Rows: inner is 1. Without `starts` there is one chunk; else they are what chunks come to,
// together with those before them. y may be x.
template <class Op, class T, class D>
__device__ void scan_rows(const T *x, D *y, const typename Op::State *starts, const Lines &lines) {
  using State = typename Op::State;
  int const group = int(lines.group), lane = threadIdx.x % group, beside = kThreads / group;
  int64_t const rows = lines.outer * lines.chunks;
  for (int64_t tile = blockIdx.x; tile * beside < rows; tile += gridDim.x) {
    int64_t const row = tile * beside + threadIdx.x / group;
    if (row >= rows) break;  // the whole warp
    int64_t const line = row / lines.chunks, begin = (row - line * lines.chunks) * lines.chunk;
    int64_t const end = least(begin + lines.chunk, lines.n), base = line * lines.n;
    State carry = starts && begin > 0 ? starts[row - 1] : Op::first();
    for (int64_t i = begin; i < end; i += group * kEach) {
      int64_t const first = i + lane * kEach;
      State states[kEach];
      for (int k = 0; k < kEach; ++k) {
        states[k] = first + k < end ? Op::of(x[base + first + k]) : Op::first();
      }
      for (int k = 1; k < kEach; ++k) states[k] = Op::merge(states[k - 1], states[k]);
      State total;
      State const before = scan_group<Op>(states[kEach - 1], group, &total);
      State const start = Op::merge(carry, before);
      for (int k = 0; k < kEach; ++k) {
        if (first + k < end) y[base + first + k] = D(Op::merge(start, states[k]));
      }
      carry = Op::merge(carry, total);
    }
  }
}

// One thread for a chunk of a line; neighbours have neighbouring lines.
template <class Op, class T, class D>
__device__ void scan_columns(const T *x, D *y, const typename Op::State *starts,
                             const Lines &lines) {
  using State = typename Op::State;
  int64_t const columns = lines.outer * lines.inner, size = columns * lines.chunks;
  int64_t const step = int64_t(gridDim.x) * kThreads;
  for (int64_t k = int64_t(blockIdx.x) * kThreads + threadIdx.x; k < size; k += step) {
    int64_t const chunk = k / columns, column = k - chunk * columns;
    int64_t const outer = column / lines.inner;
    int64_t const base = outer * lines.n * lines.inner + (column - outer * lines.inner);
    int64_t const begin = chunk * lines.chunk, end = least(begin + lines.chunk, lines.n);
    State state = starts && chunk > 0 ? starts[column * lines.chunks + chunk - 1] : Op::first();
    int64_t i = begin;
    for (; i + kEach <= end; i += kEach) {
      T loaded[kEach];
#pragma unroll
      for (int j = 0; j < kEach; ++j) loaded[j] = x[base + (i + j) * lines.inner];
#pragma unroll
      for (int j = 0; j < kEach; ++j) {
        state = Op::merge(state, Op::of(loaded[j]));
        y[base + (i + j) * lines.inner] = D(state);
      }
    }
    for (; i < end; ++i) {
      state = Op::merge(state, Op::of(x[base + i * lines.inner]));
      y[base + i * lines.inner] = D(state);
    }
  }
}

}  // namespace tl

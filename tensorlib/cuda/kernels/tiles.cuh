// Products of tiles in shared memory, and sums of several threads: what products and convolutions
// are made of.
#pragma once

#include "elementwise.cuh"

namespace tl {

constexpr int kTile = 64;    // rows and columns of a tile of the result
constexpr int kDepth = 16;   // how much of the inner axis is in shared memory at once
constexpr int kRow = kTile + 4;
constexpr int kThreads = 256;
constexpr int kCount = kTile * kDepth / kThreads;  // numbers that a thread brings there

// sum + a * b, without rounding in between where the hardware can.
template <class T>
TL_HD Wide<T> multiply_add(Wide<T> a, Wide<T> b, Wide<T> sum) {
  if constexpr (is_bool<T>) {
    return sum | (a & b);
  } else if constexpr (is_complex<T>) {
    return {math::fma(a.real, b.real, math::fma(-a.imag, b.imag, sum.real)),
            math::fma(a.real, b.imag, math::fma(a.imag, b.real, sum.imag))};
  } else if constexpr (is_floating<T>) {
    return math::fma(a, b, sum);
  } else {
    return sum + a * b;
  }
}

template <class T>
TL_HD Wide<T> add_sums(Wide<T> a, Wide<T> b) {
  if constexpr (is_bool<T>) {
    return a | b;
  } else {
    return a + b;
  }
}

// Which number of a tile a thread brings: neighbours move along the inner axis, or across it.
TL_HD int line_of(int i, bool along) {
  int const at = int(threadIdx.x) + i * kThreads;
  return along ? at / kDepth : at % kTile;
}
TL_HD int depth_of(int i, bool along) {
  int const at = int(threadIdx.x) + i * kThreads;
  return along ? at % kDepth : at / kTile;
}

template <class W>
TL_HD void put(W (&shared)[kDepth][kRow], const W (&values)[kCount], bool along) {
#pragma unroll
  for (int i = 0; i < kCount; ++i) shared[depth_of(i, along)][line_of(i, along)] = values[i];
}

// Where a thread's 4 x 4 results are in a tile.
TL_HD int row_of_thread() { return int(threadIdx.x) / 16 * 4; }
TL_HD int column_of_thread() { return int(threadIdx.x) % 16 * 4; }

// The product of the tile's rows and columns from `begin` to `end` of the inner axis. A Source has
//   prepare(k): what fetch(k) needs, by all threads, which then wait for one another;
//   fetch(left, right, k, end): the numbers of this thread at k, zeros behind the end;
//   left_along, right_along: see line_of.
template <class T, class Source>
__device__ void multiply_tile(Source &source, int64_t begin, int64_t end,
                              Wide<T> (&total)[4][4]) {
  alignas(64) __shared__ Wide<T> left[kDepth][kRow];
  alignas(64) __shared__ Wide<T> right[kDepth][kRow];
  int const row = row_of_thread(), column = column_of_thread();
#pragma unroll
  for (int i = 0; i < 4; ++i) {
#pragma unroll
    for (int j = 0; j < 4; ++j) total[i][j] = Wide<T>(0);
  }
  Wide<T> next_left[kCount], next_right[kCount];
  __syncthreads();
  source.prepare(begin);
  __syncthreads();
  source.fetch(next_left, next_right, begin, end);
  for (int64_t k = begin; k < end; k += kDepth) {
    __syncthreads();
    put(left, next_left, source.left_along);
    put(right, next_right, source.right_along);
    source.prepare(k + kDepth);
    __syncthreads();
    // The next numbers are on their way while these are multiplied.
    source.fetch(next_left, next_right, k + kDepth, end);
#pragma unroll
    for (int depth = 0; depth < kDepth; ++depth) {
      auto const x = load<4>(&left[depth][row]);
      auto const y = load<4>(&right[depth][column]);
#pragma unroll
      for (int i = 0; i < 4; ++i) {
#pragma unroll
        for (int j = 0; j < 4; ++j) {
          total[i][j] = multiply_add<T>(x.values[i], y.values[j], total[i][j]);
        }
      }
    }
  }
}

// The sums of `lanes` threads each, for kThreads / lanes results; what is returned is right in
// those of lane 0. All threads of a block come here.
template <class T>
__device__ Wide<T> sum_lanes(Wide<T> sum, int lane, int lanes, int mine) {
  __shared__ Wide<T> shared[kThreads];
  int const width = kThreads / lanes;
  __syncthreads();
  shared[lane * width + mine] = sum;
  for (int half = lanes / 2; half > 0; half /= 2) {
    __syncthreads();
    if (lane < half) {
      shared[lane * width + mine] =
          add_sums<T>(shared[lane * width + mine], shared[(lane + half) * width + mine]);
    }
  }
  return shared[mine];
}

// What pieces of the inner axis gave, added up in their order.
template <class T>
__device__ void add_pieces(int64_t size, int64_t pieces, const Wide<T> *sums, T *c) {
  for (int64_t i = int64_t(blockIdx.x) * kThreads + threadIdx.x; i < size;
       i += int64_t(gridDim.x) * kThreads) {
    Wide<T> sum = sums[i];
    for (int64_t piece = 1; piece < pieces; ++piece) {
      sum = add_sums<T>(sum, sums[piece * size + i]);
    }
    c[i] = T(sum);
  }
}

}  // namespace tl

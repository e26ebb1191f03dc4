// Products of matrices and of vectors, for all dtypes and any strides.
//
// Products of matrices go through tiles in shared memory; those of a vector and a matrix, where
// each element of the matrix is read once, through sums of many threads for each result. Where
// there are fewer results than a GPU has room for, the sums are cut into pieces, which a second
// kernel adds up. How they are cut depends on the lengths alone.
#pragma once

#include "elementwise.cuh"

namespace tl {

constexpr int kTile = 64;    // rows and columns of a tile of the result
constexpr int kDepth = 16;   // how much of the inner axis is in shared memory at once
constexpr int kRow = kTile + 4;
constexpr int kThreads = 256;

// Strides are in bytes; those of the stack are too, but for the result's, in elements. The result
// is in C order.
struct Product {
  int64_t rows, inner, columns;
  int64_t a_row, a_inner, b_inner, b_column;
  int64_t pieces, piece;  // of the inner axis: how many, and how long
  int64_t lanes;          // threads for each result
  int64_t along;          // whether neighbours among the threads move along the inner axis
};

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

template <class T>
TL_HD Wide<T> read(const char *address) {
  return wide(*reinterpret_cast<const T *>(address));
}

// What a thread brings into shared memory: of 64 lines, 16 numbers each.
template <class T>
struct Panel {
  static constexpr int kCount = kTile * kDepth / kThreads;
  const char *start;
  int64_t line, inner;  // strides
  int64_t lines;        // that there are
  bool along;           // whether the inner axis is the one with the shorter stride

  TL_HD int line_of(int i) const {
    int const at = int(threadIdx.x) + i * kThreads;
    return along ? at / kDepth : at % kTile;
  }
  TL_HD int depth_of(int i) const {
    int const at = int(threadIdx.x) + i * kThreads;
    return along ? at % kDepth : at / kTile;
  }
  TL_HD void fetch(Wide<T> (&values)[kCount], int64_t from, int64_t end) const {
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      int64_t const l = line_of(i), k = from + depth_of(i);
      values[i] = l < lines && k < end ? read<T>(start + l * line + k * inner) : Wide<T>(0);
    }
  }
  TL_HD void put(Wide<T> (&shared)[kDepth][kRow], const Wide<T> (&values)[kCount]) const {
#pragma unroll
    for (int i = 0; i < kCount; ++i) shared[depth_of(i)][line_of(i)] = values[i];
  }
};

template <class T>
TL_HD int64_t distance(T step) {
  return step < 0 ? -step : step;
}

// c = a b. With more than one piece of the inner axis, their sums go to `sums`, one after the
// other. Each thread has 4 x 4 of a tile's results.
template <class T, bool conjugated, int axes>
__device__ void multiply_matrices(const Product &p, const Strides<axes, 3> &stack, const char *a,
                                  const char *b, T *c, Wide<T> *sums) {
  alignas(64) __shared__ Wide<T> left[kDepth][kRow];
  alignas(64) __shared__ Wide<T> right[kDepth][kRow];
  int64_t const down = (p.rows + kTile - 1) / kTile, across = (p.columns + kTile - 1) / kTile;
  int64_t const units = stack.size * p.pieces * down * across;
  int64_t const all = stack.size * p.rows * p.columns;
  int const row = int(threadIdx.x) / 16 * 4, column = int(threadIdx.x) % 16 * 4;
  for (int64_t unit = blockIdx.x; unit < units; unit += gridDim.x) {
    int64_t const first_column = unit % across * kTile;
    int64_t const first_row = unit / across % down * kTile;
    int64_t const rest = unit / (across * down), piece = rest % p.pieces;
    int64_t offsets[3];
    stack.find(uint64_t(rest / p.pieces), offsets);
    Panel<T> const panel_a{a + offsets[0] + first_row * p.a_row, p.a_row, p.a_inner,
                           p.rows - first_row, distance(p.a_inner) <= distance(p.a_row)};
    Panel<T> const panel_b{b + offsets[1] + first_column * p.b_column, p.b_column, p.b_inner,
                           p.columns - first_column,
                           distance(p.b_inner) < distance(p.b_column)};
    int64_t const begin = piece * p.piece;
    int64_t const end = p.inner - begin < p.piece ? p.inner : begin + p.piece;
    Wide<T> total[4][4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
#pragma unroll
      for (int j = 0; j < 4; ++j) total[i][j] = Wide<T>(0);
    }
    Wide<T> next_a[Panel<T>::kCount], next_b[Panel<T>::kCount];
    panel_a.fetch(next_a, begin, end);
    panel_b.fetch(next_b, begin, end);
    for (int64_t k = begin; k < end; k += kDepth) {
      if constexpr (conjugated) {
#pragma unroll
        for (int i = 0; i < Panel<T>::kCount; ++i) next_a[i] = Conjugate()(next_a[i]);
      }
      __syncthreads();
      panel_a.put(left, next_a);
      panel_b.put(right, next_b);
      __syncthreads();
      // The next numbers are on their way while these are multiplied.
      panel_a.fetch(next_a, k + kDepth, end);
      panel_b.fetch(next_b, k + kDepth, end);
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
#pragma unroll
    for (int i = 0; i < 4; ++i) {
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        int64_t const r = first_row + row + i, s = first_column + column + j;
        if (r < p.rows && s < p.columns) {
          int64_t const place = offsets[2] + r * p.columns + s;
          if (p.pieces == 1) {
            c[place] = T(total[i][j]);
          } else {
            sums[piece * all + place] = total[i][j];
          }
        }
      }
    }
  }
}

// The same where a has one row. `lanes` threads add up each result.
template <class T, bool conjugated, int axes>
__device__ void multiply_vectors(const Product &p, const Strides<axes, 3> &stack, const char *a,
                                 const char *b, T *c, Wide<T> *sums) {
  __shared__ Wide<T> shared[kThreads];
  int const lanes = int(p.lanes), width = kThreads / lanes, t = int(threadIdx.x);
  int const lane = p.along ? t % lanes : t / width, mine = p.along ? t / lanes : t % width;
  int64_t const all = stack.size * p.columns, groups = (all + width - 1) / width;
  for (int64_t unit = blockIdx.x; unit < groups * p.pieces; unit += gridDim.x) {
    int64_t const piece = unit / groups, result = unit % groups * width + mine;
    int64_t offsets[3], column = 0;
    Wide<T> sum(0);
    if (result < all) {
      column = result % p.columns;
      stack.find(uint64_t(result / p.columns), offsets);
      int64_t const begin = piece * p.piece;
      int64_t const end = p.inner - begin < p.piece ? p.inner : begin + p.piece;
      const char *x = a + offsets[0], *y = b + offsets[1] + column * p.b_column;
#pragma unroll 4
      for (int64_t k = begin + lane; k < end; k += lanes) {
        Wide<T> factor = read<T>(x + k * p.a_inner);
        if constexpr (conjugated) factor = Conjugate()(factor);
        sum = multiply_add<T>(factor, read<T>(y + k * p.b_inner), sum);
      }
    }
    shared[lane * width + mine] = sum;
    for (int half = lanes / 2; half > 0; half /= 2) {
      __syncthreads();
      if (lane < half) {
        shared[lane * width + mine] = add_sums<T>(shared[lane * width + mine],
                                                  shared[(lane + half) * width + mine]);
      }
    }
    if (lane == 0 && result < all) {
      int64_t const place = offsets[2] + column;
      if (p.pieces == 1) {
        c[place] = T(shared[mine]);
      } else {
        sums[piece * all + place] = shared[mine];
      }
    }
    __syncthreads();
  }
}

// What the pieces gave, added up in their order.
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

// Products of matrices and of vectors, for all dtypes and any strides.
//
// Products of matrices go through tiles in shared memory; those of a vector and a matrix, where
// each element of the matrix is read once, through sums of many threads for each result. Where
// there are fewer results than a GPU has room for, the sums are cut into pieces, which a second
// kernel adds up. How they are cut depends on the lengths alone.
#pragma once

#include "tiles.cuh"

namespace tl {

// Strides are in bytes; those of the stack are too, but for the result's, in elements. The result
// is in C order.
struct Product {
  int64_t rows, inner, columns;
  int64_t a_row, a_inner, b_inner, b_column;
  int64_t pieces, piece;  // of the inner axis: how many, and how long
  int64_t lanes;          // threads for each result
  int64_t along;          // whether neighbours among the threads move along the inner axis
};

template <class T>
TL_HD Wide<T> read(const char *address) {
  return wide(*reinterpret_cast<const T *>(address));
}

template <class T>
TL_HD int64_t distance(T step) {
  return step < 0 ? -step : step;
}

// Two matrices of any strides, from a tile's first row and column on.
template <class T, bool conjugated>
struct Panels {
  const char *left, *right;
  int64_t left_line, left_inner, right_line, right_inner;  // strides
  int64_t rows, columns;                                   // that there are
  bool left_along, right_along;                            // along the shorter stride

  TL_HD void prepare(int64_t) {}

  TL_HD void fetch(Wide<T> (&x)[kCount], Wide<T> (&y)[kCount], int64_t from, int64_t end) const {
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      int64_t const row = line_of(i, left_along), k = from + depth_of(i, left_along);
      x[i] = Wide<T>(0);
      if (row < rows && k < end) x[i] = read<T>(left + row * left_line + k * left_inner);
      if constexpr (conjugated) x[i] = Conjugate()(x[i]);
    }
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      int64_t const column = line_of(i, right_along), k = from + depth_of(i, right_along);
      y[i] = Wide<T>(0);
      if (column < columns && k < end) {
        y[i] = read<T>(right + column * right_line + k * right_inner);
      }
    }
  }
};

// c = a b. With more than one piece of the inner axis, their sums go to `sums`, one after the
// other.
template <class T, bool conjugated, int axes>
__device__ void multiply_matrices(const Product &p, const Strides<axes, 3> &stack, const char *a,
                                  const char *b, T *c, Wide<T> *sums) {
  int64_t const down = (p.rows + kTile - 1) / kTile, across = (p.columns + kTile - 1) / kTile;
  int64_t const units = stack.size * p.pieces * down * across;
  int64_t const all = stack.size * p.rows * p.columns;
  for (int64_t unit = blockIdx.x; unit < units; unit += gridDim.x) {
    int64_t const first_column = unit % across * kTile;
    int64_t const first_row = unit / across % down * kTile;
    int64_t const rest = unit / (across * down), piece = rest % p.pieces;
    int64_t offsets[3];
    stack.find(uint64_t(rest / p.pieces), offsets);
    Panels<T, conjugated> panels{
        a + offsets[0] + first_row * p.a_row, b + offsets[1] + first_column * p.b_column,
        p.a_row, p.a_inner, p.b_column, p.b_inner, p.rows - first_row, p.columns - first_column,
        distance(p.a_inner) <= distance(p.a_row), distance(p.b_inner) < distance(p.b_column)};
    int64_t const begin = piece * p.piece;
    int64_t const end = p.inner - begin < p.piece ? p.inner : begin + p.piece;
    Wide<T> total[4][4];
    multiply_tile<T>(panels, begin, end, total);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        int64_t const r = first_row + row_of_thread() + i;
        int64_t const s = first_column + column_of_thread() + j;
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
    sum = sum_lanes<T>(sum, lane, lanes, mine);
    if (lane == 0 && result < all) {
      int64_t const place = offsets[2] + column;
      if (p.pieces == 1) {
        c[place] = T(sum);
      } else {
        sums[piece * all + place] = sum;
      }
    }
  }
}

}  // namespace tl

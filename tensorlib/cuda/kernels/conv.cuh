// Convolution and its two gradients, as products of matrices that are never stored.
//
// For each group the left matrix is of filters or of gradients of the output, which lie in memory
// as they are; the right one is of images, whose numbers are looked up: a column and a step along
// the inner axis each say a place, and the number is at the sum of both.
//
//              rows           columns         inner axis      right matrix
// conv         filters        image, place    channel, tap    images
// conv_input   channels       image, place    filter, tap     gradients of the output
// conv_weight  filters        channel, tap    image, place    images
#pragma once

#include "tiles.cuh"

namespace tl {

// A column or a step is `most` x (lengths[0] x lengths[1] x lengths[2]) of something.
struct Side {
  int64_t size;        // of all lengths
  int64_t lengths[3];
  int64_t scale[3], start[3];  // of the places that they say
  int64_t right;       // how far the most are apart in the right matrix,
  int64_t other;       // and for columns in the result, for steps in the left matrix
};

struct Conv {
  Side column, step;
  int64_t columns, inner, rows;
  int64_t left_row, result_row;
  int64_t groups, left_group, right_group, result_group;
  int64_t lengths[3];   // of the places in the right matrix,
  int64_t divisor[3];   // which are the sums divided by this, where that is exact
  int64_t pieces, piece;
  int64_t lanes;
  int64_t along;        // whether numbers of the right matrix are neighbours along the inner axis
};

struct Place {
  int64_t right, other;
  int64_t at[3];
};

TL_HD int64_t divide(int64_t a, int64_t b) {
  return (uint64_t(a) | uint64_t(b)) >> 32 ? a / b : int64_t(uint32_t(a) / uint32_t(b));
}

TL_HD Place locate(const Side &side, int64_t index) {
  int64_t const most = divide(index, side.size), rest = index - most * side.size;
  int64_t const upper = divide(rest, side.lengths[2]), first = divide(upper, side.lengths[1]);
  Place place;
  place.right = most * side.right;
  place.other = most * side.other + rest;
  place.at[0] = first * side.scale[0] + side.start[0];
  place.at[1] = (upper - first * side.lengths[1]) * side.scale[1] + side.start[1];
  place.at[2] = (rest - upper * side.lengths[2]) * side.scale[2] + side.start[2];
  return place;
}

// Where a number of the right matrix is; -1 beside the images.
TL_HD int64_t offset_of(const Conv &p, const Place &column, const Place &step) {
  int64_t offset = 0;
  bool inside = true;
#pragma unroll
  for (int i = 0; i < 3; ++i) {
    int64_t at = column.at[i] + step.at[i];
    if (p.divisor[i] != 1) {
      int64_t const quotient = at / p.divisor[i];
      inside = inside && quotient * p.divisor[i] == at;
      at = quotient;
    }
    inside = inside && at >= 0 && at < p.lengths[i];
    offset = offset * p.lengths[i] + at;
  }
  return inside ? column.right + step.right + offset : -1;
}

template <class T>
TL_HD Wide<T> look_up(const Conv &p, const T *right, const Place &column, const Place &step) {
  int64_t const offset = offset_of(p, column, step);
  return offset < 0 ? Wide<T>(0) : wide(right[offset]);
}

template <class T>
struct Images {
  const Conv &p;
  const T *left, *right;
  int64_t rows, columns;  // that there are from the tile's first on
  const Place *column;    // of the tile
  Place *step;            // kDepth of them
  bool right_along;
  static constexpr bool left_along = true;

  TL_HD void prepare(int64_t k) {
    if (threadIdx.x < kDepth) step[threadIdx.x] = locate(p.step, k + threadIdx.x);
  }

  TL_HD void fetch(Wide<T> (&x)[kCount], Wide<T> (&y)[kCount], int64_t from, int64_t end) const {
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      int const row = line_of(i, left_along), depth = depth_of(i, left_along);
      x[i] = Wide<T>(0);
      if (row < rows && from + depth < end) x[i] = wide(left[row * p.left_row + step[depth].other]);
    }
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      int const line = line_of(i, right_along), depth = depth_of(i, right_along);
      y[i] = Wide<T>(0);
      if (line < columns && from + depth < end) {
        y[i] = look_up(p, right, column[line], step[depth]);
      }
    }
  }
};

template <class T>
__device__ void convolve(const Conv &p, const T *left, const T *right, T *result, Wide<T> *sums) {
  __shared__ Place column[kTile];
  __shared__ Place step[kDepth];
  int64_t const down = (p.rows + kTile - 1) / kTile, across = (p.columns + kTile - 1) / kTile;
  int64_t const units = p.groups * p.pieces * down * across;
  int64_t const all = p.groups * p.rows * p.columns;
  for (int64_t unit = blockIdx.x; unit < units; unit += gridDim.x) {
    int64_t const first_column = unit % across * kTile;
    int64_t const first_row = unit / across % down * kTile;
    int64_t const rest = unit / (across * down), piece = rest % p.pieces, group = rest / p.pieces;
    __syncthreads();  // what was before may still read the columns
    if (threadIdx.x < kTile) column[threadIdx.x] = locate(p.column, first_column + threadIdx.x);
    Images<T> images{p,
                     left + group * p.left_group + first_row * p.left_row,
                     right + group * p.right_group,
                     p.rows - first_row,
                     p.columns - first_column,
                     column,
                     step,
                     p.along != 0};
    int64_t const begin = piece * p.piece;
    int64_t const end = p.inner - begin < p.piece ? p.inner : begin + p.piece;
    Wide<T> total[4][4];
    multiply_tile<T>(images, begin, end, total);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        int64_t const row = first_row + row_of_thread() + i;
        int const s = column_of_thread() + j;
        if (row < p.rows && first_column + s < p.columns) {
          int64_t const place = group * p.result_group + row * p.result_row + column[s].other;
          if (p.pieces == 1) {
            result[place] = T(total[i][j]);
          } else {
            sums[piece * all + place] = total[i][j];
          }
        }
      }
    }
  }
}

// The same for groups of few rows, as they are where each channel has its own filters: `lanes`
// threads add up each result.
template <class T>
__device__ void convolve_rows(const Conv &p, const T *left, const T *right, T *result,
                              Wide<T> *sums) {
  constexpr int kSome = kThreads;
  __shared__ Place steps[kSome];
  int const lanes = int(p.lanes), width = kThreads / lanes, t = int(threadIdx.x);
  int const lane = t % lanes, mine = t / lanes;
  int64_t const all = p.groups * p.rows * p.columns, blocks = (all + width - 1) / width;
  for (int64_t unit = blockIdx.x; unit < blocks * p.pieces; unit += gridDim.x) {
    int64_t const piece = unit / blocks, index = unit % blocks * width + mine;
    int64_t const line = divide(index, p.columns), group = divide(line, p.rows);
    int64_t const row = line - group * p.rows;
    Place const column = locate(p.column, index - line * p.columns);
    const T *x = left + group * p.left_group + row * p.left_row;
    const T *y = right + group * p.right_group;
    int64_t const begin = piece * p.piece;
    int64_t const end = p.inner - begin < p.piece ? p.inner : begin + p.piece;
    Wide<T> sum(0);
    for (int64_t first = begin; first < end; first += kSome) {
      __syncthreads();  // what was before may still read the steps
      if (first + t < end) steps[t] = locate(p.step, first + t);
      __syncthreads();
      int const count = end - first < kSome ? int(end - first) : kSome;
      for (int k = lane; index < all && k < count; k += lanes) {
        sum = multiply_add<T>(wide(x[steps[k].other]), look_up(p, y, column, steps[k]), sum);
      }
    }
    sum = sum_lanes<T>(sum, lane, lanes, mine);
    if (lane == 0 && index < all) {
      int64_t const place = group * p.result_group + row * p.result_row + column.other;
      if (p.pieces == 1) {
        result[place] = T(sum);
      } else {
        sums[piece * all + place] = sum;
      }
    }
  }
}

// The right matrix, brought into memory: of each image inner x places, or of all of them columns x
// inner axis, which is conv_weight's transposed. Neighbours among the threads have the places that
// are neighbours there, and each goes through `kSome` of the other side's.
template <class T>
__device__ void gather_columns(const Conv &p, const T *right, T *result) {
  constexpr int kSome = 64;
  __shared__ Place others[kSome];
  const Side &side = p.along ? p.step : p.column, &other = p.along ? p.column : p.step;
  int64_t const all = p.along ? p.inner : p.columns, many = p.along ? p.columns : p.inner;
  int64_t const length = p.along ? p.inner : p.column.size;
  int64_t const groups = (all + kThreads - 1) / kThreads, parts = (many + kSome - 1) / kSome;
  for (int64_t unit = blockIdx.x; unit < groups * parts; unit += gridDim.x) {
    int64_t const part = unit / groups, first = part * kSome;
    int64_t const index = (unit - part * groups) * kThreads + threadIdx.x;
    __syncthreads();  // what was before may still read the others
    if (threadIdx.x < kSome) others[threadIdx.x] = locate(other, first + threadIdx.x);
    __syncthreads();
    if (index < all) {
      int64_t const image = divide(index, length);
      Place const place = locate(side, index);
      T *to = result + image * many * length + first * length + (index - image * length);
      int const count = many - first < kSome ? int(many - first) : kSome;
#pragma unroll 4
      for (int k = 0; k < count; ++k) {
        int64_t const offset = offset_of(p, place, others[k]);
        to[k * length] = offset < 0 ? T(0) : right[offset];
      }
    }
  }
}

}  // namespace tl

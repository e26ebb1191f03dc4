// Copies between memories in which different axes have the neighbours, such as of a transposed
// matrix: by tiles in shared memory, so that both sides are gone through by neighbours.
#pragma once

#include "elementwise.cuh"

namespace tl {

constexpr int kSide = 32;  // of a tile
constexpr int kThreads = 256;

// `rows` are neighbours in x and `row_step` bytes apart in y, `columns` are neighbours in y and
// `column_step` bytes apart in x; the other axes are the strides of y and x.
template <class To, class From, int most>
__device__ void copy_turned(const Strides<most, 2> &outer, int64_t rows, int64_t columns,
                            int64_t row_step, int64_t column_step, char *y, const char *x) {
  __shared__ From tile[kSide][kSide + 1];  // the one more puts a column into all banks
  int const near = threadIdx.x % kSide, first = threadIdx.x / kSide;
  constexpr int step = kThreads / kSide;
  int64_t const down = (rows + kSide - 1) / kSide, across = (columns + kSide - 1) / kSide;
  int64_t const units = outer.size * down * across;
  for (int64_t unit = blockIdx.x; unit < units; unit += gridDim.x) {
    int64_t const row = unit / across % down * kSide, column = unit % across * kSide;
    int64_t at[2];
    outer.find(uint64_t(unit / (across * down)), at);
    const char *from = x + at[1] + column * column_step + row * int64_t(sizeof(From));
    char *to = y + at[0] + row * row_step + column * int64_t(sizeof(To));
#pragma unroll
    for (int i = 0; i < kSide; i += step) {
      int const k = first + i;
      if (row + near < rows && column + k < columns) {
        tile[k][near] = reinterpret_cast<const From *>(from + k * column_step)[near];
      }
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < kSide; i += step) {
      int const k = first + i;
      if (row + k < rows && column + near < columns) {
        reinterpret_cast<To *>(to + k * row_step)[near] = Cast<To>()(tile[near][k]);
      }
    }
    __syncthreads();
  }
}

}  // namespace tl

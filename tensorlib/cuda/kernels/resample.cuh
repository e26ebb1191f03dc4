// A sparse matrix times each line of an array.
#pragma once

#include "tiles.cuh"

namespace tl {

// Arrays in C order: of shape (outer, columns, inner), and the result of (outer, rows, inner).
// `lanes` threads add up each result.
struct Resample {
  int64_t size, rows, columns, inner, lanes;
};

// Row r of the matrix has weights[k] in column places[k], for k from offsets[r] to offsets[r + 1].
template <class T>
__device__ void resample(const Resample &p, const int64_t *offsets, const int64_t *places,
                         const Wide<T> *weights, const T *x, T *result) {
  int const lanes = int(p.lanes), width = kThreads / lanes, t = int(threadIdx.x);
  int const lane = t % lanes, mine = t / lanes;
  int64_t const units = (p.size + width - 1) / width;
  for (int64_t unit = blockIdx.x; unit < units; unit += gridDim.x) {
    int64_t const index = unit * width + mine;
    Wide<T> sum(0);
    if (index < p.size) {
      int64_t const line = index / p.inner, outer = line / p.rows, row = line - outer * p.rows;
      const T *source = x + outer * p.columns * p.inner + (index - line * p.inner);
      int64_t const end = offsets[row + 1];
      for (int64_t k = offsets[row] + lane; k < end; k += lanes) {
        sum = sum + weights[k] * wide(source[places[k] * p.inner]);
      }
    }
    if (lanes > 1) sum = sum_lanes<T>(sum, lane, lanes, mine);
    if (lane == 0 && index < p.size) result[index] = T(sum);
  }
}

}  // namespace tl

// Uniform random numbers; a thread makes those of one block of Philox.
#pragma once

#include "elementwise.cuh"
#include "philox.h"

namespace tl {

// `epoch` is null, or counts the replays of the graph that the call is in: each has a stream of its
// own.
template <class T>
__device__ void uniform(int64_t n, int64_t key0, int64_t key1, const int64_t *epoch, T *target) {
  constexpr int each = 32 / int(sizeof(T));
  uint64_t const stream = epoch ? uint64_t(*epoch) : 0;
  int64_t const step = int64_t(gridDim.x) * 256, blocks = (n + each - 1) / each;
  for (int64_t b = int64_t(blockIdx.x) * 256 + threadIdx.x; b < blocks; b += step) {
    Philox const block(uint64_t(key0), uint64_t(key1), uint64_t(b) + 1, 0, 0, stream);
    Pack<T, 4> numbers[each / 4];
    for (int k = 0; k < each; ++k) {
      if constexpr (each == 4) {
        numbers[k / 4].values[k % 4] = unit_double(block.words[k]);
      } else {  // a word's lower half first
        numbers[k / 4].values[k % 4] = unit_float(uint32_t(block.words[k / 2] >> (k % 2 * 32)));
      }
    }
    if ((b + 1) * each <= n) {
      for (int k = 0; k < each / 4; ++k) store(target + b * each + 4 * k, numbers[k]);
    } else {
#pragma unroll
      for (int k = 0; k < each; ++k) {
        if (b * each + k < n) target[b * each + k] = numbers[k / 4].values[k % 4];
      }
    }
  }
}

}  // namespace tl

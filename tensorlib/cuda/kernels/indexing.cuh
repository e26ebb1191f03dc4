// Gathering, scattering and adding at places given by indices, and the places of true elements.
//
// Indices are turned into offsets first: bytes from where an indexed tensor begins, one for each
// place. Axes that an index keeps are strides (see elementwise.cuh); along theirs, offsets have
// none.
#pragma once

#include "elementwise.cuh"

namespace tl::indexing {

// The offset of a place outside: reading it gives zero, and nothing is written there.
constexpr int64_t kOutside = int64_t(uint64_t(1) << 63);

constexpr int kThreads = 256;

// Elements that are moved whole.
struct alignas(16) Unit16 {
  uint64_t parts[2];
};

// Calls visit(i, at) for all elements of this thread.
template <class Index, int most, int operands, class Visit>
__device__ void for_each(const Strides<most, operands> &strides, Visit visit) {
  Index const size = Index(strides.size), step = Index(gridDim.x) * kThreads;
  int64_t at[operands];
  for (Index i = Index(blockIdx.x) * kThreads + threadIdx.x; i < size;) {
    strides.find(i, at);
    visit(int64_t(i), at);
    if (size - i <= step) break;  // the sum could overflow
    i += step;
  }
}

// Adds what indices along one axis contribute to the offsets of places. `*outside` becomes the
// number of places from the first index outside to the end, if there is one.
template <class Index, int most>
__device__ void add_offsets(const Strides<most, 1> &strides, int64_t length, int64_t stride,
                            int64_t first, const char *indices, int64_t *offsets,
                            unsigned long long *outside) {
  for_each<Index>(strides, [&](int64_t i, const int64_t(&at)[1]) {
    int64_t index = *reinterpret_cast<const int64_t *>(indices + at[0]);
    int64_t const before = first ? 0 : offsets[i];
    if (index < 0) index += length;
    if (uint64_t(index) >= uint64_t(length)) {
      atomicMax(outside, (unsigned long long)(strides.size - i));
      offsets[i] = kOutside;
    } else {
      offsets[i] = before == kOutside ? kOutside : before + index * stride;
    }
  });
}

// target = x at offsets; operands: x, offsets.
template <class Unit, class Index, int most>
__device__ void gather(const Strides<most, 2> &strides, int64_t start, const char *x,
                       const char *offsets, Unit *target) {
  for_each<Index>(strides, [&](int64_t i, const int64_t(&at)[2]) {
    int64_t const offset = *reinterpret_cast<const int64_t *>(offsets + at[1]);
    target[i] = offset == kOutside
                    ? Unit{} : *reinterpret_cast<const Unit *>(x + start + at[0] + offset);
  });
}

// target at offsets = value; operands: target, offsets, value. No place is named twice, or the
// value is one element.
template <class Unit, class Index, int most>
__device__ void scatter(const Strides<most, 3> &strides, int64_t start, char *target,
                        const char *offsets, const char *value) {
  for_each<Index>(strides, [&](int64_t, const int64_t(&at)[3]) {
    int64_t const offset = *reinterpret_cast<const int64_t *>(offsets + at[1]);
    if (offset == kOutside) return;
    *reinterpret_cast<Unit *>(target + start + at[0] + offset) =
        *reinterpret_cast<const Unit *>(value + at[2]);
  });
}

// The same for places that may be named several times. Offsets are sorted; `order` has the numbers
// that they had before, of which equal ones ascend, as their values follow each other `step` bytes
// apart; without it no place is named twice. One thread serves all equal ones, so the order is
// that of a loop over the values.
template <class Unit, class Index, int most>
__device__ void scatter_last(const Strides<most, 3> &strides, int64_t start, char *target,
                             const int64_t *offsets, const char *value, const int64_t *order,
                             int64_t count, int64_t step) {
  for_each<Index>(strides, [&](int64_t, const int64_t(&at)[3]) {
    int64_t const k = at[1];
    int64_t const offset = offsets[k];
    if (offset == kOutside || (k + 1 < count && offsets[k + 1] == offset)) return;
    *reinterpret_cast<Unit *>(target + start + at[0] + offset) =
        *reinterpret_cast<const Unit *>(value + at[2] + (order ? order[k] : k) * step);
  });
}

template <class T, class Index, int most>
__device__ void scatter_add(const Strides<most, 3> &strides, int64_t start, char *target,
                            const int64_t *offsets, const char *value, const int64_t *order,
                            int64_t count, int64_t step) {
  for_each<Index>(strides, [&](int64_t, const int64_t(&at)[3]) {
    int64_t k = at[1];
    int64_t const offset = offsets[k];
    if (offset == kOutside || (k > 0 && offsets[k - 1] == offset)) return;
    T *const place = reinterpret_cast<T *>(target + start + at[0] + offset);
    T sum = *place;
    do {
      sum = Add()(sum, *reinterpret_cast<const T *>(value + at[2] + (order ? order[k] : k) * step));
      ++k;
    } while (k < count && offsets[k] == offset);
    *place = sum;
  });
}

// ------------------------------------------------------------------------------------------
// true elements
// ------------------------------------------------------------------------------------------

constexpr int kEach = 16;                      // elements of a thread
constexpr int64_t kTile = kThreads * kEach;    // of a block

// The sum of one number of each thread of a block, and of those before this thread.
struct Prefix {
  int64_t before, total;
};

__device__ inline Prefix prefix_of(int64_t number) {
  __shared__ int64_t sums[kThreads / 32];
  int const lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  int64_t sum = number;
  for (int distance = 1; distance < 32; distance *= 2) {
    int64_t const other = __shfl_up_sync(0xffffffffu, sum, distance);
    if (lane >= distance) sum += other;
  }
  __syncthreads();  // an earlier call may still read
  if (lane == 31) sums[warp] = sum;
  __syncthreads();
  Prefix found = {sum - number, 0};
  for (int k = 0; k < kThreads / 32; ++k) {
    if (k < warp) found.before += sums[k];
    found.total += sums[k];
  }
  return found;
}

// The true elements that a thread looks after.
__device__ inline int count_own(const bool *mask, int64_t n, int64_t first) {
  int count = 0;
  for (int k = 0; k < kEach; ++k) count += first + k < n && mask[first + k];
  return count;
}

__device__ inline void count_up(int64_t n, int64_t first, int64_t step, int64_t *target) {
  int64_t const threads = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += threads) {
    target[i] = first + i * step;
  }
}

// How many there are in each tile.
__device__ inline void count_true(const bool *mask, int64_t n, int64_t *counts) {
  for (int64_t tile = blockIdx.x; tile * kTile < n; tile += gridDim.x) {
    Prefix const found = prefix_of(count_own(mask, n, tile * kTile + threadIdx.x * kEach));
    if (threadIdx.x == 0) counts[tile] = found.total;
  }
}

// Counts become how many there are before each tile, with their sum after the last; one block.
__device__ inline void add_up(int64_t *counts, int64_t tiles) {
  int64_t before = 0;
  for (int64_t first = 0; first < tiles; first += kThreads) {
    int64_t const i = first + threadIdx.x;
    Prefix const found = prefix_of(i < tiles ? counts[i] : 0);
    if (i < tiles) counts[i] = before + found.before;
    before += found.total;
  }
  if (threadIdx.x == 0) counts[tiles] = before;
}

__device__ inline void find_true(const bool *mask, int64_t n, const int64_t *counts,
                                 int64_t *places) {
  for (int64_t tile = blockIdx.x; tile * kTile < n; tile += gridDim.x) {
    int64_t const first = tile * kTile + threadIdx.x * kEach;
    int64_t k = counts[tile] + prefix_of(count_own(mask, n, first)).before;
    for (int64_t i = first; i < first + kEach && i < n; ++i) {
      if (mask[i]) places[k++] = i;
    }
  }
}

// Flat places as indices of one axis.
__device__ inline void unravel(const int64_t *places, int64_t n, int64_t inner, int64_t length,
                               int64_t *indices) {
  int64_t const step = int64_t(gridDim.x) * kThreads;
  for (int64_t i = int64_t(blockIdx.x) * kThreads + threadIdx.x; i < n; i += step) {
    indices[i] = places[i] / inner % length;
  }
}

}  // namespace tl::indexing

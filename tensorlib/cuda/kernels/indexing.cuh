// Gathering, scattering and adding at places given by indices, and the places of true elements.
//
// An index becomes an offset: bytes from where an indexed tensor begins. Axes that an index keeps
// are strides (see elementwise.cuh); along theirs, indices have none. To gather, offsets are found
// on the way; to write, all of them are found first, as nothing is written if one is outside.
#pragma once

#include "elementwise.cuh"
#include "reports.h"

namespace tl::indexing {

// The offset of a place outside.
constexpr int64_t kOutside = int64_t(uint64_t(1) << 63);

constexpr int kThreads = 256;
constexpr int kAtOnce = 8;  // loads of a thread that are under way

// Elements that are moved whole.
struct alignas(16) Unit16 {
  uint64_t parts[2];
};

// Indices along an axis, from `lowest` to below `length`; to those below zero `around` is added.
struct Array {
  const char *indices;
  int64_t lowest, length, around;
  int64_t stride;  // of the axis
  int64_t axis;    // to be named in an error; -1 where no index can be outside
};

// The arrays of one call, and where it reports.
template <int arrays>
struct Arrays {
  Reports *reports;
  Report *report;
  Array each[arrays];
};

// Tells the host of a wrong index, unless another one from the same place is told of already.
__device__ inline void tell(Reports *reports, Report *report, const Array &array, int64_t index) {
  volatile Report *const written = report;
  if (written->state == kFree && atomicCAS_system(&report->state, kFree, kTaken) == kFree) {
    written->order = atomicAdd_system(&reports->taken, 1ull);
    written->axis = array.axis;
    written->index = index;
    written->length = array.length;
    __threadfence_system();
    written->state = kWritten;
  }
  __threadfence_system();
  static_cast<volatile Reports *>(reports)->found = 1;
}

// What the indices at some addresses come to together, or kOutside.
template <int arrays>
__device__ int64_t offset_of(const Arrays<arrays> &all, const int64_t *at) {
  int64_t sum = 0;
  for (int k = 0; k < arrays; ++k) {
    Array const &array = all.each[k];
    int64_t const index = *reinterpret_cast<const int64_t *>(array.indices + at[k]);
    if (index < array.lowest || index >= array.length) {
      if (array.axis >= 0) tell(all.reports, all.report, array, index);
      return kOutside;
    }
    sum += (index < 0 ? index + array.around : index) * array.stride;
  }
  return sum;
}

// Calls visit(i, at) for all elements of this thread.
template <class Index, int most, int operands, class Visit>
__device__ void for_each(const Strides<most, operands> &strides, Visit visit) {
  Index const size = Index(strides.size);
  uint64_t const step = uint64_t(gridDim.x) * kThreads;
  int64_t at[operands];
  for (Index i = Index(blockIdx.x) * kThreads + threadIdx.x; i < size;) {
    strides.find(i, at);
    visit(int64_t(i), at);
    if (size - i <= step) break;  // the sum could overflow
    i += Index(step);
  }
}

// target = x at indices; operands: x, arrays. Places outside give zero.
template <class Unit, class Index, int most, int arrays>
__device__ void gather(const Strides<most, 1 + arrays> &strides, const Arrays<arrays> &all,
                       int64_t start, const char *x, Unit *target) {
  for_each<Index>(strides, [&](int64_t i, const int64_t(&at)[1 + arrays]) {
    int64_t const offset = offset_of(all, at + 1);
    target[i] = offset == kOutside
                    ? Unit{} : *reinterpret_cast<const Unit *>(x + start + at[0] + offset);
  });
}

// The offsets of places; or what some more arrays add to them, after a first launch. Each block
// says whether it met one outside.
template <class Index, int most, int arrays>
__device__ void find_offsets(const Strides<most, arrays> &strides, const Arrays<arrays> &all,
                             int64_t first, int64_t *offsets, bool *outside) {
  bool met = false;
  for_each<Index>(strides, [&](int64_t i, const int64_t(&at)[arrays]) {
    int64_t const before = first ? 0 : offsets[i], offset = offset_of(all, at);
    bool const wrong = before == kOutside || offset == kOutside;
    offsets[i] = wrong ? kOutside : before + offset;
    met |= wrong;
  });
  bool const any = __syncthreads_or(met);
  if (threadIdx.x == 0) outside[blockIdx.x] = any;
}

// Whether one of the blocks that found the offsets met one outside: then nothing is to be written.
__device__ inline bool refused(const bool *outside, int64_t blocks) {
  return blocks > 0 && __syncthreads_or(threadIdx.x < blocks && outside[threadIdx.x]);
}

// target at offsets = value; operands: target, offsets, value. No place is named twice, or the
// value is one element.
template <class Unit, class Index, int most>
__device__ void scatter(const Strides<most, 3> &strides, const bool *outside, int64_t blocks,
                        int64_t start, char *target, const char *offsets, const char *value) {
  if (refused(outside, blocks)) return;
  for_each<Index>(strides, [&](int64_t, const int64_t(&at)[3]) {
    int64_t const offset = *reinterpret_cast<const int64_t *>(offsets + at[1]);
    *reinterpret_cast<Unit *>(target + start + at[0] + offset) =
        *reinterpret_cast<const Unit *>(value + at[2]);
  });
}

// The same for places that may be named several times. Offsets are sorted; `order` has the numbers
// that they had before, of which equal ones ascend, as their values follow each other `step` bytes
// apart; without it no place is named twice. One thread serves all equal ones, so the order is
// that of a loop over the values.
template <class Unit, class Index, int most>
__device__ void scatter_last(const Strides<most, 3> &strides, const bool *outside, int64_t blocks,
                             int64_t start, char *target, const int64_t *offsets,
                             const char *value, const int64_t *order, int64_t count,
                             int64_t step) {
  if (refused(outside, blocks)) return;
  for_each<Index>(strides, [&](int64_t, const int64_t(&at)[3]) {
    int64_t const k = at[1];
    int64_t const offset = offsets[k];
    if (k + 1 < count && offsets[k + 1] == offset) return;
    *reinterpret_cast<Unit *>(target + start + at[0] + offset) =
        *reinterpret_cast<const Unit *>(value + at[2] + (order ? order[k] : k) * step);
  });
}

template <class T, class Index, int most>
__device__ void scatter_add(const Strides<most, 3> &strides, const bool *outside, int64_t blocks,
                            int64_t start, char *target, const int64_t *offsets,
                            const char *value, const int64_t *order, int64_t count, int64_t step) {
  if (refused(outside, blocks)) return;
  for_each<Index>(strides, [&](int64_t, const int64_t(&at)[3]) {
    int64_t k = at[1];
    int64_t const offset = offsets[k];
    if (k > 0 && offsets[k - 1] == offset) return;
    auto const number = [&](int64_t i) {
      return *reinterpret_cast<const T *>(value + at[2] + (order ? order[i] : i) * step);
    };
    T *const place = reinterpret_cast<T *>(target + start + at[0] + offset);
    T sum = *place;
    // Where many are equal, some are read together, to be added one after the other.
    for (; k + kAtOnce <= count && offsets[k + kAtOnce - 1] == offset; k += kAtOnce) {
      T numbers[kAtOnce];
#pragma unroll
      for (int j = 0; j < kAtOnce; ++j) numbers[j] = number(k + j);
#pragma unroll
      for (int j = 0; j < kAtOnce; ++j) sum = Add()(sum, numbers[j]);
    }
    for (; k < count && offsets[k] == offset; ++k) sum = Add()(sum, number(k));
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
  if (first + kEach <= n && reinterpret_cast<uint64_t>(mask + first) % kEach == 0) {
    auto const own = load<kEach>(mask + first);
#pragma unroll
    for (int k = 0; k < kEach; ++k) count += own.values[k];
    return count;
  }
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

// A stable merge sort of rows: tiles are sorted in shared memory, then neighbours merged, two by
// two, until a row is one. Where in two sorted runs an output begins is found by bisection, so that
// all threads merge as many elements each ("merge path").
#pragma once

#include "functors.h"

namespace tl::sorting {

constexpr int kThreads = 256;
constexpr int kOwn = 4;                     // elements that a thread merges at once
constexpr int kSorted = kThreads * kOwn;    // of a tile

// Whether an element comes before another: NaN come last, and of complex numbers those that have
// none, one in the imaginary part, in the real part, in both.
template <class T>
TL_HD bool precedes(T a, T b) {
  if constexpr (is_complex<T>) {
    int const rank_a = 2 * is_nan(a.real) + is_nan(a.imag);
    int const rank_b = 2 * is_nan(b.real) + is_nan(b.imag);
    if (rank_a != rank_b) return rank_a < rank_b;
    if (rank_a < 2 && a.real != b.real) return a.real < b.real;
    return a.imag < b.imag;  // false of NaN
  } else if constexpr (is_floating<T>) {
    return is_nan(b) ? !is_nan(a) : a < b;
  } else {
    return a < b;
  }
}

template <class T>
TL_HD void exchange(T &a, T &b) {
  T const before = a;
  a = b;
  b = before;
}

// How many of the first `count` elements of two sorted runs, merged, are of the first run.
template <class T, class Index>
TL_HD Index split(const T *a, Index a_size, const T *b, Index b_size, Index count) {
  Index low = count > b_size ? count - b_size : 0, high = count < a_size ? count : a_size;
  while (low < high) {
    Index const middle = low + (high - low) / 2;
    if (precedes(b[count - 1 - middle], a[middle])) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

// Elements in shared memory and, of an argsort, the places they came from.
template <class T, class Place, bool ordered>
struct Tile {
  T *keys;
  Place *places;

  // Merge those of two runs that follow each other, from the `skipped`-th output on, into what a
  // thread holds; returns how many.
  __device__ int merge(int first, int a_size, int b_size, int skipped, T (&own)[kOwn],
                       Place (&own_places)[kOwn]) const {
    int const left = a_size + b_size - skipped;
    if (left <= 0) return 0;
    int const taken = split(keys + first, a_size, keys + first + a_size, b_size, skipped);
    int a = first + taken, b = first + a_size + skipped - taken;
    int const a_end = first + a_size, b_end = a_end + b_size, count = left < kOwn ? left : kOwn;
    for (int k = 0; k < count; ++k) {
      bool const second = a == a_end || (b < b_end && precedes(keys[b], keys[a]));
      int const from = second ? b++ : a++;
      own[k] = keys[from];
      if constexpr (ordered) own_places[k] = places[from];
    }
    return count;
  }

  __device__ void put(int first, int count, const T (&own)[kOwn],
                      const Place (&own_places)[kOwn]) const {
    for (int k = 0; k < count; ++k) {
      keys[first + k] = own[k];
      if constexpr (ordered) places[first + k] = own_places[k];
    }
  }
};

TL_HD int64_t clamped(int64_t x, int64_t most) { return x < 0 ? 0 : x < most ? x : most; }

// Sorts the parts of rows of n elements: a row is one part in `width` places of a tile, a power of
// two, or several parts of a whole tile each.
template <class T, bool ordered>
__device__ void sort_tiles(const T *x, int64_t rows, int64_t n, int64_t width, T *sorted,
                           int64_t *order) {
  __shared__ T keys[kSorted];
  __shared__ int places[ordered ? kSorted : 1];
  Tile<T, int, ordered> const tile = {keys, places};
  int64_t const parts = (n + width - 1) / width, slots = kSorted / width;
  int const own_first = threadIdx.x * kOwn, inside = int(width) - 1;  // the bits of a place there
  int shift = 0;
  while (1 << shift < width) ++shift;
  for (int64_t first = blockIdx.x * slots; first < rows * parts; first += gridDim.x * slots) {
    // Where rows have several parts, tiles have one slot.
    int64_t const first_row = first / parts, begin = (first - first_row * parts) * width;
    // How many elements the slot of a place in the tile has.
    auto const length_at = [&](int place) {
      return first_row + (place >> shift) < rows ? int(clamped(n - begin, width)) : 0;
    };
    // Where the element at a place in the tile is, or -1.
    auto const address_of = [&](int place) {
      return (place & inside) < length_at(place)
                 ? (first_row + (place >> shift)) * n + begin + (place & inside) : int64_t(-1);
    };
    for (int k = threadIdx.x; k < kSorted; k += kThreads) {
      int64_t const address = address_of(k);
      if (address >= 0) tile.keys[k] = x[address];
      if constexpr (ordered) places[k] = k & inside;
    }
    __syncthreads();
    T own[kOwn];
    int own_places[kOwn];
    int const slot = own_first & ~inside, length = length_at(own_first);
    int count = int(clamped(length - (own_first - slot), kOwn));
#pragma unroll
    for (int k = 0; k < kOwn; ++k) {  // by insertion, unrolled so that all stays in registers
      if (k >= count) break;
      own[k] = tile.keys[own_first + k];
      own_places[k] = own_first - slot + k;
#pragma unroll
      for (int at = k; at > 0; --at) {
        if (!precedes(own[at], own[at - 1])) break;
        exchange(own[at], own[at - 1]);
        exchange(own_places[at], own_places[at - 1]);
      }
    }
    tile.put(own_first, count, own, own_places);
    for (int run = kOwn; run < width; run *= 2) {
      __syncthreads();
      int const pair = own_first / (2 * run) * (2 * run);
      int const left = slot + length - pair;
      count = tile.merge(pair, int(clamped(left, run)), int(clamped(left - run, run)),
                         own_first - pair, own, own_places);
      __syncthreads();
      tile.put(own_first, count, own, own_places);
    }
    __syncthreads();
    for (int k = threadIdx.x; k < kSorted; k += kThreads) {
      int64_t const address = address_of(k);
      if (address < 0) continue;
      sorted[address] = tile.keys[k];
      if constexpr (ordered) order[address] = begin + places[k];
    }
    __syncthreads();
  }
}

// Merges sorted runs of `run` elements of each row, two by two.
template <class T, bool ordered>
__device__ void merge_runs(const T *x, const int64_t *order, int64_t rows, int64_t n, int64_t run,
                           T *merged, int64_t *merged_order) {
  __shared__ T keys[kSorted];
  __shared__ int64_t places[ordered ? kSorted : 1];
  __shared__ int64_t cuts[2];
  Tile<T, int64_t, ordered> const tile = {keys, places};
  int64_t const tiles = (n + kSorted - 1) / kSorted;
  for (int64_t block = blockIdx.x; block < rows * tiles; block += gridDim.x) {
    int64_t const begin = block % tiles * kSorted, pair = begin / (2 * run) * (2 * run);
    int64_t const a = block / tiles * n + pair, a_size = clamped(n - pair, run);
    int64_t const b = a + a_size, b_size = clamped(n - pair - run, run);
    int64_t const skipped = begin - pair, end = clamped(skipped + kSorted, a_size + b_size);
    if (threadIdx.x < 2) {
      cuts[threadIdx.x] = split(x + a, a_size, x + b, b_size, threadIdx.x == 0 ? skipped : end);
    }
    __syncthreads();
    int64_t const a_first = a + cuts[0], b_first = b + skipped - cuts[0];
    int const total = int(end - skipped), a_count = int(cuts[1] - cuts[0]);
    for (int k = threadIdx.x; k < total; k += kThreads) {
      int64_t const from = k < a_count ? a_first + k : b_first + k - a_count;
      tile.keys[k] = x[from];
      if constexpr (ordered) places[k] = order[from];
    }
    __syncthreads();
    T own[kOwn];
    int64_t own_places[kOwn];
    int const first = threadIdx.x * kOwn;
    int const count = tile.merge(0, a_count, total - a_count, first, own, own_places);
    __syncthreads();
    tile.put(first, count, own, own_places);
    __syncthreads();
    for (int k = threadIdx.x; k < total; k += kThreads) {
      merged[a + skipped + k] = tile.keys[k];
      if constexpr (ordered) merged_order[a + skipped + k] = places[k];
    }
    __syncthreads();
  }
}

// How many elements of a sorted array are less than each of others, or, from the right, not
// greater.
template <class T>
__device__ void search(const T *a, int64_t size, const T *v, int64_t n, int64_t right,
                       int64_t *places) {
  int64_t const step = int64_t(gridDim.x) * kThreads;
  for (int64_t i = int64_t(blockIdx.x) * kThreads + threadIdx.x; i < n; i += step) {
    T const key = v[i];
    int64_t low = 0, high = size;
    while (low < high) {
      int64_t const middle = low + (high - low) / 2;
      if (right ? !precedes(key, a[middle]) : precedes(a[middle], key)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    places[i] = low;
  }
}

}  // namespace tl::sorting

// Long sorts on several threads: pieces are sorted by NumPy's functions, then merged.
//
// Of floats, zeros lose their signs and NaN is made infinite before, which is undone after, -0.0
// first: equal elements are the same then, so the result does not depend on the number of threads.
// (NumPy's SIMD sort puts zeros of either sign anywhere, and may change their signs.)
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <utility>

#include "by_dtype.h"
#include "dtypes.h"
#include "functors.h"
#include "parallel_loops.h"
#include "targets.h"
#include "thread_pool.h"

namespace tl {

// One of NumPy's, by SIMD where the processor has it: elements, how many, an array to ask if need
// be; negative where memory ran out.
typedef int (*SortFunction)(void *data, intptr_t n, void *array);

constexpr intptr_t kLongSort = 1 << 15;  // elements
constexpr intptr_t kChunk = 1 << 14;     // of a task that passes over them
// Of one that merges. Not a power of two: parts that are pages apart would be in each other's way.
constexpr intptr_t kMerged = 15000;
// What an element takes alone.
constexpr Nanoseconds kSortedElement = 2.5, kMergedElement = 1, kPassedElement = 0.5;

// body(first, last) for chunks of [0, n), on several threads where that pays.
template <class Body>
void for_chunks(intptr_t n, int threads, Body const &body) {
  Nanoseconds const alone = kPassedElement * Nanoseconds(n);
  parallel_for(
      (n + kChunk - 1) / kChunk, alone < kWorthThreads ? 1 : threads,
      [&](intptr_t task, int) { body(task * kChunk, std::min(n, (task + 1) * kChunk)); }, alone);
}

// Whether work(row) succeeded for all rows of n elements.
template <class Work>
bool for_rows(intptr_t rows, intptr_t n, int threads, Work const &work) {
  intptr_t const many = std::max(intptr_t(1), kChunk / 4 / n);  // of a task
  std::atomic<bool> failed{false};
  parallel_for(
      (rows + many - 1) / many, threads,
      [&](intptr_t task, int) {
        for (intptr_t row = task * many; row < std::min(rows, (task + 1) * many); ++row) {
          if (!work(row)) failed = true;
        }
      },
      kSortedElement * Nanoseconds(rows * n));
  return !failed;
}

inline bool sort_rows(char *data, intptr_t rows, intptr_t n, intptr_t row_bytes, SortFunction sort,
                      void *array, int threads) {
  return for_rows(rows, n, threads,
                  [&](intptr_t row) { return sort(data + row * row_bytes, n, array) >= 0; });
}

// How many of the first `count` elements of a and b merged are a's; equal ones of a come first.
template <class T>
intptr_t count_of_first(T const *a, intptr_t a_size, T const *b, intptr_t b_size, intptr_t count) {
  intptr_t low = std::max(intptr_t(0), count - b_size), high = std::min(count, a_size);
  while (low < high) {
    intptr_t const middle = low + (high - low) / 2;
    if (b[count - middle - 1] < a[middle]) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

// Equal elements are the same, so a merge is of minima and maxima, and needs no branches. From both
// ends at once, as each step waits for the one before.
template <class T>
void merge(T const *a, T const *a_end, T const *b, T const *b_end, T *target) {
  T *target_end = target + (a_end - a) + (b_end - b);
  for (;;) {
    // So many steps from each end can use up neither a nor b.
    intptr_t const steps = std::min(a_end - a, b_end - b) / 2;
    if (steps < 8) break;
    intptr_t of_b = 0, of_a = 0;  // taken at the front and at the back
    for (intptr_t i = 0; i < steps; ++i) {
      T const x = a[i - of_b], y = b[of_b];
      target[i] = std::min(x, y);
      of_b += y < x;
      T const u = a_end[-1 - of_a], v = b_end[of_a - i - 1];
      target_end[-1 - i] = std::max(u, v);
      of_a += v < u;
    }
    a += steps - of_b;
    b += of_b;
    target += steps;
    a_end -= of_a;
    b_end -= steps - of_a;
    target_end -= steps;
  }
  std::merge(a, a_end, b, b_end, target);
}

// Four merges side by side, of the parts of a long one.
template <class T>
void merge_long(T const *a, intptr_t a_size, T const *b, intptr_t b_size, T *target) {
  constexpr int parts = 4;
  T const *a_at[parts], *a_end[parts], *b_at[parts], *b_end[parts];
  intptr_t const size = a_size + b_size;
  intptr_t taken = 0, of_a = 0;  // before this part
  T *to[parts];
  for (int k = 0; k < parts; ++k) {
    a_at[k] = a + of_a;
    b_at[k] = b + (taken - of_a);
    to[k] = target + taken;
    taken = size * (k + 1) / parts;
    of_a = count_of_first(a, a_size, b, b_size, taken);
    a_end[k] = a + of_a;
    b_end[k] = b + (taken - of_a);
  }
  for (;;) {
    intptr_t steps = size;
    for (int k = 0; k < parts; ++k) {
      steps = std::min({steps, a_end[k] - a_at[k], b_end[k] - b_at[k]});
    }
    if (steps < 8) break;
    intptr_t of_b[parts] = {0};
    for (intptr_t i = 0; i < steps; ++i) {
      for (int k = 0; k < parts; ++k) {
        T const x = a_at[k][i - of_b[k]], y = b_at[k][of_b[k]];
        to[k][i] = std::min(x, y);
        of_b[k] += y < x;
      }
    }
    for (int k = 0; k < parts; ++k) {
      a_at[k] += steps - of_b[k];
      b_at[k] += of_b[k];
      to[k] += steps;
    }
  }
  for (int k = 0; k < parts; ++k) merge(a_at[k], a_end[k], b_at[k], b_end[k], to[k]);
}

// Sorts n elements, of which equal ones are the same, in `data` or, where pieces were merged, in
// `spare`: returns which; a null pointer where memory ran out.
template <class T>
T *sort_long(T *data, T *spare, intptr_t n, SortFunction sort, void *array, int threads) {
  Nanoseconds const alone = kSortedElement * Nanoseconds(n);
  if (ThreadPool::instance().rests(alone)) threads = 1;  // merging would cost without a gain
  intptr_t const pieces = std::max(intptr_t(1), std::min(intptr_t(threads), n / (kLongSort / 4)));
  auto const start = [&](intptr_t piece) {
    return n / pieces * std::min(piece, pieces) + std::min(piece, n % pieces);
  };
  std::atomic<bool> failed{false};
  parallel_for(
      pieces, threads,
      [&](intptr_t piece, int) {
        if (sort(data + start(piece), start(piece + 1) - start(piece), array) < 0) failed = true;
      },
      alone);
  if (failed) return nullptr;
  for (intptr_t width = 1; width < pieces; width *= 2) {
    intptr_t const pairs = (pieces + 2 * width - 1) / (2 * width);
    intptr_t const parts = std::max(intptr_t(1), n / pairs / kMerged);
    parallel_for(
        pairs * parts, threads,
        [&](intptr_t task, int) {
          intptr_t const pair = task / parts * 2 * width, part = task % parts;
          T const *a = data + start(pair), *b = data + start(pair + width);
          intptr_t const a_size = b - a, b_size = data + start(pair + 2 * width) - b;
          // From `first` to `last` of the pair merged.
          intptr_t const first = (a_size + b_size) * part / parts;
          intptr_t const last = (a_size + b_size) * (part + 1) / parts;
          intptr_t const a_first = count_of_first(a, a_size, b, b_size, first);
          intptr_t const a_last = count_of_first(a, a_size, b, b_size, last);
          merge_long(a + a_first, a_last - a_first, b + (first - a_first),
                     (last - first) - (a_last - a_first), spare + (a - data) + first);
        },
        kMergedElement * Nanoseconds(n));
    std::swap(data, spare);
  }
  return data;
}

// What sort_long must not see.
struct Oddities {
  intptr_t negative_zeros = 0, nans = 0;
};

template <class T>
struct TakeOddities {
  using Bits = typename Choose<sizeof(T) == 8, uint64_t, uint32_t>::type;
  static constexpr Bits sign = Bits(1) << (8 * sizeof(T) - 1);

  static void run(T *x, intptr_t n, Oddities *found) {
    Bits const infinite = bits_as<Bits>(infinity<T>());
    Bits zeros = 0, nans = 0;  // as wide as an element, for vectors
    for (intptr_t i = 0; i < n; ++i) {
      Bits const bits = bits_as<Bits>(x[i]);
      bool const zero = bits == sign, nan = (bits & ~sign) > infinite;
      zeros += zero;
      nans += nan;
      x[i] = bits_as<T>(nan ? infinite : zero ? Bits(0) : bits);
    }
    *found = {intptr_t(zeros), intptr_t(nans)};
  }
};

template <class T>
Oddities take_oddities(T *x, intptr_t n, int threads) {
  std::atomic<intptr_t> negative_zeros{0}, nans{0};
  for_chunks(n, threads, [&](intptr_t first, intptr_t last) {
    Oddities found;
    ForTarget<TakeOddities<T>>::run(x + first, last - first, &found);
    negative_zeros += found.negative_zeros;
    nans += found.nans;
  });
  return {negative_zeros, nans};
}

template <class T>
void put_oddities(Oddities oddities, T *sorted, intptr_t n) {
  std::fill_n(std::lower_bound(sorted, sorted + n, T(0)), oddities.negative_zeros, -T(0));
  std::fill_n(sorted + n - oddities.nans, oddities.nans, not_a_number<T>());
}

// Whether sort_elements can sort a dtype.
inline bool sorts_long(int dtype) {
  return dtype < TL_FLOAT8_E4M3FN || dtype == TL_FLOAT32 || dtype == TL_FLOAT64;
}

// The same for n elements of such a dtype.
inline char *sort_elements(int dtype, char *data, char *spare, intptr_t n, SortFunction sort,
                           void *array, int threads) {
  char *sorted = nullptr;
  with_dtype(dtype, [&](auto zero) {
    using T = typename Choose<is_bool<decltype(zero)>, uint8_t, decltype(zero)>::type;
    if constexpr (!is_complex<T> && !is_narrow<T>) {
      T *x = reinterpret_cast<T *>(data);
      Oddities oddities;
      if constexpr (is_floating<T>) oddities = take_oddities(x, n, threads);
      x = sort_long(x, reinterpret_cast<T *>(spare), n, sort, array, threads);
      if constexpr (is_floating<T>) {
        if (x != nullptr) put_oddities(oddities, x, n);
      }
      sorted = reinterpret_cast<char *>(x);
    }
  });
  return sorted;
}

}  // namespace tl

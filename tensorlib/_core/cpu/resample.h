// Weighted sums of elements along one axis: a sparse matrix times each line of an array.
#pragma once

#include <algorithm>
#include <cstdint>

#include "by_dtype.h"
#include "loops.h"
#include "thread_pool.h"

namespace tl {
namespace resample {

// Row r of the matrix has weights[k] in column places[k], for k from offsets[r] to offsets[r + 1].
struct Matrix {
  intptr_t const *offsets, *places;
  double const *weights;
  intptr_t rows, columns;
};

// Arrays in C order: `source` of shape (outer, columns, inner), `target` of (outer, rows, inner).
struct Job {
  Matrix matrix;
  char const *source;
  char *target;
  intptr_t outer, inner;
};

// Along the last axis: some lines at once, so that weights and places are read once for all.
template <class T, int lines>
void combine_lines(Job const &job, intptr_t line) {
  using A = Wide<T>;
  Matrix const &m = job.matrix;
  char const *source = job.source + line * m.columns * sizeof(T);
  char *target = job.target + line * m.rows * sizeof(T);
  for (intptr_t r = 0; r < m.rows; ++r) {
    A sums[lines] = {};
    for (intptr_t k = m.offsets[r]; k < m.offsets[r + 1]; ++k) {
      A const weight = A(m.weights[k]);
      char const *x = source + m.places[k] * sizeof(T);
      for (int i = 0; i < lines; ++i) {
        sums[i] += weight * wide(load<T>(x + i * m.columns * sizeof(T)));
      }
    }
    for (int i = 0; i < lines; ++i) store(target + (i * m.rows + r) * sizeof(T), T(sums[i]));
  }
}

template <class T>
void last_axis(Job const &job, intptr_t begin, intptr_t end) {
  constexpr int some = 4;
  for (; begin + some <= end; begin += some) combine_lines<T, some>(job, begin);
  for (; begin < end; ++begin) combine_lines<T, 1>(job, begin);
}

// Adds `taps` weighted rows to the sums, or makes the sums of them.
template <class T, int taps, bool first>
void add_rows(Wide<T> *sums, char const *source, intptr_t row_size, intptr_t const *places,
              double const *weights, intptr_t n) {
  char const *rows[taps];
  Wide<T> factors[taps];
  for (int t = 0; t < taps; ++t) {
    rows[t] = source + places[t] * row_size;
    factors[t] = Wide<T>(weights[t]);
  }
  TL_INDEPENDENT
  for (intptr_t j = 0; j < n; ++j) {
    Wide<T> sum = first ? Wide<T>(0) : sums[j];
    for (int t = 0; t < taps; ++t) sum += factors[t] * wide(load<T>(rows[t] + j * sizeof(T)));
    sums[j] = sum;
  }
}

template <class T, bool first>
void add_some_rows(Wide<T> *sums, char const *source, intptr_t row_size, intptr_t const *places,
                   double const *weights, intptr_t taps, intptr_t n) {
  auto function = taps >= 4   ? add_rows<T, 4, first>
                  : taps == 3 ? add_rows<T, 3, first>
                  : taps == 2 ? add_rows<T, 2, first>
                              : add_rows<T, 1, first>;
  function(sums, source, row_size, places, weights, n);
}

// Along another axis: `inner` adjacent elements have the same weights and places.
template <class T>
void combine_rows(Job const &job, intptr_t begin, intptr_t end) {
  constexpr intptr_t block = 1024;  // sums that stay in the nearest cache
  Matrix const &m = job.matrix;
  intptr_t const row_size = job.inner * sizeof(T);
  Wide<T> room[block];
  char const *source = job.source + begin / m.rows * m.columns * row_size;
  char *target = job.target + begin * row_size;
  intptr_t r = begin % m.rows;
  for (intptr_t unit = begin; unit < end; ++unit, target += row_size) {
    intptr_t const first = m.offsets[r], last = m.offsets[r + 1];
    for (intptr_t done = 0; done < job.inner; done += block) {
      intptr_t const n = std::min(block, job.inner - done);
      char const *x = source + done * sizeof(T);
      Wide<T> *sums = room;
      if constexpr (is_same<T, Wide<T>>) sums = reinterpret_cast<T *>(target) + done;
      if (first == last) std::fill_n(sums, n, Wide<T>(0));
      for (intptr_t k = first; k < last; k += 4) {
        auto function = k == first ? add_some_rows<T, true> : add_some_rows<T, false>;
        function(sums, x, row_size, m.places + k, m.weights + k, last - k, n);
      }
      if constexpr (!is_same<T, Wide<T>>) {
        for (intptr_t j = 0; j < n; ++j) store(target + (done + j) * sizeof(T), T(sums[j]));
      }
    }
    if (++r == m.rows) {
      r = 0;
      source += m.columns * row_size;
    }
  }
}

template <class T>
void run_job(Job const &job) {
  bool const last = job.inner == 1;
  intptr_t const units = last ? job.outer : job.outer * job.matrix.rows;
  double const work = double(job.outer) * job.inner * job.matrix.offsets[job.matrix.rows];
  int const threads = work < (1 << 17) ? 1 : ThreadPool::instance().threads();
  intptr_t const tasks = threads == 1 ? 1 : 4 * threads;
  parallel_for(tasks, threads, [&](intptr_t index, int) {
    intptr_t const share = units / tasks, rest = units % tasks;
    intptr_t const begin = index * share + std::min(index, rest);
    intptr_t const end = begin + share + (index < rest);
    last ? last_axis<T>(job, begin, end) : combine_rows<T>(job, begin, end);
  });
}

// The dtype is a real floating one.
inline void run(int dtype, Job const &job) {
  with_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (is_floating<T>) run_job<T>(job);
    return 0;
  });
}

}  // namespace resample
}  // namespace tl

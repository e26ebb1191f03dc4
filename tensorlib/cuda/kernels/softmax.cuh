// Softmax and its logarithm along one axis of contiguous memory, and their gradients.
//
// A row that fits into the registers of a warp or a block is read once. Others are folded, then
// mapped. A row with NaN, with inf or of nothing but -inf is NaN.
#pragma once

#include "reduce.cuh"

namespace tl {

// Of the sums of rows, and of their maxima, where NaN in `a` is nothing.
struct Added {
  template <class R>
  TL_HD R merge(R a, R b) const {
    return a + b;
  }
};
struct Largest {
  template <class R>
  TL_HD R merge(R a, R b) const {
    return a > b ? a : b;
  }
};

// Packs lane, lane + lanes ... of a row; `missing` stands for what is beyond its end.
template <int width, int each, class T, class R>
__device__ void load_row(const T *x, int64_t n, int lane, int lanes, R missing,
                         R (&values)[each * width]) {
#pragma unroll
  for (int k = 0; k < each; ++k) {
    int64_t const i = (lane + k * int64_t(lanes)) * width;
    if (i < n) {
      auto const pack = load<width>(x + i);
#pragma unroll
      for (int j = 0; j < width; ++j) values[k * width + j] = wide(pack.values[j]);
    } else {
#pragma unroll
      for (int j = 0; j < width; ++j) values[k * width + j] = missing;
    }
  }
}

template <int width, int each, class T, class R>
__device__ void store_row(T *y, int64_t n, int lane, int lanes, const R (&values)[each * width]) {
#pragma unroll
  for (int k = 0; k < each; ++k) {
    int64_t const i = (lane + k * int64_t(lanes)) * width;
    Pack<T, width> pack;
#pragma unroll
    for (int j = 0; j < width; ++j) pack.values[j] = T(values[k * width + j]);
    if (i < n) store(y + i, pack);
  }
}

template <bool logarithm, int width, int each, class T>
__device__ void softmax_rows(const T *x, T *y, int64_t rows, int64_t n, int group) {
  using R = Wide<T>;
  for_rows(rows, group, [&](int64_t row, int lane, bool is_row) {
    R values[each * width];
    load_row<width, each>(x + row * n, is_row ? n : 0, lane, group, -infinity<R>(), values);
    R top = -infinity<R>(), sum = 0;
#pragma unroll
    for (int k = 0; k < each * width; ++k) top = Largest().merge(values[k], top);
    top = fold_group(Largest(), top, group);
#pragma unroll
    for (int k = 0; k < each * width; ++k) {
      values[k] -= top;
      R const power = math::exp(values[k]);
      sum += power;
      if (!logarithm) values[k] = power;
    }
    sum = fold_group(Added(), sum, group);
    R const last = logarithm ? math::log(sum) : 1 / sum;
#pragma unroll
    for (int k = 0; k < each * width; ++k) {
      values[k] = logarithm ? values[k] - last : values[k] * last;
    }
    store_row<width, each>(y + row * n, is_row ? n : 0, lane, group, values);
  });
}

// Of softmax the gradient is y * (g - sum(g * y)), of its logarithm g - exp(y) * sum(g).
template <bool logarithm>
struct Slope {
  template <class R>
  TL_HD static R term(R g, R y) {
    return logarithm ? g : g * y;
  }
  template <class R>
  TL_HD static R gradient(R g, R y, R sum) {
    return logarithm ? g - math::exp(y) * sum : y * (g - sum);
  }
};

template <bool logarithm, int width, int each, class T>
__device__ void softmax_backward_rows(const T *g, const T *y, T *out, int64_t rows, int64_t n,
                                      int group) {
  using R = Wide<T>;
  using S = Slope<logarithm>;
  for_rows(rows, group, [&](int64_t row, int lane, bool is_row) {
    R slopes[each * width], results[each * width], sum = 0;
    load_row<width, each>(g + row * n, is_row ? n : 0, lane, group, R(0), slopes);
    load_row<width, each>(y + row * n, is_row ? n : 0, lane, group, R(0), results);
#pragma unroll
    for (int k = 0; k < each * width; ++k) sum += S::term(slopes[k], results[k]);
    sum = fold_group(Added(), sum, group);
#pragma unroll
    for (int k = 0; k < each * width; ++k) {
      slopes[k] = S::gradient(slopes[k], results[k], sum);
    }
    store_row<width, each>(out + row * n, is_row ? n : 0, lane, group, slopes);
  });
}

// Lines of any length, and columns

template <class R>
struct Powers {
  R top, sum;  // of exp(x - top)
};

// The maximum of a line, and log(sum(exp(x - top))) or 1 / sum(exp(x - top)).
template <bool logarithm, class T>
struct SumOfPowers {
  using R = Wide<T>;
  using State = Powers<R>;

  const T *x;
  R *tops, *sums;

  TL_HD static State first() { return {-infinity<R>(), 0}; }
  TL_HD static R scaled(R sum, R from, R to) {
    return from == to ? sum : sum * math::exp(from - to);
  }
  TL_HD static State merge(State a, State b) {
    R const top = a.top > b.top ? a.top : b.top;
    return {top, scaled(a.sum, a.top, top) + scaled(b.sum, b.top, top)};
  }
  TL_HD static State then(State a, State b) { return merge(a, b); }
  template <int n>
  TL_HD Pack<T, n> load(int64_t at) const {
    return tl::load<n>(x + at);
  }
  template <int n>
  TL_HD static State of(const Pack<T, n> &loaded, int k, int64_t, int64_t) {
    R const value = wide(loaded.values[k]);
    if (is_nan(value)) return {-infinity<R>(), value};
    return {value, 1};
  }
  TL_HD int lead(int64_t at) const { return elements_before(x + at); }
  TL_HD void store(int64_t at, State state) const {
    tops[at] = state.top;
    R const sum = state.top == infinity<R>() ? not_a_number<R>() : state.sum;
    sums[at] = logarithm ? math::log(sum) : 1 / sum;
  }
};

template <bool logarithm, class T>
struct SumOfSlopes {
  using R = Wide<T>;
  using State = R;
  template <int n>
  struct Both {
    Pack<T, n> g, y;
  };

  const T *g, *y;
  R *sums;

  TL_HD static State first() { return 0; }
  TL_HD static State merge(State a, State b) { return a + b; }
  TL_HD static State then(State a, State b) { return merge(a, b); }
  template <int n>
  TL_HD Both<n> load(int64_t at) const {
    return {tl::load<n>(g + at), tl::load<n>(y + at)};
  }
  template <int n>
  TL_HD static State of(const Both<n> &loaded, int k, int64_t, int64_t) {
    return Slope<logarithm>::term(wide(loaded.g.values[k]), wide(loaded.y.values[k]));
  }
  TL_HD int lead(int64_t at) const { return elements_before(g + at); }
  TL_HD void store(int64_t at, State state) const { sums[at] = state; }
};

// body(i, line) for each of `size` packs from element i on; the last of them are in
// (outer, n, inner), and in lines along n.
template <int width, class Index, class Body>
__device__ void for_packs(int64_t size, int64_t n, int64_t inner, Body body) {
  Index const block = Index(n) * Index(inner);
  int64_t const step = int64_t(gridDim.x) * kThreads * width;
  for (int64_t i = (int64_t(blockIdx.x) * kThreads + threadIdx.x) * width; i < size; i += step) {
    Index const outer = Index(i) / block;
    Index const within = Index(i) - outer * block;
    body(i, inner == 1 ? int64_t(outer) : int64_t(outer * Index(inner) + within % Index(inner)));
  }
}

template <bool logarithm, int width, class Index, class T>
__device__ void softmax_lines(const T *x, T *y, const Wide<T> *tops, const Wide<T> *sums,
                              int64_t size, int64_t n, int64_t inner) {
  for_packs<width, Index>(size, n, inner, [&](int64_t i, int64_t line) {
    auto pack = load<width>(x + i);
#pragma unroll
    for (int k = 0; k < width; ++k) {
      int64_t const here = inner == 1 ? line : line + k;
      Wide<T> const value = wide(pack.values[k]) - tops[here];
      pack.values[k] = T(logarithm ? value - sums[here] : math::exp(value) * sums[here]);
    }
    store(y + i, pack);
  });
}

template <bool logarithm, int width, class Index, class T>
__device__ void softmax_backward_lines(const T *g, const T *y, T *out, const Wide<T> *sums,
                                       int64_t size, int64_t n, int64_t inner) {
  for_packs<width, Index>(size, n, inner, [&](int64_t i, int64_t line) {
    auto pack = load<width>(g + i);
    auto const results = load<width>(y + i);
#pragma unroll
    for (int k = 0; k < width; ++k) {
      pack.values[k] = T(Slope<logarithm>::gradient(wide(pack.values[k]), wide(results.values[k]),
                                                    sums[inner == 1 ? line : line + k]));
    }
    store(out + i, pack);
  });
}

}  // namespace tl

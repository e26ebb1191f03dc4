// Normalization by mean and variance, and its gradients, of contiguous images with the axes
// (batch, stack, group, channel, place): statistics are taken over batch, channel and place,
// weights belong to a group and a channel.
//
// Rows that lie in one piece, without a batch, are folded and mapped by one kernel; of others the
// folds come first.
#pragma once

#include "reduce.cuh"

namespace tl {

// norm.py fills it.
struct Images {
  int64_t size, row_size;       // of all, of those with the same statistics
  int64_t rows, group;          // rows: stacks * groups
  int64_t channel, place;
  int64_t row_step, weight_step;  // from a number of a pack to the next one
  int64_t centred;
};

// What a number is normalized by.
struct Belongs {
  int64_t row, weight;
};

template <class Index>
TL_HD Belongs find_row(const Images &s, int64_t at) {
  Index const run = Index(s.channel) * Index(s.place);
  Index const piece = Index(at) / run;
  Index const row = s.rows == 1 ? 0 : piece % Index(s.rows);
  Index const channel = s.channel == 1 ? 0 : (Index(at) - piece * run) / Index(s.place);
  Index const group = s.group == s.rows ? row : row % Index(s.group);
  return {int64_t(row), int64_t(group * Index(s.channel) + channel)};
}

template <class R>
TL_HD R factor_of(R variance, double eps) {
  return 1 / math::sqrt(variance + R(eps));
}

// Statistics: Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing
// sample variances" (1979). What is not centred has the mean zero.
template <class R>
struct Spread {
  R count, mean, squares;
};

template <class T>
struct Moments {
  using R = Wide<T>;
  using State = Spread<R>;

  const T *x;
  R *mean, *variance;
  int64_t centred;

  TL_HD static State first() { return {0, 0, 0}; }
  TL_HD static State merge(State a, State b) {
    R const count = a.count + b.count, gap = b.mean - a.mean;
    R const share = count > 0 ? b.count / count : R(0);
    return {count, a.mean + gap * share, a.squares + b.squares + gap * gap * (a.count * share)};
  }
  TL_HD static State then(State a, State b) { return merge(a, b); }
  template <int n>
  TL_HD Pack<T, n> load(int64_t at) const {
    return tl::load<n>(x + at);
  }
  template <int n>
  TL_HD State of(const Pack<T, n> &loaded, int k, int64_t, int64_t) const {
    R const value = wide(loaded.values[k]);
    return centred ? State{1, value, 0} : State{1, 0, value * value};
  }
  TL_HD int lead(int64_t at) const { return elements_before(x + at); }
  TL_HD void store(int64_t at, State state) const {
    mean[at] = state.mean;
    variance[at] = state.squares / state.count;
  }
};

// Gradients: with p = g * weight, the sums of p and of p * (x - mean).
template <class R>
struct Slopes {
  R sum, moment;
};

template <class T, int n>
struct Gradients {
  Pack<T, n> g, x;
  Belongs place;
  Wide<T> factor;
};

// With z = (x - mean) * factor the gradient is factor * (p - sum(p) / n - z * sum(p * z) / n):
// p * factor + (x - mean) * slope + shift.
template <class T, class Index>
struct InputSlopes {
  using R = Wide<T>;
  using State = Slopes<R>;

  const T *g, *x, *weight;
  const R *mean, *variance;
  R *shift, *slope;
  Images s;
  double eps;

  TL_HD static State first() { return {0, 0}; }
  TL_HD static State merge(State a, State b) { return {a.sum + b.sum, a.moment + b.moment}; }
  TL_HD static State then(State a, State b) { return merge(a, b); }
  template <int n>
  TL_HD Gradients<T, n> load(int64_t at) const {
    return {tl::load<n>(g + at), tl::load<n>(x + at), find_row<Index>(s, at), R(0)};
  }
  template <int n>
  TL_HD State of(const Gradients<T, n> &loaded, int k, int64_t, int64_t) const {
    R const p = wide(loaded.g.values[k]) * wide(weight[loaded.place.weight + k * s.weight_step]);
    return {p, p * (wide(loaded.x.values[k]) - mean[loaded.place.row + k * s.row_step])};
  }
  TL_HD int lead(int64_t at) const { return elements_before(x + at); }
  TL_HD Slopes<R> finished(int64_t row, State state) const {
    double const factor = factor_of(double(variance[row]), eps), n = double(s.row_size);
    return {s.centred ? R(-factor * double(state.sum) / n) : R(0),
            R(-factor * factor * factor * double(state.moment) / n)};
  }
  TL_HD void store(int64_t at, State state) const {
    Slopes<R> const line = finished(at, state);
    shift[at] = line.sum;
    slope[at] = line.moment;
  }
};

// The gradient of the weights: the sum of g * z.
template <class T, class Index>
struct WeightSlopes {
  using R = Wide<T>;
  using State = R;

  const T *g, *x;
  const R *mean, *variance;
  T *out;
  Images s;
  double eps;

  TL_HD static State first() { return 0; }
  TL_HD static State merge(State a, State b) { return a + b; }
  TL_HD static State then(State a, State b) { return merge(a, b); }
  template <int n>
  TL_HD Gradients<T, n> load(int64_t at) const {
    Belongs const place = find_row<Index>(s, at);
    return {tl::load<n>(g + at), tl::load<n>(x + at), place,
            factor_of(variance[place.row], eps)};
  }
  template <int n>
  TL_HD State of(const Gradients<T, n> &loaded, int k, int64_t, int64_t) const {
    int64_t const row = loaded.place.row + k * s.row_step;
    R const factor = s.row_step ? factor_of(variance[row], eps) : loaded.factor;
    return wide(loaded.g.values[k]) * ((wide(loaded.x.values[k]) - mean[row]) * factor);
  }
  TL_HD int lead(int64_t at) const { return elements_before(x + at); }
  TL_HD void store(int64_t at, State state) const { out[at] = T(state); }
};

// Maps

template <class T, int width>
TL_HD Pack<T, width> normalized(const Images &s, Pack<T, width> pack, Belongs place,
                                const T *weight, const T *bias, const Wide<T> *mean,
                                const Wide<T> *variance, double eps) {
  Wide<T> factor = factor_of(variance[place.row], eps);
#pragma unroll
  for (int k = 0; k < width; ++k) {
    int64_t const row = place.row + k * s.row_step, w = place.weight + k * s.weight_step;
    if (s.row_step) factor = factor_of(variance[row], eps);
    pack.values[k] = T((wide(pack.values[k]) - mean[row]) * factor * wide(weight[w]) +
                       wide(bias[w]));
  }
  return pack;
}

template <class T, int width>
TL_HD Pack<T, width> input_gradient(const Images &s, const Gradients<T, width> &loaded,
                                    const T *weight, const Wide<T> *mean, const Wide<T> *variance,
                                    const Wide<T> *shift, const Wide<T> *slope, double eps) {
  Pack<T, width> result;
  Wide<T> factor = factor_of(variance[loaded.place.row], eps);
#pragma unroll
  for (int k = 0; k < width; ++k) {
    int64_t const row = loaded.place.row + k * s.row_step;
    if (s.row_step) factor = factor_of(variance[row], eps);
    Wide<T> const p =
        wide(loaded.g.values[k]) * wide(weight[loaded.place.weight + k * s.weight_step]);
    result.values[k] =
        T(p * factor + (wide(loaded.x.values[k]) - mean[row]) * slope[row] + shift[row]);
  }
  return result;
}

template <int width, class Index, class T>
__device__ void normalize_all(const Images &s, const T *x, const T *weight, const T *bias,
                              const Wide<T> *mean, const Wide<T> *variance, T *out, double eps) {
  int64_t const step = int64_t(gridDim.x) * kThreads * width;
  for (int64_t i = (int64_t(blockIdx.x) * kThreads + threadIdx.x) * width; i < s.size; i += step) {
    store(out + i, normalized(s, load<width>(x + i), find_row<Index>(s, i), weight, bias, mean,
                              variance, eps));
  }
}

template <int width, class Index, class T>
__device__ void input_gradient_all(const InputSlopes<T, Index> &fold, T *out) {
  int64_t const step = int64_t(gridDim.x) * kThreads * width;
  for (int64_t i = (int64_t(blockIdx.x) * kThreads + threadIdx.x) * width; i < fold.s.size;
       i += step) {
    store(out + i, input_gradient(fold.s, fold.template load<width>(i), fold.weight, fold.mean,
                                  fold.variance, fold.shift, fold.slope, fold.eps));
  }
}

// The place of the i-th number of a row in one piece.
template <class Index>
TL_HD Belongs in_row(const Images &s, int64_t row, int64_t i) {
  int64_t const group = s.group == s.rows ? row : int64_t(Index(row) % Index(s.group));
  int64_t const channel = s.place == 1 ? i : int64_t(Index(i) / Index(s.place));
  return {row, group * s.channel + channel};
}

template <int width, class Index, class T>
__device__ void normalize_rows(const Images &s, const T *x, const T *weight, const T *bias,
                               Wide<T> *mean, Wide<T> *variance, T *out, double eps, int group) {
  Moments<T> const fold{x, mean, variance, s.centred};
  for_rows(s.rows, group, [&](int64_t row, int lane, bool is_row) {
    int64_t const base = row * s.row_size, n = is_row ? s.row_size : 0;
    auto state = fold_adjacent<width>(fold, base, n, 0, lane, group);
    state = fold_group(fold, state, group);
    if (is_row && lane == 0) fold.store(row, state);
    Wide<T> const centre[1] = {state.mean}, squares[1] = {state.squares / state.count};
    for (int64_t i = int64_t(lane) * width; i < n; i += group * width) {
      Belongs const place{0, in_row<Index>(s, row, i).weight};
      store(out + base + i, normalized(s, load<width>(x + base + i), place, weight, bias, centre,
                                       squares, eps));
    }
  });
}

template <int width, class Index, class T>
__device__ void input_gradient_rows(const InputSlopes<T, Index> &fold, T *out, int group) {
  for_rows(fold.s.rows, group, [&](int64_t row, int lane, bool is_row) {
    int64_t const base = row * fold.s.row_size, n = is_row ? fold.s.row_size : 0;
    auto state = fold_adjacent<width>(fold, base, n, 0, lane, group);
    state = fold_group(fold, state, group);
    if (!is_row) return;
    auto const line = fold.finished(row, state);
    Wide<T> const mean[1] = {fold.mean[row]}, variance[1] = {fold.variance[row]};
    Wide<T> const shift[1] = {line.sum}, slope[1] = {line.moment};
    for (int64_t i = int64_t(lane) * width; i < n; i += group * width) {
      Gradients<T, width> const loaded{load<width>(fold.g + base + i),
                                       load<width>(fold.x + base + i),
                                       {0, in_row<Index>(fold.s, row, i).weight}, 0};
      store(out + base + i, input_gradient(fold.s, loaded, fold.weight, mean, variance, shift,
                                           slope, fold.eps));
    }
  });
}

}  // namespace tl

// The negative log-likelihood of classes, summed over all places, and its gradient.
#pragma once

#include "indexing.cuh"
#include "softmax.cuh"

namespace tl {

// The sums of losses and of weights over places; targets that are no classes add nothing.
template <class T>
struct LogLikelihood {
  using R = Wide<T>;
  struct State {
    R loss, weight;
    int64_t wrong;  // the first place whose target is no class
  };
  static constexpr int64_t none = int64_t(~uint64_t(0) >> 1);

  const int64_t *target;
  const T *x, *weight;  // no weight: ones
  T *loss;
  R *total;
  Reports *reports;
  Report *report;
  int64_t axis, classes, inner, ignored, mean;

  TL_HD static State first() { return {0, 0, none}; }
  TL_HD static State merge(State a, State b) {
    return {a.loss + b.loss, a.weight + b.weight, least(a.wrong, b.wrong)};
  }
  TL_HD static State then(State a, State b) { return merge(a, b); }
  template <int n>
  TL_HD Pack<int64_t, n> load(int64_t at) const {
    return tl::load<n>(target + at);
  }
  template <int n>
  TL_HD State of(const Pack<int64_t, n> &loaded, int k, int64_t at, int64_t) const {
    int64_t const label = loaded.values[k];
    if (label == ignored) return first();
    if (label < 0 || label >= classes) return {0, 0, at};
    int64_t const outer = inner == 1 ? at : at / inner, within = at - outer * inner;
    R const counts = weight ? R(wide(weight[label])) : R(1);
    return {-counts * R(wide(x[(outer * classes + label) * inner + within])), counts, none};
  }
  TL_HD int lead(int64_t at) const { return elements_before(target + at); }
  __device__ void store(int64_t at, State state) const {
    loss[at] = T(mean ? state.loss / state.weight : state.loss);
    total[at] = state.weight;
    if (state.wrong != none) {
      indexing::Array const labels = {nullptr, 0, classes, 0, 0, axis};
      indexing::tell(reports, report, labels, target[state.wrong]);
    }
  }
};

template <int width, class Index, class T>
__device__ void nll_gradient(const T *g, const int64_t *target, const Wide<T> *total,
                             const T *weight, T *out, int64_t size, int64_t classes,
                             int64_t inner, int64_t ignored, int64_t mean) {
  using R = Wide<T>;
  R const slope = mean ? -R(wide(*g)) / *total : -R(wide(*g));
  for_packs<width, Index>(size, classes, inner, [&](int64_t i, int64_t line) {
    Pack<T, width> pack;
    // Where the classes are last, a pack is of one place, else of one class.
    int64_t const label = target[line];
    int64_t const first = inner == 1 ? i - line * classes
                                     : int64_t(Index(i) / Index(inner) % Index(classes));
#pragma unroll
    for (int k = 0; k < width; ++k) {
      int64_t const here = inner == 1 || k == 0 ? label : target[line + k];
      bool const counted = here == (inner == 1 ? first + k : first) && here != ignored;
      pack.values[k] = T(counted ? slope * (weight ? R(wide(weight[here])) : R(1)) : R(0));
    }
    store(out + i, pack);
  });
}

}  // namespace tl

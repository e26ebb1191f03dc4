// The place of the largest or smallest element, as a fold: of equal ones the first, and of any NaN
// the first.
#pragma once

#include "reduce.cuh"

namespace tl {

template <bool largest, class T>
TL_HD bool beats(T a, T b) {
  if constexpr (is_complex<T>) {
    return largest ? a.real > b.real || (a.real == b.real && a.imag > b.imag)
                   : a.real < b.real || (a.real == b.real && a.imag < b.imag);
  } else {
    return largest ? a > b : a < b;
  }
}

template <class T>
struct Candidate {
  int64_t place;  // below 0 where there is none
  T value;
};

template <bool largest, class T>
struct PlaceOfBest {
  using State = Candidate<T>;

  const T *x;
  int64_t *y;

  TL_HD static State first() { return {-1, T(0)}; }
  TL_HD static State merge(State a, State b) {
    if (a.place < 0 || b.place < 0) return a.place < 0 ? b : a;
    bool const a_nan = is_nan(a.value), b_nan = is_nan(b.value);
    if (a_nan != b_nan) return a_nan ? a : b;
    if (beats<largest>(a.value, b.value)) return a;
    if (beats<largest>(b.value, a.value)) return b;
    return a.place < b.place ? a : b;
  }
  TL_HD static State then(State a, State b) {
    bool const wins = (beats<largest>(b.value, a.value) || is_nan(b.value)) && !is_nan(a.value);
    return wins || a.place < 0 ? b : a;
  }
  template <int n>
  TL_HD Pack<T, n> load(int64_t at) const {
    return tl::load<n>(x + at);
  }
  template <int n>
  TL_HD static State of(const Pack<T, n> &loaded, int k, int64_t, int64_t place) {
    return {place, loaded.values[k]};
  }
  TL_HD int lead(int64_t at) const { return elements_before(x + at); }
  TL_HD void store(int64_t at, State state) const { y[at] = state.place; }
};

}  // namespace tl

// Reductions of the op table, as folds.
#pragma once

#include "fold.cuh"

namespace tl {

// The number that no other of its type is below.
template <class T>
TL_HD T lowest() {
  if constexpr (is_complex<T>) {
    return T(-infinity<Real<T>>(), -infinity<Real<T>>());
  } else if constexpr (is_floating<T>) {
    return Negative()(infinity<T>());
  } else {
    return is_signed<T>() ? T(uint64_t(1) << (8 * sizeof(T) - 1)) : T(0);
  }
}

template <class T>
TL_HD T highest() {
  if constexpr (is_complex<T>) {
    return T(infinity<Real<T>>(), infinity<Real<T>>());
  } else if constexpr (is_floating<T>) {
    return infinity<T>();
  } else if constexpr (is_bool<T>) {
    return true;
  } else {
    return T(~lowest<T>());
  }
}

// Floats of 8 and 16 bits are added up and multiplied in float. Elements become the result's dtype
// before, or float where that is of ml_dtypes, as on the CPU.
template <class D>
struct Arithmetic {
  using State = typename Choose<is_narrow<D>, float, D>::type;

  template <class T>
  TL_HD static State of(T x) {
    if constexpr (is_narrow<D> && !is_same<D, Half>) {
      return Cast<float>()(x);
    } else {
      return State(Cast<D>()(x));
    }
  }
};

template <class D>
struct Sum : Arithmetic<D> {
  using typename Arithmetic<D>::State;

  // To -0.0 each number adds up to itself, -0.0 too.
  TL_HD static State first() {
    if constexpr (is_complex<State>) {
      return State(Real<State>(-0.0f), Real<State>(-0.0f));
    } else {
      return State(-0.0f);
    }
  }
  TL_HD static State merge(State a, State b) { return Add()(a, b); }
};

template <class D>
struct Prod : Arithmetic<D> {
  using typename Arithmetic<D>::State;

  TL_HD static State first() { return State(1); }
  TL_HD static State merge(State a, State b) { return Multiply()(a, b); }
};

template <class D>
struct Max {
  using State = D;

  TL_HD static State of(D x) { return x; }
  TL_HD static State first() { return lowest<D>(); }
  TL_HD static State merge(State a, State b) { return Maximum()(a, b); }
};

template <class D>
struct Min {
  using State = D;

  TL_HD static State of(D x) { return x; }
  TL_HD static State first() { return highest<D>(); }
  TL_HD static State merge(State a, State b) { return Minimum()(a, b); }
};

template <class D>
struct All {
  using State = bool;

  template <class T>
  TL_HD static State of(T x) {
    return truth(x);
  }
  TL_HD static State first() { return true; }
  TL_HD static State merge(State a, State b) { return a && b; }
};

template <class D>
struct Any {
  using State = bool;

  template <class T>
  TL_HD static State of(T x) {
    return truth(x);
  }
  TL_HD static State first() { return false; }
  TL_HD static State merge(State a, State b) { return a || b; }
};

// How many elements lie before the next multiple of 16 bytes.
template <class T>
TL_HD int elements_before(const T *address) {
  return int((16 - uint32_t(reinterpret_cast<uint64_t>(address) % 16)) % 16 / sizeof(T));
}

// Elements of T in memory, results of D.
template <class Op, class T, class D>
struct Reduce {
  using State = typename Op::State;

  const T *x;
  D *y;

  TL_HD static State first() { return Op::first(); }
  TL_HD static State merge(State a, State b) { return Op::merge(a, b); }
  TL_HD static State then(State a, State b) { return merge(a, b); }
  template <int n>
  TL_HD Pack<T, n> load(int64_t at) const {
    return tl::load<n>(x + at);
  }
  template <int n>
  TL_HD static State of(const Pack<T, n> &loaded, int k, int64_t, int64_t) {
    return Op::of(loaded.values[k]);
  }
  TL_HD int lead(int64_t at) const { return elements_before(x + at); }
  TL_HD void store(int64_t at, State state) const { y[at] = D(state); }
};

}  // namespace tl

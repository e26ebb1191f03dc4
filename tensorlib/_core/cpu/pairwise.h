// Sums of floating-point numbers in the order in which NumPy adds them, bit for bit: the numbers
// are halved, the first half rounded down to a multiple of eight, until at most 128 are left, and
// these are added up in eight running sums. NumPy does it in scalars; here the eight are a vector.
//
// The halves are sums of their own, so several threads may make them (cpu/folds.h). What is added
// up are the elements, or the squares of their distances from a mean (of variances). Multiply and
// add must not be contracted: the module that adds squares is compiled with -ffp-contract=off.
#pragma once

#include <cstdint>
#include <cstring>

#include "loops.h"

namespace tl {

constexpr intptr_t kLeaf = 128;  // NumPy's PW_BLOCKSIZE

inline intptr_t first_half(intptr_t n) { return n / 2 - n / 2 % 8; }

#if defined(__GNUC__)
template <class T>
struct EightOf {
  typedef T type __attribute__((vector_size(8 * sizeof(T))));
};
template <class T>
using Eight = typename EightOf<T>::type;
#else
template <class T>
struct Eight {
  T values[8];
  T &operator[](int k) { return values[k]; }
  void operator+=(Eight const &other) {
    for (int k = 0; k < 8; ++k) values[k] += other.values[k];
  }
  void operator*=(Eight const &other) {
    for (int k = 0; k < 8; ++k) values[k] *= other.values[k];
  }
  void operator-=(T other) {
    for (T &value : values) value -= other;
  }
};
#endif

// What is added up: elements, `step` bytes from one to the next, or squares of their distances.
template <class T, bool contiguous, bool squares>
struct Elements {
  char const *x;
  intptr_t step;
  T mean;

  T operator[](intptr_t i) const {
    T value = load<T>(x + i * (contiguous ? intptr_t(sizeof(T)) : step));
    if constexpr (squares) {
      value -= mean;
      value *= value;
    }
    return value;
  }

  void read(intptr_t i, Eight<T> &values) const {
    if constexpr (contiguous) {
      std::memcpy(&values, x + i * sizeof(T), sizeof(values));
    } else {
      for (int k = 0; k < 8; ++k) values[k] = load<T>(x + (i + k) * step);
    }
    if constexpr (squares) {
      values -= mean;
      values *= values;
    }
  }
};

template <class T, class Values>
inline T add_leaf(Values const &values, intptr_t first, intptr_t n) {
  if (n < 8) {
    T sum = T(-0.0);
    for (intptr_t i = 0; i < n; ++i) sum += values[first + i];
    return sum;
  }
  Eight<T> r;
  values.read(first, r);
  intptr_t i = 8;
  for (; i + 8 <= n; i += 8) {
    Eight<T> more;
    values.read(first + i, more);
    r += more;
  }
  T sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
  for (; i < n; ++i) sum += values[first + i];
  return sum;
}

// The tree is walked without recursion, as a function that calls itself would not be compiled for
// the widest vectors (cpu/targets.h).
template <class T, class Values>
inline T add_pairwise(Values const &values, intptr_t n) {
  T lefts[64];          // sums of the first halves of the nodes on the way to this one
  intptr_t rights[64];  // lengths of their second halves; 0 once begun
  int depth = 0;
  for (intptr_t first = 0;;) {
    for (; n > kLeaf; n = first_half(n)) rights[depth++] = n - first_half(n);
    T sum = add_leaf<T>(values, first, n);
    first += n;
    for (; depth > 0 && rights[depth - 1] == 0; --depth) sum = lefts[depth - 1] + sum;
    if (depth == 0) return sum;
    lefts[depth - 1] = sum;
    n = rights[depth - 1];
    rights[depth - 1] = 0;
  }
}

// Inner loops of folds, in the ABI of NumPy's: out += x[0] + x[1] + ... where the output stands
// still, else out[i] += x[i]. Arguments: out, x, out, and of squares the means.
template <class T, bool squares>
struct AddLoop {
  static void loop(char **args, tl_intp const *dims, tl_intp const *steps, void *) {
    ForTarget<AddLoop>::run(args, dims, steps);
  }

  static void run(char **args, tl_intp const *dims, tl_intp const *steps) {
    if (steps[0] != 0) {
      for (intptr_t i = 0; i < dims[0]; ++i) {
        char *out = args[0] + i * steps[0];
        Elements<T, false, squares> const x = {args[1] + i * steps[1], 0, mean(args, i * steps[0])};
        store(out, load<T>(out) + x[0]);
      }
      return;
    }
    T sum;
    if (steps[1] == sizeof(T)) {
      sum = add_pairwise<T>(Elements<T, true, squares>{args[1], steps[1], mean(args, 0)}, dims[0]);
    } else {
      sum = add_pairwise<T>(Elements<T, false, squares>{args[1], steps[1], mean(args, 0)}, dims[0]);
    }
    store(args[0], load<T>(args[0]) + sum);
  }

 private:
  static T mean(char **args, intptr_t offset) {
    if constexpr (squares) return load<T>(args[3] + offset);
    return T();
  }
};

// Null where there is none.
inline tl_loop add_loop(int dtype, bool squares) {
  switch (dtype) {
    case TL_FLOAT32: return squares ? AddLoop<float, true>::loop : AddLoop<float, false>::loop;
    case TL_FLOAT64: return squares ? AddLoop<double, true>::loop : AddLoop<double, false>::loop;
    default: return nullptr;
  }
}

}  // namespace tl

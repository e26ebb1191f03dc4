// What the generated elementwise kernels are made of.
#pragma once

#include "functors.h"

namespace tl {

// Elements that are read and written at once.
template <class T, int n>
struct alignas(sizeof(T) * n) Pack {
  T values[n];
};

template <int n, class T>
TL_HD Pack<T, n> load(const T *address) {
  return *reinterpret_cast<const Pack<T, n> *>(address);
}

template <int n, class T>
TL_HD void store(T *address, const Pack<T, n> &pack) {
  *reinterpret_cast<Pack<T, n> *>(address) = pack;
}

// Broadcast operands of any strides, in bytes; the last axis moves first. `_backend.pyx` fills it.
template <int most, int operands>
struct Strides {
  int64_t size;
  int64_t ndim;
  int64_t shape[most];
  int64_t strides[most][operands];

  // Where the operands of the i-th element lie. Index is wide enough for all of `size`.
  template <class Index>
  TL_HD void find(Index i, int64_t (&offsets)[operands]) const {
    for (int k = 0; k < operands; ++k) offsets[k] = 0;
    if (ndim == 0) return;
    for (int axis = int(ndim) - 1; axis > 0; --axis) {
      Index const length = Index(shape[axis]);
      Index const outer = i / length;
      int64_t const place = int64_t(i - outer * length);
      for (int k = 0; k < operands; ++k) offsets[k] += place * strides[axis][k];
      i = outer;
    }
    for (int k = 0; k < operands; ++k) offsets[k] += int64_t(i) * strides[0][k];
  }
};

// The argument itself: a copy is a cast of it.
struct Same {
  template <class T>
  TL_HD T operator()(T x) const {
    return x;
  }
};

}  // namespace tl

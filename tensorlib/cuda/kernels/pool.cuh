// Maxima of windows, with the place of each.
#pragma once

#include "elementwise.cuh"

namespace tl {

// Of planes (height x width) in C order; `size` maxima, rows x columns of each plane.
struct MaxPool {
  int64_t size, rows, columns, height, width;
  int64_t window[2], stride[2], padding[2], dilation[2];
};

template <class T>
TL_HD T lowest() {
  if constexpr (is_floating<T>) {
    return Negative()(infinity<T>());
  } else if constexpr (is_signed<T>()) {
    return T(Wide<T>(1) << (8 * sizeof(T) - 1));
  } else {
    return T(0);
  }
}

// The first of start, start + step, ... that is not negative; below n also where all are beyond.
TL_HD int64_t first_inside(int64_t start, int64_t step, int64_t n) {
  int64_t const first = start < 0 ? start + (-start + step - 1) / step * step : start;
  return first < n ? first : n - 1;
}

template <class T>
__device__ void max_pool(const MaxPool &p, const T *x, T *values, int64_t *places) {
  int64_t const step = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < p.size; i += step) {
    int64_t const plane = i / (p.rows * p.columns), rest = i - plane * p.rows * p.columns;
    int64_t const row = rest / p.columns;
    int64_t const top = row * p.stride[0] - p.padding[0];
    int64_t const left = (rest - row * p.columns) * p.stride[1] - p.padding[1];
    int64_t const first_y = first_inside(top, p.dilation[0], p.height);
    int64_t const first_x = first_inside(left, p.dilation[1], p.width);
    int64_t const below = top + p.window[0] * p.dilation[0];
    int64_t const beside = left + p.window[1] * p.dilation[1];
    int64_t const last_y = below < p.height ? below : p.height;
    int64_t const last_x = beside < p.width ? beside : p.width;
    const T *image = x + plane * p.height * p.width;
    // A window of nothing but -inf has its place at its first pixel; one beside the plane has no
    // pixel.
    T best = lowest<T>();
    int64_t place = first_y * p.width + first_x;
    if (top < p.height && left < p.width) {
      for (int64_t y = first_y; y < last_y; y += p.dilation[0]) {
        for (int64_t z = first_x; z < last_x; z += p.dilation[1]) {
          T const value = image[y * p.width + z];
          if (value > best || is_nan(value)) {
            best = value;
            place = y * p.width + z;
          }
        }
      }
    }
    values[i] = best;
    places[i] = place;
  }
}

}  // namespace tl

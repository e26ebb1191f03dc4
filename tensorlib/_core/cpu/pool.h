// Max pooling of one plane at a time, with the place of each maximum.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "by_dtype.h"
#include "loops.h"

namespace tl {
namespace pool {

struct Window {
  intptr_t kernel[2], stride[2], padding[2], dilation[2];
};

struct Plane {
  char const *data;
  intptr_t shape[2];
  intptr_t strides[2];  // bytes
};

template <class T>
inline T lowest() {
  if constexpr (is_half<T>) {
    return T(-infinity<float>());
  } else if constexpr (is_floating<T>) {
    return -infinity<T>();
  } else {
    return std::numeric_limits<T>::lowest();
  }
}

// Takes one pixel of each window into the maxima of a row. Place is as wide as T, where there is
// room in it, for then the loop vectorizes.
template <class T, class Place, intptr_t fixed_stride>
inline void take(T *maxima, Place *places, char const *row, intptr_t step, Place place,
                 Place place_step, intptr_t n) {
  if constexpr (fixed_stride > 0) {
    step = fixed_stride * sizeof(T);
    place_step = fixed_stride;
  }
  TL_INDEPENDENT
  for (intptr_t j = 0; j < n; ++j) {
    T value;
    std::memcpy(&value, row + j * step, sizeof(T));
    bool wins = value > maxima[j] || is_nan(value);
    maxima[j] = wins ? value : maxima[j];
    places[j] = wins ? Place(place + Place(j) * place_step) : places[j];
  }
}

// The first of start, start + step, ... that is not negative; below n also where all are beyond.
inline intptr_t first_inside(intptr_t start, intptr_t step, intptr_t n) {
  return std::min(start < 0 ? start + (-start + step - 1) / step * step : start, n - 1);
}

struct Range {
  intptr_t begin, end;
};

// The taps that are inside for some of the windows that start from `first` to `last`: a window may
// be much larger than the plane.
inline Range taps_inside(intptr_t first, intptr_t last, intptr_t n, intptr_t kernel,
                         intptr_t dilation) {
  intptr_t const begin = last < 0 ? (-last + dilation - 1) / dilation : 0;
  intptr_t const end = first < n ? (n - first + dilation - 1) / dilation : 0;
  return {begin, std::min(end, kernel)};
}

// One output row; `maxima` and `places` have room for it.
template <class T, class Place>
void pool_row(Plane const &plane, Window const &w, intptr_t i, intptr_t columns, T *maxima,
              Place *places) {
  intptr_t const top = i * w.stride[0] - w.padding[0];
  // A window of nothing but -inf has its place at its first pixel.
  std::fill_n(maxima, columns, lowest<T>());
  intptr_t const first_row = first_inside(top, w.dilation[0], plane.shape[0]) * plane.shape[1];
  for (intptr_t j = 0; j < columns; ++j) {
    intptr_t const left = j * w.stride[1] - w.padding[1];
    places[j] = Place(first_row + first_inside(left, w.dilation[1], plane.shape[1]));
  }
  Range const rows = taps_inside(top, top, plane.shape[0], w.kernel[0], w.dilation[0]);
  Range const taps = taps_inside(-w.padding[1], (columns - 1) * w.stride[1] - w.padding[1],
                                 plane.shape[1], w.kernel[1], w.dilation[1]);
  for (intptr_t a = rows.begin; a < rows.end; ++a) {
    intptr_t const y = top + a * w.dilation[0];
    for (intptr_t b = taps.begin; b < taps.end; ++b) {
      // The windows of which this pixel lies inside the plane.
      intptr_t const shift = b * w.dilation[1] - w.padding[1];
      intptr_t const begin = shift < 0 ? (-shift + w.stride[1] - 1) / w.stride[1] : 0;
      intptr_t const room = plane.shape[1] - shift;
      intptr_t const end =
          std::min(columns, room <= 0 ? 0 : (room + w.stride[1] - 1) / w.stride[1]);
      if (begin >= end) continue;
      intptr_t const x = begin * w.stride[1] + shift;
      char const *row = plane.data + y * plane.strides[0] + x * plane.strides[1];
      intptr_t const step = w.stride[1] * plane.strides[1];
      Place const place = Place(y * plane.shape[1] + x);
      bool const adjacent = plane.strides[1] == intptr_t(sizeof(T));
      auto function = adjacent && w.stride[1] == 1   ? take<T, Place, 1>
                      : adjacent && w.stride[1] == 2 ? take<T, Place, 2>
                                                     : take<T, Place, 0>;
      function(maxima + begin, places + begin, row, step, place, Place(w.stride[1]), end - begin);
    }
  }
}

template <class T, class Place>
void pool_plane(Plane const &plane, Window const &w, intptr_t rows, intptr_t columns, T *values,
                int64_t *indices, char *scratch) {
  Place *places = reinterpret_cast<Place *>(scratch);
  for (intptr_t i = 0; i < rows; ++i, values += columns, indices += columns) {
    pool_row(plane, w, i, columns, values, places);
    for (intptr_t j = 0; j < columns; ++j) indices[j] = int64_t(places[j]);
  }
}

// Places of 32 bits serve all but double and planes too large for them.
template <class T>
void max_pool(Plane const &plane, Window const &w, intptr_t rows, intptr_t columns, char *values,
              int64_t *indices, char *scratch) {
  T *typed = reinterpret_cast<T *>(values);
  if (sizeof(T) < 8 && plane.shape[0] * plane.shape[1] < std::numeric_limits<int32_t>::max()) {
    pool_plane<T, int32_t>(plane, w, rows, columns, typed, indices, scratch);
  } else {
    pool_plane<T, int64_t>(plane, w, rows, columns, typed, indices, scratch);
  }
}

// False for complex numbers, which have no order.
inline bool max_pool_any(int dtype, Plane const &plane, Window const &w, intptr_t rows,
                         intptr_t columns, char *values, int64_t *indices, char *scratch) {
  return with_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (is_complex<T>) {
      return false;
    } else {
      max_pool<T>(plane, w, rows, columns, values, indices, scratch);
      return true;
    }
  });
}

}  // namespace pool
}  // namespace tl

// Max pooling of one plane at a time, with the place of each maximum; threads share the planes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "by_dtype.h"
#include "loops.h"
#include "parallel_loops.h"
#include "strided.h"
#include "targets.h"

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
  if constexpr (is_narrow<T>) {
    return T::from_bits(infinity_bits<T> | sign_of<T>);
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
      auto const take_with = [&](auto stride) {
        take<T, Place, decltype(stride)::value>(maxima + begin, places + begin, row, step, place,
                                                Place(w.stride[1]), end - begin);
      };
      if (adjacent && w.stride[1] == 1) {
        take_with(std::integral_constant<intptr_t, 1>());
      } else if (adjacent && w.stride[1] == 2) {
        take_with(std::integral_constant<intptr_t, 2>());
      } else {
        take_with(std::integral_constant<intptr_t, 0>());
      }
    }
  }
}

template <class T, class Place>
struct PoolPlane {
  static void run(Plane const &plane, Window const &w, intptr_t rows, intptr_t columns, T *values,
                  int64_t *indices, Place *places) {
    for (intptr_t i = 0; i < rows; ++i, values += columns, indices += columns) {
      pool_row(plane, w, i, columns, values, places);
      for (intptr_t j = 0; j < columns; ++j) indices[j] = int64_t(places[j]);
    }
  }
};

// Planes of a tensor, along the axes before the last two; counted in C order.
struct Planes {
  Plane first;
  int ndim;
  intptr_t const *shape;
  intptr_t const *strides;

  intptr_t count() const {
    intptr_t result = 1;
    for (int i = 0; i < ndim; ++i) result *= shape[i];
    return result;
  }
  Plane at(intptr_t index) const {
    Plane result = first;
    for (int i = ndim - 1; i >= 0; --i) {
      result.data += index % shape[i] * strides[i];
      index /= shape[i];
    }
    return result;
  }
};

// `scratch` has room for a row of eight bytes a place for each thread.
template <class T, class Place>
void pool_planes(Planes const &planes, Window const &w, intptr_t rows, intptr_t columns, T *values,
                 int64_t *indices, char *scratch) {
  constexpr Nanoseconds each = 0.4;  // of a pixel of a window
  intptr_t const count = planes.count(), size = rows * columns;
  Nanoseconds const plane = each * Nanoseconds(size) * Nanoseconds(w.kernel[0] * w.kernel[1]) + 50;
  Nanoseconds const alone = plane * Nanoseconds(count);
  intptr_t const many = elements_for(count, alone, threads_for(alone));
  parallel_for(
      (count + many - 1) / many, threads_for(alone),
      [&](intptr_t task, int worker) {
        for (intptr_t i = task * many; i < std::min(count, (task + 1) * many); ++i) {
          ForTarget<PoolPlane<T, Place>>::run(
              planes.at(i), w, rows, columns, values + i * size, indices + i * size,
              reinterpret_cast<Place *>(scratch) + worker * columns * (8 / sizeof(Place)));
        }
      },
      alone);
}

// False for complex numbers, which have no order. Places of 32 bits serve all but double and planes
// too large for them.
inline bool max_pool_any(int dtype, Planes const &planes, Window const &w, intptr_t rows,
                         intptr_t columns, char *values, int64_t *indices, char *scratch) {
  return with_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (is_complex<T>) {
      return false;
    } else {
      T *typed = reinterpret_cast<T *>(values);
      intptr_t const places = planes.first.shape[0] * planes.first.shape[1];
      if (sizeof(T) < 8 && places < std::numeric_limits<int32_t>::max()) {
        pool_planes<T, int32_t>(planes, w, rows, columns, typed, indices, scratch);
      } else {
        pool_planes<T, int64_t>(planes, w, rows, columns, typed, indices, scratch);
      }
      return true;
    }
  });
}

}  // namespace pool
}  // namespace tl

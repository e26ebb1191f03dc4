// How convolutions and their gradients are laid out: images as planes, filters as taps, sums as
// passes.
//
// Images and filters have three axes: depth, rows and columns; those of two dimensions are one
// slice deep, those of one dimension one row high as well.
//
// An image is first copied into planes: padded, and for a stride s split into s planes an axis,
// each holding every s-th place. In a plane each tap of the filter is a shift: the pixels that
// it multiplies are, for neighbouring output positions, neighbours too. So a position is a flat
// index into a plane, and the innermost kernels read rows of it with contiguous loads. Positions
// that fall beyond the end of an output row or slice are computed and dropped.
//
// The gradient with respect to the images is the same sum with the roles of the channels exchanged;
// for a stride s it falls into s independent sums an axis ("passes"), one per plane of the result.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <numeric>
#include <type_traits>
#include <utility>
#include <vector>

#include "conv_kernels.h"
#include "thread_pool.h"

namespace tl {
namespace conv {

// Five axes; images: (image, channel, depth, row, column), filters: (out, in, depth, row, column).
struct Array {
  char *data;
  intptr_t shape[5];
  intptr_t strides[5];  // in bytes

  char *at(intptr_t i, intptr_t j) const { return data + i * strides[0] + j * strides[1]; }
};

inline intptr_t round_up(intptr_t n, intptr_t step) { return (n + step - 1) / step * step; }

struct Geometry {
  intptr_t stride[3], padding[3], dilation[3];
  intptr_t groups;
};

// How an axis of a plane lies in an axis of an image: place i is place first + i * step there.
struct Axis {
  intptr_t first, step, limit;  // places in the image are below the limit

  // The range of i, below n, that lies inside the image.
  intptr_t begin(intptr_t n) const {
    return std::min(n, first >= 0 ? 0 : (-first + step - 1) / step);
  }
  intptr_t end(intptr_t n) const {
    intptr_t inside = first >= limit ? 0 : (limit - first + step - 1) / step;
    return std::max(begin(n), std::min(n, inside));
  }
};

struct Axes {
  Axis depth, rows, columns;
};

// Where filters of one place visit every place, rows and slices that follow each other in memory
// are taken for one long row.
inline void merge_places(Array &image, Array const &filter, Array &output, Geometry const &g) {
  auto is_plain = [&](int axis) {
    return filter.shape[axis] == 1 && g.stride[axis - 2] == 1 && g.padding[axis - 2] == 0;
  };
  for (int axis = 3; axis >= 2 && is_plain(4) && is_plain(axis); --axis) {
    for (Array const *array : {&image, &output}) {
      bool const follows = array->strides[axis] == array->shape[4] * array->strides[4];
      if (array->shape[axis] != 1 && !follows) return;
    }
    for (Array *array : {&image, &output}) {
      array->shape[4] *= array->shape[axis];
      array->shape[axis] = 1;
    }
  }
}

struct Tap {
  intptr_t plane;
  intptr_t shift[3];
  intptr_t filter[3];  // its place in the filter
};

// One sum over taps, for all positions of one plane of the result.
struct Pass {
  Axes result;
  intptr_t depth, rows, columns;
  std::vector<Tap> taps;
};

// A computation that knows how much memory it wants to work in; it is aligned to 64 bytes.
class Job {
 public:
  virtual ~Job() = default;
  virtual intptr_t workspace() const = 0;  // bytes
  virtual void run(char *memory) const = 0;
  Nanoseconds alone = 0;  // how long it is estimated to take without threads
};

struct Plan {
  std::vector<Axes> planes;
  intptr_t depth, rows, pitch;  // of every plane
  std::vector<Pass> passes;

  intptr_t plane_size() const { return depth * rows * pitch; }
  intptr_t channel_size() const { return intptr_t(planes.size()) * plane_size(); }
  // From the first position of a pass to its last one, or of as many places.
  intptr_t positions(intptr_t n_depth, intptr_t n_rows, intptr_t n_columns) const {
    if (n_depth < 1 || n_rows < 1 || n_columns < 1) return 0;
    return ((n_depth - 1) * rows + n_rows - 1) * pitch + n_columns;
  }
  intptr_t positions(Pass const &pass) const {
    return positions(pass.depth, pass.rows, pass.columns);
  }
  // Where the taps of each channel read for the first position.
  std::vector<intptr_t> offsets(Pass const &pass, intptr_t channels) const {
    std::vector<intptr_t> offsets;
    for (intptr_t channel = 0; channel < channels; ++channel) {
      for (Tap const &tap : pass.taps) {
        intptr_t plane = channel * intptr_t(planes.size()) + tap.plane;
        offsets.push_back(
            ((plane * depth + tap.shift[0]) * rows + tap.shift[1]) * pitch + tap.shift[2]);
      }
    }
    return offsets;
  }
};

// The last shift of a plane along an axis.
inline intptr_t last_shift(Geometry const &g, int axis, intptr_t taps) {
  return (taps - 1) * g.dilation[axis] / g.stride[axis];
}

// The planes that the taps of an axis visit: tap t reads plane t % period, whose first place is
// t * dilation % stride. The first taps visit all of them.
inline intptr_t period(Geometry const &g, int axis) {
  return g.stride[axis] / std::gcd(g.stride[axis], g.dilation[axis]);
}

inline Plan plan_forward(Array const &image, Array const &filter, Array const &result,
                         Geometry const &g) {
  intptr_t const *taps = filter.shape + 2;
  intptr_t count[3], periods[3], size[3];
  for (int i = 0; i < 3; ++i) {
    periods[i] = period(g, i);
    count[i] = std::min(periods[i], taps[i]);
    size[i] = result.shape[2 + i] + last_shift(g, i, taps[i]);
  }
  auto axis = [&](int i, intptr_t plane) {
    return Axis{plane * g.dilation[i] % g.stride[i] - g.padding[i], g.stride[i],
                image.shape[2 + i]};
  };
  Plan plan;
  plan.depth = size[0];
  plan.rows = size[1];
  plan.pitch = size[2];
  for (intptr_t z = 0; z < count[0]; ++z) {
    for (intptr_t y = 0; y < count[1]; ++y) {
      for (intptr_t x = 0; x < count[2]; ++x) {
        plan.planes.push_back({axis(0, z), axis(1, y), axis(2, x)});
      }
    }
  }
  Pass pass;
  pass.result = {{0, 1, result.shape[2]}, {0, 1, result.shape[3]}, {0, 1, result.shape[4]}};
  pass.depth = result.shape[2];
  pass.rows = result.shape[3];
  pass.columns = result.shape[4];
  for (intptr_t a = 0; a < taps[0]; ++a) {
    for (intptr_t b = 0; b < taps[1]; ++b) {
      for (intptr_t c = 0; c < taps[2]; ++c) {
        intptr_t plane = (a % periods[0] * count[1] + b % periods[1]) * count[2] + c % periods[2];
        pass.taps.push_back({plane,
                             {a * g.dilation[0] / g.stride[0], b * g.dilation[1] / g.stride[1],
                              c * g.dilation[2] / g.stride[2]},
                             {a, b, c}});
      }
    }
  }
  plan.passes.push_back(pass);
  return plan;
}

// Pixel (r * stride + phase - padding) takes from gradient (r - shift) for each tap of that phase.
inline Plan plan_input(Array const &gradient, Array const &filter, Array const &result,
                       Geometry const &g) {
  // An axis of the passes of one phase: where it lies, and the taps that it sees.
  struct Phase {
    Axis result;
    std::vector<intptr_t> taps;
  };
  std::vector<Phase> phases[3];
  intptr_t count[3], shift[3];
  Axis plane[3];
  for (int i = 0; i < 3; ++i) {
    intptr_t const stride = g.stride[i], padding = g.padding[i], length = result.shape[2 + i];
    intptr_t const first = padding / stride;
    count[i] = (length - 1 + padding) / stride + 1 - first;
    shift[i] = last_shift(g, i, filter.shape[2 + i]);
    plane[i] = {first - shift[i], 1, gradient.shape[2 + i]};
    std::map<intptr_t, std::vector<intptr_t>> taps;
    for (intptr_t tap = 0; tap < filter.shape[2 + i]; ++tap) {
      taps[tap * g.dilation[i] % stride].push_back(tap);
    }
    for (intptr_t pixel = 0; pixel < std::min(stride, length); ++pixel) {
      intptr_t phase = (pixel + padding) % stride;
      phases[i].push_back({{first * stride + phase - padding, stride, length}, taps[phase]});
    }
  }
  auto shift_of = [&](int i, intptr_t tap) { return shift[i] - tap * g.dilation[i] / g.stride[i]; };
  Plan plan;
  plan.depth = count[0] + shift[0];
  plan.rows = count[1] + shift[1];
  plan.pitch = count[2] + shift[2];
  plan.planes.push_back({plane[0], plane[1], plane[2]});
  for (Phase const &z : phases[0]) {
    for (Phase const &y : phases[1]) {
      for (Phase const &x : phases[2]) {
        Pass pass;
        pass.result = {z.result, y.result, x.result};
        pass.depth = count[0];
        pass.rows = count[1];
        pass.columns = count[2];
        for (intptr_t a : z.taps) {
          for (intptr_t b : y.taps) {
            for (intptr_t c : x.taps) {
              pass.taps.push_back({0, {shift_of(0, a), shift_of(1, b), shift_of(2, c)}, {a, b, c}});
            }
          }
        }
        plan.passes.push_back(pass);
      }
    }
  }
  return plan;
}

// Where each channel of an array is one contiguous row of T: its elements from one to the next.
template <class T, class S>
bool is_dense(Array const &array) {
  intptr_t step = sizeof(T);
  for (int axis = 4; axis >= 2; --axis) {
    if (array.shape[axis] != 1 && array.strides[axis] != step) return false;
    step *= array.shape[axis];
  }
  return std::is_same_v<T, S> && array.strides[1] % intptr_t(sizeof(T)) == 0 &&
         array.strides[0] % intptr_t(sizeof(T)) == 0 &&
         reinterpret_cast<uintptr_t>(array.data) % sizeof(T) == 0;
}

// Whether a plan's planes are the channels of an array: one row, with nothing around it.
template <class T, class S>
bool is_plane(Plan const &plan, Array const &array) {
  Axis const &columns = plan.planes[0].columns;
  return is_dense<T, S>(array) && plan.planes.size() == 1 && plan.depth * plan.rows == 1 &&
         array.shape[2] * array.shape[3] == 1 && columns.first == 0 && columns.step == 1 &&
         plan.pitch == array.shape[4];
}

// Whether the sums of a pass fill the slices of an array, in order.
inline bool fills(Pass const &pass, Array const &array) {
  Axis const &rows = pass.result.rows, &columns = pass.result.columns;
  return pass.depth == 1 && array.shape[2] == 1 && rows.first == 0 && rows.step == 1 &&
         columns.first == 0 && columns.step == 1 && array.shape[3] == pass.rows &&
         array.shape[4] == pass.columns;
}

// Elements are stored as S and computed as T.
template <class T, class S>
T load(char const *source) {
  S value;
  std::memcpy(&value, source, sizeof(S));
  return T(value);
}

template <class T, class S>
void read_row(T *target, char const *source, intptr_t stride, intptr_t n) {
  if (std::is_same_v<T, S> && stride == intptr_t(sizeof(S))) {
    std::memcpy(target, source, n * sizeof(S));
  } else if (std::is_same_v<T, S> && stride == 2 * intptr_t(sizeof(S)) &&
             reinterpret_cast<uintptr_t>(source) % sizeof(T) == 0) {
    kernels<T>(false).split(reinterpret_cast<T const *>(source), n, target);
  } else {
    for (intptr_t i = 0; i < n; ++i) target[i] = load<T, S>(source + i * stride);
  }
}

template <class T, class S>
void write_row(char *target, T const *source, intptr_t stride, intptr_t n) {
  if (std::is_same_v<T, S> && stride == intptr_t(sizeof(S))) {
    std::memcpy(target, source, n * sizeof(S));
  } else {
    for (intptr_t i = 0; i < n; ++i) {
      S value = S(source[i]);
      std::memcpy(target + i * stride, &value, sizeof(S));
    }
  }
}

// Copies one slice of a channel of an image, with zeros where the image has no pixel.
template <class T, class S>
void fill_slice(T *plane, intptr_t rows, intptr_t pitch, Axes const &axes, char const *slice,
                intptr_t const *strides) {
  intptr_t top = axes.rows.begin(rows), bottom = axes.rows.end(rows);
  intptr_t left = axes.columns.begin(pitch), right = axes.columns.end(pitch);
  intptr_t const step = axes.columns.step * strides[2];
  std::fill(plane, plane + top * pitch, T(0));
  std::fill(plane + bottom * pitch, plane + rows * pitch, T(0));
  for (intptr_t i = top; i < bottom; ++i) {
    T *row = plane + i * pitch;
    char const *source = slice + (axes.rows.first + i * axes.rows.step) * strides[1] +
                         (axes.columns.first + left * axes.columns.step) * strides[2];
    for (intptr_t j = 0; j < left; ++j) row[j] = T(0);
    read_row<T, S>(row + left, source, step, right - left);
    for (intptr_t j = right; j < pitch; ++j) row[j] = T(0);
  }
}

// Copies `count` channels of an image into planes.
template <class T, class S>
void fill_planes(Plan const &plan, Array const &array, intptr_t image, intptr_t channel,
                 intptr_t count, T *planes) {
  intptr_t const size = plan.rows * plan.pitch;
  for (intptr_t end = channel + count; channel < end; ++channel) {
    for (Axes const &axes : plan.planes) {
      intptr_t front = axes.depth.begin(plan.depth), back = axes.depth.end(plan.depth);
      std::fill(planes, planes + front * size, T(0));
      for (intptr_t i = front; i < back; ++i) {
        char const *slice = array.at(image, channel) +
                            (axes.depth.first + i * axes.depth.step) * array.strides[2];
        fill_slice<T, S>(planes + i * size, plan.rows, plan.pitch, axes, slice, array.strides + 2);
      }
      std::fill(planes + back * size, planes + plan.depth * size, T(0));
      planes += plan.depth * size;
    }
  }
}

// Copies the sums of positions [first, first + n) of a slice; some may lie before it.
template <class T, class S>
void scatter_slice(T const *sums, intptr_t first, intptr_t n, Pass const &pass, intptr_t pitch,
                   char *slice, intptr_t const *strides) {
  Axes const &axes = pass.result;
  intptr_t left = axes.columns.begin(pass.columns), right = axes.columns.end(pass.columns);
  intptr_t top = axes.rows.begin(pass.rows), bottom = axes.rows.end(pass.rows);
  intptr_t const step = axes.columns.step * strides[2];
  for (intptr_t i = std::max(first / pitch, top); i < bottom && i * pitch < first + n; ++i) {
    intptr_t j = std::max(left, first - i * pitch);
    intptr_t j_end = std::min(right, first + n - i * pitch);
    if (j >= j_end) continue;
    char *target = slice + (axes.rows.first + i * axes.rows.step) * strides[1] +
                   (axes.columns.first + j * axes.columns.step) * strides[2];
    write_row<T, S>(target, sums + (i * pitch + j - first), step, j_end - j);
  }
}

// Copies the sums of positions [first, first + n) into a channel of the result.
template <class T, class S>
void scatter(T const *sums, intptr_t first, intptr_t n, Pass const &pass, Plan const &plan,
             char *channel, intptr_t const *strides) {
  Axis const &depth = pass.result.depth;
  intptr_t const size = plan.rows * plan.pitch, back = depth.end(pass.depth);
  intptr_t i = std::max(first / size, depth.begin(pass.depth));
  for (; i < back && i * size < first + n; ++i) {
    scatter_slice<T, S>(sums, first - i * size, n, pass, plan.pitch,
                        channel + (depth.first + i * depth.step) * strides[0], strides);
  }
}

}  // namespace conv
}  // namespace tl

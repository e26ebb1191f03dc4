// How conv2d and its gradients are laid out: images as planes, filters as taps, sums as passes.
//
// An image is first copied into planes: padded, and for a stride s split into s * s planes, each
// holding every s-th row and column. In a plane each tap of the filter is a shift: the pixels that
// it multiplies are, for neighbouring output positions, neighbours too. So a position is a flat
// index into a plane, and the innermost kernels read rows of it with contiguous loads. Positions
// that fall beyond the end of an output row are computed and dropped.
//
// The gradient with respect to the images is the same sum with the roles of the channels exchanged;
// for a stride s it falls into s * s independent sums ("passes"), one per plane of the result.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace tl {
namespace conv {

// Four axes; images: (image, channel, row, column), filters: (out, in, row, column).
struct Array {
  char *data;
  intptr_t shape[4];
  intptr_t strides[4];  // in bytes

  char *at(intptr_t i, intptr_t j) const { return data + i * strides[0] + j * strides[1]; }
};

inline intptr_t round_up(intptr_t n, intptr_t step) { return (n + step - 1) / step * step; }

struct Geometry {
  intptr_t stride[2], padding[2], dilation[2];
  intptr_t groups;
};

// How an axis of a plane lies in an axis of an image: place i is place first + i * step there.
struct Axis {
  intptr_t first, step, limit;  // places in the image are below the limit

  // The range of i that lies inside the image.
  intptr_t begin() const { return first >= 0 ? 0 : (-first + step - 1) / step; }
  intptr_t end() const { return first >= limit ? 0 : (limit - first + step - 1) / step; }
};

struct Axes {
  Axis rows, columns;
};

struct Tap {
  intptr_t plane, row, column;  // the shift
  intptr_t filter[2];           // its place in the filter
};

// One sum over taps, for all positions of one plane of the result.
struct Pass {
  Axes result;
  intptr_t rows, columns;
  std::vector<Tap> taps;

  intptr_t positions(intptr_t pitch) const {
    return rows > 0 && columns > 0 ? (rows - 1) * pitch + columns : 0;
  }
};

// A computation that knows how much memory it wants to work in; it is aligned to 64 bytes.
class Job {
 public:
  virtual ~Job() = default;
  virtual intptr_t workspace() const = 0;  // bytes
  virtual void run(char *memory) const = 0;
};

struct Plan {
  std::vector<Axes> planes;
  intptr_t rows, pitch;  // of every plane
  std::vector<Pass> passes;

  intptr_t channel_size() const { return intptr_t(planes.size()) * rows * pitch; }
  // Where the taps of each channel read for the first position.
  std::vector<intptr_t> offsets(Pass const &pass, intptr_t channels) const {
    std::vector<intptr_t> offsets;
    for (intptr_t channel = 0; channel < channels; ++channel) {
      for (Tap const &tap : pass.taps) {
        intptr_t plane = channel * intptr_t(planes.size()) + tap.plane;
        offsets.push_back((plane * rows + tap.row) * pitch + tap.column);
      }
    }
    return offsets;
  }
};

// The last shift of a plane, and how many planes the taps of an axis visit.
inline intptr_t last_shift(Geometry const &g, int axis, intptr_t taps) {
  return (taps - 1) * g.dilation[axis] / g.stride[axis];
}
inline intptr_t plane_count(Geometry const &g, int axis, intptr_t taps) {
  return std::min(g.stride[axis], (taps - 1) * g.dilation[axis] + 1);
}

inline Plan plan_forward(Array const &image, Array const &filter, Array const &result,
                         Geometry const &g) {
  intptr_t const *taps = filter.shape + 2;
  intptr_t count[2] = {plane_count(g, 0, taps[0]), plane_count(g, 1, taps[1])};
  Plan plan;
  plan.rows = result.shape[2] + last_shift(g, 0, taps[0]);
  plan.pitch = result.shape[3] + last_shift(g, 1, taps[1]);
  for (intptr_t y = 0; y < count[0]; ++y) {
    for (intptr_t x = 0; x < count[1]; ++x) {
      plan.planes.push_back({{y - g.padding[0], g.stride[0], image.shape[2]},
                             {x - g.padding[1], g.stride[1], image.shape[3]}});
    }
  }
  Pass pass;
  pass.result = {{0, 1, result.shape[2]}, {0, 1, result.shape[3]}};
  pass.rows = result.shape[2];
  pass.columns = result.shape[3];
  for (intptr_t a = 0; a < taps[0]; ++a) {
    for (intptr_t b = 0; b < taps[1]; ++b) {
      intptr_t y = a * g.dilation[0], x = b * g.dilation[1];
      pass.taps.push_back({y % g.stride[0] * count[1] + x % g.stride[1], y / g.stride[0],
                           x / g.stride[1], {a, b}});
    }
  }
  plan.passes.push_back(pass);
  return plan;
}

// Pixel (r * stride + phase - padding) takes from gradient (r - shift) for each tap of that phase.
inline Plan plan_input(Array const &gradient, Array const &filter, Array const &result,
                       Geometry const &g) {
  intptr_t const *taps = filter.shape + 2;
  intptr_t first[2], count[2], shift[2];
  for (int axis = 0; axis < 2; ++axis) {
    first[axis] = g.padding[axis] / g.stride[axis];
    count[axis] = (result.shape[2 + axis] - 1 + g.padding[axis]) / g.stride[axis] + 1 - first[axis];
    shift[axis] = last_shift(g, axis, taps[axis]);
  }
  Plan plan;
  plan.rows = count[0] + shift[0];
  plan.pitch = count[1] + shift[1];
  plan.planes.push_back({{first[0] - shift[0], 1, gradient.shape[2]},
                         {first[1] - shift[1], 1, gradient.shape[3]}});
  for (intptr_t y = 0; y < g.stride[0]; ++y) {
    for (intptr_t x = 0; x < g.stride[1]; ++x) {
      Pass pass;
      pass.result = {{first[0] * g.stride[0] + y - g.padding[0], g.stride[0], result.shape[2]},
                     {first[1] * g.stride[1] + x - g.padding[1], g.stride[1], result.shape[3]}};
      pass.rows = count[0];
      pass.columns = count[1];
      for (intptr_t a = 0; a < taps[0]; ++a) {
        for (intptr_t b = 0; b < taps[1]; ++b) {
          intptr_t row = a * g.dilation[0], column = b * g.dilation[1];
          if (row % g.stride[0] != y || column % g.stride[1] != x) continue;
          pass.taps.push_back(
              {0, shift[0] - row / g.stride[0], shift[1] - column / g.stride[1], {a, b}});
        }
      }
      plan.passes.push_back(pass);
    }
  }
  return plan;
}

// Copies one channel of an image into a plane, with zeros where the image has no pixel.
template <class T>
void fill_plane(T *plane, intptr_t rows, intptr_t pitch, Axes const &axes, char const *channel,
                intptr_t row_stride, intptr_t column_stride) {
  intptr_t top = std::min(axes.rows.begin(), rows);
  intptr_t bottom = std::max(std::min(axes.rows.end(), rows), top);
  intptr_t left = std::min(axes.columns.begin(), pitch);
  intptr_t right = std::max(std::min(axes.columns.end(), pitch), left);
  std::fill(plane, plane + top * pitch, T(0));
  std::fill(plane + bottom * pitch, plane + rows * pitch, T(0));
  bool adjacent = column_stride * axes.columns.step == intptr_t(sizeof(T));
  for (intptr_t i = top; i < bottom; ++i) {
    T *row = plane + i * pitch;
    char const *source = channel + (axes.rows.first + i * axes.rows.step) * row_stride +
                         (axes.columns.first + left * axes.columns.step) * column_stride;
    for (intptr_t j = 0; j < left; ++j) row[j] = T(0);
    if (adjacent) {
      std::memcpy(row + left, source, (right - left) * sizeof(T));
    } else {
      for (intptr_t j = left; j < right; ++j, source += axes.columns.step * column_stride) {
        std::memcpy(row + j, source, sizeof(T));
      }
    }
    for (intptr_t j = right; j < pitch; ++j) row[j] = T(0);
  }
}

// Copies `count` channels of an image into planes.
template <class T>
void fill_planes(Plan const &plan, Array const &array, intptr_t image, intptr_t channel,
                 intptr_t count, T *planes) {
  for (intptr_t end = channel + count; channel < end; ++channel) {
    for (Axes const &axes : plan.planes) {
      fill_plane(planes, plan.rows, plan.pitch, axes, array.at(image, channel), array.strides[2],
                 array.strides[3]);
      planes += plan.rows * plan.pitch;
    }
  }
}

// Copies the sums of positions [first, first + n) into a channel of the result.
template <class T>
void scatter(T const *sums, intptr_t first, intptr_t n, Pass const &pass, intptr_t pitch,
             char *channel, intptr_t row_stride, intptr_t column_stride) {
  Axes const &axes = pass.result;
  intptr_t left = axes.columns.begin(), right = std::min(axes.columns.end(), pass.columns);
  intptr_t top = axes.rows.begin(), bottom = std::min(axes.rows.end(), pass.rows);
  bool adjacent = column_stride * axes.columns.step == intptr_t(sizeof(T));
  for (intptr_t i = std::max(first / pitch, top); i < bottom && i * pitch < first + n; ++i) {
    intptr_t j = std::max(left, first - i * pitch);
    intptr_t j_end = std::min(right, first + n - i * pitch);
    if (j >= j_end) continue;
    T const *source = sums + (i * pitch + j - first);
    char *target = channel + (axes.rows.first + i * axes.rows.step) * row_stride +
                   (axes.columns.first + j * axes.columns.step) * column_stride;
    if (adjacent) {
      std::memcpy(target, source, (j_end - j) * sizeof(T));
    } else {
      for (; j < j_end; ++j, ++source, target += axes.columns.step * column_stride) {
        std::memcpy(target, source, sizeof(T));
      }
    }
  }
}

}  // namespace conv
}  // namespace tl

// The two innermost kernels of convolution, compiled for each vector width the processor may have.
//
// `multiply`: a tile of `rows` channels by up to three vectors of neighbouring positions, summed
// over taps; a tap is one contiguous read of the image at its own offset. `dot`: a tile of `rows`
// by three inner products of gradients with shifted images. Both hold 3 * rows vectors of sums in
// registers. Compilers with GNU vectors get vectors; others loops over short arrays.
#pragma once

#include <cstdint>

#include "targets.h"

#if defined(__GNUC__)
#define TL_INLINE inline __attribute__((always_inline))
#else
#define TL_INLINE inline
#endif

// Sums are in registers only if no loop over them is left.
#if defined(__clang__)
#define TL_UNROLLED _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define TL_UNROLLED _Pragma("GCC unroll 8")
#else
#define TL_UNROLLED
#endif

// GCC would rather load a value again at each use.
#if defined(__GNUC__) && defined(__x86_64__)
#define TL_IN_REGISTER(vector) asm("" : "+v"(vector))
#else
#define TL_IN_REGISTER(vector)
#endif

namespace tl {
namespace conv {

// Asks the cache for what is soon needed.
inline void fetch(char const *first, intptr_t bytes) {
#if defined(__GNUC__)
  for (intptr_t at = 0; at < bytes; at += 64) __builtin_prefetch(first + at);
  __builtin_prefetch(first + bytes - 1);
#endif
}

template <class T>
struct MultiplyArgs {
  T const *weights;         // [tap][row]
  T const *image;           // at the tile's first position
  intptr_t const *offsets;  // of each tap in the image
  intptr_t taps;
  T *sums;  // [row][3 vectors], rows as far apart as `pitch` says
  intptr_t pitch;
  bool accumulate;
};

template <class T>
struct DotArgs {
  T const *gradient;  // [image][row][position], rows of zeros at the end
  T const *image;
  intptr_t offsets[3];
  intptr_t images, gradient_image_pitch, gradient_row_pitch, image_pitch;
  intptr_t positions;  // a multiple of the lanes
  T *sums;             // [row][3]
};

// Sums over taps for the rows of one plane, which go one after another to `sums`.
template <class T>
struct PlaneArgs {
  T const *weights;  // of each tap
  T const *image;
  intptr_t const *offsets;
  intptr_t taps, rows, columns, pitch;
  T *sums;
};

template <class T>
struct Kernels {
  int rows;
  int lanes;
  void (*multiply[3])(MultiplyArgs<T> const &);  // of 1, 2, 3 vectors
  void (*dot)(DotArgs<T> const &);
  void (*plane)(PlaneArgs<T> const &);
  void (*split)(T const *numbers, intptr_t n, T *every_second);
  void (*gather)(T const *first, intptr_t pitch, intptr_t n, T *tile);  // n times 3 vectors
};

#if defined(__GNUC__)
template <class T, int lanes>
struct Vector {
  typedef T type __attribute__((vector_size(lanes * sizeof(T)), aligned(sizeof(T)), may_alias));
};
#else
template <class T, int lanes>
struct Vector {
  struct type {
    T lane[lanes];
    T operator[](int i) const { return lane[i]; }
    type &operator+=(type const &other) {
      for (int i = 0; i < lanes; ++i) lane[i] += other.lane[i];
      return *this;
    }
    friend type operator*(type a, type const &b) {
      for (int i = 0; i < lanes; ++i) a.lane[i] *= b.lane[i];
      return a;
    }
    friend type operator*(T a, type b) {
      for (int i = 0; i < lanes; ++i) b.lane[i] *= a;
      return b;
    }
  };
};
#endif

template <class T, int lanes, int rows, int width>
TL_INLINE void multiply(MultiplyArgs<T> const &args) {
  using V = typename Vector<T, lanes>::type;
  V sums[rows][width];
  TL_UNROLLED
  for (int i = 0; i < rows; ++i) {
    TL_UNROLLED
    for (int j = 0; j < width; ++j) sums[i][j] = V{};
  }
  T const *weights = args.weights;
  for (intptr_t k = 0; k < args.taps; ++k, weights += rows) {
    V const *source = reinterpret_cast<V const *>(args.image + args.offsets[k]);
    V pixels[width];
    TL_UNROLLED
    for (int j = 0; j < width; ++j) pixels[j] = source[j];
    TL_UNROLLED
    for (int i = 0; i < rows; ++i) {
      TL_UNROLLED
      for (int j = 0; j < width; ++j) sums[i][j] += weights[i] * pixels[j];
    }
  }
  bool const add = args.accumulate;
  TL_UNROLLED
  for (int i = 0; i < rows; ++i) {
    V *row = reinterpret_cast<V *>(args.sums + i * args.pitch);
    TL_UNROLLED
    for (int j = 0; j < width; ++j) {
      if (add) sums[i][j] += row[j];
      row[j] = sums[i][j];
    }
  }
}

// The sum of a vector in memory, whose halves are added until four numbers are left.
template <class T, int lanes>
TL_INLINE T total(T *values) {
  if constexpr (lanes > 4) {
    using Half = typename Vector<T, lanes / 2>::type;
    Half *halves = reinterpret_cast<Half *>(values);
    halves[0] += halves[1];
    return total<T, lanes / 2>(values);
  } else {
    T sum = values[0] + values[1];
    return lanes == 4 ? sum + (values[2] + values[3]) : sum;
  }
}

template <class T, int lanes, int rows>
TL_INLINE void dot(DotArgs<T> const &args) {
  using V = typename Vector<T, lanes>::type;
  V sums[rows][3] = {};
  for (intptr_t n = 0; n < args.images; ++n) {
    T const *gradient = args.gradient + n * args.gradient_image_pitch;
    T const *image = args.image + n * args.image_pitch;
    for (intptr_t q = 0; q < args.positions; q += lanes) {
      V pixels[3];
      TL_UNROLLED
      for (int j = 0; j < 3; ++j) {
        pixels[j] = *reinterpret_cast<V const *>(image + q + args.offsets[j]);
      }
      TL_UNROLLED
      for (int i = 0; i < rows; ++i) {
        V slope = *reinterpret_cast<V const *>(gradient + q + i * args.gradient_row_pitch);
        TL_IN_REGISTER(slope);
        TL_UNROLLED
        for (int j = 0; j < 3; ++j) sums[i][j] += slope * pixels[j];
      }
    }
  }
  T spilled[3 * rows][lanes];
  for (int i = 0; i < 3 * rows; ++i) *reinterpret_cast<V *>(spilled[i]) = sums[i / 3][i % 3];
  for (int i = 0; i < 3 * rows; ++i) args.sums[i] = total<T, lanes>(spilled[i]);
}

// What is computed beyond the end of a row, the next row replaces.
template <class T, int lanes>
TL_INLINE void correlate_plane(PlaneArgs<T> const &args) {
  using V = typename Vector<T, lanes>::type;
  T *out = args.sums;
  T *const end = out + args.rows * args.columns;
  for (intptr_t i = 0; i < args.rows; ++i) {
    for (intptr_t j = 0; j < args.columns; j += lanes) {
      T const *image = args.image + i * args.pitch + j;
      V sum{};
      for (intptr_t k = 0; k < args.taps; ++k) {
        sum += args.weights[k] * *reinterpret_cast<V const *>(image + args.offsets[k]);
      }
      T *to = out + i * args.columns + j;
      if (end - to >= lanes) {
        *reinterpret_cast<V *>(to) = sum;
      } else {
        for (int k = 0; k < end - to; ++k) to[k] = sum[k];
      }
    }
  }
}

template <class T>
TL_INLINE void take_every_second(T const *numbers, intptr_t n, T *every_second) {
  for (intptr_t i = 0; i < n; ++i) every_second[i] = numbers[2 * i];
}

template <class T, int lanes>
TL_INLINE void gather_tile(T const *first, intptr_t pitch, intptr_t n, T *tile) {
  using V = typename Vector<T, lanes>::type;
  for (intptr_t i = 0; i < n; ++i, first += pitch, tile += 3 * lanes) {
    V x[3];
    for (int j = 0; j < 3; ++j) x[j] = reinterpret_cast<V const *>(first)[j];
    for (int j = 0; j < 3; ++j) reinterpret_cast<V *>(tile)[j] = x[j];
  }
}

// A processor's kernels; `target` lets the compiler use its instructions there and only there.
#define TL_CONV_KERNELS(name, target, bytes, rows)                                        \
  template <class T, int width>                                                           \
  target void multiply_##name(MultiplyArgs<T> const &args) {                              \
    multiply<T, bytes / sizeof(T), rows, width>(args);                                    \
  }                                                                                       \
  template <class T>                                                                      \
  target void dot_##name(DotArgs<T> const &args) {                                        \
    dot<T, bytes / sizeof(T), rows>(args);                                                \
  }                                                                                       \
  template <class T>                                                                      \
  target void plane_##name(PlaneArgs<T> const &args) {                                    \
    correlate_plane<T, bytes / sizeof(T)>(args);                                          \
  }                                                                                       \
  template <class T>                                                                      \
  target void split_##name(T const *numbers, intptr_t n, T *every_second) {               \
    take_every_second(numbers, n, every_second);                                          \
  }                                                                                       \
  template <class T>                                                                      \
  target void gather_##name(T const *first, intptr_t pitch, intptr_t n, T *tile) {        \
    gather_tile<T, bytes / sizeof(T)>(first, pitch, n, tile);                             \
  }                                                                                       \
  template <class T>                                                                      \
  Kernels<T> kernels_##name() {                                                           \
    return {rows,                                                                         \
            bytes / sizeof(T),                                                            \
            {multiply_##name<T, 1>, multiply_##name<T, 2>, multiply_##name<T, 3>},        \
            dot_##name<T>,                                                                \
            plane_##name<T>,                                                              \
            split_##name<T>,                                                              \
            gather_##name<T>};                                                            \
  }

// Of 32 registers 24 hold sums, of 16 twelve. A single channel, as in depthwise convolution, has
// kernels of one row.
#if defined(__GNUC__) && defined(__x86_64__)
TL_CONV_KERNELS(avx512, __attribute__((target("avx512f,avx512vl,avx512dq,fma"))), 64, 8)
TL_CONV_KERNELS(avx512_single, __attribute__((target("avx512f,avx512vl,avx512dq,fma"))), 64, 1)
TL_CONV_KERNELS(avx2, __attribute__((target("avx2,fma"))), 32, 4)
TL_CONV_KERNELS(avx2_single, __attribute__((target("avx2,fma"))), 32, 1)
TL_CONV_KERNELS(base, , 16, 4)
#else
TL_CONV_KERNELS(base, , 16, 8)
#endif
TL_CONV_KERNELS(base_single, , 16, 1)

template <class T>
Kernels<T> choose_kernels(bool single) {
#ifdef TL_TARGETS
  if (target() == Target::avx512) {
    return single ? kernels_avx512_single<T>() : kernels_avx512<T>();
  }
  if (target() == Target::avx2) return single ? kernels_avx2_single<T>() : kernels_avx2<T>();
#endif
  return single ? kernels_base_single<T>() : kernels_base<T>();
}

template <class T>
Kernels<T> const &kernels(bool single) {
  static Kernels<T> const chosen[2] = {choose_kernels<T>(false), choose_kernels<T>(true)};
  return chosen[single];
}

#undef TL_CONV_KERNELS

}  // namespace conv
}  // namespace tl

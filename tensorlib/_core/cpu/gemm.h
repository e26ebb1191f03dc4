// Matrix products of float and double, for processors with AVX2 or AVX-512.
//
// The first operand is read where it lies, in panels of some rows; the second is copied into panels
// of up to three vectors of columns, so that a step of the sum is a few loads from one place. A
// tile is the product of two panels, and its sums stay in registers. Inner lengths are cut into
// depths of kDepth, whose sums are added in order: every element of the result is computed the same
// way whatever block it is in and whoever computes it.
//
// Beside the edges of a matrix there are its last row and column once more, and not zeros: zero
// times infinity would raise a floating-point exception that nobody asked for.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "targets.h"
#include "transpose.h"

namespace tl {
namespace gemm {

// c = a @ b. Strides are in elements, of any sign; that of c's columns is 1.
template <class T>
struct Product {
  intptr_t rows, inner, columns;
  T const *a;
  intptr_t a_row, a_inner;
  T const *b;
  intptr_t b_inner, b_column;
  T *c;
  intptr_t c_row;
};

#if defined(TL_TARGETS)

inline bool available() { return target() != Target::base; }

constexpr intptr_t kDepth = 256;
constexpr intptr_t kCacheBytes = 512 << 10;  // of a depth of panels of b, read once for each row
constexpr intptr_t kNearBytes = 32 << 10;    // of the first-level cache
constexpr intptr_t kNearRow = 256;           // bytes, of a row of b

#define TL_GEMM_INLINE inline __attribute__((always_inline))
// Sums are in registers only if no loop over them is left.
#if defined(__clang__)
#define TL_UNROLL _Pragma("clang loop unroll(full)")
#else
#define TL_UNROLL _Pragma("GCC unroll 8")
#endif

template <class T, int bytes, int panel_rows>
struct Shape {
  typedef T Vector __attribute__((vector_size(bytes), aligned(sizeof(T)), may_alias));
  static constexpr int kLanes = bytes / sizeof(T);
  static constexpr int kRows = panel_rows;
  static constexpr int kWidest = 3 * kLanes;

  static intptr_t vectors(intptr_t columns) { return (columns + kLanes - 1) / kLanes; }
  static intptr_t panels(intptr_t columns) { return (vectors(columns) + 2) / 3; }
  // The first column of a panel; they are all about as wide.
  static intptr_t column(intptr_t columns, intptr_t panel) {
    return vectors(columns) * panel / panels(columns) * kLanes;
  }

  // How many panels begin before a column.
  static intptr_t panels_until(intptr_t columns, intptr_t end) {
    intptr_t panel = panels(columns);
    while (column(columns, panel - 1) >= end) --panel;
    return panel;
  }

  // c (+)= a @ b for one panel each. a_step: between rows (by_rows), or between inner indices.
  template <int width, bool by_rows>
  static TL_GEMM_INLINE void tile(T const *a, intptr_t a_step, T const *b, intptr_t b_step,
                                  intptr_t depth, T *c, intptr_t c_row, bool add) {
    Vector sums[kRows][width];
    TL_UNROLL
    for (int i = 0; i < kRows; ++i) {
      TL_UNROLL
      for (int j = 0; j < width; ++j) sums[i][j] = Vector{};
    }
    for (intptr_t p = 0; p < depth; ++p, b += b_step) {
      Vector columns[width];
      TL_UNROLL
      for (int j = 0; j < width; ++j) columns[j] = reinterpret_cast<Vector const *>(b)[j];
      TL_UNROLL
      for (int i = 0; i < kRows; ++i) {
        T const factor = by_rows ? a[i * a_step + p] : a[p * a_step + i];
        TL_UNROLL
        for (int j = 0; j < width; ++j) sums[i][j] += factor * columns[j];
      }
    }
    TL_UNROLL
    for (int i = 0; i < kRows; ++i) {
      Vector *out = reinterpret_cast<Vector *>(c + i * c_row);
      TL_UNROLL
      for (int j = 0; j < width; ++j) out[j] = add ? out[j] + sums[i][j] : sums[i][j];
    }
  }

  template <bool by_rows>
  static TL_GEMM_INLINE void tile_of(intptr_t width, T const *a, intptr_t a_step, T const *b,
                                     intptr_t b_step, intptr_t depth, T *c, intptr_t c_row,
                                     bool add) {
    if (width > 2 * kLanes) {
      tile<3, by_rows>(a, a_step, b, b_step, depth, c, c_row, add);
    } else if (width > kLanes) {
      tile<2, by_rows>(a, a_step, b, b_step, depth, c, c_row, add);
    } else {
      tile<1, by_rows>(a, a_step, b, b_step, depth, c, c_row, add);
    }
  }

  // Whether the panels of b can stay where they are: they are whole, and close to each other or not
  // read often.
  static bool in_place(Product<T> const &x) {
    intptr_t const row = x.b_inner * intptr_t(sizeof(T));
    return x.b_column == 1 && x.columns % kLanes == 0 &&
           (x.rows <= 2 * kRows || x.inner * x.columns * intptr_t(sizeof(T)) <= kNearBytes ||
            (row >= 0 && row <= kNearRow));
  }

  static intptr_t packed_elements(Product<T> const &x) {
    return in_place(x) ? 0 : vectors(x.columns) * kLanes * x.inner;
  }

  // Copies inner indices [start, end) of b into its panels: [inner][width] each.
  static TL_GEMM_INLINE void pack(Product<T> const &x, intptr_t start, intptr_t end, T *packed) {
    for (intptr_t panel = 0; panel < panels(x.columns); ++panel) {
      intptr_t const first = column(x.columns, panel), last = column(x.columns, panel + 1);
      intptr_t const width = last - first, here = std::min(last, x.columns) - first;
      T *to = packed + first * x.inner + start * width;
      T const *from = x.b + start * x.b_inner + first * x.b_column;
      if (x.b_column == 1 && here == width) {
        for (intptr_t p = start; p < end; ++p, to += width, from += x.b_inner) {
          for (intptr_t j = 0; j < width; j += kLanes) {
            *reinterpret_cast<Vector *>(to + j) = *reinterpret_cast<Vector const *>(from + j);
          }
        }
        continue;
      }
      if (x.b_inner == 1) {
        intptr_t const size = sizeof(T);
        copy_transposed<size>(reinterpret_cast<char *>(to), width * size,
                              reinterpret_cast<char const *>(from), x.b_column * size, here,
                              end - start, false);
      } else {
        for (intptr_t p = 0; p < end - start; ++p) {
          for (intptr_t j = 0; j < here; ++j) {
            to[p * width + j] = from[p * x.b_inner + j * x.b_column];
          }
        }
      }
      for (intptr_t p = 0; p < end - start && here < width; ++p) {
        std::fill(to + p * width + here, to + (p + 1) * width, to[p * width + here - 1]);
      }
    }
  }

  // Copies a panel of a, or what there is of it: [depth][kRows].
  static TL_GEMM_INLINE void copy_rows(Product<T> const &x, T const *a, intptr_t many,
                                       intptr_t depth, T *to) {
    for (intptr_t p = 0; p < depth; ++p, a += x.a_inner, to += kRows) {
      if (x.a_row == 1 && many == kRows) {
        std::memcpy(to, a, kRows * sizeof(T));
      } else {
        for (intptr_t r = 0; r < kRows; ++r) to[r] = a[std::min(r, many - 1) * x.a_row];
      }
    }
  }

  // Rows [first, last) of the panels [left, right).
  static TL_GEMM_INLINE void block(Product<T> const &x, T const *packed, intptr_t first,
                                   intptr_t last, intptr_t left, intptr_t right) {
    alignas(64) T copied[kDepth * kRows];
    alignas(64) T edge[kRows * kWidest];
    bool const direct = packed == nullptr, in_rows = x.a_inner == 1;
    // Rows that are strewn over memory, and used often, are copied first.
    bool const copies = !in_rows && (x.a_row != 1 || right - left > 2);
    for (intptr_t start = 0; start < x.inner; start += kDepth) {
      intptr_t const depth = std::min(kDepth, x.inner - start);
      bool const add = start > 0;
      for (intptr_t i = first; i < last; i += kRows) {
        T const *a = x.a + i * x.a_row + start * x.a_inner;
        intptr_t const many = std::min(intptr_t(kRows), last - i);
        bool const by_rows = in_rows && many == kRows;
        intptr_t a_step = in_rows ? x.a_row : x.a_inner;
        if (copies || many < kRows) {
          copy_rows(x, a, many, depth, copied);
          a = copied;
          a_step = kRows;
        }
        for (intptr_t panel = left; panel < right; ++panel) {
          intptr_t const from = column(x.columns, panel), to = column(x.columns, panel + 1);
          T const *b = direct ? x.b + start * x.b_inner + from
                              : packed + from * x.inner + start * (to - from);
          intptr_t const b_step = direct ? x.b_inner : to - from;
          bool const whole = many == kRows && to <= x.columns;
          T *c = x.c + i * x.c_row + from;
          T *out = whole ? c : edge;
          intptr_t const out_row = whole ? x.c_row : intptr_t(kWidest);
          if (by_rows) {
            tile_of<true>(to - from, a, a_step, b, b_step, depth, out, out_row, whole && add);
          } else {
            tile_of<false>(to - from, a, a_step, b, b_step, depth, out, out_row, whole && add);
          }
          if (whole) continue;
          intptr_t const width = std::min(to, x.columns) - from;
          for (intptr_t r = 0; r < many; ++r, c += x.c_row) {
            for (intptr_t j = 0; j < width; ++j) {
              c[j] = add ? c[j] + edge[r * kWidest + j] : edge[r * kWidest + j];
            }
          }
        }
      }
    }
  }
};

// What is compiled for a processor.
template <class T>
struct Kernels {
  intptr_t rows;         // of a panel of a
  intptr_t wide_panels;  // of b that fit into the cache
  intptr_t (*packed_elements)(Product<T> const &);
  intptr_t (*panels)(intptr_t columns);
  intptr_t (*panels_until)(intptr_t columns, intptr_t end);
  void (*pack)(Product<T> const &, intptr_t start, intptr_t end, T *packed);
  void (*block)(Product<T> const &, T const *packed, intptr_t first, intptr_t last, intptr_t left,
                intptr_t right);
};

#define TL_GEMM_KERNELS(name, attributes, bytes, panel_rows)                                   \
  template <class T>                                                                           \
  attributes void pack_##name(Product<T> const &x, intptr_t start, intptr_t end, T *packed) {  \
    Shape<T, bytes, panel_rows>::pack(x, start, end, packed);                                  \
  }                                                                                            \
  template <class T>                                                                           \
  attributes void block_##name(Product<T> const &x, T const *packed, intptr_t first,           \
                               intptr_t last, intptr_t left, intptr_t right) {                 \
    Shape<T, bytes, panel_rows>::block(x, packed, first, last, left, right);                   \
  }                                                                                            \
  template <class T>                                                                           \
  Kernels<T> kernels_##name() {                                                                \
    typedef Shape<T, bytes, panel_rows> S;                                                     \
    return {panel_rows, kCacheBytes / (kDepth * S::kWidest * intptr_t(sizeof(T))),             \
            S::packed_elements, S::panels, S::panels_until, pack_##name<T>, block_##name<T>};  \
  }

TL_GEMM_KERNELS(avx2, TL_AVX2, 32, 4)
TL_GEMM_KERNELS(avx512, TL_AVX512, 64, 8)
#undef TL_GEMM_KERNELS
#undef TL_UNROLL
#undef TL_GEMM_INLINE

template <class T>
Kernels<T> const &kernels() {
  static Kernels<T> const chosen =
      target() == Target::avx512 ? kernels_avx512<T>() : kernels_avx2<T>();
  return chosen;
}

#else

inline bool available() { return false; }

template <class T>
struct Kernels {
  intptr_t rows, wide_panels;
  intptr_t packed_elements(Product<T> const &) const { return 0; }
  intptr_t panels(intptr_t) const { return 0; }
  intptr_t panels_until(intptr_t, intptr_t) const { return 0; }
  void pack(Product<T> const &, intptr_t, intptr_t, T *) const {}
  void block(Product<T> const &, T const *, intptr_t, intptr_t, intptr_t, intptr_t) const {}
};

template <class T>
Kernels<T> const &kernels() {
  static Kernels<T> const none{1, 1};
  return none;
}

#endif
}  // namespace gemm
}  // namespace tl

// Copies in whole cache lines: transposed, and past the cache.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#if defined(__x86_64__) && defined(__GNUC__)
#include <emmintrin.h>
#define TL_STREAMS 1
#endif
#if defined(__GNUC__) && defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define TL_SHUFFLES 1
#endif
#endif

namespace tl {

constexpr intptr_t kLine = 64;  // bytes

template <int size>
inline void copy_one(char *target, char const *source) {
  std::memcpy(target, source, size);
}

inline bool starts_line(char const *address) {
  return reinterpret_cast<uintptr_t>(address) % kLine == 0;
}

// `past`: past the cache, which saves reading the line first. Both sides start lines then.
inline void write_line(char *to, char const *line, bool past) {
#ifdef TL_STREAMS
  if (past) {
    for (int k = 0; k < kLine; k += 16) {
      _mm_stream_si128(reinterpret_cast<__m128i *>(to + k),
                       _mm_loadu_si128(reinterpret_cast<__m128i const *>(line + k)));
    }
    return;
  }
#endif
  std::memcpy(to, line, kLine);
}

// After writes past the cache, before another thread reads what was written.
inline void written_past() {
#ifdef TL_STREAMS
  _mm_sfence();
#endif
}

// memcpy past the cache.
inline void copy_past(char *target, char const *source, intptr_t bytes) {
  intptr_t const head = std::min(bytes, -reinterpret_cast<intptr_t>(target) & (kLine - 1));
  std::memcpy(target, source, head);
  intptr_t k = head;
  for (; k + kLine <= bytes; k += kLine) write_line(target + k, source + k, true);
  std::memcpy(target + k, source + k, bytes - k);
}

#ifdef TL_SHUFFLES
template <int size>
struct UnsignedOf;
template <>
struct UnsignedOf<1> {
  using type = uint8_t;
};
template <>
struct UnsignedOf<2> {
  using type = uint16_t;
};
template <>
struct UnsignedOf<4> {
  using type = uint32_t;
};
template <>
struct UnsignedOf<8> {
  using type = uint64_t;
};

// As many rows as a vector has elements. Vectors of 16 bytes, which every processor has: with
// wider ones it waits for the memory as long.
template <int size>
class Tile {
 public:
  static constexpr int width = 16, side = width / size;

  // Interleaving the first half of the rows with the second turns the top bit of an element's row
  // into the lowest of its column. After as many rounds as there are bits, rows are columns.
  static void transpose(char *to, intptr_t to_stride, char const *from, intptr_t from_stride) {
    Vector rows[side], next[side];
    for (int i = 0; i < side; ++i) std::memcpy(&rows[i], from + i * from_stride, width);
    for (int round = 1; round < side; round *= 2) {
      for (int i = 0; i < side / 2; ++i) {
        interleave(next[2 * i], next[2 * i + 1], rows[i], rows[i + side / 2],
                   std::make_integer_sequence<int, side>());
      }
      for (int i = 0; i < side; ++i) rows[i] = next[i];
    }
    for (int i = 0; i < side; ++i) std::memcpy(to + i * to_stride, &rows[i], width);
  }

 private:
  typedef typename UnsignedOf<size>::type Vector __attribute__((vector_size(width)));

  template <int... K>
  static void interleave(Vector &low, Vector &high, Vector const &a, Vector const &b,
                         std::integer_sequence<int, K...>) {
    low = __builtin_shufflevector(a, b, (K / 2 + K % 2 * side)...);
    high = __builtin_shufflevector(a, b, (K / 2 + side / 2 + K % 2 * side)...);
  }
};
#endif

// A block that is a line high and a line wide, into lines one after another.
template <int size>
inline void transpose_block(char *lines, char const *from, intptr_t stride) {
#ifdef TL_SHUFFLES
  if constexpr (size <= 8) {
    for (int b = 0; b < kLine; b += Tile<size>::width) {
      for (int a = 0; a < kLine; a += Tile<size>::width) {
        Tile<size>::transpose(lines + b / size * kLine + a, kLine, from + a / size * stride + b,
                                stride);
      }
    }
    return;
  }
#endif
  for (int b = 0; b < kLine / size; ++b) {
    for (int a = 0; a < kLine / size; ++a) {
      copy_one<size>(lines + b * kLine + a * size, from + a * stride + b * size);
    }
  }
}

// to[j][i] = from[i][j], where `from` is contiguous along j and `to` along i. By way of blocks of
// whole lines of both, so that each line is read and written but once.
template <int size>
inline void copy_transposed(char *to, intptr_t to_stride, char const *from, intptr_t from_stride,
                            intptr_t rows, intptr_t columns, bool past) {
  constexpr intptr_t side = kLine / size;
  alignas(kLine) char lines[side * kLine];
  past = past && starts_line(to) && to_stride % kLine == 0;
  for (intptr_t i = 0; i < rows; i += side) {
    for (intptr_t j = 0; j < columns; j += side) {
      intptr_t const height = std::min(side, rows - i), width = std::min(side, columns - j);
      char const *source = from + i * from_stride + j * size;
      char *target = to + j * to_stride + i * size;
      if (height == side && width == side) {
        transpose_block<size>(lines, source, from_stride);
        for (intptr_t b = 0; b < side; ++b) {
          write_line(target + b * to_stride, lines + b * kLine, past);
        }
        continue;
      }
      for (intptr_t b = 0; b < width; ++b) {
        for (intptr_t a = 0; a < height; ++a) {
          copy_one<size>(target + b * to_stride + a * size, source + a * from_stride + b * size);
        }
      }
    }
  }
}

}  // namespace tl

// Copies between the two orders of a matrix, in blocks that fit the cache.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace tl {

template <class T>
inline void transpose_block(char *target, const char *source, intptr_t rows, intptr_t columns,
                            intptr_t target_row, intptr_t source_column) {
  for (intptr_t i = 0; i < rows; ++i) {
    T *out = reinterpret_cast<T *>(target + i * target_row);
    const char *in = source + i * intptr_t(sizeof(T));
    for (intptr_t j = 0; j < columns; ++j) std::memcpy(out + j, in + j * source_column, sizeof(T));
  }
}

// The target's rows and the source's columns are contiguous.
inline void copy_transposed(char *target, const char *source, intptr_t rows, intptr_t columns,
                            intptr_t target_row, intptr_t source_column, int itemsize) {
  constexpr intptr_t kBlock = 32;
  for (intptr_t i = 0; i < rows; i += kBlock) {
    for (intptr_t j = 0; j < columns; j += kBlock) {
      char *out = target + i * target_row + j * itemsize;
      const char *in = source + i * itemsize + j * source_column;
      intptr_t const m = std::min(kBlock, rows - i), n = std::min(kBlock, columns - j);
      switch (itemsize) {
        case 1: transpose_block<uint8_t>(out, in, m, n, target_row, source_column); break;
        case 2: transpose_block<uint16_t>(out, in, m, n, target_row, source_column); break;
        case 4: transpose_block<uint32_t>(out, in, m, n, target_row, source_column); break;
        case 8: transpose_block<uint64_t>(out, in, m, n, target_row, source_column); break;
        default:
          struct Wide { uint64_t parts[2]; };
          transpose_block<Wide>(out, in, m, n, target_row, source_column);
      }
    }
  }
}

}  // namespace tl

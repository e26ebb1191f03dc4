// Philox 4x64-10: random words from a counter and a key. Salmon, Moraes, Dror and Shaw, "Parallel
// random numbers: as easy as 1, 2, 3", SC 2011, section 3.3; the stream is that of NumPy's Philox,
// whose counter grows before a block is made.
#pragma once

#include "portable.h"

namespace tl {

// The upper 64 bits of a product.
TL_HD uint64_t upper_half(uint64_t a, uint64_t b) {
#ifdef __CUDACC__
  return __umul64hi(a, b);
#else
  uint64_t const a_low = uint32_t(a), a_high = a >> 32, b_low = uint32_t(b), b_high = b >> 32;
  uint64_t const middle = a_high * b_low + (a_low * b_low >> 32);
  return a_high * b_high + (middle >> 32) + ((a_low * b_high + uint32_t(middle)) >> 32);
#endif
}

struct Philox {
  uint64_t words[4];

  // The block of a counter of 256 bits, lowest word first.
  TL_HD Philox(uint64_t key0, uint64_t key1, uint64_t c0, uint64_t c1, uint64_t c2, uint64_t c3)
      : words{c0, c1, c2, c3} {
    for (int round = 0; round < 10; ++round) {
      uint64_t const m0 = 0xD2E7470EE14C6C93, m1 = 0xCA5A826395121157;
      uint64_t const high0 = upper_half(m0, words[0]), low0 = m0 * words[0];
      uint64_t const high1 = upper_half(m1, words[2]), low1 = m1 * words[2];
      words[0] = high1 ^ words[1] ^ key0;
      words[1] = low1;
      words[2] = high0 ^ words[3] ^ key1;
      words[3] = low0;
      key0 += 0x9E3779B97F4A7C15;
      key1 += 0xBB67AE8584CAA73B;
    }
  }
};

// Numbers from [0, 1), all multiples of 2**-53 or 2**-24.
TL_HD double unit_double(uint64_t word) { return double(word >> 11) * 0x1p-53; }
TL_HD float unit_float(uint32_t word) { return float(word >> 8) * 0x1p-24f; }

}  // namespace tl

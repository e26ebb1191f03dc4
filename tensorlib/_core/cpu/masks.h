// Masks: contiguous bytes of which any but zero is true.
//
// A long mask is divided into blocks. They are counted first, so that each knows where the elements
// that it picks begin, and then filled, both by several threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "copy.h"
#include "parallel_loops.h"
#include "thread_pool.h"

namespace tl {
namespace indexing {

// Eight bytes of a mask as eight bits, the first lowest.
inline unsigned mask_bits(char const *mask) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  uint64_t word;
  std::memcpy(&word, mask, 8);
  // 1 in each byte that is not zero, then all of them moved into the highest byte.
  word = (((word & 0x7f7f7f7f7f7f7f7f) + 0x7f7f7f7f7f7f7f7f) | word) >> 7 & 0x0101010101010101;
  return unsigned(word * 0x0102040810204080 >> 56);
#else
  unsigned bits = 0;
  for (int i = 0; i < 8; ++i) bits |= unsigned(mask[i] != 0) << i;
  return bits;
#endif
}

inline int lowest_bit(unsigned bits) {
#if defined(__GNUC__)
  return __builtin_ctz(bits);
#else
  int i = 0;
  while (!(bits >> i & 1)) ++i;
  return i;
#endif
}

inline intptr_t count_block(char const *mask, intptr_t n) {
  intptr_t count = 0, i = 0;
  while (i < n) {
    // 255 rounds of bytes cannot overflow a byte; the inner loop vectorizes.
    uint8_t sums[64] = {0};
    intptr_t rounds = 0;
    for (; rounds < 255 && i + 64 <= n; ++rounds, i += 64) {
      for (int k = 0; k < 64; ++k) sums[k] = uint8_t(sums[k] + (mask[i + k] != 0));
    }
    for (uint8_t sum : sums) count += sum;
    if (rounds == 0) {
      for (; i < n; ++i) count += mask[i] != 0;
    }
  }
  return count;
}

// visit(i) for each true element.
template <class Visit>
inline void visit_true(char const *mask, intptr_t n, Visit visit) {
  intptr_t i = 0;
  for (; i + 8 <= n; i += 8) {
    unsigned bits = mask_bits(mask + i);
    if (bits == 0xff) {
      for (int k = 0; k < 8; ++k) visit(i + k);
      continue;
    }
    for (; bits; bits &= bits - 1) visit(i + lowest_bit(bits));
  }
  for (; i < n; ++i) {
    if (mask[i]) visit(i);
  }
}

struct Mask {
  static constexpr intptr_t most_blocks = 64, smallest_block = 1 << 14;

  char const *data;
  intptr_t n, block, blocks;
  intptr_t before[most_blocks + 1];  // true elements before each block, and at last all of them

  // work(block, first, last) for each block.
  template <class Work>
  void share(Nanoseconds element, Work const &work) const {
    Nanoseconds const alone = element * Nanoseconds(n);
    parallel_for(
        blocks, threads_for(alone),
        [&](intptr_t k, int) { work(k, k * block, std::min(n, (k + 1) * block)); }, alone);
  }
};

inline intptr_t count_true(Mask *mask, char const *data, intptr_t n) {
  mask->data = data;
  mask->n = n;
  mask->block = std::max(mask->smallest_block, (n + mask->most_blocks - 1) / mask->most_blocks);
  mask->blocks = (n + mask->block - 1) / mask->block;
  mask->before[0] = 0;
  mask->share(0.1, [&](intptr_t k, intptr_t first, intptr_t last) {
    mask->before[k + 1] = count_block(data + first, last - first);
  });
  for (intptr_t k = 0; k < mask->blocks; ++k) mask->before[k + 1] += mask->before[k];
  return mask->before[mask->blocks];
}

// pick(place, i) for the true elements, of which i is the k-th and `place` is k; for others at
// most before the right one, or again.
template <class Pick>
inline void pick_true(Mask const &mask, Pick pick) {
  mask.share(1, [&](intptr_t block, intptr_t first, intptr_t last) {
    intptr_t place = mask.before[block];
    intptr_t const end = mask.before[block + 1];
    if ((end - place) * 4 > last - first) {
      // Dense: without branches, which would be mispredicted.
      for (intptr_t i = first; place < end; ++i) {
        pick(place, i);
        place += mask.data[i] != 0;
      }
    } else {
      visit_true(mask.data + first, last - first, [&](intptr_t i) { pick(place++, first + i); });
    }
  });
}

// The flat places of the true elements.
inline void find_true(Mask const &mask, int64_t *places) {
  pick_true(mask, [places](intptr_t place, intptr_t i) { places[place] = i; });
}

// Elements of a contiguous tensor where a mask of its shape is true.
inline void gather_mask(char const *data, Mask const &mask, intptr_t itemsize, char *target) {
  with_itemsize(itemsize, [&](auto element) {
    constexpr int size = sizeof(element);
    pick_true(mask, [data, target](intptr_t place, intptr_t i) {
      copy_one<size>(target + place * size, data + i * size);
    });
  });
}

inline void scatter_mask(char *data, Mask const &mask, char const *source, intptr_t source_step,
                         intptr_t itemsize) {
  with_itemsize(itemsize, [&](auto element) {
    constexpr int size = sizeof(element);
    mask.share(1, [&](intptr_t block, intptr_t first, intptr_t last) {
      char const *from = source + mask.before[block] * source_step;
      visit_true(mask.data + first, last - first, [&](intptr_t i) {
        copy_one<size>(data + (first + i) * size, from);
        from += source_step;
      });
    });
  });
}

}  // namespace indexing
}  // namespace tl

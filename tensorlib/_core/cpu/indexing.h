// Gathering, scattering and adding at places given by indices, and finding the nonzero elements.
//
// A region of a tensor is walked as [before][places][after]: axes kept in front of the indexed
// ones, the places that the indices name, and axes kept behind. The other side of the copy is
// contiguous and in that order, so it is read or written from start to end.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "by_dtype.h"
#include "copy.h"
#include "functors.h"

namespace tl {
namespace indexing {

struct Axes {
  int ndim;
  intptr_t shape[kMaxDims];
  intptr_t strides[kMaxDims];  // bytes

  intptr_t size() const {
    intptr_t size = 1;
    for (int i = 0; i < ndim; ++i) size *= shape[i];
    return size;
  }
  // Drops axes of length one and merges those that follow each other in memory.
  void merge() {
    int last = -1;
    for (int i = 0; i < ndim; ++i) {
      if (shape[i] == 1) continue;
      if (last >= 0 && strides[last] == strides[i] * shape[i]) {
        shape[last] *= shape[i];
        strides[last] = strides[i];
      } else {
        ++last;
        shape[last] = shape[i];
        strides[last] = strides[i];
      }
    }
    ndim = last + 1;
  }
};

struct Region {
  char *data;
  Axes before, after;
  int64_t const *indices;  // of the places, counted from the end where negative
  intptr_t count;
  intptr_t stride;  // bytes from one index to the next
  intptr_t length;  // added to negative indices
  intptr_t itemsize;
};

// The first index outside [-length, length), or -1.
inline intptr_t find_outside(int64_t const *indices, intptr_t n, intptr_t length) {
  intptr_t const block = 256;
  for (intptr_t i = 0; i < n; i += block) {
    intptr_t const end = i + block < n ? i + block : n;
    bool outside = false;
    for (intptr_t k = i; k < end; ++k) {
      outside |= uint64_t(indices[k]) + uint64_t(length) >= 2 * uint64_t(length);
    }
    if (!outside) continue;
    for (intptr_t k = i; k < end; ++k) {
      if (indices[k] < -length || indices[k] >= length) return k;
    }
  }
  return -1;
}

// total[k] += index[k] * stride, of indices known to be inside.
inline void add_offsets(int64_t *total, int64_t const *indices, intptr_t n, intptr_t step,
                        intptr_t length, intptr_t stride) {
  for (intptr_t k = 0; k < n; ++k) {
    int64_t index = indices[k * step];
    total[k] += (index + (index < 0 ? length : 0)) * stride;
  }
}

// Calls visit(address) for each position of some axes, in C order.
template <class Visit>
inline void visit_all(Axes const &axes, char *address, Visit visit) {
  intptr_t position[kMaxDims] = {0};
  for (;;) {
    visit(address);
    int axis = axes.ndim - 1;
    for (; axis >= 0; --axis) {
      address += axes.strides[axis];
      if (++position[axis] < axes.shape[axis]) break;
      address -= axes.strides[axis] * axes.shape[axis];
      position[axis] = 0;
    }
    if (axis < 0) return;
  }
}

// Calls run(address, step, n, k) for each run of elements of the region, where k counts those
// before it.
template <class Run>
inline void visit_runs(Region const &region, Run run) {
  // Copies, as the compiler cannot know that what `run` writes is not the region itself.
  int64_t const *const indices = region.indices;
  intptr_t const count = region.count, length = region.length, stride = region.stride;
  Axes outer = region.after;
  intptr_t step = 0, n = 1, k = 0;
  if (outer.ndim > 0) {
    --outer.ndim;
    step = outer.strides[outer.ndim];
    n = outer.shape[outer.ndim];
  }
  visit_all(region.before, region.data, [&](char *start) {
    if (outer.ndim == 0) {
      intptr_t const run_step = step, run_length = n, first = k;
      for (intptr_t place = 0; place < count; ++place) {
        int64_t const index = indices[place];
        run(start + (index + (index < 0 ? length : 0)) * stride, run_step, run_length,
            first + place * run_length);
      }
      k += count * n;
      return;
    }
    for (intptr_t place = 0; place < count; ++place) {
      int64_t const index = indices[place];
      visit_all(outer, start + (index + (index < 0 ? length : 0)) * stride, [&](char *at) {
        run(at, step, n, k);
        k += n;
      });
    }
  });
}

// Rows of a contiguous tensor; false, with the first index outside in `outside`, if there is one.
inline bool gather_rows(char const *data, intptr_t length, intptr_t row, int64_t const *indices,
                        intptr_t count, char *target, int64_t *outside) {
  intptr_t const place = find_outside(indices, count, length);
  if (place >= 0) {
    *outside = indices[place];
    return false;
  }
  auto copy = [&](auto size) {
    for (intptr_t k = 0; k < count; ++k) {
      int64_t const index = indices[k] + (indices[k] < 0 ? length : 0);
      std::memcpy(target + k * size, data + index * size, size);
    }
  };
  switch (row) {
    case 1: copy(std::integral_constant<intptr_t, 1>()); break;
    case 2: copy(std::integral_constant<intptr_t, 2>()); break;
    case 4: copy(std::integral_constant<intptr_t, 4>()); break;
    case 8: copy(std::integral_constant<intptr_t, 8>()); break;
    case 16: copy(std::integral_constant<intptr_t, 16>()); break;
    default: copy(row);
  }
  return true;
}

inline bool empty(Region const &region) {
  return region.before.size() == 0 || region.count == 0 || region.after.size() == 0;
}

inline void gather(Region region, char *target) {
  region.before.merge();
  region.after.merge();
  if (empty(region)) return;
  with_itemsize(region.itemsize, [&](auto element) {
    constexpr int size = sizeof(element);
    if (region.after.ndim == 0) {
      visit_runs(region, [target](char *at, intptr_t, intptr_t, intptr_t k) {
        copy_one<size>(target + k * size, at);
      });
    } else {
      visit_runs(region, [&](char *at, intptr_t step, intptr_t n, intptr_t k) {
        copy_run<size>(target + k * size, size, at, step, n);
      });
    }
  });
}

// `source_step` is zero where one value goes to all places.
inline void scatter(Region region, char const *source, intptr_t source_step) {
  region.before.merge();
  region.after.merge();
  if (empty(region)) return;
  with_itemsize(region.itemsize, [&](auto element) {
    constexpr int size = sizeof(element);
    if (region.after.ndim == 0) {
      visit_runs(region, [source, source_step](char *at, intptr_t, intptr_t, intptr_t k) {
        copy_one<size>(at, source + k * source_step);
      });
    } else {
      visit_runs(region, [&](char *at, intptr_t step, intptr_t n, intptr_t k) {
        copy_run<size>(at, step, source + k * source_step, source_step, n);
      });
    }
  });
}

// Adds one after another, so repeated places add up, always in the same order.
inline void add(Region region, int dtype, char const *source, intptr_t source_step) {
  region.before.merge();
  region.after.merge();
  if (empty(region)) return;
  with_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    visit_runs(region, [&](char *at, intptr_t step, intptr_t n, intptr_t k) {
      char const *from = source + k * source_step;
      if (step == intptr_t(sizeof(T)) && source_step == intptr_t(sizeof(T))) {
        T *sums = reinterpret_cast<T *>(at);
        T const *values = reinterpret_cast<T const *>(from);
        for (intptr_t i = 0; i < n; ++i) sums[i] = Add()(sums[i], values[i]);
      } else {
        for (intptr_t i = 0; i < n; ++i, at += step, from += source_step) {
          T sum, value;
          std::memcpy(&sum, at, sizeof(T));
          std::memcpy(&value, from, sizeof(T));
          sum = Add()(sum, value);
          std::memcpy(at, &sum, sizeof(T));
        }
      }
    });
  });
}

// ------------------------------------------------------------------------------------------
// masks, as contiguous bytes of which any but zero is true
// ------------------------------------------------------------------------------------------

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

inline intptr_t count_true(char const *mask, intptr_t n) {
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

// The flat places of the true elements; `places` has room for `count`, their number.
inline void find_true(char const *mask, intptr_t n, int64_t *places, intptr_t count) {
  if (count * 4 > n) {
    // Dense: without branches, which would be mispredicted.
    for (intptr_t i = 0, k = 0; k < count; ++i) {
      places[k] = i;
      k += mask[i] != 0;
    }
  } else {
    visit_true(mask, n, [&](intptr_t i) { *places++ = i; });
  }
}

// Elements of a contiguous tensor where a mask of its shape is true; `count` of them.
inline void gather_mask(char const *data, char const *mask, intptr_t n, intptr_t count,
                        intptr_t itemsize, char *target) {
  with_itemsize(itemsize, [&](auto element) {
    constexpr int size = sizeof(element);
    if (count * 4 > n) {
      for (intptr_t i = 0, k = 0; k < count; ++i) {
        copy_one<size>(target + k * size, data + i * size);
        k += mask[i] != 0;
      }
    } else {
      visit_true(mask, n, [&](intptr_t i) {
        copy_one<size>(target, data + i * size);
        target += size;
      });
    }
  });
}

inline void scatter_mask(char *data, char const *mask, intptr_t n, char const *source,
                         intptr_t source_step, intptr_t itemsize) {
  with_itemsize(itemsize, [&](auto element) {
    constexpr int size = sizeof(element);
    visit_true(mask, n, [&](intptr_t i) {
      copy_one<size>(data + i * size, source);
      source += source_step;
    });
  });
}

// Flat places as indices of one axis: place / inner % length.
inline void unravel(int64_t const *places, intptr_t n, intptr_t inner, intptr_t length,
                    int64_t *indices) {
  // Places ascend, so the index rarely changes along outer axes and steps by one along the last.
  int64_t start = 0, index = 0;  // [start, start + inner) has this index
  for (intptr_t k = 0; k < n; ++k) {
    int64_t const beyond = places[k] - start;
    if (beyond >= inner) {
      int64_t const steps = inner == 1 ? beyond : beyond / inner;
      start += steps * inner;
      index += steps;
      if (index >= length) index %= length;
    }
    indices[k] = index;
  }
}

}  // namespace indexing
}  // namespace tl

// The order of elements, equal ones as they came.
//
// An element's key and its index, packed into 64 bits, are sorted by NumPy's function for such
// integers: with SIMD that takes less time than any sort that moves indices by what they point to.
#pragma once

#include "loops.h"
#include "sort.h"

namespace tl {

// A key that is in the order of elements, equal for equal ones: zeros of either sign, NaN of any
// kind, which is the largest.
template <class T>
inline uint64_t order_key(T x) {
  constexpr uint64_t sign = uint64_t(1) << (8 * sizeof(T) - 1);
  if constexpr (is_complex<T>) {
    return 0;
  } else if constexpr (is_floating<T>) {
    using Bits = typename Choose<sizeof(T) == 8, uint64_t,
                                 typename Choose<sizeof(T) == 4, uint32_t, uint16_t>::type>::type;
    Bits bits;
    std::memcpy(&bits, &x, sizeof(T));
    uint64_t const magnitude = bits & (sign - 1);
    uint64_t const key = bits & sign ? sign - magnitude : sign + magnitude;
    return is_nan(x) ? 2 * sign - 1 : key;
  } else if constexpr (is_signed<T>()) {
    return uint64_t(int64_t(x)) + (uint64_t(1) << 63);
  } else {
    return x;
  }
}

inline int bit_length(uint64_t x) {
  int bits = 0;
  while (bits < 64 && x >> bits) ++bits;
  return bits;
}

struct Packing {
  uint64_t least;  // of the keys
  int dropped;     // low bits of the keys that had no room
  int index_bits;

  uint64_t pack(uint64_t key, intptr_t index) const {
    return ((key - least) >> dropped) << index_bits | uint64_t(index);
  }
  int64_t index(uint64_t packed) const {
    return int64_t(packed & ((uint64_t(1) << index_bits) - 1));
  }
  // Whether keys may differ in dropped bits alone.
  bool alike(uint64_t a, uint64_t b) const { return (a ^ b) >> index_bits == 0; }
};

// The keys of elements in memory.
template <class T>
struct Keys {
  char const *data;
  uint64_t operator()(intptr_t i) const { return order_key(load<T>(data + i * sizeof(T))); }
};

template <class T>
struct FindRange {
  static void run(Keys<T> keys, intptr_t first, intptr_t last, uint64_t *range) {
    uint64_t least = ~uint64_t(0), most = 0;
    for (intptr_t i = first; i < last; ++i) {
      least = std::min(least, keys(i));
      most = std::max(most, keys(i));
    }
    range[0] = least;
    range[1] = most;
  }
};

template <class T>
Packing find_packing(Keys<T> keys, intptr_t n, int threads) {
  int const index_bits = bit_length(uint64_t(n - 1));
  std::atomic<uint64_t> least{~uint64_t(0)}, most{0};
  for_chunks(n, threads, [&](intptr_t first, intptr_t last) {
    uint64_t range[2];
    ForTarget<FindRange<T>>::run(keys, first, last, &range[0]);
    for (uint64_t old = least; range[0] < old && !least.compare_exchange_weak(old, range[0]);) {
    }
    for (uint64_t old = most; range[1] > old && !most.compare_exchange_weak(old, range[1]);) {
    }
  });
  return {least, std::max(0, bit_length(most - least) + index_bits - 64), index_bits};
}

template <class T>
struct Pack {
  static void run(Keys<T> keys, Packing packing, intptr_t first, intptr_t last, uint64_t *packed) {
    for (intptr_t i = first; i < last; ++i) packed[i] = packing.pack(keys(i), i);
  }
};

// The indices of the sorted [first, last) of n; those whose keys are alike in what was packed are
// sorted by all of the key, by whoever has the first of them. `sorted` may be `places`, if all are
// unpacked at once.
template <class T>
void unpack(Keys<T> keys, Packing const &packing, uint64_t const *sorted, int64_t *places,
            intptr_t n, intptr_t first, intptr_t last) {
  if (packing.dropped == 0) {
    for (intptr_t i = first; i < last; ++i) places[i] = packing.index(sorted[i]);
    return;
  }
  if (first > 0) {
    while (first < last && packing.alike(sorted[first - 1], sorted[first])) ++first;
  }
  while (first < last) {
    intptr_t end = first + 1;
    uint64_t const packed = sorted[first];
    places[first] = packing.index(packed);
    for (; end < n && packing.alike(packed, sorted[end]); ++end) {
      places[end] = packing.index(sorted[end]);
    }
    if (end - first > 1) {
      auto const before = [&](int64_t a, int64_t b) {
        uint64_t const key_a = keys(a), key_b = keys(b);
        return key_a < key_b || (key_a == key_b && a < b);
      };
      // Mostly they are equal.
      if (!std::is_sorted(places + first, places + end, before)) {
        std::sort(places + first, places + end, before);
      }
    }
    first = end;
  }
}

// The order of n > 0 elements of a dtype without complex numbers, in `places`, by the sort of
// uint64; false where memory ran out. `spare`, as large as `places`, is for several threads.
inline bool order_elements(int dtype, char const *data, intptr_t n, int64_t *places,
                           uint64_t *spare, SortFunction sort, void *array, int threads) {
  bool done = false;
  with_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (!is_complex<T>) {
      Keys<T> const keys{data};
      Packing const packing = find_packing(keys, n, threads);
      uint64_t *packed = reinterpret_cast<uint64_t *>(places);
      if (threads > 1) std::swap(packed, spare);
      for_chunks(n, threads, [&](intptr_t first, intptr_t last) {
        ForTarget<Pack<T>>::run(keys, packing, first, last, packed);
      });
      packed = sort_long(packed, spare, n, sort, array, threads);
      if (packed == nullptr) return;
      done = true;
      if (packed == reinterpret_cast<uint64_t *>(places)) {
        unpack(keys, packing, packed, places, n, 0, n);
      } else {
        for_chunks(n, threads, [&](intptr_t first, intptr_t last) {
          unpack(keys, packing, packed, places, n, first, last);
        });
      }
    }
  });
  return done;
}

// The order of each of some rows.
inline bool order_rows(int dtype, char const *data, intptr_t rows, intptr_t n, int64_t *places,
                       SortFunction sort, void *array, int threads) {
  intptr_t const row_bytes = n * tl_itemsizes[dtype];
  return for_rows(rows, n, threads, [&](intptr_t row) {
    return order_elements(dtype, data + row * row_bytes, n, places + row * n, nullptr, sort, array,
                          1);
  });
}

}  // namespace tl

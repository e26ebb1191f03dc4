// Gathering, scattering and adding at places given by indices.
//
// A region of a tensor is walked as [before][places][after]: axes kept in front of the indexed
// ones, the places that the indices name, and axes kept behind. The other side of the copy is
// contiguous and in that order, so it is read or written from start to end.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "by_dtype.h"
#include "copy.h"
#include "functors.h"
#include "parallel_loops.h"
#include "thread_pool.h"

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

// work(first, last) for parts of `n` things of so many bytes and places each, on several threads
// where that pays.
template <class Work>
void share_places(intptr_t n, intptr_t bytes, Work const &work, intptr_t places = 1) {
  constexpr Nanoseconds place = 0.5, byte = 0.05;  // alone
  Nanoseconds const each = Nanoseconds(places) * place + Nanoseconds(bytes) * byte;
  Nanoseconds const alone = each * Nanoseconds(n);
  intptr_t const part = std::max(intptr_t(1), intptr_t(kTask / each));
  parallel_for(
      (n + part - 1) / part, threads_for(alone),
      [&](intptr_t task, int) { work(task * part, std::min(n, (task + 1) * part)); }, alone);
}

// Copies the rows at places [k, end); the first place whose index is outside, or `end`.
template <class Size>
intptr_t gather_some(char const *data, intptr_t length, int64_t const *indices, intptr_t k,
                     intptr_t end, char *target, Size row) {
  for (; k < end; ++k) {
    int64_t index = indices[k];
    if (uint64_t(index) >= uint64_t(length)) {
      index += length;
      if (uint64_t(index) >= uint64_t(length)) break;
    }
    std::memcpy(target + k * row, data + index * row, row);
  }
  return k;
}

// Rows of a contiguous tensor; false, with the first index outside in `outside`, if there is one.
inline bool gather_rows(char const *data, intptr_t length, intptr_t row, int64_t const *indices,
                        intptr_t count, char *target, int64_t *outside) {
  std::atomic<intptr_t> wrong{count};  // the first place found
  share_places(count, row, [&](intptr_t first, intptr_t end) {
    auto const gather = [&](auto size) {
      intptr_t const found = gather_some(data, length, indices, first, end, target, size);
      if (found == end) return;
      for (intptr_t old = wrong; found < old && !wrong.compare_exchange_weak(old, found);) {
      }
    };
    switch (row) {
      case 1: return gather(std::integral_constant<intptr_t, 1>());
      case 2: return gather(std::integral_constant<intptr_t, 2>());
      case 4: return gather(std::integral_constant<intptr_t, 4>());
      case 8: return gather(std::integral_constant<intptr_t, 8>());
      case 16: return gather(std::integral_constant<intptr_t, 16>());
      default: return gather(row);
    }
  });
  if (wrong == count) return true;
  *outside = indices[wrong];
  return false;
}

inline bool empty(Region const &region) {
  return region.before.size() == 0 || region.count == 0 || region.after.size() == 0;
}

inline void gather_part(Region const &region, char *target) {
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

inline void gather(Region region, char *target) {
  region.before.merge();
  region.after.merge();
  if (empty(region)) return;
  bool const rows = region.before.ndim > 0;
  intptr_t const parts = rows ? region.before.shape[0] : region.count;
  intptr_t const places = region.before.size() * region.count;
  intptr_t const bytes = places / parts * region.after.size() * region.itemsize;  // of a part
  share_places(parts, bytes, [&](intptr_t first, intptr_t last) {
    Region part = region;
    if (rows) {
      part.data += first * part.before.strides[0];
      part.before.shape[0] = last - first;
    } else {
      part.indices += first;
      part.count = last - first;
    }
    gather_part(part, target + first * bytes);
  }, places / parts);
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

// Barriers, votes, shuffles and atomic operations.
#pragma once

#include <type_traits>
#include <utility>

#define STANDIN_PLACE_PARAMETERS \
  const char *file = __builtin_FILE(), int line = __builtin_LINE()
#define STANDIN_PLACE {__func__, file, line}

// Of a block

inline void __syncthreads(STANDIN_PLACE_PARAMETERS) {
  unsigned threads;
  standin_launch->block_barrier(false, STANDIN_PLACE, &threads);
}
inline int __syncthreads_count(int predicate, STANDIN_PLACE_PARAMETERS) {
  unsigned threads;
  return standin_launch->block_barrier(predicate, STANDIN_PLACE, &threads);
}
inline int __syncthreads_or(int predicate, STANDIN_PLACE_PARAMETERS) {
  unsigned threads;
  return standin_launch->block_barrier(predicate, STANDIN_PLACE, &threads) != 0;
}
inline int __syncthreads_and(int predicate, STANDIN_PLACE_PARAMETERS) {
  unsigned threads;
  return standin_launch->block_barrier(predicate, STANDIN_PLACE, &threads) == threads;
}

// Of a warp

inline void __syncwarp(unsigned mask = 0xffffffff, STANDIN_PLACE_PARAMETERS) {
  standin_launch->warp_exchange(mask, 0, STANDIN_PLACE);
}

namespace standin {

inline unsigned vote(unsigned mask, int predicate, Place place, unsigned* lanes) {
  Exchange all = standin_launch->warp_exchange(mask, predicate != 0, place);
  unsigned votes = 0;
  for (unsigned lane = 0; lane < warp_size; ++lane)
    if (all.lanes >> lane & 1) votes |= unsigned(all.values[lane]) << lane;
  *lanes = all.lanes;
  return votes;
}

template <class T>
T shuffle(unsigned mask, T value, int source, bool inside, Place place) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  Exchange all = standin_launch->warp_exchange(mask, bits, place);
  if (inside) std::memcpy(&value, &all.values[source], sizeof(T));
  return value;
}

inline int lane() { return standin_launch->linear_thread % warp_size; }

}  // namespace standin

inline unsigned __ballot_sync(unsigned mask, int predicate, STANDIN_PLACE_PARAMETERS) {
  unsigned lanes;
  return standin::vote(mask, predicate, STANDIN_PLACE, &lanes);
}
inline int __any_sync(unsigned mask, int predicate, STANDIN_PLACE_PARAMETERS) {
  unsigned lanes;
  return standin::vote(mask, predicate, STANDIN_PLACE, &lanes) != 0;
}
inline int __all_sync(unsigned mask, int predicate, STANDIN_PLACE_PARAMETERS) {
  unsigned lanes;
  unsigned votes = standin::vote(mask, predicate, STANDIN_PLACE, &lanes);
  return votes == lanes;
}

// `width` lanes, a power of two, form a group of their own.
#define STANDIN_SHUFFLES(T)                                                                     \
  inline T __shfl_sync(unsigned mask, T value, int source, int width = 32,                      \
                       STANDIN_PLACE_PARAMETERS) {                                              \
    int first = standin::lane() & ~(width - 1);                                                 \
    return standin::shuffle(mask, value, first + (source & (width - 1)), true, STANDIN_PLACE);  \
  }                                                                                             \
  inline T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32,               \
                          STANDIN_PLACE_PARAMETERS) {                                           \
    int source = standin::lane() - int(delta);                                                  \
    bool inside = source >= (standin::lane() & ~(width - 1));                                   \
    return standin::shuffle(mask, value, source, inside, STANDIN_PLACE);                        \
  }                                                                                             \
  inline T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32,             \
                            STANDIN_PLACE_PARAMETERS) {                                         \
    int source = standin::lane() + int(delta);                                                  \
    bool inside = source < (standin::lane() & ~(width - 1)) + width;                            \
    return standin::shuffle(mask, value, source, inside, STANDIN_PLACE);                        \
  }                                                                                             \
  inline T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32,                   \
                           STANDIN_PLACE_PARAMETERS) {                                          \
    int source = standin::lane() ^ lanes;                                                       \
    bool inside = source < (standin::lane() & ~(width - 1)) + width;                            \
    return standin::shuffle(mask, value, source, inside, STANDIN_PLACE);                        \
  }
STANDIN_SHUFFLES(int)
STANDIN_SHUFFLES(unsigned)
STANDIN_SHUFFLES(long)
STANDIN_SHUFFLES(unsigned long)
STANDIN_SHUFFLES(long long)
STANDIN_SHUFFLES(unsigned long long)
STANDIN_SHUFFLES(float)
STANDIN_SHUFFLES(double)
#undef STANDIN_SHUFFLES

inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __threadfence_system() {}
inline void __nanosleep(unsigned) {}
inline void __trap() { standin_launch->trap(); }

// Atomic operations, for the types for which CUDA has them. CUDA's 64-bit types are the `long
// long` ones; where int64_t is `long`, that is accepted in their place.

#define STANDIN_ATOMIC(name, T, expression)          \
  inline T name(T* address, T value) {               \
    T old = *address;                                \
    *address = expression;                           \
    return old;                                      \
  }
#define STANDIN_UNSIGNED_ATOMICS(name, expression)  \
  STANDIN_ATOMIC(name, unsigned, expression)        \
  STANDIN_ATOMIC(name, unsigned long, expression)   \
  STANDIN_ATOMIC(name, unsigned long long, expression)
#define STANDIN_INTEGER_ATOMICS(name, expression)   \
  STANDIN_UNSIGNED_ATOMICS(name, expression)        \
  STANDIN_ATOMIC(name, int, expression)
#define STANDIN_ALL_INTEGER_ATOMICS(name, expression) \
  STANDIN_INTEGER_ATOMICS(name, expression)           \
  STANDIN_ATOMIC(name, long, expression)              \
  STANDIN_ATOMIC(name, long long, expression)

STANDIN_INTEGER_ATOMICS(atomicAdd, old + value)
STANDIN_INTEGER_ATOMICS(atomicAdd_system, old + value)
STANDIN_ATOMIC(atomicAdd, float, old + value)
STANDIN_ATOMIC(atomicAdd, double, old + value)
STANDIN_ATOMIC(atomicSub, int, old - value)
STANDIN_ATOMIC(atomicSub, unsigned, old - value)
STANDIN_INTEGER_ATOMICS(atomicExch, value)
STANDIN_ATOMIC(atomicExch, float, value)
STANDIN_ALL_INTEGER_ATOMICS(atomicMin, value < old ? value : old)
STANDIN_ALL_INTEGER_ATOMICS(atomicMax, old < value ? value : old)
STANDIN_ALL_INTEGER_ATOMICS(atomicAnd, old & value)
STANDIN_ALL_INTEGER_ATOMICS(atomicOr, old | value)
STANDIN_ALL_INTEGER_ATOMICS(atomicXor, old ^ value)
STANDIN_ATOMIC(atomicInc, unsigned, old >= value ? 0 : old + 1)
STANDIN_ATOMIC(atomicDec, unsigned, old == 0 || old > value ? value : old - 1)

#define STANDIN_COMPARE_AND_SWAP(T)                                  \
  inline T atomicCAS(T* address, T compare, T value) {               \
    T old = *address;                                                \
    if (old == compare) *address = value;                            \
    return old;                                                      \
  }                                                                  \
  inline T atomicCAS_system(T* address, T compare, T value) {        \
    return atomicCAS(address, compare, value);                       \
  }
STANDIN_COMPARE_AND_SWAP(int)
STANDIN_COMPARE_AND_SWAP(unsigned short)
STANDIN_COMPARE_AND_SWAP(unsigned)
STANDIN_COMPARE_AND_SWAP(unsigned long)
STANDIN_COMPARE_AND_SWAP(unsigned long long)

#undef STANDIN_COMPARE_AND_SWAP
#undef STANDIN_ALL_INTEGER_ATOMICS
#undef STANDIN_INTEGER_ATOMICS
#undef STANDIN_UNSIGNED_ATOMICS
#undef STANDIN_ATOMIC

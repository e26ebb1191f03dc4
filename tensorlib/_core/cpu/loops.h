// Elementwise loops over strided memory, in the ABI of NumPy's ufunc inner loops.
//
// `Elementwise<Functor, Inputs...>::loop` is the loop of a functor, `WideElementwise` the same for
// the widest vectors of the processor; generate/loops.py writes the tables of such loops that are
// declared here.
#pragma once

#include <cfenv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "dtypes.h"
#include "functors.h"
#include "targets.h"

// Py_ssize_t, which is NumPy's npy_intp, without including either.
typedef intptr_t tl_intp;
typedef void (*tl_loop)(char **args, tl_intp const *dims, tl_intp const *steps, void *data);

extern "C" {
// [from][to]
extern tl_loop tl_cast_loops[TL_NDTYPES][TL_NDTYPES];
// The loop of an op, by its name and the dtype of its first input (for `where`, of its values);
// a null pointer if there is none.
tl_loop tl_functor_loop(const char *name, int dtype);
// A loop of ours that is faster than NumPy's on this processor.
tl_loop tl_fast_loop(const char *name, int dtype);
}

// Iterations do not depend on each other: an output may be an input, but never overlap a part.
#if defined(__clang__)
#define TL_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define TL_INDEPENDENT _Pragma("GCC ivdep")
#elif defined(_MSC_VER)
#define TL_INDEPENDENT __pragma(loop(ivdep))
#else
#define TL_INDEPENDENT
#endif

namespace tl {

// By memcpy, as memory that came from elsewhere may be unaligned; it compiles to a plain load.
template <class T>
inline T load(const char *address) {
  if constexpr (is_bool<T>) {
    return *address != 0;  // and its bools may be other than 0 and 1
  } else {
    T value;
    std::memcpy(&value, address, sizeof(T));
    return value;
  }
}

template <class T>
inline void store(char *address, T value) {
  std::memcpy(address, &value, sizeof(T));
}

template <class T>
inline constexpr bool is_pair = false;
template <class A, class B>
inline constexpr bool is_pair<Pair<A, B>> = true;

template <class Functor, class... Inputs>
class Elementwise {
 public:
  static void loop(char **args, tl_intp const *dims, tl_intp const *steps, void *) {
    constexpr auto inputs = std::index_sequence_for<Inputs...>();
    if constexpr (!is_pair<Result>) {
      if (is_contiguous(steps)) return run<true>(args, dims[0], steps, inputs);
      if constexpr (n_inputs == 3) {
        bool const fixed = steps[1] == 0 && steps[2] == 0;
        if (fixed && steps[0] == sizes[0] && steps[3] == sizes[3]) return run_fixed(args, dims[0]);
      }
      if constexpr (n_inputs > 1) {
        if (dims[0] >= block && is_contiguous(steps, true)) return run_blocks(args, dims[0], steps);
      }
    }
    run<false>(args, dims[0], steps, inputs);
  }

 private:
  using Result = decltype(Functor()(std::declval<Inputs>()...));
  static constexpr std::size_t n_inputs = sizeof...(Inputs);
  static constexpr tl_intp sizes[] = {sizeof(Inputs)..., sizeof(Result)};
  static constexpr tl_intp block = 128;

  // With `scalars`, inputs may also be one element for all.
  static bool is_contiguous(tl_intp const *steps, bool scalars = false) {
    for (std::size_t k = 0; k <= n_inputs; ++k) {
      if (steps[k] != sizes[k] && !(scalars && k < n_inputs && steps[k] == 0)) return false;
    }
    return true;
  }

  // Scalars as contiguous inputs: repeated for one block, which serves all of them.
  static void run_blocks(char **args, tl_intp n, tl_intp const *steps) {
    alignas(64) char repeated[n_inputs][block * sizeof(double) * 2];
    char *ends[n_inputs + 1];
    for (std::size_t k = 0; k <= n_inputs; ++k) {
      ends[k] = args[k];
      if (k == n_inputs || steps[k] != 0) continue;
      for (tl_intp i = 0; i < block; ++i) {
        std::memcpy(repeated[k] + i * sizes[k], args[k], sizes[k]);
      }
      ends[k] = repeated[k];
    }
    for (tl_intp start = 0; start < n; start += block) {
      run<true>(ends, n - start < block ? n - start : block, steps,
                std::index_sequence_for<Inputs...>());
      for (std::size_t k = 0; k <= n_inputs; ++k) {
        if (k == n_inputs || steps[k] != 0) ends[k] += block * sizes[k];
      }
    }
  }

  // The second and the third input, such as limits, are numbers for all elements.
  template <class First, class Second, class Third>
  struct Fixed {
    static void run(char **args, tl_intp n) {
      Second const second = load<Second>(args[1]);
      Third const third = load<Third>(args[2]);
      char const *const in = args[0];
      char *const out = args[3];
      TL_INDEPENDENT
      for (tl_intp i = 0; i < n; ++i) {
        First const first = load<First>(in + i * sizeof(First));
        store(out + i * sizeof(Result), Functor()(first, second, third));
      }
    }
  };
  static void run_fixed(char **args, tl_intp n) { Fixed<Inputs...>::run(args, n); }

  // With constant steps the compiler vectorizes what it can.
  template <bool contiguous, std::size_t... K>
  static void run(char **args, tl_intp n, tl_intp const *steps, std::index_sequence<K...>) {
    char const *const in[] = {args[K]...};
    tl_intp const step[] = {(contiguous ? tl_intp(sizeof(Inputs)) : steps[K])...};
    char *const out = args[n_inputs];
    tl_intp const out_step = contiguous ? tl_intp(sizeof(Result)) : steps[n_inputs];
    if constexpr (is_pair<Result>) {
      char *const second_out = args[n_inputs + 1];
      tl_intp const second_step = steps[n_inputs + 1];
      for (tl_intp i = 0; i < n; ++i) {
        Result result = Functor()(load<Inputs>(in[K] + i * step[K])...);
        store(out + i * out_step, result.first);
        store(second_out + i * second_step, result.second);
      }
    } else {
      TL_INDEPENDENT
      for (tl_intp i = 0; i < n; ++i) {
        store(out + i * out_step, Functor()(load<Inputs>(in[K] + i * step[K])...));
      }
    }
  }
};

template <class Functor, class... Inputs>
class WideElementwise {
 public:
  static void loop(char **args, tl_intp const *dims, tl_intp const *steps, void *data) {
    ForTarget<WideElementwise>::run(args, dims, steps, data);
  }
  static void run(char **args, tl_intp const *dims, tl_intp const *steps, void *data) {
    Elementwise<Functor, Inputs...>::loop(args, dims, steps, data);
  }
};

// To half precision the processor's status says nothing, as the conversion is done in integers:
// a number that became infinite is an overflow.
template <class From>
void cast_to_half(char **args, tl_intp const *dims, tl_intp const *steps, void *data) {
  char *ends[] = {args[0], args[1]};  // loops may move their pointers
  Elementwise<Cast<Half>, From>::loop(ends, dims, steps, data);
  bool overflow = false;
  for (tl_intp i = 0; i < dims[0]; ++i) {
    if ((load<Half>(args[1] + i * steps[1]).bits & 0x7fff) != 0x7c00) continue;
    overflow |= std::isfinite(Cast<double>()(load<From>(args[0] + i * steps[0])));
  }
  if (overflow) std::feraiseexcept(FE_OVERFLOW);
}

}  // namespace tl

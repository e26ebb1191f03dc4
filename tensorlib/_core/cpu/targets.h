// Functions compiled again for the wider vectors that a processor may have, chosen at run time.
#pragma once

#if defined(__GNUC__) && defined(__x86_64__)
#define TL_TARGETS 1
#if defined(__clang__)
#define TL_WHOLE_VECTORS
#else
#define TL_WHOLE_VECTORS ",prefer-vector-width=512"
#endif
// All that such a function calls is compiled into it.
#define TL_AVX2 __attribute__((target("avx2,fma"), flatten))
#define TL_AVX512 \
  __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma" TL_WHOLE_VECTORS), flatten))
#endif

namespace tl {

enum class Target { base, avx2, avx512 };

inline Target find_target() {
#ifdef TL_TARGETS
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw")) {
    return Target::avx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("f16c")) {
    return Target::avx2;
  }
#endif
  return Target::base;
}

inline Target target() {
  static Target const found = find_target();
  return found;
}

// `Function::run(arguments...)`, compiled for this processor.
template <class Function>
class ForTarget {
 public:
  template <class... Arguments>
  static void run(Arguments... arguments) {
#ifdef TL_TARGETS
    if (target() == Target::avx512) return run_avx512(arguments...);
    if (target() == Target::avx2) return run_avx2(arguments...);
#endif
    Function::run(arguments...);
  }

 private:
#ifdef TL_TARGETS
  template <class... Arguments>
  TL_AVX512 static void run_avx512(Arguments... arguments) {
    Function::run(arguments...);
  }
  template <class... Arguments>
  TL_AVX2 static void run_avx2(Arguments... arguments) {
    Function::run(arguments...);
  }
#endif
};

}  // namespace tl

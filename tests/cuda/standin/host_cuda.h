// CUDA C++ for g++: force-included when a kernel is compiled for the stand-in driver.
//
// Threads of a block run one at a time and change only at barriers and shuffles, blocks run one
// after another: an atomic operation is a plain one, shared memory is a static variable.
#pragma once

#include <math.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "kernel_interface.h"

#define __global__
#define __device__
#define __host__
#define __constant__ static
#define __shared__ static
#define __forceinline__ inline
#define __restrict__ __restrict
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __grid_constant__
#define __builtin_assume(condition)
#define __align__(n) __attribute__((aligned(n)))
#define __builtin_align__(n) __align__(n)

// The launch

extern "C" standin::Launch* standin_launch;

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

constexpr int warpSize = standin::warp_size;
#define threadIdx (static_cast<const standin::Index3&>(standin_launch->thread))
#define blockIdx (static_cast<const standin::Index3&>(standin_launch->block))
#define blockDim (static_cast<const standin::Index3&>(standin_launch->block_size))
#define gridDim (static_cast<const standin::Index3&>(standin_launch->grid_size))

#include "host_cuda_math.h"
#include "host_cuda_threads.h"
#include "host_cuda_vectors.h"

// The table of kernels, which the compiling script writes at the end of a source

namespace standin {

template <auto function>
struct Wrapper;

template <class... Types, void (*function)(Types...)>
struct Wrapper<function> {
  static constexpr Parameter parameters[] = {
      {unsigned(sizeof(Types)), unsigned(alignof(Types)), std::is_pointer_v<Types>}..., {}};

  template <std::size_t... i>
  static void call(void** values, std::index_sequence<i...>) {
    function(*static_cast<Types*>(values[i])...);
  }

  static void run(void** values) { call(values, std::index_sequence_for<Types...>()); }

  static constexpr Kernel kernel(const char* name, unsigned most_threads) {
    return {name, run, parameters, sizeof...(Types), most_threads};
  }
};

}  // namespace standin

#define STANDIN_KERNEL(name, most_threads) \
  standin::Wrapper<&name>::kernel(#name, most_threads)

// Only shared memory is in .bss, of which the linker knows the ends.
extern "C" __attribute__((visibility("hidden"))) char __bss_start[], _end[];

#define STANDIN_MODULE(...)                                                                 \
  standin::Launch* standin_launch = reinterpret_cast<standin::Launch*>(8);                  \
  static constexpr standin::Kernel standin_kernels[] = {__VA_ARGS__};                       \
  extern "C" __attribute__((visibility("default"))) const standin::Module standin_module = {\
      standin::module_version, standin_kernels, sizeof standin_kernels / sizeof(standin::Kernel), \
      &standin_launch, __bss_start, _end};

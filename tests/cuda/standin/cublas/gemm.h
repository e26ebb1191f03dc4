// How the stand-ins for cuBLAS and cuBLASLt launch the kernels of gemm.cu.
#pragma once

#include <cuda.h>

#include <cstdint>
#include <cstdio>
#include <map>

extern "C" const char gemm_image[];
asm(".section .rodata\n.balign 16\ngemm_image: .incbin \"" GEMM_IMAGE "\"\n.previous");

// As gemm.cu has it.
struct Gemm {
  std::int64_t transposed_a, transposed_b, m, n, k, lda, a_step, ldb, b_step, ldc, c_step, count;
  std::int64_t kept, rough;
};

// The kernels, by the type of the elements, or 100 times that of a and that of b.
struct Kernels {
  std::map<int, CUfunction> functions;

  bool load() {
    CUmodule module;
    if (cuModuleLoadData(&module, gemm_image) != CUDA_SUCCESS) return false;
    for (int type : {0, 1, 2, 4, 5, 14, 2828, 2829, 2928}) {
      char name[16];
      std::snprintf(name, sizeof name, "gemm_%d", type);
      if (cuModuleGetFunction(&functions[type], module, name) != CUDA_SUCCESS) return false;
    }
    return true;
  }

  bool launch(int type, Gemm gemm, const void *a, const void *b, void *c, const void *bias,
              void *workspace, CUstream stream) const {
    void *arguments[] = {&gemm, &a, &b, &c, &bias, &workspace};
    unsigned const blocks = unsigned((gemm.m * gemm.n * gemm.count + 255) / 256);
    return cuLaunchKernel(functions.at(type), blocks, 1, 1, 256, 1, 1, 0, stream, arguments,
                          nullptr) == CUDA_SUCCESS;
  }
};

// Whether products of such elements may be computed so, of cublasComputeType_t.
inline bool is_known(int type, int compute) {
  switch (type) {
    case 1: case 5: return compute == 70;
    case 2: case 14: return compute == 68;
    case 0: case 4: return compute == 68 || compute == 75 || compute == 77;
    default: return false;
  }
}

// How many bits of a float32 are multiplied.
inline int kept_bits(int compute) { return compute == 77 ? 19 : compute == 75 ? 16 : 32; }

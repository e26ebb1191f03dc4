// The types that cuBLAS and cuSOLVER share: those of NVIDIA's headers, or with the same names.
#pragma once

#include <cuda.h>

#ifdef STANDIN_REAL_HEADERS
#include <cublas_v2.h>
#else
using cudaStream_t = CUstream;
struct cuComplex;
struct cuDoubleComplex;
enum cublasSideMode_t { CUBLAS_SIDE_LEFT = 0, CUBLAS_SIDE_RIGHT = 1 };
enum cublasFillMode_t { CUBLAS_FILL_MODE_LOWER = 0, CUBLAS_FILL_MODE_UPPER = 1 };
enum cublasOperation_t { CUBLAS_OP_N = 0, CUBLAS_OP_T = 1, CUBLAS_OP_C = 2 };
enum cublasDiagType_t { CUBLAS_DIAG_NON_UNIT = 0, CUBLAS_DIAG_UNIT = 1 };
#endif

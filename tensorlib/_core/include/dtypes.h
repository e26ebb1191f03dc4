// The dtype ids of the core, the same in Python, Cython and C++.
#pragma once

enum DType {
  TL_BOOL = 0,
  TL_INT8,
  TL_INT16,
  TL_INT32,
  TL_INT64,
  TL_UINT8,
  TL_UINT16,
  TL_UINT32,
  TL_UINT64,
  TL_FLOAT8_E4M3FN,
  TL_FLOAT8_E5M2,
  TL_FLOAT16,
  TL_BFLOAT16,
  TL_FLOAT32,
  TL_FLOAT64,
  TL_COMPLEX64,
  TL_COMPLEX128,
  TL_NDTYPES
};

// Bytes of one element.
static const int tl_itemsizes[TL_NDTYPES] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 1, 1, 2, 2, 4, 8, 8, 16};

// The elementwise ops, one functor each, for host compilers and for NVRTC.
//
// A functor is named by its op (`floor_divide` -> `FloorDivide`), has no state, and
// is a template over the types of its arguments. Its semantics are NumPy's; an op with two outputs
// returns a Pair. CUDA kernels are generated from these; on the CPU, loops are compiled from them
// where NumPy has none, and all of them are compiled for the tests.
#pragma once

#include "functors_activation.h"
#include "functors_arithmetic.h"
#include "functors_compare.h"
#include "functors_math.h"
#include "functors_rounding.h"
#include "functors_select.h"

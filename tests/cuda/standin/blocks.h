// Runs the threads of a kernel.
#pragma once

#include "kernel_interface.h"

namespace standin {

// Run a kernel to its end. May be left by a jump out of a signal handler; `forget_threads` is
// called then.
void run_kernel(const Kernel& kernel, Launch& launch, Index3 grid, Index3 block,
                void** parameters, char* shared_begin, char* shared_end);
void forget_threads();

}  // namespace standin

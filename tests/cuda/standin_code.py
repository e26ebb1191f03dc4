"""Pieces of code that tests of the stand-in driver run."""

IMPORTS = """
import ctypes
import numpy as np
import standin_driver as standin
from standin_session import *
"""

# A kernel, and arguments for it
ADD = '''
    ADD = kernels(
        """
        extern "C" __global__ void __launch_bounds__(256)
        add(const float* x, const float* y, float* out, int size) {
          int i = blockIdx.x * blockDim.x + threadIdx.x;
          if (i < size) out[i] = x[i] + y[i];
        }
        """,
        "add",
    )
    x, y = np.random.rand(2, 1000).astype("f4")
    device_x, device_y, out = to_device(x), to_device(y), to_device(x)
'''

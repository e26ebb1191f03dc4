// Running sums and products along contiguous elements, in the ABI of NumPy's inner loops.
//
// NumPy's loops store the running result and load it again for the next element; here it stays in
// a register, which leaves the latency of one addition for each.
#pragma once

#include "dtypes.h"
#include "loops.h"

namespace tl {

// out[i + 1] = out[i] + x[i]; arguments: out, x, out + 1.
template <class T, bool products>
struct Scan {
  static void loop(char **args, tl_intp const *dims, tl_intp const *steps, void *) {
    if (steps[0] == sizeof(T) && steps[1] == sizeof(T)) {
      run(args, dims[0], sizeof(T), sizeof(T));
    } else {
      run(args, dims[0], steps[0], steps[1]);
    }
  }

 private:
  static inline void run(char **args, tl_intp n, tl_intp out_step, tl_intp x_step) {
    T result = load<T>(args[0]);
    for (tl_intp i = 0; i < n; ++i) {
      T const value = load<T>(args[1] + i * x_step);
      result = products ? result * value : result + value;
      store(args[2] + i * out_step, result);
    }
  }
};

// Null where NumPy's loop serves. Unsigned integers wrap around as signed ones do in NumPy.
inline tl_loop scan_loop(int dtype, bool products) {
  switch (dtype) {
    case TL_FLOAT32: return products ? Scan<float, true>::loop : Scan<float, false>::loop;
    case TL_FLOAT64: return products ? Scan<double, true>::loop : Scan<double, false>::loop;
    case TL_INT64:
    case TL_UINT64: return products ? Scan<uint64_t, true>::loop : Scan<uint64_t, false>::loop;
    default: return nullptr;
  }
}

}  // namespace tl

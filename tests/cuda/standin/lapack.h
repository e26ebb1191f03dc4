// Routines of LAPACK and BLAS for the stand-ins for NVIDIA's libraries: those of SciPy, which
// Python hands over by name with standin_routine().
#pragma once

#include <complex>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace standin {

using Complex = std::complex<double>;

inline std::map<std::string, void*>& routines() {
  static auto& table = *new std::map<std::string, void*>;
  return table;
}

template <class... Args>
void lapack(const char* name, Args... args) {
  auto found = routines().find(name);
  if (found == routines().end()) {
    std::fprintf(stderr, "the stand-in was given no %s\n", name);
    std::abort();
  }
  reinterpret_cast<void (*)(Args...)>(found->second)(args...);
}

template <class T>
constexpr bool is_complex = std::is_same_v<T, Complex>;

}  // namespace standin

extern "C" inline __attribute__((used)) void standin_routine(const char* name, void* function) {
  standin::routines()[name] = function;
}

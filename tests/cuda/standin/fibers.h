// Stacks of their own between which a thread of the system changes.
#pragma once

#include <cstddef>
#include <cstdint>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace standin {

class Fiber {
 public:
  Fiber() = default;  // of the thread that enters the other ones
  explicit Fiber(void (*main)());

  // Leave this one, which runs, for another one.
  void change_to(Fiber& other);

  // Begin again with `main` at the next change to this one.
  void reset(void (*main)());

 private:
  char* stack_ = nullptr;
#if defined(__x86_64__)
  void* top_ = nullptr;
#else
  ucontext_t context_;
#endif
};

}  // namespace standin

#include "fibers.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>

namespace standin {

namespace {

constexpr std::size_t stack_size = 64 << 10;
constexpr std::size_t guard_size = 4 << 10;  // below every stack, which is never accessible

char* new_stack() {
  void* pages = mmap(nullptr, guard_size + stack_size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (pages == MAP_FAILED || mprotect(pages, guard_size, PROT_NONE)) {
    std::perror("stand-in driver: no memory for the stack of a thread");
    std::abort();
  }
  return static_cast<char*>(pages) + guard_size;
}

}  // namespace

Fiber::Fiber(void (*main)()) : stack_(new_stack()) { reset(main); }

#if defined(__x86_64__)

// Saves what a function has to keep, stores the top of the stack, and goes on with another one.
extern "C" void standin_change_stack(void** from, void* to);
asm(R"(
  .text
  .globl standin_change_stack
  .hidden standin_change_stack
  .type standin_change_stack, @function
standin_change_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .size standin_change_stack, . - standin_change_stack
)");

void Fiber::change_to(Fiber& other) { standin_change_stack(&top_, other.top_); }

void Fiber::reset(void (*main)()) {
  auto** top = reinterpret_cast<void**>(stack_ + stack_size);
  *--top = nullptr;  // a function begins with its stack at 8 mod 16
  *--top = reinterpret_cast<void*>(main);
  for (int i = 0; i < 6; ++i) *--top = nullptr;
  top_ = top;
}

#else

void Fiber::change_to(Fiber& other) { swapcontext(&context_, &other.context_); }

void Fiber::reset(void (*main)()) {
  getcontext(&context_);
  context_.uc_stack.ss_sp = stack_;
  context_.uc_stack.ss_size = stack_size;
  context_.uc_link = nullptr;
  makecontext(&context_, main, 0);
}

#endif

}  // namespace standin

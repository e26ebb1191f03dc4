// What a kernel compiled for the host and the stand-in driver know of each other.
#pragma once

#include <cstdint>

namespace standin {

constexpr unsigned warp_size = 32;
constexpr unsigned char poison = 0xA5;

struct alignas(4) Index3 {
  unsigned x, y, z;
};

// Where in the source a thread waits.
struct Place {
  const char* operation;
  const char* file;
  int line;
};

// What the threads of a warp gave to an operation: the values of the lanes that took part.
struct Exchange {
  const std::uint64_t* values;
  unsigned lanes;
};

// The launch that runs, of which there is one at a time. The driver owns and fills it.
struct Launch {
  Index3 thread, block, block_size, grid_size;
  unsigned linear_thread;
  // Wait for the block; returns how many of its threads came with a predicate that holds, and in
  // `*threads` how many came.
  unsigned (*block_barrier)(bool predicate, Place place, unsigned* threads);
  Exchange (*warp_exchange)(unsigned mask, std::uint64_t value, Place place);
  void (*trap)();  // does not return
};

struct Parameter {
  unsigned size, alignment;
  bool pointer;
};

// One kernel of a module. `run` is called once for every thread.
struct Kernel {
  const char* name;
  void (*run)(void** parameters);
  const Parameter* parameters;
  unsigned parameter_count;
  unsigned most_threads;
};

// The one symbol that a module exports.
struct Module {
  std::uint64_t version;
  const Kernel* kernels;
  unsigned kernel_count;
  Launch** launch;
  char *shared_begin, *shared_end;  // all variables in shared memory
};

constexpr std::uint64_t module_version = 1;

}  // namespace standin

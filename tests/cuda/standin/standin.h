// A CUDA driver for tests: device memory is memory of the host, kernels are functions of the host,
// and everything runs at the call. What the parts of it share is declared here.
//
// Variables of the environment that cuInit reads:
//   STANDIN_INIT            what cuInit returns (0)
//   STANDIN_DEVICES         how many there are (1)
//   STANDIN_MEMORY          bytes of each (256 MiB)
//   STANDIN_CAPABILITY      "major.minor" (9.0)
//   STANDIN_MULTIPROCESSORS of each (4)
//   STANDIN_DRIVER_VERSION  (13000)
//   STANDIN_FAIL            "cuMemAllocFromPoolAsync:3:2": its third call returns 2; with commas
//   STANDIN_LATE_FAULTS     1: the launch of a kernel that faults succeeds, as on a GPU; what comes
//                           after it fails
//   STANDIN_ORDER           1: note uses of memory that nothing orders (order.h)
#pragma once

#include <cuda.h>

#if CUDA_VERSION < 13020
extern "C" CUresult cuLaunchHostFunc_v2(CUstream, CUhostFn, void*, unsigned);
#endif

#include <cstdarg>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "order.h"

namespace standin {

// Calls (libcuda_calls.cpp)

struct Settings {
  int devices = 1;
  std::size_t memory = 256 << 20;
  int major = 9, minor = 0;
  int multiprocessors = 4;
  int driver_version = 13000;
  bool check_order = false, late_faults = false;
};
extern Settings settings;

// What a call needs to be allowed.
enum class Needs { nothing, driver, context };

std::string text(const char* format, ...) __attribute__((format(printf, 1, 2)));

CUresult begin_call(const char* function, Needs needs, std::string arguments);
void end_call(CUresult result);
void note(const std::string& line);  // in the log, after the call in which it happens

// What all functions of the driver are made of: lock, note, refuse or do.
template <class Body>
CUresult call(const char* function, Needs needs, std::string arguments, Body body) {
  CUresult result = begin_call(function, needs, std::move(arguments));
  if (result == CUDA_SUCCESS) result = body();
  end_call(result);
  return result;
}

// Run a function of the user, which may use the driver or wait for who does.
void without_lock(const std::function<void()>& function);

// The fault of a kernel, which every later call returns, too.
extern CUresult sticky_error;

// The devices and contexts (libcuda_devices.cpp). A context's handle is its device's number + 1.

struct Device {
  int ordinal;
  int retained = 0;
  std::set<int> peers;  // whose memory kernels here may use
  std::size_t plain_bytes = 0, graph_bytes = 0;
};
extern std::vector<Device>& devices;
int current_device();  // -1: no context
CUcontext context_of(int device);
bool is_device(int ordinal);
int device_of_context(CUcontext context);  // -1: none

// Memory (libcuda_memory.cpp)

struct Pool {
  int device;
  std::uint64_t threshold = 0, used = 0, reserved = 0, used_high = 0, reserved_high = 0;
  std::set<int> access;
  int flags[3] = {1, 1, 1};
};
using PoolPointer = std::shared_ptr<Pool>;

enum class Owner { plain, pool, graph };

struct Allocation {
  CUdeviceptr start;
  std::size_t size;
  CUdeviceptr page;  // the first page, and the size of all
  std::size_t page_bytes;
  int device;
  Owner owner;
  PoolPointer pool;
  bool live;
  unsigned long long id;
  Uses uses;

  bool holds(CUdeviceptr address, std::size_t bytes) const {
    return live && address >= start && address - start <= size && bytes <= size - (address - start);
  }
};

bool is_device_address(CUdeviceptr address);
Allocation* find_allocation(CUdeviceptr address);  // whose pages hold the address
bool is_pinned(const void* address);

// Makes allocations accessible for the time of an operation. Where something wrote around one of
// them, `close` returns false.
class Access {
 public:
  ~Access() { close(); }
  void open(Allocation* allocation, bool to_write);
  bool is_open(const Allocation& allocation) const {
    return open_.count(const_cast<Allocation*>(&allocation));
  }
  bool close();

 private:
  std::map<Allocation*, bool> open_;  // whether to write
};

CUresult check_range(CUdeviceptr address, std::size_t bytes);  // fine where it is the host's
CUresult copy(CUdeviceptr to, CUdeviceptr from, std::size_t bytes);
CUresult fill(CUdeviceptr to, unsigned value, unsigned width, std::size_t count);
std::size_t bytes_in_use();
std::size_t live_allocations();
void release_unused_memory(int device);  // that pools hold beyond their thresholds, when all waits

// An allocation of a graph, whose address is that of every launch of it.
std::shared_ptr<Allocation> reserve_for_graph(std::size_t bytes, int device);
CUresult allocate_for_graph(Allocation& allocation);
CUresult free_allocation(Allocation& allocation);

// Streams and what is captured in them (libcuda_streams.cpp, libcuda_graphs.cpp)

struct Node {
  CUgraphNodeType type;
  std::string label;
  std::function<CUresult()> run;
  std::set<Node*> dependencies;
  std::shared_ptr<Allocation> allocation;  // that it makes
};

struct Graph {
  std::vector<std::shared_ptr<Node>> nodes;
};

CUgraph graph_handle(std::shared_ptr<Graph> graph);
bool graph_owns(const Graph& graph, CUdeviceptr address);

struct Capture;

// Run a piece of work, or add it to the graph that the stream captures.
// For work that is not added to a graph: the clock of its stream, which has counted it.
StreamId stream_id(CUstream stream);
Clock& begin_work(CUstream stream);
void wait_for_all(int device);  // what the host knows then

CUresult enqueue(CUstream stream, CUgraphNodeType type, std::string label,
                 std::function<CUresult()> run, std::shared_ptr<Allocation> allocation = nullptr);
int device_of_stream(CUstream stream);  // -1: there is no such stream
// Work in the legacy stream waits for all streams but the "non-blocking" ones: an error where one
// of those is capturing.
CUresult refuse_work_in(CUstream stream);
bool is_capturing(CUstream stream);
Graph* captured_graph(CUstream stream);  // null: none
std::string name(CUstream stream);

// For calls that wait or allocate at once, which would be missing in a graph: an error where this
// thread must not make them, and then what is captured is invalid.
CUresult refuse_during_capture();

}  // namespace standin

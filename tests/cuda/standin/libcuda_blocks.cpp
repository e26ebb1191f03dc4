// The threads of a block, as fibers.
//
// A fiber runs one thread after another to their ends; only where a thread has to wait does the
// next one get a fiber of its own. So a kernel without barriers costs a call for each thread. Every
// other block runs its threads backwards, which finds values that are not waited for.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <vector>

#include "blocks.h"
#include "fibers.h"

namespace standin {

namespace {

struct Worker {
  Fiber fiber;
  unsigned linear_thread;
  Index3 thread;
  Place place;  // where it waits
  Exchange exchange;
  std::uint64_t values[warp_size];
  explicit Worker(void (*main)()) : fiber(main) {}
};

struct Warp {
  unsigned alive, mask, arrived;
  std::uint64_t values[warp_size];
  std::vector<Worker*> waiting;
  Place place;
};

struct Block {
  const Kernel* kernel = nullptr;
  Launch* launch;
  void** parameters;
  unsigned thread_count, begun, alive;
  bool backward = true;  // of every other block the last thread is the first to run
  Worker* running = nullptr;
  // at a barrier of the block
  std::vector<Worker*> waiting;
  unsigned votes, released_votes, released_threads;
  Place place;
  // at operations of a warp
  std::vector<Warp> warps;
  std::deque<Worker*> ready;
};

Block& block = *new Block;
Fiber& launcher = *new Fiber;
std::vector<std::unique_ptr<Worker>>& workers = *new std::vector<std::unique_ptr<Worker>>;
std::vector<Worker*>& idle = *new std::vector<Worker*>;

[[noreturn]] void stop(const char* reason, unsigned thread, Place place, unsigned other = -1u,
                       Place other_place = {}) {
  const Index3& b = block.launch->block;
  std::fprintf(stderr, "stand-in driver: kernel %s, block (%u, %u, %u): %s\n", block.kernel->name,
               b.x, b.y, b.z, reason);
  std::fprintf(stderr, "  thread %u waits in %s at %s:%d\n", thread, place.operation, place.file,
               place.line);
  if (other != -1u)
    std::fprintf(stderr, "  thread %u waits in %s at %s:%d\n", other, other_place.operation,
                 other_place.file, other_place.line);
  std::abort();
}

bool same(Place one, Place other) {
  return one.line == other.line && !std::strcmp(one.operation, other.operation) &&
         !std::strcmp(one.file, other.file);
}

void worker_main();

void enter(Fiber& from, Worker& worker) {
  block.running = &worker;
  block.launch->thread = worker.thread;
  block.launch->linear_thread = worker.linear_thread;
  from.change_to(worker.fiber);
}

Worker& idle_worker() {
  if (idle.empty()) {
    workers.push_back(std::make_unique<Worker>(worker_main));
    return *workers.back();
  }
  Worker* worker = idle.back();
  idle.pop_back();
  return *worker;
}

[[noreturn]] void stop_where_all_wait() {
  const char* reason = "a barrier is not reached by all threads that have not ended";
  Worker* at_block = block.waiting.empty() ? nullptr : block.waiting.front();
  for (Warp& warp : block.warps) {
    if (warp.waiting.empty()) continue;
    Worker* in_warp = warp.waiting.front();
    if (at_block)
      stop(reason, at_block->linear_thread, at_block->place, in_warp->linear_thread,
           in_warp->place);
    stop(reason, in_warp->linear_thread, in_warp->place);
  }
  stop(reason, at_block->linear_thread, at_block->place);
}

// Go on with something else than the running worker, which waits or has nothing to do.
void leave(Worker& worker) {
  if (!block.ready.empty()) {
    Worker* next = block.ready.front();
    block.ready.pop_front();
    enter(worker.fiber, *next);
  } else if (block.begun < block.thread_count) {
    enter(worker.fiber, idle_worker());
  } else if (block.alive == 0) {
    worker.fiber.change_to(launcher);
  } else {
    stop_where_all_wait();
  }
}

void release_block() {
  block.released_votes = block.votes;
  block.released_threads = block.alive;
  block.votes = 0;
  block.ready.insert(block.ready.end(), block.waiting.begin(), block.waiting.end());
  block.waiting.clear();
}

unsigned block_barrier(bool predicate, Place place, unsigned* threads) {
  Worker& self = *block.running;
  if (block.waiting.empty()) {
    block.place = place;
  } else if (!same(block.place, place)) {
    stop("threads wait at different barriers", self.linear_thread, place,
         block.waiting.front()->linear_thread, block.place);
  }
  block.votes += predicate;
  if (block.waiting.size() + 1 == block.alive) {
    release_block();
  } else {
    self.place = place;
    block.waiting.push_back(&self);
    leave(self);
  }
  *threads = block.released_threads;
  return block.released_votes;
}

// A copy for each thread: some may give their next value before others have read these ones.
void receive(Worker& worker, const Warp& warp) {
  std::memcpy(worker.values, warp.values, sizeof warp.values);
  worker.exchange = {worker.values, warp.arrived};
}

void release_warp(Warp& warp, Worker* last = nullptr) {
  for (unsigned lane = 0; lane < warp_size; ++lane)
    if (!(warp.arrived >> lane & 1))
      std::memset(&warp.values[lane], poison, sizeof warp.values[lane]);
  if (last) receive(*last, warp);
  for (Worker* worker : warp.waiting) receive(*worker, warp);
  block.ready.insert(block.ready.end(), warp.waiting.begin(), warp.waiting.end());
  warp.waiting.clear();
  warp.arrived = 0;
}

Exchange warp_exchange(unsigned mask, std::uint64_t value, Place place) {
  Worker& self = *block.running;
  unsigned lane = self.linear_thread % warp_size;
  Warp& warp = block.warps[self.linear_thread / warp_size];
  if (!(mask >> lane & 1))
    stop("a thread is not in the mask that it gives", self.linear_thread, place);
  if (warp.arrived == 0) {
    warp.place = place;
    warp.mask = mask;
  } else if (!same(warp.place, place) || warp.mask != mask) {
    stop("threads of a warp wait in different operations or with different masks",
         self.linear_thread, place, warp.waiting.front()->linear_thread, warp.place);
  }
  warp.values[lane] = value;
  warp.arrived |= 1u << lane;
  if (warp.arrived == (warp.alive & mask)) {
    release_warp(warp, &self);
  } else {
    self.place = place;
    warp.waiting.push_back(&self);
    leave(self);
  }
  return self.exchange;
}

void begin_thread(Worker& self) {
  Launch& launch = *block.launch;
  const Index3& size = launch.block_size;
  unsigned number = block.begun++;
  if (block.backward) number = block.thread_count - 1 - number;
  self.linear_thread = launch.linear_thread = number;
  self.thread = launch.thread = {number % size.x, number / size.x % size.y,
                                 number / size.x / size.y};
}

// The threads that wait may have waited for this one only.
void end_thread(Worker& self) {
  Warp& warp = block.warps[self.linear_thread / warp_size];
  --block.alive;
  warp.alive &= ~(1u << self.linear_thread % warp_size);
  if (!warp.waiting.empty() && warp.arrived == (warp.alive & warp.mask))
    release_warp(warp);
  if (!block.waiting.empty() && block.waiting.size() == block.alive) release_block();
}

void worker_main() {
  Worker& self = *block.running;
  for (;;) {
    while (block.begun < block.thread_count) {
      begin_thread(self);
      block.kernel->run(block.parameters);
      end_thread(self);
    }
    idle.push_back(&self);
    leave(self);
  }
}

void begin_block() {
  block.begun = 0;
  block.backward = !block.backward;
  block.alive = block.thread_count;
  for (unsigned i = 0; i < block.warps.size(); ++i) {
    Warp& warp = block.warps[i];
    unsigned lanes = block.thread_count - i * warp_size;
    warp.alive = lanes >= warp_size ? 0xffffffff : (1u << lanes) - 1;
  }
}

}  // namespace

void forget_threads() {
  idle.clear();
  for (auto& worker : workers) {
    worker->fiber.reset(worker_main);
    idle.push_back(worker.get());
  }
  block.ready.clear();
}

void run_kernel(const Kernel& kernel, Launch& launch, Index3 grid, Index3 size,
                void** parameters, char* shared_begin, char* shared_end) {
  launch.block_barrier = block_barrier;
  launch.warp_exchange = warp_exchange;
  launch.grid_size = grid;
  launch.block_size = size;
  block.kernel = &kernel;
  block.launch = &launch;
  block.parameters = parameters;
  block.thread_count = size.x * size.y * size.z;
  block.votes = 0;
  block.waiting.clear();
  block.warps.resize((block.thread_count + warp_size - 1) / warp_size);
  for (Warp& warp : block.warps) {
    warp.arrived = 0;
    warp.waiting.clear();
  }
  Index3& b = launch.block;
  for (b.z = 0; b.z < grid.z; ++b.z)
    for (b.y = 0; b.y < grid.y; ++b.y)
      for (b.x = 0; b.x < grid.x; ++b.x) {
        std::memset(shared_begin, poison, shared_end - shared_begin);
        begin_block();
        enter(launcher, idle_worker());
      }
}

}  // namespace standin

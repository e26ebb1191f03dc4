// A small pool of threads for tasks that are worth tens of microseconds and more.
//
// Each thread begins with tasks that are its own, the same for every job of as many, for it may find
// in its cache what it left there; who is done takes from the others. What a task computes must not
// depend on who runs it. The caller works too, and nobody spins for long. After a fork the child
// starts a pool of its own.
//
// Threads never make it slower for long: where jobs took more time than their callers would have
// needed alone, because another process had the worker's CPU, short jobs are run alone until that
// loss is small beside the time since. The shortest jobs are not worth a thread's wakening: they
// have threads only where jobs follow each other, and find them awake.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <system_error>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif
#if defined(__x86_64__) && defined(__GNUC__)
#include <xmmintrin.h>
#endif

namespace tl {

typedef double Nanoseconds;

inline Nanoseconds clock_now() {
  return Nanoseconds(std::chrono::duration_cast<std::chrono::nanoseconds>(
                         std::chrono::steady_clock::now().time_since_epoch())
                         .count());
}

class ThreadPool {
 public:
  // task(context, index, worker)
  typedef void (*Task)(void *context, intptr_t index, int worker);

  static ThreadPool &instance() {
    if (ThreadPool *pool = shared()) return *pool;
    static ThreadPool own;
    return own;
  }

  // A typing error must not start more than the system bears.
  static constexpr int kMostThreads = 1024;

  // Extensions see each other's symbols not: the pool of one is given to all others.
  static void share(ThreadPool *pool) { shared() = pool; }

  int threads() const {
    int const own = threads_.load(std::memory_order_relaxed);
    return limit_ ? std::min(own, limit_()) : own;
  }
  void set_threads(int threads) {
    threads_.store(threads < 1 ? 1 : threads, std::memory_order_relaxed);
  }
  // Whether jobs that take so long alone have no threads for the time being.
  bool rests(Nanoseconds alone) const { return state_->rests(alone); }
  // A bound that others may change at any time.
  void set_limit(int (*limit)()) { limit_ = limit; }

  // Runs the tasks on at most `threads` threads, numbered from zero, which is the caller. `alone`
  // is how long it would take without threads, where that is known.
  void run(intptr_t tasks, int threads, Task task, void *context, Nanoseconds alone = kUnknown) {
    State *state = state_;
    // While somebody else's job has the threads, a caller works alone.
    if (threads <= 1 || tasks <= 1 || state->rests(alone) ||
        state->taken.exchange(true, std::memory_order_acquire)) {
      for (intptr_t index = 0; index < tasks; ++index) task(context, index, 0);
      return;
    }
    start_workers(state, threads - 1);
    Nanoseconds const start = clock_now();
    bool const asleep = state->sleeping.load(std::memory_order_relaxed) > 0;
    bool const lonely = alone < kWorthWaking && asleep && start - state->ended > kSpin;
    Job job(task, context, tasks, lonely ? 1 : threads, state->shares);
    if (!lonely) begin(state, &job);
    intptr_t const own = job.work(0);
    Nanoseconds const worked = clock_now() - start;
    if (!lonely) finish(state, &job);
    state->ended = clock_now();
    if (!lonely) {
      // What the caller did tells how long all would have taken it now.
      if (own > 0) alone = std::max(alone, worked * Nanoseconds(tasks) / Nanoseconds(own));
      state->note(state->ended, state->ended - start, alone);
    }
    state->taken.store(false, std::memory_order_release);
  }

 private:
  static constexpr Nanoseconds kUnknown = std::numeric_limits<Nanoseconds>::infinity();
  static constexpr Nanoseconds kSpin = 20e3;  // how long a thread looks out for work, or for its end
  static constexpr Nanoseconds kWorthWaking = 30e3;
  static constexpr Nanoseconds kMostSaved = 2e6;
  static constexpr Nanoseconds kRest = 10;    // a loss is to be at most a tenth of the time

  static ThreadPool *&shared() {
    static ThreadPool *pool = nullptr;
    return pool;
  }

  // The tasks that a thread begins with. Each has a cache line for itself.
  struct alignas(64) Share {
    std::atomic<intptr_t> next;
    intptr_t end;
  };

  struct Job {
    Task task;
    void *context;
    int threads;
    Share *shares;
    std::atomic<int> working{0};  // workers that have joined and are not done yet

    Job(Task task, void *context, intptr_t tasks, int threads, Share *shares)
        : task(task), context(context), threads(threads), shares(shares) {
      for (int i = 0; i < threads; ++i) {
        shares[i].next.store(tasks * i / threads, std::memory_order_relaxed);
        shares[i].end = tasks * (i + 1) / threads;
      }
    }

    // The number of tasks done.
    intptr_t work(int worker) {
      intptr_t done = 0;
      for (int i = 0; i < threads; ++i) {
        Share &share = shares[(worker + i) % threads];
        for (intptr_t index; (index = share.next.fetch_add(1)) < share.end; ++done) {
          task(context, index, worker);
        }
      }
      return done;
    }
  };

  // Never freed: threads may wait on it until the process ends.
  struct State {
    std::atomic<bool> taken{false};  // by the caller whose job runs
    std::mutex mutex;                // guards `job`, and changes of `sleeping`
    std::condition_variable wake;
    std::condition_variable done;
    Job *job = nullptr;
    std::atomic<uint64_t> jobs{0};  // so far; tells a new job from an old one at the same address
    std::atomic<int> sleeping{0};
    int workers = 0;
    Nanoseconds ended = 0;  // the last job
    Nanoseconds saved = 0;  // by the last jobs
    Share shares[kMostThreads];
    std::atomic<Nanoseconds> rest_until{0};
    std::atomic<Nanoseconds> rest_below{0};  // jobs as short as those that lost

    bool rests(Nanoseconds alone) const {
      return alone < rest_below.load(std::memory_order_relaxed) &&
             clock_now() < rest_until.load(std::memory_order_relaxed);
    }

    // What was lost is paid from what was saved before, and else by resting.
    void note(Nanoseconds now, Nanoseconds elapsed, Nanoseconds alone) {
      saved = std::min(kMostSaved, saved + alone - elapsed);
      if (saved >= 0) return;
      rest_until.store(now - kRest * saved, std::memory_order_relaxed);
      rest_below.store(8 * alone, std::memory_order_relaxed);
      saved = 0;
    }
  };

  ThreadPool() : threads_(default_threads()), state_(new State) {
#if defined(__unix__) || defined(__APPLE__)
    // The child has none of the threads, and maybe locks that they held.
    pthread_atfork(nullptr, nullptr, [] { instance().state_ = new State; });
#endif
  }

  static int default_threads() {
    for (char const *name : {"TENSORLIB_NUM_THREADS", "OMP_NUM_THREADS"}) {
      char const *text = std::getenv(name);
      int const threads = text ? std::atoi(text) : 0;
      if (threads > 0) return std::min(threads, kMostThreads);
    }
    int threads = int(std::thread::hardware_concurrency());
#if defined(__linux__)
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) threads = CPU_COUNT(&allowed);
    // What a container may use, in microseconds of each period (cgroup v2).
    if (std::FILE *file = std::fopen("/sys/fs/cgroup/cpu.max", "r")) {
      long quota, period;
      if (std::fscanf(file, "%ld %ld", &quota, &period) == 2 && period > 0) {
        int const whole = int((quota + period - 1) / period);
        if (whole < threads) threads = whole;
      }
      std::fclose(file);
    }
#endif
    return threads > 0 ? threads : 1;
  }

  static void pause() {
#if defined(__x86_64__) && defined(__GNUC__)
    _mm_pause();
#else
    std::this_thread::yield();
#endif
  }

  // Waits a little for `happened`; whether it did.
  template <class Happened>
  static bool look_out(Happened happened) {
    for (Nanoseconds const start = clock_now();;) {
      for (int i = 0; i < 32; ++i) {
        if (happened()) return true;
        pause();
      }
      if (clock_now() - start > kSpin) return false;
    }
  }

  static void start_workers(State *state, int workers) {
    for (; state->workers < workers; ++state->workers) {
      try {
        std::thread(serve, state, state->workers + 1).detach();
      } catch (std::system_error const &) {
        return;  // fewer threads than wished for do as well
      }
    }
  }

  static void begin(State *state, Job *job) {
    bool asleep;
    {
      std::lock_guard<std::mutex> lock(state->mutex);
      state->job = job;
      state->jobs.fetch_add(1, std::memory_order_release);
      asleep = state->sleeping.load(std::memory_order_relaxed) > 0;
    }
    if (asleep) state->wake.notify_all();
  }

  // Waits for the workers that have joined.
  static void finish(State *state, Job *job) {
    {
      std::lock_guard<std::mutex> lock(state->mutex);
      state->job = nullptr;  // a worker that wakes late finds nothing
    }
    if (look_out([&] { return job->working.load(std::memory_order_acquire) == 0; })) return;
    std::unique_lock<std::mutex> lock(state->mutex);
    state->done.wait(lock, [&] { return job->working.load(std::memory_order_acquire) == 0; });
  }

  static void serve(State *state, int worker) {
    for (uint64_t seen = 0;;) {
      auto const called = [&] { return state->jobs.load(std::memory_order_acquire) != seen; };
      bool const called_soon = look_out(called);
      std::unique_lock<std::mutex> lock(state->mutex);
      if (!called_soon) {
        ++state->sleeping;
        state->wake.wait(lock, called);
        --state->sleeping;
      }
      seen = state->jobs.load(std::memory_order_relaxed);
      Job *job = state->job;
      if (job == nullptr || worker >= job->threads) continue;
      job->working.fetch_add(1, std::memory_order_relaxed);
      lock.unlock();
      job->work(worker);
      // The job is its caller's, which may be gone once nobody works on it.
      if (job->working.fetch_sub(1, std::memory_order_release) == 1) {
        lock.lock();
        state->done.notify_one();
        lock.unlock();
      }
    }
  }

  std::atomic<int> threads_;
  State *state_;
  int (*limit_)() = nullptr;
};

// body(index, worker) for every index below `tasks`, on at most `threads` threads.
template <class Body>
void parallel_for(intptr_t tasks, int threads, Body const &body,
                  Nanoseconds alone = std::numeric_limits<Nanoseconds>::infinity()) {
  ThreadPool::instance().run(
      tasks, threads,
      [](void *context, intptr_t index, int worker) {
        (*static_cast<Body const *>(context))(index, worker);
      },
      const_cast<Body *>(&body), alone);
}

}  // namespace tl

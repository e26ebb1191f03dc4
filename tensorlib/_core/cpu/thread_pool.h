// A small pool of threads for tasks that are worth tens of microseconds and more.
//
// Tasks are handed out one by one, the caller takes its share, and nobody spins. What a task
// computes must not depend on who runs it. After a fork the child starts a pool of its own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <system_error>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace tl {

class ThreadPool {
 public:
  // task(context, index, worker)
  typedef void (*Task)(void *context, intptr_t index, int worker);

  static ThreadPool &instance() {
    if (ThreadPool *pool = shared()) return *pool;
    static ThreadPool own;
    return own;
  }

  // Extensions see each other's symbols not: the pool of one is given to all others.
  static void share(ThreadPool *pool) { shared() = pool; }

  int threads() const { return threads_; }
  void set_threads(int threads) { threads_ = threads < 1 ? 1 : threads; }

  // Runs the tasks on at most `threads` threads, numbered from zero, which is the caller.
  void run(intptr_t tasks, int threads, Task task, void *context) {
    State *state = state_;
    std::unique_lock<std::mutex> turn(state->turn, std::defer_lock);
    // While somebody else's job has the threads, a caller works alone.
    if (threads <= 1 || tasks <= 1 || !turn.try_lock()) {
      for (intptr_t index = 0; index < tasks; ++index) task(context, index, 0);
      return;
    }
    start_workers(state, threads - 1);
    Job job;
    job.task = task;
    job.context = context;
    job.tasks = tasks;
    job.seats = threads - 1;
    {
      std::lock_guard<std::mutex> lock(state->mutex);
      state->job = &job;
      ++state->jobs;
    }
    state->wake.notify_all();
    job.work(0);
    std::unique_lock<std::mutex> lock(state->mutex);
    state->job = nullptr;  // a worker that wakes late finds nothing
    state->done.wait(lock, [&] { return job.working == 0; });
  }

 private:
  static ThreadPool *&shared() {
    static ThreadPool *pool = nullptr;
    return pool;
  }

  struct Job {
    Task task;
    void *context;
    intptr_t tasks;
    int seats;
    int seated = 0;   // workers that have joined, and
    int working = 0;  // those not done yet; both under State::mutex
    std::atomic<intptr_t> next{0};

    void work(int worker) {
      for (intptr_t index; (index = next.fetch_add(1)) < tasks;) task(context, index, worker);
    }
  };

  // Never freed: threads may wait on it until the process ends.
  struct State {
    std::mutex turn;   // held by the caller whose job runs
    std::mutex mutex;  // guards `job`
    std::condition_variable wake;
    std::condition_variable done;
    Job *job = nullptr;
    uint64_t jobs = 0;  // so far; tells a new job from an old one at the same address
    int workers = 0;
  };

  ThreadPool() : threads_(default_threads()), state_(new State) {
#if defined(__unix__) || defined(__APPLE__)
    // The child has none of the threads, and maybe locks that they held.
    pthread_atfork(nullptr, nullptr, [] { instance().state_ = new State; });
#endif
  }

  static int default_threads() {
    if (char const *text = std::getenv("OMP_NUM_THREADS")) {
      int threads = std::atoi(text);
      if (threads > 0) return threads;
    }
#if defined(__linux__)
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) return CPU_COUNT(&allowed);
#endif
    int threads = int(std::thread::hardware_concurrency());
    return threads > 0 ? threads : 1;
  }

  static void start_workers(State *state, int workers) {
    for (; state->workers < workers; ++state->workers) {
      try {
        std::thread(serve, state).detach();
      } catch (std::system_error const &) {
        return;  // fewer threads than wished for do as well
      }
    }
  }

  static void serve(State *state) {
    std::unique_lock<std::mutex> lock(state->mutex);
    for (uint64_t seen = 0;;) {
      state->wake.wait(lock, [&] { return state->jobs != seen; });
      seen = state->jobs;
      Job *job = state->job;
      if (job == nullptr || job->seated == job->seats) continue;
      int worker = ++job->seated;
      ++job->working;
      lock.unlock();
      job->work(worker);
      lock.lock();
      if (--job->working == 0) state->done.notify_one();
    }
  }

  int threads_;
  State *state_;
};

// body(index, worker) for every index below `tasks`, on at most `threads` threads.
template <class Body>
void parallel_for(intptr_t tasks, int threads, Body const &body) {
  ThreadPool::instance().run(
      tasks, threads,
      [](void *context, intptr_t index, int worker) {
        (*static_cast<Body const *>(context))(index, worker);
      },
      const_cast<Body *>(&body));
}

}  // namespace tl

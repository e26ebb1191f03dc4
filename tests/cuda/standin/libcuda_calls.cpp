// What every call goes through: the lock, the log, and the failures that a test asked for.

#include <pthread.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>
#include <sstream>

#include "standin.h"

namespace standin {

Settings settings;
CUresult sticky_error = CUDA_SUCCESS;
std::vector<Device>& devices = *new std::vector<Device>;

namespace {

constexpr std::size_t longest_log = 100'000;  // lines, of which the oldest are forgotten

struct Failure {
  std::string function;
  int countdown;
  CUresult result;
};

// Never destroyed: the library may be called while the process ends.
std::mutex& mutex = *new std::mutex;
std::deque<std::string>& lines = *new std::deque<std::string>;
std::vector<Failure>& failures = *new std::vector<Failure>;
bool initialized, forked;
thread_local bool locked;
thread_local std::string* call_line;  // of the call that is made

// "cuMemAlloc" of "cuMemAlloc_v2"
std::string without_version(std::string function) {
  std::size_t end = function.rfind("_v");
  if (end != std::string::npos && end + 3 == function.size()) function.resize(end);
  return function;
}

CUresult injected_failure(const std::string& function) {
  CUresult result = CUDA_SUCCESS;
  for (auto one = failures.begin(); one != failures.end();) {
    bool now = one->function == function && --one->countdown == 0;
    if (now) result = one->result;
    one = now ? failures.erase(one) : std::next(one);
  }
  return result;
}

void fail(const std::string& function, int nth, int code) {
  auto is_it = [&](const Failure& failure) { return failure.function == function; };
  if (nth > 0)
    failures.push_back({function, nth, CUresult(code)});
  else
    failures.erase(std::remove_if(failures.begin(), failures.end(), is_it), failures.end());
}

std::string error_name(CUresult result) {
  const char* name;
  return cuGetErrorName(result, &name) ? std::to_string(result) : name;
}

template <class T>
void read_environment(const char* name, T& value) {
  if (const char* set = std::getenv(name)) std::istringstream(set) >> value;
}

void read_settings() {
  read_environment("STANDIN_DEVICES", settings.devices);
  read_environment("STANDIN_MEMORY", settings.memory);
  read_environment("STANDIN_MULTIPROCESSORS", settings.multiprocessors);
  read_environment("STANDIN_DRIVER_VERSION", settings.driver_version);
  read_environment("STANDIN_LATE_FAULTS", settings.late_faults);
  read_environment("STANDIN_ORDER", settings.check_order);
  if (const char* set = std::getenv("STANDIN_CAPABILITY"))
    std::sscanf(set, "%d.%d", &settings.major, &settings.minor);
  if (const char* set = std::getenv("STANDIN_FAIL")) {
    std::istringstream all(set);
    for (std::string one; std::getline(all, one, ',');) {
      char function[100];
      int nth, code;
      if (std::sscanf(one.c_str(), "%99[^:]:%d:%d", function, &nth, &code) == 3)
        fail(function, nth, code);
    }
  }
}

}  // namespace

std::string text(const char* format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  std::string result(std::vsnprintf(nullptr, 0, format, arguments), 0);
  std::vsnprintf(result.data(), result.size() + 1, format, again);
  va_end(again);
  va_end(arguments);
  return result;
}

CUresult begin_call(const char* function, Needs needs, std::string arguments) {
  if (forked && needs != Needs::nothing) return CUDA_ERROR_NOT_INITIALIZED;
  if (!forked) {
    mutex.lock();
    locked = true;
  }
  std::string name = without_version(function);
  while (lines.size() >= longest_log) lines.pop_front();
  lines.push_back(name + "(" + arguments + ")");
  call_line = &lines.back();
  if (CUresult result = injected_failure(name)) return result;
  if (needs == Needs::nothing) return CUDA_SUCCESS;
  if (!initialized) return CUDA_ERROR_NOT_INITIALIZED;
  if (needs == Needs::driver) return CUDA_SUCCESS;
  int device = current_device();
  if (device < 0) return CUDA_ERROR_INVALID_CONTEXT;
  if (devices[device].retained == 0) return CUDA_ERROR_CONTEXT_IS_DESTROYED;
  return sticky_error;
}

void end_call(CUresult result) {
  if (!locked) return;
  if (result != CUDA_SUCCESS && call_line) *call_line += " -> " + error_name(result);
  locked = false;
  mutex.unlock();
}

void note(const std::string& line) { lines.push_back("  " + line); }

void without_lock(const std::function<void()>& function) {
  locked = false;
  call_line = nullptr;  // the log may be cleared meanwhile
  mutex.unlock();
  function();
  mutex.lock();
  locked = true;
}

}  // namespace standin

using namespace standin;

CUresult cuInit(unsigned flags) {
  return call(__func__, Needs::nothing, text("%u", flags), [&] {
    if (forked) return CUDA_ERROR_NOT_INITIALIZED;  // a child cannot use what its parent began
    if (initialized) return CUDA_SUCCESS;
    if (flags) return CUDA_ERROR_INVALID_VALUE;
    int result = 0;
    read_environment("STANDIN_INIT", result);
    if (result) return CUresult(result);
    read_settings();
    if (settings.devices == 0) return CUDA_ERROR_NO_DEVICE;
    for (int i = 0; i < settings.devices; ++i) devices.push_back({i});
    pthread_atfork(nullptr, nullptr, [] { forked = true; });
    initialized = true;
    return CUDA_SUCCESS;
  });
}

extern "C" {

// What the stand-ins for libraries call in their work on the host: a copy between memory of a device
// and of the host. What a GPU could not read or write is a fault.
void standin_copy(void* to, const void* from, std::size_t size) {
  std::lock_guard<std::mutex> guard(mutex);
  if (copy(reinterpret_cast<CUdeviceptr>(to), reinterpret_cast<CUdeviceptr>(from), size))
    sticky_error = CUDA_ERROR_ILLEGAL_ADDRESS;
}

// What a test calls, through ctypes

// The lines of the log, as many as the buffer holds; returns how long all are.
std::size_t standin_log(char* buffer, std::size_t size) {
  std::lock_guard<std::mutex> guard(mutex);
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  if (size) {
    std::size_t length = std::min(all.size(), size - 1);
    std::memcpy(buffer, all.data(), length);
    buffer[length] = 0;
  }
  return all.size();
}

void standin_clear_log() {
  std::lock_guard<std::mutex> guard(mutex);
  lines.clear();
}

// Let the n-th call of a function from now fail; 0: let none.
void standin_fail(const char* function, int nth, int code) {
  std::lock_guard<std::mutex> guard(mutex);
  fail(function, nth, code);
}

std::size_t standin_live_allocations() {
  std::lock_guard<std::mutex> guard(mutex);
  return live_allocations();
}

std::size_t standin_bytes_in_use() {
  std::lock_guard<std::mutex> guard(mutex);
  return bytes_in_use();
}

}  // extern "C"

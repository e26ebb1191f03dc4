// Modules, which are shared objects of the host, and the launches of their kernels.

#include <dlfcn.h>
#include <elf.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "blocks.h"
#include "standin.h"

namespace standin {

namespace {

struct LoadedModule {
  void* library;
  const Module* table;
};

struct Function {
  const LoadedModule* module;
  const Kernel* kernel;
  std::map<CUfunction_attribute, int> attributes;
};

std::map<CUmodule, std::unique_ptr<LoadedModule>>& modules =
    *new std::map<CUmodule, std::unique_ptr<LoadedModule>>;
std::map<CUfunction, std::unique_ptr<Function>>& functions =
    *new std::map<CUfunction, std::unique_ptr<Function>>;

Launch launch;

// Loading

std::size_t image_size(const Elf64_Ehdr& header) {
  return std::max(header.e_shoff + std::size_t(header.e_shnum) * header.e_shentsize,
                  header.e_phoff + std::size_t(header.e_phnum) * header.e_phentsize);
}

// A file of its own for every module: the loader takes files of one name for one library.
void* load(const void* image, std::size_t size) {
  const char* folder = std::getenv("TMPDIR");
  std::string path = std::string(folder ? folder : "/tmp") + "/stand-in-module-XXXXXX";
  int file = mkstemp(path.data());
  if (file < 0) return nullptr;
  bool written = write(file, image, size) == ssize_t(size);
  close(file);
  void* library = written ? dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) : nullptr;
  unlink(path.c_str());
  return library;
}

CUresult load_module(CUmodule* handle, const void* image) {
  constexpr int cuda_machine = 190;
  Elf64_Ehdr header;
  if (!image || std::memcmp(image, ELFMAG, SELFMAG)) return CUDA_ERROR_INVALID_IMAGE;
  std::memcpy(&header, image, sizeof header);
  if (header.e_machine == cuda_machine) return CUDA_ERROR_NO_BINARY_FOR_GPU;
  void* library = load(image, image_size(header));
  auto* table = library ? static_cast<const Module*>(dlsym(library, "standin_module")) : nullptr;
  if (!table || table->version != module_version) {
    const char* reason = dlerror();
    note(text("not a module: %s", reason ? reason : "of another version"));
    if (library) dlclose(library);
    return CUDA_ERROR_INVALID_IMAGE;
  }
  *table->launch = &launch;
  auto module = std::make_unique<LoadedModule>(LoadedModule{library, table});
  *handle = reinterpret_cast<CUmodule>(module.get());
  modules[*handle] = std::move(module);
  return CUDA_SUCCESS;
}

// Running

thread_local bool in_kernel = false;

struct Running {
  int device;
  const Kernel* kernel;
  Access access;
  sigjmp_buf jump;
  CUresult error;
  struct sigaction before[4];
};
Running& running = *new Running;

constexpr int fault_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};

bool may_use(int device, const Allocation& allocation) {
  if (!allocation.live) return false;
  if (allocation.device == device || devices[device].peers.count(allocation.device)) return true;
  return allocation.pool && allocation.pool->access.count(device);
}

std::string where_in_kernel() {
  const Index3 &b = launch.block, &t = launch.thread;
  return text("kernel %s, block (%u, %u, %u), thread (%u, %u, %u)", running.kernel->name, b.x, b.y,
              b.z, t.x, t.y, t.z);
}

std::string where_in_memory(CUdeviceptr address) {
  auto near = text("address %#llx", address);
  if (!is_device_address(address)) return near + ", which is not of a device";
  Allocation* allocation = find_allocation(address);
  if (!allocation) return near + ", where nothing is allocated";
  return near + text(", allocation %llu [%#llx, +%zu) of device %d%s", allocation->id,
                     allocation->start, allocation->size, allocation->device,
                     allocation->live ? "" : ", which is not live");
}

[[noreturn]] void stop(CUresult error, const char* reason) {
  running.error = error;
  note(where_in_kernel() + ": " + reason);
  siglongjmp(running.jump, 1);
}

void at_fault(int signal, siginfo_t* info, void*) {
  if (!in_kernel) {
    for (int i = 0; i < 4; ++i) sigaction(fault_signals[i], &running.before[i], nullptr);
    return;  // and it happens again
  }
  auto address = reinterpret_cast<CUdeviceptr>(info->si_addr);
  if (signal == SIGSEGV) {
    Allocation* allocation = is_device_address(address) ? find_allocation(address) : nullptr;
    if (allocation && may_use(running.device, *allocation)) {
      // To tell reads from writes, a first access is taken for a read: a write faults again.
      bool to_write = !settings.check_order || running.access.is_open(*allocation);
      running.access.open(allocation, to_write);
      return;
    }
  }
  if (signal == SIGFPE) stop(CUDA_ERROR_LAUNCH_FAILED, "a division by zero");
  if (signal == SIGILL)
    stop(CUDA_ERROR_MISALIGNED_ADDRESS,
         "an address that is not aligned, or an index beyond an array");
  stop(CUDA_ERROR_ILLEGAL_ADDRESS, ("a wrong " + where_in_memory(address)).c_str());
}

// The handlers run on a stack of their own: that of a thread of a kernel may be full.
void ensure_signal_stack() {
  static thread_local bool done = false;
  if (done) return;
  done = true;
  constexpr std::size_t size = 64 << 10;
  stack_t stack{};
  stack.ss_sp = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  stack.ss_size = size;
  sigaltstack(&stack, nullptr);
}

// So that most kernels need not fault to reach their memory
void open_what_is_named(const std::vector<std::uint64_t>& words) {
  if (settings.check_order) return;
  for (std::uint64_t word : words) {
    Allocation* allocation = is_device_address(word) ? find_allocation(word) : nullptr;
    if (allocation && may_use(running.device, *allocation))
      running.access.open(allocation, true);
  }
}

CUresult run(const Function& function, int device, Index3 grid, Index3 block,
             const std::vector<std::uint64_t>& words, void** parameters) {
  ensure_signal_stack();
  struct sigaction action {};
  action.sa_sigaction = at_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < 4; ++i) sigaction(fault_signals[i], &action, &running.before[i]);
  running.device = device;
  running.kernel = function.kernel;
  running.error = CUDA_SUCCESS;
  launch.trap = [] { stop(CUDA_ERROR_LAUNCH_FAILED, "a trap"); };
  open_what_is_named(words);
  const Module& module = *function.module->table;
  if (sigsetjmp(running.jump, 0) == 0) {
    in_kernel = true;
    run_kernel(*function.kernel, launch, grid, block, parameters, module.shared_begin,
               module.shared_end);
  } else {
    forget_threads();
  }
  in_kernel = false;
  for (int i = 0; i < 4; ++i) sigaction(fault_signals[i], &running.before[i], nullptr);
  bool intact = running.access.close();
  if (!intact && !running.error) {
    note("kernel " + std::string(running.kernel->name) + " wrote around an allocation");
    running.error = CUDA_ERROR_ILLEGAL_ADDRESS;
  }
  return running.error;
}

// Memory of the host, which a GPU could not read, would be found by no fault here.
CUresult check_pointers(const Kernel& kernel, void** parameters) {
  for (unsigned i = 0; i < kernel.parameter_count; ++i) {
    if (!kernel.parameters[i].pointer) continue;
    void* pointer;
    std::memcpy(&pointer, parameters[i], sizeof pointer);
    if (!pointer || is_pinned(pointer)) continue;
    if (is_device_address(reinterpret_cast<CUdeviceptr>(pointer))) continue;
    note(text("kernel %s, parameter %u: %p is not memory of a device", kernel.name, i, pointer));
    return CUDA_ERROR_ILLEGAL_ADDRESS;
  }
  return CUDA_SUCCESS;
}

bool within_limits(const Kernel& kernel, Index3 grid, Index3 block) {
  std::uint64_t threads = std::uint64_t(block.x) * block.y * block.z;
  return grid.x && grid.y && grid.z && grid.x <= 0x7fffffff && grid.y <= 65535 &&
         grid.z <= 65535 && threads && block.x <= 1024 && block.y <= 1024 && block.z <= 64 &&
         threads <= kernel.most_threads;
}

constexpr std::size_t most_parameter_bytes = 32764;  // from Volta on

std::size_t bytes_of_parameters(const Kernel& kernel) {
  std::size_t bytes = 0;
  for (unsigned i = 0; i < kernel.parameter_count; ++i) {
    const Parameter& one = kernel.parameters[i];
    bytes = (bytes + one.alignment - 1) / one.alignment * one.alignment + one.size;
  }
  return bytes;
}

// The arguments are copied, as they are for a launch that runs later.
CUresult launch_kernel(CUfunction handle, Index3 grid, Index3 block, unsigned shared,
                       CUstream stream, void** parameters, void** extra) {
  auto found = functions.find(handle);
  if (found == functions.end()) return CUDA_ERROR_INVALID_HANDLE;
  const Function& function = *found->second;
  const Kernel& kernel = *function.kernel;
  if (!within_limits(kernel, grid, block) || shared > 227 << 10) return CUDA_ERROR_INVALID_VALUE;
  if (extra || (!parameters && kernel.parameter_count)) return CUDA_ERROR_INVALID_VALUE;
  if (bytes_of_parameters(kernel) > most_parameter_bytes) return CUDA_ERROR_INVALID_VALUE;
  int device = current_device();
  if (device != device_of_stream(stream)) return CUDA_ERROR_INVALID_HANDLE;
  std::vector<std::uint64_t> words;
  std::vector<std::size_t> offsets;
  for (unsigned i = 0; i < kernel.parameter_count; ++i) {
    words.resize((words.size() + 1) / 2 * 2);  // aligned to 16 bytes
    offsets.push_back(words.size());
    words.resize(words.size() + (kernel.parameters[i].size + 7) / 8);
    std::memcpy(&words[offsets.back()], parameters[i], kernel.parameters[i].size);
  }
  auto label = text("kernel %s <<<(%u, %u, %u), (%u, %u, %u)>>>", kernel.name, grid.x, grid.y,
                    grid.z, block.x, block.y, block.z);
  return enqueue(stream, CU_GRAPH_NODE_TYPE_KERNEL, label, [=, &function]() mutable {
    std::vector<void*> copies;
    for (std::size_t offset : offsets) copies.push_back(&words[offset]);
    sticky_error = check_pointers(*function.kernel, copies.data());
    if (!sticky_error) sticky_error = run(function, device, grid, block, words, copies.data());
    return settings.late_faults ? CUDA_SUCCESS : sticky_error;
  });
}

template <class Body>
CUresult function_call(const char* name, CUfunction handle, std::string arguments, Body body) {
  return call(name, Needs::context, std::move(arguments), [&]() -> CUresult {
    auto found = functions.find(handle);
    return found == functions.end() ? CUDA_ERROR_INVALID_HANDLE : body(*found->second);
  });
}

int attribute(const Function& function, CUfunction_attribute what) {
  auto set = function.attributes.find(what);
  if (set != function.attributes.end()) return set->second;
  const Module& module = *function.module->table;
  switch (what) {
    case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK: return function.kernel->most_threads;
    case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES: return int(module.shared_end - module.shared_begin);
    case CU_FUNC_ATTRIBUTE_NUM_REGS: return 32;
    case CU_FUNC_ATTRIBUTE_PTX_VERSION:
    case CU_FUNC_ATTRIBUTE_BINARY_VERSION: return settings.major * 10 + settings.minor;
    case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES: return 48 << 10;
    default: return 0;
  }
}

}  // namespace

}  // namespace standin

using namespace standin;

CUresult cuModuleLoadData(CUmodule* module, const void* image) {
  return call(__func__, Needs::context, "", [&] { return load_module(module, image); });
}

CUresult cuModuleLoadDataEx(CUmodule* module, const void* image, unsigned count, CUjit_option*,
                            void**) {
  return call(__func__, Needs::context, text("%u options", count),
              [&] { return load_module(module, image); });
}

CUresult cuModuleUnload(CUmodule handle) {
  return call(__func__, Needs::context, "", [&] {
    auto found = modules.find(handle);
    if (found == modules.end()) return CUDA_ERROR_INVALID_HANDLE;
    for (auto one = functions.begin(); one != functions.end();)
      one = one->second->module == found->second.get() ? functions.erase(one) : std::next(one);
    dlclose(found->second->library);
    modules.erase(found);
    return CUDA_SUCCESS;
  });
}

CUresult cuModuleGetFunction(CUfunction* handle, CUmodule module, const char* name) {
  return call(__func__, Needs::context, name ? name : "", [&] {
    auto found = modules.find(module);
    if (found == modules.end()) return CUDA_ERROR_INVALID_HANDLE;
    if (!name) return CUDA_ERROR_INVALID_VALUE;
    const Module& table = *found->second->table;
    const Kernel* end = table.kernels + table.kernel_count;
    const Kernel* kernel = std::find_if(table.kernels, end, [&](const Kernel& one) {
      return !std::strcmp(one.name, name);
    });
    if (kernel == end) return CUDA_ERROR_NOT_FOUND;
    auto function = std::make_unique<Function>(Function{found->second.get(), kernel, {}});
    *handle = reinterpret_cast<CUfunction>(function.get());
    functions[*handle] = std::move(function);
    return CUDA_SUCCESS;
  });
}

CUresult cuModuleGetLoadingMode(CUmoduleLoadingMode* mode) {
  return call(__func__, Needs::driver, "", [&] {
    *mode = CU_MODULE_EAGER_LOADING;
    return CUDA_SUCCESS;
  });
}

CUresult cuFuncGetAttribute(int* value, CUfunction_attribute what, CUfunction handle) {
  return function_call(__func__, handle, text("attribute %d", what), [&](Function& function) {
    *value = attribute(function, what);
    return CUDA_SUCCESS;
  });
}

CUresult cuFuncSetAttribute(CUfunction handle, CUfunction_attribute what, int value) {
  auto arguments = text("attribute %d, %d", what, value);
  return function_call(__func__, handle, arguments, [&](Function& function) {
    function.attributes[what] = value;
    return CUDA_SUCCESS;
  });
}

CUresult cuFuncSetCacheConfig(CUfunction handle, CUfunc_cache) {
  return function_call(__func__, handle, "", [&](Function&) { return CUDA_SUCCESS; });
}

static std::string launch_text(CUfunction handle, Index3 grid, Index3 block, CUstream stream) {
  auto found = functions.find(handle);
  return text("%s, (%u, %u, %u), (%u, %u, %u), %s",
              found == functions.end() ? "?" : found->second->kernel->name, grid.x, grid.y, grid.z,
              block.x, block.y, block.z, name(stream).c_str());
}

CUresult cuLaunchKernel(CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                        unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared,
                        CUstream stream, void** parameters, void** extra) {
  Index3 grid{grid_x, grid_y, grid_z}, block{block_x, block_y, block_z};
  return call(__func__, Needs::context, launch_text(function, grid, block, stream), [&] {
    return launch_kernel(function, grid, block, shared, stream, parameters, extra);
  });
}

CUresult cuLaunchKernelEx(const CUlaunchConfig* config, CUfunction function, void** parameters,
                          void** extra) {
  Index3 grid{config->gridDimX, config->gridDimY, config->gridDimZ};
  Index3 block{config->blockDimX, config->blockDimY, config->blockDimZ};
  return call(__func__, Needs::context, launch_text(function, grid, block, config->hStream), [&] {
    return launch_kernel(function, grid, block, config->sharedMemBytes, config->hStream,
                         parameters, extra);
  });
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, CUfunction handle, int size,
                                                     size_t) {
  return function_call(__func__, handle, text("%d", size), [&](Function& function) {
    if (size <= 0) return CUDA_ERROR_INVALID_VALUE;
    bool fits = unsigned(size) <= function.kernel->most_threads;
    *blocks = fits ? std::min(32, 2048 / ((size + 31) / 32 * 32)) : 0;
    return CUDA_SUCCESS;
  });
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks, CUfunction function,
                                                              int size, size_t shared, unsigned) {
  return cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, function, size, shared);
}

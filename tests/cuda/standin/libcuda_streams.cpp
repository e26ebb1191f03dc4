// Streams, events, and the capture of what is given to streams.

#include <algorithm>
#include <chrono>
#include <thread>

#include "standin.h"

namespace standin {

struct Capture {
  std::shared_ptr<Graph> graph = std::make_shared<Graph>();
  CUstreamCaptureMode mode;
  CUstream origin;
  std::thread::id thread;
  bool valid = true;
  unsigned long long id;
};

namespace {

struct Stream {
  int device;
  unsigned flags;
  int priority;
  unsigned long long id;
  std::shared_ptr<Capture> capture;
  std::set<Node*> last;  // on which the next node of the capture depends
  std::vector<CUgraphNode> reported;
  Clock clock;
};

struct Event {
  int device;
  unsigned flags;
  bool recorded = false;
  std::chrono::steady_clock::time_point time;
  std::weak_ptr<Capture> capture;  // in which it was recorded
  bool captured = false;
  std::set<Node*> nodes;
  Clock clock;
};

// Handles are numbers which are never used again, so that a destroyed one is noticed.
std::map<std::uintptr_t, Stream>& streams = *new std::map<std::uintptr_t, Stream>;
std::map<std::uintptr_t, Event>& events = *new std::map<std::uintptr_t, Event>;
std::vector<std::weak_ptr<Capture>>& captures = *new std::vector<std::weak_ptr<Capture>>;
unsigned long long last_capture;
thread_local CUstreamCaptureMode thread_mode = CU_STREAM_CAPTURE_MODE_GLOBAL;

// The streams that need not be created, of which each device has its own: 0 and CU_STREAM_LEGACY
// are the same. Those of device 0 have their handles as numbers, those of the others follow.
constexpr std::uintptr_t legacy = 1, per_thread = 2, first_created = 0x101;
std::uintptr_t last_stream = first_created - 1, last_event = 0x100;

Stream* find(CUstream handle) {
  auto number = reinterpret_cast<std::uintptr_t>(handle);
  if (number == 0) number = legacy;
  if (number <= per_thread) {
    int device = std::max(current_device(), 0);
    number += per_thread * device;
    Stream& stream = streams[number];
    stream.device = device;
    stream.id = number;
    return &stream;
  }
  auto found = streams.find(number);
  return found == streams.end() ? nullptr : &found->second;
}

Event* find(CUevent handle) {
  auto found = events.find(reinterpret_cast<std::uintptr_t>(handle));
  return found == events.end() ? nullptr : &found->second;
}

bool is_legacy(const Stream& stream) {
  return stream.id < first_created && stream.id % per_thread == legacy;
}

std::string event_name(CUevent event) {
  return text("event %zu", std::size_t(reinterpret_cast<std::uintptr_t>(event)));
}

std::shared_ptr<Capture> active_capture(const Event& event) {
  auto capture = event.capture.lock();
  bool active = capture && std::any_of(streams.begin(), streams.end(), [&](auto& one) {
                  return one.second.capture == capture;
                });
  return active ? capture : nullptr;
}

CUresult refuse_implicit_wait(const Stream& stream) {
  if (!is_legacy(stream)) return CUDA_SUCCESS;
  CUresult result = CUDA_SUCCESS;
  for (auto& one : streams)
    if (one.second.capture && one.second.device == stream.device &&
        !(one.second.flags & CU_STREAM_NON_BLOCKING)) {
      one.second.capture->valid = false;
      result = CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
    }
  return result;
}

void leave_capture(const std::shared_ptr<Capture>& capture) {
  for (auto& one : streams)
    if (one.second.capture == capture) {
      one.second.capture = nullptr;
      one.second.last.clear();
    }
}

// All nodes on which some depend, and these.
std::set<Node*> with_dependencies(const std::set<Node*>& nodes) {
  std::set<Node*> all;
  std::vector<Node*> left(nodes.begin(), nodes.end());
  while (!left.empty()) {
    Node* node = left.back();
    left.pop_back();
    if (all.insert(node).second)
      left.insert(left.end(), node->dependencies.begin(), node->dependencies.end());
  }
  return all;
}

bool all_joined(const std::shared_ptr<Capture>& capture, const Stream& origin) {
  std::set<Node*> reached = with_dependencies(origin.last);
  return std::all_of(streams.begin(), streams.end(), [&](auto& one) {
    const Stream& other = one.second;
    return other.capture != capture ||
           std::includes(reached.begin(), reached.end(), other.last.begin(), other.last.end());
  });
}

CUresult create_stream(CUstream* handle, unsigned flags, int priority) {
  if (flags & ~CU_STREAM_NON_BLOCKING) return CUDA_ERROR_INVALID_VALUE;
  Stream& stream = streams[++last_stream];
  stream.device = current_device();
  stream.flags = flags;
  stream.priority = std::clamp(priority, -5, 0);
  stream.id = last_stream;
  *handle = reinterpret_cast<CUstream>(last_stream);
  return CUDA_SUCCESS;
}

// Something with a stream, which is there
template <class Body>
CUresult stream_call(const char* function, CUstream handle, std::string arguments, Body body) {
  arguments = name(handle) + (arguments.empty() ? "" : ", ") + arguments;
  return call(function, Needs::context, arguments, [&]() -> CUresult {
    Stream* stream = find(handle);
    return stream ? body(*stream) : CUDA_ERROR_INVALID_HANDLE;
  });
}

template <class Body>
CUresult event_call(const char* function, CUevent handle, std::string arguments, Body body) {
  arguments = event_name(handle) + (arguments.empty() ? "" : ", ") + arguments;
  return call(function, Needs::context, arguments, [&]() -> CUresult {
    Event* event = find(handle);
    return event ? body(*event) : CUDA_ERROR_INVALID_HANDLE;
  });
}

// For calls that wait for a stream or ask whether it has ended
CUresult refuse_to_wait_for(Stream& stream) {
  if (stream.capture) {
    stream.capture->valid = false;
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  }
  if (CUresult refused = refuse_implicit_wait(stream)) return refused;
  return refuse_during_capture();
}

CUresult wait_for(Event& event) {
  if (auto capture = active_capture(event)) {
    capture->valid = false;
    return CUDA_ERROR_CAPTURED_EVENT;
  }
  if (CUresult refused = refuse_during_capture()) return refused;
  learn(host_clock(), event.clock);
  return CUDA_SUCCESS;
}

CUstreamCaptureStatus status(const Stream& stream) {
  if (!stream.capture) return CU_STREAM_CAPTURE_STATUS_NONE;
  return stream.capture->valid ? CU_STREAM_CAPTURE_STATUS_ACTIVE
                               : CU_STREAM_CAPTURE_STATUS_INVALIDATED;
}

}  // namespace

std::string name(CUstream stream) {
  return text("stream %zu", std::size_t(reinterpret_cast<std::uintptr_t>(stream)));
}

StreamId stream_id(CUstream handle) { return find(handle)->id; }

// The legacy stream and those that are not "non-blocking" wait for each other.
Clock& begin_work(CUstream handle) {
  Stream& stream = *find(handle);
  for (auto& one : streams) {
    Stream& other = one.second;
    bool wait = stream.device == other.device && !(stream.flags & CU_STREAM_NON_BLOCKING) &&
                !(other.flags & CU_STREAM_NON_BLOCKING) &&
                is_legacy(stream) != is_legacy(other);
    if (wait) learn(stream.clock, other.clock);
  }
  return stream.clock;
}

void wait_for_all(int device) {
  for (auto& one : streams)
    if (one.second.device == device) learn(host_clock(), one.second.clock);
}

int device_of_stream(CUstream handle) {
  Stream* stream = find(handle);
  return stream ? stream->device : -1;
}

CUresult refuse_work_in(CUstream handle) {
  Stream* stream = find(handle);
  return stream ? refuse_implicit_wait(*stream) : CUDA_ERROR_INVALID_HANDLE;
}

bool is_capturing(CUstream handle) {
  Stream* stream = find(handle);
  return stream && stream->capture;
}

Graph* captured_graph(CUstream handle) {
  Stream* stream = find(handle);
  return stream && stream->capture ? stream->capture->graph.get() : nullptr;
}

CUresult enqueue(CUstream handle, CUgraphNodeType type, std::string label,
                 std::function<CUresult()> run, std::shared_ptr<Allocation> allocation) {
  Stream* stream = find(handle);
  if (!stream) return CUDA_ERROR_INVALID_HANDLE;
  if (CUresult refused = refuse_implicit_wait(*stream)) return refused;
  if (!stream->capture) {
    Work work(stream->id, begin_work(handle));
    return run();
  }
  if (!stream->capture->valid) return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  auto node = std::make_shared<Node>(
      Node{type, std::move(label), std::move(run), stream->last, std::move(allocation)});
  stream->last = {node.get()};
  stream->capture->graph->nodes.push_back(std::move(node));
  return CUDA_SUCCESS;
}

CUresult refuse_during_capture() {
  if (thread_mode == CU_STREAM_CAPTURE_MODE_RELAXED) return CUDA_SUCCESS;
  CUresult result = CUDA_SUCCESS;
  for (auto& one : streams) {
    Capture* capture = one.second.capture.get();
    if (!capture || capture->mode == CU_STREAM_CAPTURE_MODE_RELAXED) continue;
    bool mine = capture->thread == std::this_thread::get_id();
    bool everyones = thread_mode == CU_STREAM_CAPTURE_MODE_GLOBAL &&
                     capture->mode == CU_STREAM_CAPTURE_MODE_GLOBAL;
    if (!mine && !everyones) continue;
    capture->valid = false;
    result = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  }
  return result;
}

}  // namespace standin

using namespace standin;

// Streams

CUresult cuStreamCreate(CUstream* stream, unsigned flags) {
  return call(__func__, Needs::context, text("flags %u", flags),
              [&] { return create_stream(stream, flags, 0); });
}

CUresult cuStreamCreateWithPriority(CUstream* stream, unsigned flags, int priority) {
  return call(__func__, Needs::context, text("flags %u, priority %d", flags, priority),
              [&] { return create_stream(stream, flags, priority); });
}

CUresult cuStreamDestroy(CUstream handle) {
  return stream_call(__func__, handle, "", [&](Stream& stream) {
    if (stream.id < first_created) return CUDA_ERROR_INVALID_HANDLE;
    if (stream.capture) stream.capture->valid = false;
    streams.erase(reinterpret_cast<std::uintptr_t>(handle));
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamSynchronize(CUstream handle) {
  return stream_call(__func__, handle, "", [&](Stream& stream) {
    if (CUresult refused = refuse_to_wait_for(stream)) return refused;
    learn(host_clock(), begin_work(handle));
    release_unused_memory(stream.device);
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamQuery(CUstream handle) {
  return stream_call(__func__, handle, "", [&](Stream& stream) {
    if (CUresult refused = refuse_to_wait_for(stream)) return refused;
    learn(host_clock(), begin_work(handle));
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetPriority(CUstream handle, int* priority) {
  return stream_call(__func__, handle, "", [&](Stream& stream) {
    *priority = stream.priority;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetFlags(CUstream handle, unsigned* flags) {
  return stream_call(__func__, handle, "", [&](Stream& stream) {
    *flags = stream.flags;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetId(CUstream handle, unsigned long long* id) {
  return stream_call(__func__, handle, "", [&](Stream& stream) {
    *id = stream.id;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetDevice(CUstream handle, CUdevice* device) {
  return stream_call(__func__, handle, "", [&](Stream& stream) {
    *device = stream.device;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetCtx(CUstream handle, CUcontext* context) {
  return stream_call(__func__, handle, "", [&](Stream& stream) {
    *context = context_of(stream.device);
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamWaitEvent(CUstream handle, CUevent event_handle, unsigned) {
  return stream_call(__func__, handle, event_name(event_handle), [&](Stream& stream) {
    Event* event = find(event_handle);
    if (!event) return CUDA_ERROR_INVALID_HANDLE;
    auto capture = active_capture(*event);
    if (!capture) {
      if (!stream.capture) learn(stream.clock, event->clock);
      if (!stream.capture || !event->recorded) return CUDA_SUCCESS;
      stream.capture->valid = false;
      return CUDA_ERROR_STREAM_CAPTURE_ISOLATION;
    }
    if (is_legacy(stream)) {
      capture->valid = false;
      return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
    }
    if (stream.capture && stream.capture != capture) {
      stream.capture->valid = capture->valid = false;
      return CUDA_ERROR_STREAM_CAPTURE_MERGE;
    }
    if (!capture->valid) return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    stream.capture = capture;
    stream.last.insert(event->nodes.begin(), event->nodes.end());
    return CUDA_SUCCESS;
  });
}

CUresult cuLaunchHostFunc(CUstream stream, CUhostFn function, void* data) {
  return call(__func__, Needs::context, name(stream), [&] {
    if (!function) return CUDA_ERROR_INVALID_VALUE;
    return enqueue(stream, CU_GRAPH_NODE_TYPE_HOST, "host function", [=] {
      without_lock([=] { function(data); });
      return CUDA_SUCCESS;
    });
  });
}

CUresult cuLaunchHostFunc_v2(CUstream stream, CUhostFn function, void* data, unsigned) {
  return cuLaunchHostFunc(stream, function, data);
}

// Capture

CUresult cuStreamBeginCapture(CUstream handle, CUstreamCaptureMode mode) {
  return stream_call(__func__, handle, text("mode %d", mode), [&](Stream& stream) {
    if (is_legacy(stream)) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    if (mode > CU_STREAM_CAPTURE_MODE_RELAXED) return CUDA_ERROR_INVALID_VALUE;
    if (stream.capture) return CUDA_ERROR_ILLEGAL_STATE;
    stream.capture = std::make_shared<Capture>();
    stream.capture->mode = mode;
    stream.capture->origin = handle;
    stream.capture->thread = std::this_thread::get_id();
    stream.capture->id = ++last_capture;
    stream.last.clear();
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamEndCapture(CUstream handle, CUgraph* graph) {
  return stream_call(__func__, handle, "", [&](Stream& stream) {
    *graph = nullptr;
    std::shared_ptr<Capture> capture = stream.capture;
    if (!capture) return CUDA_ERROR_ILLEGAL_STATE;
    if (capture->origin != handle) {
      capture->valid = false;
      return CUDA_ERROR_STREAM_CAPTURE_UNMATCHED;
    }
    if (capture->mode != CU_STREAM_CAPTURE_MODE_RELAXED &&
        capture->thread != std::this_thread::get_id())
      return CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD;
    bool joined = all_joined(capture, stream);
    leave_capture(capture);
    if (!capture->valid) return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    if (!joined) return CUDA_ERROR_STREAM_CAPTURE_UNJOINED;
    *graph = graph_handle(capture->graph);
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamIsCapturing(CUstream handle, CUstreamCaptureStatus* result) {
  return stream_call(__func__, handle, "", [&](Stream& stream) {
    if (CUresult refused = refuse_implicit_wait(stream)) return refused;
    *result = status(stream);
    return CUDA_SUCCESS;
  });
}

extern "C" CUresult cuStreamGetCaptureInfo_v2(CUstream handle, CUstreamCaptureStatus* result,
                                              cuuint64_t* id, CUgraph* graph,
                                              const CUgraphNode** nodes, size_t* count) {
  return stream_call(__func__, handle, "", [&](Stream& stream) {
    if (CUresult refused = refuse_implicit_wait(stream)) return refused;
    *result = status(stream);
    if (*result != CU_STREAM_CAPTURE_STATUS_ACTIVE) return CUDA_SUCCESS;
    stream.reported.clear();
    for (Node* node : stream.last) stream.reported.push_back(reinterpret_cast<CUgraphNode>(node));
    if (id) *id = stream.capture->id;
    if (graph) *graph = graph_handle(stream.capture->graph);
    if (nodes) *nodes = stream.reported.data();
    if (count) *count = stream.reported.size();
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetCaptureInfo(CUstream handle, CUstreamCaptureStatus* result, cuuint64_t* id,
                                CUgraph* graph, const CUgraphNode** nodes,
                                const CUgraphEdgeData** edges, size_t* count) {
  if (edges) *edges = nullptr;
  return cuStreamGetCaptureInfo_v2(handle, result, id, graph, nodes, count);
}

CUresult cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode* mode) {
  return call(__func__, Needs::driver, text("mode %d", *mode), [&] {
    if (*mode > CU_STREAM_CAPTURE_MODE_RELAXED) return CUDA_ERROR_INVALID_VALUE;
    std::swap(*mode, thread_mode);
    return CUDA_SUCCESS;
  });
}

// Events

CUresult cuEventCreate(CUevent* handle, unsigned flags) {
  return call(__func__, Needs::context, text("flags %u", flags), [&] {
    events[++last_event] = {current_device(), flags};
    *handle = reinterpret_cast<CUevent>(last_event);
    return CUDA_SUCCESS;
  });
}

CUresult cuEventDestroy(CUevent handle) {
  return event_call(__func__, handle, "", [&](Event&) {
    events.erase(reinterpret_cast<std::uintptr_t>(handle));
    return CUDA_SUCCESS;
  });
}

CUresult cuEventRecord(CUevent handle, CUstream stream_handle) {
  return event_call(__func__, handle, name(stream_handle), [&](Event& event) {
    Stream* stream = find(stream_handle);
    if (!stream || stream->device != event.device) return CUDA_ERROR_INVALID_HANDLE;
    if (CUresult refused = refuse_implicit_wait(*stream)) return refused;
    event.capture = stream->capture;
    event.nodes = stream->last;
    if (stream->capture)
      return stream->capture->valid ? CUDA_SUCCESS : CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    event.recorded = true;
    event.clock = begin_work(stream_handle);
    event.time = std::chrono::steady_clock::now();
    return CUDA_SUCCESS;
  });
}

CUresult cuEventRecordWithFlags(CUevent event, CUstream stream, unsigned) {
  return cuEventRecord(event, stream);
}

CUresult cuEventQuery(CUevent handle) {
  return event_call(__func__, handle, "", [&](Event& event) { return wait_for(event); });
}

CUresult cuEventSynchronize(CUevent handle) {
  return event_call(__func__, handle, "", [&](Event& event) { return wait_for(event); });
}

CUresult cuEventElapsedTime(float* milliseconds, CUevent handle, CUevent end_handle) {
  return event_call(__func__, handle, event_name(end_handle), [&](Event& start) {
    Event* end = find(end_handle);
    if (!end || !start.recorded || !end->recorded) return CUDA_ERROR_INVALID_HANDLE;
    if ((start.flags | end->flags) & CU_EVENT_DISABLE_TIMING) return CUDA_ERROR_INVALID_HANDLE;
    if (start.device != end->device) return CUDA_ERROR_INVALID_HANDLE;
    *milliseconds = std::chrono::duration<float, std::milli>(end->time - start.time).count();
    return CUDA_SUCCESS;
  });
}

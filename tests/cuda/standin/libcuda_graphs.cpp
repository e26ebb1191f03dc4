// Graphs, which hold what was captured, and their launches.

#include <algorithm>

#include "standin.h"

namespace standin {

namespace {

// What can be launched: nodes as they were, in the order of capture
struct Executable {
  std::vector<std::shared_ptr<Node>> nodes;
  unsigned long long flags;
};

std::map<CUgraph, std::shared_ptr<Graph>>& graphs = *new std::map<CUgraph, std::shared_ptr<Graph>>;
std::map<std::uintptr_t, Executable>& executables = *new std::map<std::uintptr_t, Executable>;
std::uintptr_t last_executable = 0x100;

Graph* find(CUgraph handle) {
  auto found = graphs.find(handle);
  return found == graphs.end() ? nullptr : found->second.get();
}

CUresult instantiate(CUgraphExec* handle, CUgraph graph_handle, unsigned long long flags) {
  Graph* graph = find(graph_handle);
  if (!graph) return CUDA_ERROR_INVALID_HANDLE;
  executables[++last_executable] = {graph->nodes, flags};
  *handle = reinterpret_cast<CUgraphExec>(last_executable);
  return CUDA_SUCCESS;
}

CUresult run(const Executable& executable) {
  // The nodes stay, should one of them (a function of the host) destroy the graph.
  std::vector<std::shared_ptr<Node>> nodes = executable.nodes;
  if (executable.flags & CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH)
    for (auto& node : nodes)
      if (node->allocation && node->allocation->live) free_allocation(*node->allocation);
  for (auto& node : nodes) {
    note("node: " + node->label);
    if (CUresult error = node->run()) return error;
  }
  return CUDA_SUCCESS;
}

std::string name(CUgraphExec handle) {
  return text("graph %zu", std::size_t(reinterpret_cast<std::uintptr_t>(handle)));
}

}  // namespace

CUgraph graph_handle(std::shared_ptr<Graph> graph) {
  auto handle = reinterpret_cast<CUgraph>(graph.get());
  graphs[handle] = std::move(graph);
  return handle;
}

bool graph_owns(const Graph& graph, CUdeviceptr address) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(), [&](auto& node) {
    return node->allocation && node->allocation->start == address;
  });
}

}  // namespace standin

using namespace standin;

CUresult cuGraphInstantiateWithFlags(CUgraphExec* executable, CUgraph graph,
                                     unsigned long long flags) {
  return call(__func__, Needs::context, text("flags %llu", flags),
              [&] { return instantiate(executable, graph, flags); });
}

CUresult cuGraphInstantiateWithParams(CUgraphExec* executable, CUgraph graph,
                                      CUDA_GRAPH_INSTANTIATE_PARAMS* parameters) {
  return call(__func__, Needs::context, text("flags %llu", (unsigned long long)parameters->flags),
              [&] {
                parameters->hErrNode_out = nullptr;
                parameters->result_out = CUDA_GRAPH_INSTANTIATE_SUCCESS;
                return instantiate(executable, graph, parameters->flags);
              });
}

CUresult cuGraphUpload(CUgraphExec executable, CUstream stream) {
  auto arguments = name(executable) + ", " + name(stream);
  return call(__func__, Needs::context, arguments, [&] {
    return executables.count(reinterpret_cast<std::uintptr_t>(executable))
               ? CUDA_SUCCESS
               : CUDA_ERROR_INVALID_HANDLE;
  });
}

CUresult cuGraphLaunch(CUgraphExec handle, CUstream stream) {
  auto arguments = name(handle) + ", " + name(stream);
  return call(__func__, Needs::context, arguments, [&] {
    auto found = executables.find(reinterpret_cast<std::uintptr_t>(handle));
    if (found == executables.end()) return CUDA_ERROR_INVALID_HANDLE;
    return enqueue(stream, CU_GRAPH_NODE_TYPE_GRAPH, arguments,
                   [executable = found->second] { return run(executable); });
  });
}

CUresult cuGraphExecDestroy(CUgraphExec handle) {
  return call(__func__, Needs::context, name(handle), [&] {
    return executables.erase(reinterpret_cast<std::uintptr_t>(handle)) ? CUDA_SUCCESS
                                                                       : CUDA_ERROR_INVALID_HANDLE;
  });
}

CUresult cuGraphDestroy(CUgraph handle) {
  return call(__func__, Needs::context, "", [&] {
    return graphs.erase(handle) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
  });
}

CUresult cuGraphGetNodes(CUgraph handle, CUgraphNode* nodes, size_t* count) {
  return call(__func__, Needs::context, "", [&] {
    Graph* graph = find(handle);
    if (!graph) return CUDA_ERROR_INVALID_HANDLE;
    if (nodes)
      for (size_t i = 0; i < *count; ++i)
        nodes[i] = i < graph->nodes.size() ? reinterpret_cast<CUgraphNode>(graph->nodes[i].get())
                                           : nullptr;
    if (!nodes || *count > graph->nodes.size()) *count = graph->nodes.size();
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphNodeGetType(CUgraphNode node, CUgraphNodeType* type) {
  return call(__func__, Needs::context, "", [&] {
    *type = reinterpret_cast<Node*>(node)->type;
    return CUDA_SUCCESS;
  });
}

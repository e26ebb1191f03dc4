#include "order.h"

#include <algorithm>

#include "standin.h"

namespace standin {

namespace {

struct Now {
  StreamId stream = 0;
  Clock* clock = nullptr;
} now;

bool knows(StreamId stream, std::uint64_t count) {
  if (count == 0 || stream == now.stream) return true;
  auto known = now.clock->find(stream);
  return known != now.clock->end() && known->second >= count;
}

void complain(const Allocation& allocation, const char* does, const char* did, StreamId before) {
  note(text("not ordered: stream %llu %s allocation %llu [%#llx, +%zu), which stream %llu %s",
            now.stream, does, allocation.id, allocation.start, allocation.size, before, did));
}

}  // namespace

Clock& host_clock() {
  static Clock& clock = *new Clock;
  return clock;
}

void learn(Clock& clock, const Clock& of_earlier) {
  for (auto& one : of_earlier) {
    std::uint64_t& count = clock[one.first];
    count = std::max(count, one.second);
  }
}

Work::Work(StreamId stream, Clock& clock) {
  learn(clock, host_clock());
  ++clock[stream];
  now = {stream, &clock};
}

Work::~Work() { now = {}; }

void note_use(Allocation& allocation, bool writes) {
  if (!settings.check_order || !now.clock) return;
  Uses& uses = allocation.uses;
  if (!knows(uses.writer, uses.written))
    complain(allocation, writes ? "writes" : "reads", "wrote", uses.writer);
  std::uint64_t count = (*now.clock)[now.stream];
  if (!writes) {
    uses.readers[now.stream] = count;
    return;
  }
  for (auto& reader : uses.readers)
    if (!knows(reader.first, reader.second)) complain(allocation, "writes", "read", reader.first);
  uses = {now.stream, count, {}};
}

}  // namespace standin

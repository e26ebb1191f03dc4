// One step of an optimizer over all parameters of all groups: each element of parameter, gradient
// and state is read once and written once, and the threads share the elements.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "dtypes.h"
#include "loops.h"
#include "strided.h"
#include "targets.h"
#include "thread_pool.h"
#include "update_rules.h"

namespace tl {
namespace update {

constexpr int kMaxNumbers = 12;
constexpr int kMaxStates = 3;
constexpr int kFirstState = 2;  // operands: the parameter, its gradient, then what is kept

// Updates n elements; with constant steps the compiler vectorizes.
template <template <class> class RuleOf, class T, bool contiguous>
inline void update_run(double const *numbers, char *const *data, intptr_t const *steps,
                       intptr_t n) {
  using W = Wide<T>;
  using Rule = RuleOf<W>;
  constexpr int operands = kFirstState + Rule::states;
  static_assert(Decay<W>::numbers + Rule::numbers <= kMaxNumbers && Rule::states <= kMaxStates);
  Decay<W> const decay(numbers);
  Rule const rule(numbers + Decay<W>::numbers);
  char *at[operands];
  intptr_t step[operands];
  for (int k = 0; k < operands; ++k) {
    at[k] = data[k];
    step[k] = contiguous ? intptr_t(sizeof(T)) : steps[k];
  }
  TL_INDEPENDENT
  for (intptr_t i = 0; i < n; ++i) {
    W x = W(load<T>(at[0] + i * step[0])), g = W(load<T>(at[1] + i * step[1]));
    W kept[kMaxStates];
    for (int k = 0; k < Rule::states; ++k) {
      kept[k] = W(load<T>(at[kFirstState + k] + i * step[kFirstState + k]));
    }
    decay(x, g);
    rule(x, g, kept);
    store(at[0] + i * step[0], T(x));
    for (int k = 0; k < Rule::states; ++k) {
      store(at[kFirstState + k] + i * step[kFirstState + k], T(kept[k]));
    }
  }
}

template <template <class> class RuleOf, class T>
inline void update_loop(double const *numbers, char *const *data, intptr_t const *steps,
                        intptr_t n) {
  bool contiguous = true;
  for (int k = 0; k < kFirstState + RuleOf<Wide<T>>::states; ++k) {
    contiguous &= steps[k] == intptr_t(sizeof(T));
  }
  contiguous ? update_run<RuleOf, T, true>(numbers, data, steps, n)
             : update_run<RuleOf, T, false>(numbers, data, steps, n);
}

typedef void (*UpdateLoop)(double const *numbers, char *const *data, intptr_t const *steps,
                           intptr_t n);

template <template <class> class RuleOf, class T>
struct Update {
  static void run(double const *numbers, char *const *data, intptr_t const *steps, intptr_t n) {
    update_loop<RuleOf, T>(numbers, data, steps, n);
  }
};

template <template <class> class RuleOf, class T>
UpdateLoop choose_loop() {
  return ForTarget<Update<RuleOf, T>>::run;
}

struct RuleInfo {
  char const *name;
  int states;
  int numbers;  // with those of the decay
  UpdateLoop float16, bfloat16, float32, float64;

  // Null for a dtype that has none; complex numbers are updated part by part.
  UpdateLoop loop(int dtype) const {
    switch (dtype) {
      case TL_FLOAT16: return float16;
      case TL_BFLOAT16: return bfloat16;
      case TL_FLOAT32: case TL_COMPLEX64: return float32;
      case TL_FLOAT64: case TL_COMPLEX128: return float64;
      default: return nullptr;
    }
  }
};

template <template <class> class RuleOf>
RuleInfo rule_info(char const *name) {
  return {name,
          RuleOf<float>::states,
          Decay<float>::numbers + RuleOf<float>::numbers,
          choose_loop<RuleOf, Half>(),
          choose_loop<RuleOf, BFloat16>(),
          choose_loop<RuleOf, float>(),
          choose_loop<RuleOf, double>()};
}

inline std::vector<RuleInfo> const &all_rules() {
  static std::vector<RuleInfo> const rules = {
      rule_info<Adadelta>("adadelta"),
      rule_info<Adagrad>("adagrad"),
      rule_info<Adam>("adam"),
      rule_info<Adamax>("adamax"),
      rule_info<AmsGrad>("amsgrad"),
      rule_info<ASGD>("asgd"),
      rule_info<Descent>("descent"),
      rule_info<Momentum>("momentum"),
      rule_info<NAdam>("nadam"),
      rule_info<RAdam>("radam"),
      rule_info<RMSprop>("rmsprop"),
      rule_info<RMSpropCentered>("rmsprop_centered"),
      rule_info<RMSpropCenteredMomentum>("rmsprop_centered_momentum"),
      rule_info<RMSpropMomentum>("rmsprop_momentum"),
      rule_info<Rprop>("rprop"),
  };
  return rules;
}

// The updates of one step: first all are added, then all are run, which cannot fail.
class Step {
 public:
  void add(UpdateLoop loop, double const *numbers, int count, Walk const &walk,
           char *const *start) {
    Update update;
    update.loop = loop;
    std::copy(numbers, numbers + count, update.numbers);
    std::copy(start, start + walk.operands, update.start);
    update.walk.reset(new Walk(walk));
    if (!walk_prepare(update.walk.get())) return;
    intptr_t size = 1;
    for (int axis = 0; axis < walk.ndim; ++axis) size *= walk.shape[axis];
    size_ += size;
    intptr_t const index = intptr_t(updates_.size());
    // A run of elements is shared out in parts that fit into the caches, with their states.
    intptr_t const part = update.walk->ndim <= 1 ? kPart : size;
    for (intptr_t begin = 0; begin < size; begin += part) {
      tasks_.push_back({index, begin, std::min(part, size - begin)});
    }
    updates_.push_back(std::move(update));
  }

  void run(int threads) const {
    parallel_for(intptr_t(tasks_.size()), size_ < kWorthThreads ? 1 : threads,
                 [this](intptr_t index, int) { run(tasks_[index]); });
  }

 private:
  static constexpr intptr_t kPart = 1 << 14;
  static constexpr intptr_t kWorthThreads = 1 << 16;

  struct Update {
    UpdateLoop loop;
    double numbers[kMaxNumbers];
    char *start[kFirstState + kMaxStates];
    std::unique_ptr<Walk> walk;
  };
  struct Task {
    intptr_t update, begin, length;
  };

  void run(Task const &task) const {
    Update const &update = updates_[task.update];
    Walk const &walk = *update.walk;
    intptr_t const none[kMaxOperands] = {0};
    if (walk.ndim > 1) {
      walk_outer(walk, update.start, 1, [&](char **at) {
        update.loop(update.numbers, at, walk.strides[walk.ndim - 1], walk.shape[walk.ndim - 1]);
      });
      return;
    }
    intptr_t const *steps = walk.ndim ? walk.strides[0] : none;
    char *at[kFirstState + kMaxStates];
    for (int k = 0; k < walk.operands; ++k) at[k] = update.start[k] + task.begin * steps[k];
    update.loop(update.numbers, at, steps, task.length);
  }

  std::vector<Update> updates_;
  std::vector<Task> tasks_;
  intptr_t size_ = 0;
};

}  // namespace update
}  // namespace tl

// Loops of functions that are computed by vectors for most numbers, and one by one for the rest.
//
// A fast functor says by `is_easy` for which arguments its `value` is right; `exact` is for the
// others, for which `value` may give anything but raises no exception. Where a functor of one
// argument has a `place`, which of all that is easy is no more than that of `last`, a block is
// looked through first, and most have nothing else. `anywhere` is right for all arguments, so that
// there is no need for the others.
#pragma once

#include <tuple>
#include <type_traits>

#include "fast_functors.h"
#include "loops.h"

namespace tl {

template <class Fast, class R, class = void>
inline constexpr bool has_place = false;
template <class Fast, class R>
inline constexpr bool has_place<Fast, R, std::void_t<decltype(Fast::place(R()))>> = true;

template <class Fast, class R, class = void>
inline constexpr bool has_anywhere = false;
template <class Fast, class R>
inline constexpr bool has_anywhere<Fast, R, std::void_t<decltype(Fast::anywhere(R()))>> = true;

template <class Fast, class... Inputs>
class GuardedElementwise {
 public:
  static void loop(char **args, tl_intp const *dims, tl_intp const *steps, void *) {
    ForTarget<GuardedElementwise>::run(args, dims, steps);
  }

  static void run(char **args, tl_intp const *dims, tl_intp const *steps) {
    run_blocks(args, dims[0], steps, std::index_sequence_for<Inputs...>());
  }

 private:
  using Result = decltype(Fast::value(true, std::declval<Inputs>()...));
  using Mask = std::make_unsigned_t<std::conditional_t<
      sizeof(Result) == 8, int64_t,
      std::conditional_t<sizeof(Result) == 4, int32_t,
                         std::conditional_t<sizeof(Result) == 2, int16_t, int8_t>>>>;
  static constexpr std::size_t n_inputs = sizeof...(Inputs);
  static constexpr tl_intp block = 256;

  template <class T>
  static T const *gather(const char *from, tl_intp step, T *row, tl_intp n, bool known) {
    if (step == sizeof(T)) return reinterpret_cast<T const *>(from);
    if (!known) {
      for (tl_intp i = 0; i < n; ++i) row[i] = load<T>(from + i * step);
    }
    return row;
  }

  template <std::size_t... K>
  static void run_blocks(char **args, tl_intp n, tl_intp const *steps, std::index_sequence<K...>) {
    std::tuple<Row<Inputs>...> rows;
    Row<Result> results;
    // The arguments of what is hard are needed once more.
    bool const direct =
        steps[n_inputs] == sizeof(Result) && ((args[K] != args[n_inputs]) && ...);
    for (tl_intp start = 0; start < n; start += block) {
      tl_intp const size = n - start < block ? n - start : block;
      char *const out = args[n_inputs] + start * steps[n_inputs];
      Result *const row = direct ? reinterpret_cast<Result *>(out) : results.values;
      // A scalar fills its row once.
      run_row(size, row,
              gather(args[K] + start * steps[K], steps[K], std::get<K>(rows).values,
                     steps[K] == 0 && start == 0 ? (n < block ? n : block) : size,
                     steps[K] == 0 && start > 0)...);
      if (direct) continue;
      for (tl_intp i = 0; i < size; ++i) store(out + i * steps[n_inputs], row[i]);
    }
  }

  static void run_row(tl_intp n, Result *results, Inputs const *...in) {
    if constexpr (has_place<Fast, Result>) {
      if ((is_within_range(n, in) && ...)) {
        return run_all(n, results, [](auto... x) { return Fast::value(true, x...); }, in...);
      }
    }
    if constexpr (has_anywhere<Fast, Result>) {
      run_all(n, results, [](auto... x) { return Fast::anywhere(x...); }, in...);
    } else {
      run_mixed(n, results, in...);
    }
  }

  template <class R>
  static bool is_within_range(tl_intp n, R const *in) {
    Mask last = 0;
    for (tl_intp i = 0; i < n; ++i) {
      Mask const place = Fast::place(at(in, i));
      last = last < place ? place : last;
    }
    return last <= Fast::place(Fast::template last<R>);
  }

  template <class Function>
  static void run_all(tl_intp n, Result *results, Function function, Inputs const *...in) {
    TL_INDEPENDENT
    for (tl_intp i = 0; i < n; ++i) {
      store(reinterpret_cast<char *>(results + i), function(at(in, i)...));
    }
  }

  // One loop, in numbers of one width, so that it vectorizes.
  static void run_mixed(tl_intp n, Result *results, Inputs const *...in) {
    Mask any_hard = 0;
    TL_INDEPENDENT
    for (tl_intp i = 0; i < n; ++i) {
      bool const easy = Fast::is_easy(at(in, i)...);
      any_hard |= Mask(!easy);
      store(reinterpret_cast<char *>(results + i), Fast::value(easy, at(in, i)...));
    }
    if (!any_hard) return;
    for (tl_intp i = 0; i < n; ++i) {
      if (Fast::is_easy(at(in, i)...)) continue;
      store(reinterpret_cast<char *>(results + i), Fast::exact(at(in, i)...));
    }
  }

  template <class T>
  static T at(T const *row, tl_intp i) {
    return load<T>(reinterpret_cast<const char *>(row + i));
  }

  template <class T>
  struct Row {
    alignas(64) T values[block];
  };
};

}  // namespace tl

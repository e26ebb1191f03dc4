// Convolution with many 3 x 3 filters by a quarter of the products; see conv_winograd_kernels.h.
#pragma once

#include <atomic>
#include <cmath>
#include <memory>

#include "conv_correlate.h"
#include "conv_winograd_kernels.h"

namespace tl {
namespace conv {

#if defined(__GNUC__)

// Correlates sources (image, channel, ...) with filters into targets, or with turned filters where
// the filters' axis of the targets' channels, `outgoing`, is not the first; as Correlation does.
//
// Rows of tiles, of images one after another, are taken in blocks that fit into the second cache.
// A block's pixels are taken to the points, at each of which they are multiplied with the filters
// like an image with filters of one place, and for some targets at a time the sums are brought
// back. Short rows lie side by side in a strip, with one tile between them, to fill vectors.
//
// Where a sum is not finite, a pixel may have spoilt those beside it: all is done plainly then.
template <class S>
class Winograd : public Job {
  using T = float;

 public:
  // Whether it pays: to take the filters to the points does only if there are many tiles.
  static bool suits(Array const &source, Array const &filter, Array const &target,
                    Geometry const &g, bool backward) {
    intptr_t const sources = source.shape[1] / g.groups, targets = target.shape[1] / g.groups;
    intptr_t places = target.shape[0], tiles = target.shape[0];
    for (int axis = 1; axis < 3; ++axis) {
      if (filter.shape[2 + axis] != 3 || g.stride[axis] != 1 || g.dilation[axis] != 1) return false;
      if (backward && g.padding[axis] > 2) return false;
      places *= target.shape[2 + axis];
      tiles *= (target.shape[2 + axis] + kTileSide - 1) / kTileSide;
    }
    bool const is_flat = source.shape[2] == 1 && filter.shape[2] == 1 && target.shape[2] == 1;
    return is_flat && sources >= kFewest && targets >= kFewest &&
           g.groups * sources * targets <= kMostFilters && places >= 8 * tiles &&
           tiles >= std::max(kFewest, sources * targets / 2048);
  }

  Winograd(Array const &source, Array const &filter, Array const &target, Geometry const &g,
           int outgoing, int threads)
      : source_(source), filter_(filter), target_(target), geometry_(g), outgoing_(outgoing),
        threads_(threads), sources_(source.shape[1] / g.groups),
        targets_(target.shape[1] / g.groups), kernels_(kernels<T>(false)),
        transforms_(transforms<T>()), rows_(kernels_.rows), lanes_(kernels_.lanes) {
    for (int i = 0; i < 2; ++i) {
      padding_[i] = outgoing == 0 ? g.padding[1 + i] : 2 - g.padding[1 + i];
    }
    tile_rows_ = (target.shape[3] + kTileSide - 1) / kTileSide;
    intptr_t const tile_columns = (target.shape[4] + kTileSide - 1) / kTileSide;
    intptr_t const most =
        std::max(3 * lanes_, std::min(kMostTiles, kBlock / (kPoints * sources_)) / lanes_ * lanes_);
    pieces_ = (tile_columns + most - 1) / most;
    width_ = (tile_columns + pieces_ - 1) / pieces_;
    segments_ = source.shape[0] * tile_rows_ * pieces_;
    beside_ = std::max<intptr_t>(1, (lanes_ + 1) / (width_ + 1));
    strip_ = beside_ * (width_ + 1) - 1;
    strips_ = (segments_ + beside_ - 1) / beside_;
    // As many strips as leave the fewest lanes empty, and enough blocks for all threads.
    intptr_t const room = std::max<intptr_t>(
        1, std::min(most / strip_, strips_ * g.groups / (4 * std::max(1, threads))));
    many_ = 1;
    auto padded = [&](intptr_t many) { return round_up(many * strip_, lanes_); };
    for (intptr_t many = 2; many <= room; ++many) {
      if (padded(many) * many_ <= padded(many_) * many) many_ = many;
    }
    blocks_ = (strips_ + many_ - 1) / many_;
    // A strip is written in whole vectors.
    pitch_ = round_up((many_ - 1) * strip_ + round_up(strip_, lanes_), lanes_);
    row_pitch_ = kTileSide * round_up(strip_, lanes_) + lanes_;
  }

  intptr_t workspace() const override {
    return (filters_size() + threads_ * worker_size()) * sizeof(T);
  }

  void run(char *memory) const override {
    T *filters = reinterpret_cast<T *>(memory), *workers = filters + filters_size();
    intptr_t const groups = geometry_.groups, tiles = round_up(targets_, rows_) / rows_;
    parallel_for(groups * tiles, threads_, [&](intptr_t task, int) {
      take_filters(filters + task * rows_ * sources_ * kPoints, task / tiles, task % tiles * rows_);
    }, alone);
    std::vector<intptr_t> offsets(sources_);
    for (intptr_t i = 0; i < sources_; ++i) offsets[i] = i * pitch_;
    std::atomic<bool> finite{true};
    parallel_for(blocks_ * groups, threads_, [&](intptr_t task, int worker) {
      intptr_t const group = task % groups;
      if (!run_block(task / groups * many_, group,
                     filters + group * tiles * rows_ * sources_ * kPoints, offsets.data(),
                     workers + worker * worker_size())) {
        finite = false;
      }
    }, alone);
    if (!finite) correlate();
  }

 private:
  static constexpr intptr_t kFewest = 16;  // channels, and tiles
  static constexpr intptr_t kMostFilters = 1 << 17;
  static constexpr intptr_t kBlock = 1 << 18;  // values of pixels at the points
  static constexpr intptr_t kMostTiles = 192;  // of a block
  static constexpr intptr_t kTargets = 16;     // at a time
  static constexpr intptr_t kChannels = 192;   // whose values the first cache holds

  intptr_t filters_size() const {
    return geometry_.groups * round_up(targets_, rows_) * sources_ * kPoints;
  }
  intptr_t values_size() const { return kPoints * sources_ * pitch_; }
  intptr_t sums_size() const { return kPoints * kTargets * pitch_; }
  intptr_t worker_size() const {
    return round_up(values_size() + sums_size() + kPatchSide * row_pitch_, 16);
  }

  // The filters of `rows_` targets: [point][source][row]
  void take_filters(T *values, intptr_t group, intptr_t first) const {
    intptr_t const target_stride = filter_.strides[outgoing_];
    intptr_t const source_stride = filter_.strides[1 - outgoing_];
    intptr_t const group_stride = filter_.strides[0] * (outgoing_ == 0 ? targets_ : sources_);
    char const *base = filter_.data + group * group_stride + first * target_stride;
    intptr_t const height = std::min(rows_, targets_ - first);
    T taps[9 * 8] = {};
    for (intptr_t source = 0; source < sources_; ++source) {
      for (intptr_t tap = 0; tap < 9; ++tap) {
        intptr_t const from = outgoing_ == 0 ? tap : 8 - tap;
        read_row<T, S>(taps + tap * rows_,
                       base + source * source_stride + from / 3 * filter_.strides[3] +
                           from % 3 * filter_.strides[4],
                       target_stride, height);
      }
      transforms_.filters(taps, values + source * rows_, sources_ * rows_);
    }
  }

  // A row of tiles, or a piece of it.
  struct Segment {
    intptr_t image, row, column;  // of the first tile
  };

  // visit(segment, its first tile in the strip)
  template <class Visit>
  void visit_strip(intptr_t strip, Visit const &visit) const {
    intptr_t const first = strip * beside_, count = std::min(beside_, segments_ - first);
    for (intptr_t i = 0; i < count; ++i) {
      intptr_t const row = (first + i) / pieces_, piece = (first + i) % pieces_;
      visit(Segment{row / tile_rows_, row % tile_rows_, piece * width_}, i * (width_ + 1));
    }
  }

  bool run_block(intptr_t first, intptr_t group, T const *filters, intptr_t const *offsets,
                 T *memory) const {
    T *values = memory, *sums = values + values_size(), *rows = sums + sums_size();
    intptr_t const many = std::min(many_, strips_ - first), tiles = many * strip_;
    std::fill_n(rows, kPatchSide * row_pitch_, T(0));
    for (intptr_t source = 0; source < sources_; ++source) {
      for (intptr_t i = 0; i < many; ++i) {
        visit_strip(first + i, [&](Segment const &s, intptr_t tile) {
          read(s, group * sources_ + source, rows + kTileSide * tile);
        });
        transforms_.pixels(rows, row_pitch_, strip_, values + source * pitch_ + i * strip_,
                           sources_ * pitch_);
      }
    }
    bool finite = true;
    for (intptr_t target = 0; target < targets_; target += kTargets) {
      intptr_t const end = std::min(target + kTargets, targets_);
      for (intptr_t i = 0; i < many; ++i) {
        visit_strip(first + i, [&](Segment const &s, intptr_t) {
          for (intptr_t k = target; k < end; ++k) announce(s, group * targets_ + k);
        });
      }
      for (intptr_t point = 0; point < kPoints; ++point) {
        multiply(values + point * sources_ * pitch_, filters + point * sources_ * rows_, offsets,
                 target, end, tiles, sums + point * kTargets * pitch_);
      }
      for (intptr_t i = 0; i < many; ++i) {
        for (intptr_t k = target; k < end; ++k) {
          finite &= transforms_.sums(sums + (k - target) * pitch_ + i * strip_, kTargets * pitch_,
                                     strip_, rows, row_pitch_);
          visit_strip(first + i, [&](Segment const &s, intptr_t tile) {
            write(s, group * targets_ + k, rows + kTileSide * tile);
          });
        }
      }
    }
    return finite;
  }

  // The sums of some targets at one point.
  void multiply(T const *values, T const *filters, intptr_t const *offsets, intptr_t target,
                intptr_t end, intptr_t tiles, T *sums) const {
    for (intptr_t tile = 0; tile < tiles; tile += 3 * lanes_) {
      intptr_t const n = std::min(3 * lanes_, tiles - tile);
      for (intptr_t channel = 0; channel < sources_; channel += kChannels) {
        intptr_t const count = std::min(kChannels, sources_ - channel);
        for (intptr_t k = target; k < end; k += rows_) {
          kernels_.multiply[(n - 1) / lanes_](
              {filters + k * sources_ * kPoints + channel * rows_, values + tile, offsets + channel,
               count, sums + (k - target) * pitch_ + tile, pitch_, channel > 0});
        }
      }
    }
  }

  // The pixels of a segment, and zeros up to the next one.
  void read(Segment const &s, intptr_t channel, T *rows) const {
    intptr_t const n = kTileSide * (width_ + 1);
    Axis const down = {kTileSide * s.row - padding_[0], 1, source_.shape[3]};
    Axis const along = {kTileSide * s.column - padding_[1], 1, source_.shape[4]};
    intptr_t const top = down.begin(kPatchSide), bottom = down.end(kPatchSide);
    intptr_t const left = along.begin(n), right = along.end(n);
    char const *from = source_.at(s.image, channel) + (down.first + top) * source_.strides[3] +
                       (along.first + left) * source_.strides[4];
    for (intptr_t i = 0; i < kPatchSide; ++i, rows += row_pitch_) {
      if (i < top || i >= bottom) {
        std::fill_n(rows, n, T(0));
        continue;
      }
      for (intptr_t j = 0; j < left; ++j) rows[j] = T(0);
      read_row<T, S>(rows + left, from, source_.strides[4], right - left);
      for (intptr_t j = right; j < n; ++j) rows[j] = T(0);
      from += source_.strides[3];
    }
  }

  // visit(address, length, i) for each row of the sums of a segment.
  template <class Visit>
  void visit_rows(Segment const &s, intptr_t channel, Visit const &visit) const {
    intptr_t const row = kTileSide * s.row, column = kTileSide * s.column;
    intptr_t const height = std::min(kTileSide, target_.shape[3] - row);
    intptr_t const width = std::min(kTileSide * width_, target_.shape[4] - column);
    char *to = target_.at(s.image, channel) + row * target_.strides[3] +
               column * target_.strides[4];
    for (intptr_t i = 0; i < height; ++i, to += target_.strides[3]) visit(to, width, i);
  }

  void write(Segment const &s, intptr_t channel, T const *rows) const {
    visit_rows(s, channel, [&](char *to, intptr_t n, intptr_t i) {
      write_row<T, S>(to, rows + i * row_pitch_, target_.strides[4], n);
    });
  }

  // Tells the processor that a segment will be written.
  void announce(Segment const &s, intptr_t channel) const {
    visit_rows(s, channel, [&](char *to, intptr_t n, intptr_t) {
      fetch(to, n * intptr_t(sizeof(S)));
    });
  }

  void correlate() const {
    Plan plan = outgoing_ == 0 ? plan_forward(source_, filter_, target_, geometry_)
                               : plan_input(source_, filter_, target_, geometry_);
    Correlation<T, S> const direct(std::move(plan), source_, filter_, target_, geometry_.groups,
                                   outgoing_, threads_);
    std::unique_ptr<char[]> const memory(new char[direct.workspace()]);
    direct.run(memory.get());
  }

  Array const source_, filter_, target_;
  Geometry const geometry_;
  int const outgoing_, threads_;
  intptr_t const sources_, targets_;
  Kernels<T> const &kernels_;
  Transforms<T> const &transforms_;
  intptr_t const rows_, lanes_;
  intptr_t padding_[2];
  intptr_t tile_rows_, pieces_, width_, segments_;  // segments of `width_` tiles
  intptr_t beside_, strip_, strips_;                // `beside_` segments, of `strip_` tiles in all
  intptr_t many_, blocks_;                          // strips in a block
  intptr_t pitch_, row_pitch_;
};

#endif

}  // namespace conv
}  // namespace tl

// The sum over taps behind convolution, and behind its gradient with respect to the images.
#pragma once

#include "conv_kernels.h"
#include "conv_plan.h"
#include "thread_pool.h"

namespace tl {
namespace conv {

// Correlates sources (image, channel, ...) with filters into targets, as the plan says; `outgoing`
// is the filters' axis of the targets' channels.
//
// Work is cut so that what is read again and again stays in the first cache: the pixels of a
// batch of tiles and the filters of a tile of targets, for as many source channels as fit.
template <class T, class S>
class Correlation : public Job {
 public:
  Correlation(Plan plan, Array const &source, Array const &filter, Array const &target,
              intptr_t groups, int outgoing, int threads)
      : plan_(std::move(plan)), source_(source), filter_(filter), target_(target), groups_(groups),
        outgoing_(outgoing), threads_(threads), sources_(source.shape[1] / groups),
        targets_(target.shape[1] / groups), kernels_(kernels<T>(targets_ == 1)),
        rows_(kernels_.rows), width_(3 * kernels_.lanes) {
    intptr_t taps = 1, positions = 1;
    for (Pass const &pass : plan_.passes) {
      taps = std::max(taps, intptr_t(pass.taps.size()));
      positions = std::max(positions, plan_.positions(pass));
      filters_start_.push_back(filters_size_);
      filters_size_ += groups * round_up(targets_, rows_) * sources_ * pass.taps.size();
    }
    filters_size_ = round_up(filters_size_, 16);
    channels_ = std::max<intptr_t>(1, std::min(sources_, 384 / taps));
    // Small images are taken together, to read the filters less often.
    images_ = std::min((kBatch * width_ + positions - 1) / positions, source.shape[0]);
    image_blocks_ = images_ > 0 ? (source.shape[0] + images_ - 1) / images_ : 0;
    // Few images: split the channels, at the price of filling the planes more than once.
    intptr_t const tasks = threads > 1 ? 4 * threads : 1;
    intptr_t parts = std::max<intptr_t>(1, tasks / std::max<intptr_t>(1, image_blocks_ * groups));
    block_ = round_up(std::max<intptr_t>((targets_ + parts - 1) / parts, 1), rows_);
    blocks_ = (targets_ + block_ - 1) / block_;
    image_size_ = sources_ * plan_.channel_size();
    bool const fills_target =
        plan_.passes.size() == 1 && is_dense<T, S>(target) && fills(plan_.passes[0], target);
    writes_plane_ = fills_target && rows_ * sources_ == 1;
    writes_tiles_ = fills_target && !writes_plane_ && plan_.passes[0].rows == 1;
    reads_source_ = writes_tiles_ && taps == 1 && is_plane<T, S>(plan_, source);
    batch_ = reads_source_ ? 1 : kBatch;
    if (reads_source_) channels_ = std::min<intptr_t>(sources_, 128);
    planes_size_ = round_up(
        reads_source_ ? sources_ * width_ : images_ * image_size_ + width_, 16);
    sums_size_ = batch_ * block_ * width_;
  }

  intptr_t workspace() const override {
    return (filters_size_ + threads_ * (planes_size_ + sums_size_)) * sizeof(T);
  }

  void run(char *memory) const override {
    T *filters = reinterpret_cast<T *>(memory);
    std::vector<std::vector<intptr_t>> offsets;
    for (Pass const &pass : plan_.passes) offsets.push_back(plan_.offsets(pass, sources_));
    if (reads_source_) {
      for (intptr_t i = 0; i < sources_; ++i) offsets[0][i] = i * width_;
    }
    intptr_t tiles = round_up(targets_, rows_) / rows_;
    parallel_for(groups_ * tiles, threads_, [&](intptr_t task, int) {
      pack_filters(filters, task / tiles, task % tiles * rows_);
    }, alone);
    parallel_for(image_blocks_ * groups_ * blocks_, threads_, [&](intptr_t task, int worker) {
      T *planes = filters + filters_size_ + worker * (planes_size_ + sums_size_);
      intptr_t block = task % blocks_, group = task / blocks_ % groups_;
      intptr_t image = task / blocks_ / groups_ * images_;
      intptr_t images = std::min(images_, source_.shape[0] - image);
      for (intptr_t i = 0; i < images && !reads_source_; ++i) {
        fill_planes<T, S>(plan_, source_, image + i, group * sources_, sources_,
                          planes + i * image_size_);
      }
      if (!reads_source_) {  // the last tile reads so far
        std::fill_n(planes + images * image_size_, width_, T(0));
      }
      for (std::size_t p = 0; p < plan_.passes.size(); ++p) {
        run_pass(p, offsets[p].data(), filters, planes, planes + planes_size_, image, images, group,
                 block * block_);
      }
    }, alone);
  }

 private:
  static constexpr intptr_t kBatch = 4;  // tiles of positions

  static intptr_t elements(intptr_t bytes) { return bytes / intptr_t(sizeof(T)); }

  // Copies a tile of the source, n places wide, with nothing behind its last place.
  void read_tile(intptr_t image, intptr_t group, intptr_t first, intptr_t n, T *tile) const {
    T const *from = reinterpret_cast<T const *>(source_.at(image, group * sources_)) + first;
    intptr_t const pitch = elements(source_.strides[1]);
    if (n == width_) return kernels_.gather(from, pitch, sources_, tile);
    for (intptr_t i = 0; i < sources_; ++i) {
      std::fill_n(std::copy_n(from + i * pitch, n, tile + i * width_), width_ - n, T(0));
    }
  }

  // Fetches a part of a later tile, while the sums of one are made.
  void announce(intptr_t image, intptr_t group, intptr_t first, intptr_t target,
                intptr_t first_target, intptr_t end_target) const {
    intptr_t const at = first * sizeof(T), bytes = width_ * sizeof(T);
    intptr_t const room = end_target - first_target, done = target - first_target;
    intptr_t const end = sources_ * std::min(done + rows_, room) / room;
    for (intptr_t i = sources_ * done / room; i < end; ++i) {
      fetch(source_.at(image, group * sources_ + i) + at, bytes);
    }
    for (intptr_t i = target; i < std::min(target + rows_, end_target); ++i) {
      fetch(target_.at(image, group * targets_ + i) + at, bytes);
    }
  }

  // The filters of `rows_` targets: [pass][group][tile of targets][source][tap][row]
  void pack_filters(T *filters, intptr_t group, intptr_t first) const {
    intptr_t target_stride = filter_.strides[outgoing_];
    intptr_t source_stride = filter_.strides[1 - outgoing_];
    // The first axis of filters counts the channels of all groups, the second those of one.
    intptr_t group_stride = filter_.strides[0] * (outgoing_ == 0 ? targets_ : sources_);
    char const *base = filter_.data + group * group_stride + first * target_stride;
    intptr_t height = std::min(rows_, targets_ - first);
    for (std::size_t p = 0; p < plan_.passes.size(); ++p) {
      std::vector<Tap> const &taps = plan_.passes[p].taps;
      T *packed = filters + filters_start_[p] +
                  (group * round_up(targets_, rows_) + first) * sources_ * taps.size();
      for (intptr_t source = 0; source < sources_; ++source) {
        for (Tap const &tap : taps) {
          char const *from = base + source * source_stride;
          for (int i = 0; i < 3; ++i) from += tap.filter[i] * filter_.strides[2 + i];
          read_row<T, S>(packed, from, target_stride, height);
          std::fill_n(packed + height, rows_ - height, T(0));
          packed += rows_;
        }
      }
    }
  }

  void run_pass(std::size_t p, intptr_t const *offsets, T const *filters, T *planes, T *sums,
                intptr_t image, intptr_t images, intptr_t group, intptr_t first_target) const {
    Pass const &pass = plan_.passes[p];
    intptr_t const taps = pass.taps.size(), depth = sources_ * taps;
    intptr_t const positions = plan_.positions(pass);
    intptr_t const tiles = (positions + width_ - 1) / width_;
    intptr_t const end_target = std::min(first_target + block_, targets_);
    // A whole tile may go where it belongs at once.
    auto is_direct = [&](intptr_t target, intptr_t n) {
      return writes_tiles_ && n == width_ && target + rows_ <= end_target;
    };
    auto target_row = [&](intptr_t tile, intptr_t target) {
      return target_.at(image + tile / tiles, group * targets_ + target);
    };
    filters += filters_start_[p] + group * round_up(targets_, rows_) * depth;
    if (writes_plane_) {
      for (intptr_t i = 0; i < images; ++i) {
        kernels_.plane({filters, planes + i * image_size_, offsets, depth, pass.rows, pass.columns,
                        plan_.pitch, reinterpret_cast<T *>(target_.at(image + i, group))});
      }
      return;
    }
    for (intptr_t start = 0; start < images * tiles; start += batch_) {
      intptr_t count = std::min(batch_, images * tiles - start);
      if (reads_source_) {  // one tile
        intptr_t const first = start % tiles * width_;
        read_tile(image + start / tiles, group, first, std::min(width_, positions - first), planes);
      }
      for (intptr_t channel = 0; channel == 0 || channel < sources_; channel += channels_) {
        intptr_t tap = channel * taps, end_tap = std::min(channel + channels_, sources_) * taps;
        for (intptr_t target = first_target; target < end_target; target += rows_) {
          for (intptr_t tile = start; tile < start + count; ++tile) {
            intptr_t first = tile % tiles * width_, n = std::min(width_, positions - first);
            T *to = sums + ((tile - start) * block_ + target - first_target) * width_;
            intptr_t pitch = width_;
            if (is_direct(target, n)) {
              to = reinterpret_cast<T *>(target_row(tile, target)) + first;
              pitch = elements(target_.strides[1]);
            }
            if (reads_source_ && tile + batch_ < images * tiles) {
              announce(image + (tile + batch_) / tiles, group, (tile + batch_) % tiles * width_,
                       target, first_target, end_target);
            }
            T const *from = reads_source_ ? planes : planes + tile / tiles * image_size_ + first;
            kernels_.multiply[(n - 1) / kernels_.lanes]({filters + target * depth + tap * rows_,
                                                         from, offsets + tap, end_tap - tap, to,
                                                         pitch, channel > 0});
          }
        }
      }
      for (intptr_t tile = start; tile < start + count; ++tile) {
        intptr_t first = tile % tiles * width_, n = std::min(width_, positions - first);
        for (intptr_t target = first_target; target < end_target; ++target) {
          if (is_direct(target - (target - first_target) % rows_, n)) continue;
          scatter<T, S>(sums + ((tile - start) * block_ + target - first_target) * width_, first, n,
                        pass, plan_, target_row(tile, target), target_.strides + 2);
        }
      }
    }
  }

  Plan const plan_;
  Array const source_, filter_, target_;
  intptr_t const groups_;
  int const outgoing_, threads_;
  intptr_t const sources_, targets_;
  Kernels<T> const &kernels_;
  intptr_t const rows_, width_;  // of a tile
  bool writes_plane_, writes_tiles_;  // sums go where they belong, in rows or in tiles
  bool reads_source_;                 // tile by tile, without planes
  intptr_t batch_, channels_, images_, image_blocks_, block_, blocks_;
  intptr_t image_size_, planes_size_, sums_size_, filters_size_ = 0;
  std::vector<intptr_t> filters_start_;
};

}  // namespace conv
}  // namespace tl

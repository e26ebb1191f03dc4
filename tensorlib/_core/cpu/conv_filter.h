// The gradient of convolution by its filters; see conv_plan.h for planes and positions.
#pragma once

#include <cmath>

#include "conv_kernels.h"
#include "conv_plan.h"
#include "thread_pool.h"

namespace tl {
namespace conv {

// result[o][k] = the inner product, over images and positions, of gradient o with the image
// shifted by tap k. The sum is taken in parts, the same however many threads there are.
template <class T, class S>
class FilterGradient : public Job {
 public:
  FilterGradient(Plan plan, Array const &image, Array const &gradient, Array const &result,
                 intptr_t groups, int threads)
      : plan_(std::move(plan)), image_(image), gradient_(gradient), result_(result),
        groups_(groups), threads_(threads), sources_(image.shape[1] / groups),
        targets_(gradient.shape[1] / groups), taps_(plan_.passes[0].taps.size()),
        kernels_(kernels<T>(targets_ == 1)), rows_(kernels_.rows) {
    // Whole rows, up to the last one.
    positions_ = plan_.positions(gradient.shape[2], gradient.shape[3], plan_.pitch);
    positions_ = round_up(positions_, kernels_.lanes);
    image_size_ = sources_ * plan_.channel_size();
    result_size_ = targets_ * sources_ * taps_;
    // A chunk of images shares one set of registers: as many as the second cache holds, and
    // enough to be worth folding the registers at the end.
    intptr_t image_bytes = std::max<intptr_t>(
        1, (round_up(targets_, rows_) * positions_ + image_size_) * sizeof(T));
    chunk_ = std::max((intptr_t(1) << 20) / image_bytes, 512 / std::max<intptr_t>(1, positions_));
    chunk_ = std::max<intptr_t>(1, std::min(chunk_, image.shape[0]));
    intptr_t room = (intptr_t(64) << 20) / std::max<intptr_t>(1, groups * result_size_ * sizeof(T));
    intptr_t parts = std::max<intptr_t>(
        1, std::min({intptr_t(16), room, (image.shape[0] + chunk_ - 1) / chunk_}));
    images_ = std::max<intptr_t>(1, (image.shape[0] + parts - 1) / parts);
    parts_ = (image.shape[0] + images_ - 1) / images_;
    // Few parts: split the channels, at the price of filling the planes more than once.
    intptr_t blocks = std::max<intptr_t>(1, 16 / std::max<intptr_t>(1, parts_ * groups));
    block_ = round_up(std::max<intptr_t>((targets_ + blocks - 1) / blocks, 1), rows_);
    blocks_ = (targets_ + block_ - 1) / block_;
    gradient_size_ = block_ * positions_;
    slack_ = kernels_.lanes + plan_.pitch;  // the last tap of the last position reads so far
  }

  intptr_t workspace() const override {
    return (sums_size() + threads_ * worker_size()) * sizeof(T);
  }

  void run(char *memory) const override {
    T *sums = reinterpret_cast<T *>(memory), *workers = sums + sums_size();
    std::vector<intptr_t> const offsets = plan_.offsets(plan_.passes[0], sources_);
    parallel_for(parts_ * groups_ * blocks_, threads_, [&](intptr_t task, int worker) {
      intptr_t block = task % blocks_ * block_, group = task / blocks_ % groups_;
      sum_part(task / blocks_ / groups_, group, block, std::min(block_, targets_ - block),
               offsets.data(), sums + task / blocks_ * result_size_ + block * sources_ * taps_,
               workers + worker * worker_size());
    }, alone);
    S *result = reinterpret_cast<S *>(result_.data);
    intptr_t size = groups_ * result_size_;
    for (intptr_t part = 1; part < parts_; ++part) {
      for (intptr_t k = 0; k < size; ++k) sums[k] += sums[part * size + k];
    }
    for (intptr_t k = 0; k < size; ++k) result[k] = S(parts_ > 0 ? sums[k] : T(0));
  }

 private:
  intptr_t sums_size() const { return round_up(parts_ * groups_ * result_size_, 16); }
  intptr_t worker_size() const {
    return round_up(chunk_ * (gradient_size_ + image_size_) + slack_, 16);
  }

  void sum_part(intptr_t part, intptr_t group, intptr_t first_target, intptr_t targets,
                intptr_t const *offsets, T *sums, T *workspace) const {
    std::fill_n(sums, targets * sources_ * taps_, T(0));
    intptr_t end = std::min((part + 1) * images_, image_.shape[0]);
    for (intptr_t first = part * images_; first < end; first += chunk_) {
      intptr_t count = std::min(chunk_, end - first);
      T *gradients = workspace, *planes = workspace + count * gradient_size_;
      for (intptr_t i = 0; i < count; ++i) {
        fill_gradients(gradients + i * gradient_size_, first + i, group * targets_ + first_target,
                       targets);
        fill_planes<T, S>(plan_, image_, first + i, group * sources_, sources_,
                          planes + i * image_size_);
      }
      std::fill_n(planes + count * image_size_, slack_, T(0));
      add_products(gradients, planes, count, targets, offsets, sums);
    }
  }

  // With the pitch of the image's planes, and zeros in the positions to be dropped.
  void fill_gradients(T *gradients, intptr_t image, intptr_t first, intptr_t targets) const {
    intptr_t const depth = gradient_.shape[2], rows = gradient_.shape[3];
    Axes axes = {{0, 1, depth}, {0, 1, rows}, {0, 1, gradient_.shape[4]}};
    for (intptr_t target = 0; target < targets; ++target, gradients += positions_) {
      char const *channel = gradient_.at(image, first + target);
      T *filled = gradients;
      for (intptr_t i = 0; i < depth; ++i) {
        intptr_t count = i + 1 < depth ? plan_.rows : rows;
        fill_slice<T, S>(filled, count, plan_.pitch, axes, channel + i * gradient_.strides[2],
                         gradient_.strides + 2);
        filled += count * plan_.pitch;
      }
      std::fill(filled, gradients + positions_, T(0));
    }
    std::fill_n(gradients, (round_up(targets, rows_) - targets) * positions_, T(0));
  }

  void add_products(T const *gradients, T const *planes, intptr_t images, intptr_t targets,
                    intptr_t const *offsets, T *sums) const {
    intptr_t const depth = sources_ * taps_;
    T tile[3 * 8];
    DotArgs<T> args;
    args.image = planes;
    args.images = images;
    args.gradient_image_pitch = gradient_size_;
    args.gradient_row_pitch = positions_;
    args.image_pitch = image_size_;
    args.positions = positions_;
    args.sums = tile;
    for (intptr_t target = 0; target < targets; target += rows_) {
      intptr_t height = std::min(rows_, targets - target);
      args.gradient = gradients + target * positions_;
      for (intptr_t k = 0; k < depth; k += 3) {
        for (int j = 0; j < 3; ++j) args.offsets[j] = offsets[std::min(k + j, depth - 1)];
        intptr_t width = std::min<intptr_t>(3, depth - k);
        kernels_.dot(args);
        for (intptr_t i = 0; i < height; ++i) {
          T *row = sums + (target + i) * depth + k;
          for (intptr_t j = 0; j < width; ++j) {
            T sum = tile[3 * i + j];
            // A dropped position, where the gradient is zero, may hold an infinity or NaN.
            if (std::isnan(sum)) {
              sum = product(args.gradient + i * positions_, planes + args.offsets[j], images);
            }
            row[j] += sum;
          }
        }
      }
    }
  }

  // The inner product without the dropped positions; NaN stays, so it need not go on from there.
  T product(T const *gradient, T const *image, intptr_t images) const {
    T sum = 0;
    for (intptr_t n = 0; n < images; ++n, gradient += gradient_size_, image += image_size_) {
      for (intptr_t z = 0; z < gradient_.shape[2]; ++z) {
        for (intptr_t y = 0; y < gradient_.shape[3]; ++y) {
          intptr_t row = (z * plan_.rows + y) * plan_.pitch;
          for (intptr_t x = row; x < row + gradient_.shape[4]; ++x) sum += gradient[x] * image[x];
          if (std::isnan(sum)) return sum;
        }
      }
    }
    return sum;
  }

  Plan const plan_;
  Array const image_, gradient_, result_;
  intptr_t const groups_;
  int const threads_;
  intptr_t const sources_, targets_, taps_;
  Kernels<T> const &kernels_;
  intptr_t const rows_;
  intptr_t positions_, gradient_size_, image_size_, result_size_, slack_;
  intptr_t chunk_, images_, parts_, block_, blocks_;
};

}  // namespace conv
}  // namespace tl

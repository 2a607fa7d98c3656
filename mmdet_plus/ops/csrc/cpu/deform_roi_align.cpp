// CPU kernels of deform_roi_align.
//
// The map is turned to channels-last once, so that every loop below runs over the channels of
// one cell, contiguous in memory. Only float and double reach the loops.
#include "common/deform_roi_align.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <vector>

#include "common/accumulate_type.h"
#include "cpu/simd.h"

namespace mmdet_plus {
namespace {

using OptionalTensor = std::optional<at::Tensor>;

// In the type that the loops read: an index just below the batch may be rounded up to it.
void check_batch_index(const at::Tensor& rois, int64_t batch, at::ScalarType type) {
  if (rois.size(0) == 0) return;
  const auto index = rois.select(1, 0).to(type);
  TORCH_CHECK(index.min().item<double>() >= 0 && index.max().item<double>() < batch,
              "deform_roi_align: a batch index lies outside [0, ", batch, ")");
}

// sums[c] += weight[i] * map[cell[i]][c]
template <typename T>
MMDET_PLUS_SIMD void add_taps(const T* __restrict map, const BilinearTaps<T>& taps,
                              T* __restrict sums, int64_t channels) {
  const T* a = map + taps.cell[0] * channels;
  const T* b = map + taps.cell[1] * channels;
  const T* c = map + taps.cell[2] * channels;
  const T* d = map + taps.cell[3] * channels;
  const T wa = taps.weight[0], wb = taps.weight[1], wc = taps.weight[2], wd = taps.weight[3];
#pragma omp simd
  for (int64_t i = 0; i < channels; ++i) sums[i] += wa * a[i] + wb * b[i] + wc * c[i] + wd * d[i];
}

// map[cell] += weight * values, for a slice of the channels that begins at `map`.
template <typename T>
MMDET_PLUS_SIMD void scatter(T* __restrict cell, T weight, const T* __restrict values,
                             int64_t count) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) cell[i] += weight * values[i];
}

template <typename T>
MMDET_PLUS_SIMD T dot(const T* __restrict a, const T* __restrict b, int64_t count) {
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

// target[column][row] = factor * source[row][column]; rows of `source` are `source_stride` apart.
template <typename T>
MMDET_PLUS_SIMD void transpose(const T* __restrict source, int64_t source_stride, int64_t rows,
                               int64_t columns, T factor, T* __restrict target) {
  constexpr int64_t kTile = 16;
  for (int64_t r0 = 0; r0 < rows; r0 += kTile)
    for (int64_t column = 0; column < columns; ++column)
      for (int64_t r = r0; r < std::min(r0 + kTile, rows); ++r)
        target[column * rows + r] = factor * source[r * source_stride + column];
}

template <typename T>
struct Inputs {
  const T* map;     // (B, H, W, C)
  const T* rois;    // (n, 5)
  const T* offset;  // (n, 2, bins_y, bins_x) or null
  DeformRoIAlignShape shape;

  const T* map_of(int64_t n) const {
    return map + static_cast<int64_t>(rois[n * 5]) * shape.cells() * shape.channels;
  }
  const T* offset_of(int64_t n) const {
    return offset == nullptr ? nullptr : offset + n * 2 * shape.bins();
  }
  RoIFrame<T> frame_of(int64_t n) const { return RoIFrame<T>(rois + n * 5, shape); }
  // Calls visit(bin, taps) for all sample points of RoI n that lie on the map.
  template <typename Visit>
  void for_each_sample(int64_t n, const Visit& visit) const {
    const RoIFrame<T> frame = frame_of(n);
    BilinearTaps<T> taps;
    for (int64_t bin = 0; bin < shape.bins(); ++bin)
      for (int64_t sample = 0; sample < frame.samples(); ++sample)
        if (frame.taps(bin, sample, offset_of(n), shape, taps)) visit(bin, taps);
  }
};

template <typename T>
void pool(const Inputs<T>& in, T* output) {
  const auto& shape = in.shape;
  const int64_t size = shape.bins() * shape.channels;
  at::parallel_for(0, shape.num_rois, 1, [&](int64_t begin, int64_t end) {
    std::vector<T> sums(size);  // (bins, C)
    for (int64_t n = begin; n < end; ++n) {
      std::fill(sums.begin(), sums.end(), T(0));
      const T* map = in.map_of(n);
      in.for_each_sample(n, [&](int64_t bin, const BilinearTaps<T>& taps) {
        add_taps(map, taps, sums.data() + bin * shape.channels, shape.channels);
      });
      transpose(sums.data(), shape.channels, shape.bins(), shape.channels, in.frame_of(n).share(),
                output + n * size);
    }
  });
}

// Parallel over slices of the channels: no two threads touch one number, whatever the RoIs.
template <typename T>
void input_gradient(const Inputs<T>& in, const T* grad, T* grad_map) {
  const auto& shape = in.shape;
  at::parallel_for(0, shape.channels, 16, [&](int64_t begin, int64_t end) {
    const int64_t count = end - begin;
    std::vector<T> values(shape.bins() * count);  // (bins, count)
    for (int64_t n = 0; n < shape.num_rois; ++n) {
      transpose(grad + (n * shape.channels + begin) * shape.bins(), shape.bins(), count,
                shape.bins(), in.frame_of(n).share(), values.data());
      T* map = grad_map + (in.map_of(n) - in.map) + begin;
      in.for_each_sample(n, [&](int64_t bin, const BilinearTaps<T>& taps) {
        if (taps.is_nan()) return;
        for (int i = 0; i < 4; ++i)
          scatter(map + taps.cell[i] * shape.channels, taps.weight[i], values.data() + bin * count,
                  count);
      });
    }
  });
}

template <typename T>
void offset_gradient(const Inputs<T>& in, const T* grad, T* grad_offset) {
  const auto& shape = in.shape;
  at::parallel_for(0, shape.num_rois, 1, [&](int64_t begin, int64_t end) {
    std::vector<T> values(shape.bins() * shape.channels);  // (bins, C)
    for (int64_t n = begin; n < end; ++n) {
      transpose(grad + n * shape.channels * shape.bins(), shape.bins(), shape.channels,
                shape.bins(), in.frame_of(n).share(), values.data());
      const T* map = in.map_of(n);
      const RoIFrame<T> frame = in.frame_of(n);
      T* grad_x = grad_offset + n * 2 * shape.bins();
      T* grad_y = grad_x + shape.bins();
      in.for_each_sample(n, [&](int64_t bin, const BilinearTaps<T>& taps) {
        if (taps.is_nan()) return;
        for (int i = 0; i < 4; ++i) {
          const T reached = dot(map + taps.cell[i] * shape.channels,
                                values.data() + bin * shape.channels, shape.channels);
          grad_x[bin] += reached * taps.slope_x[i] * frame.shift_x;
          grad_y[bin] += reached * taps.slope_y[i] * frame.shift_y;
        }
      });
    }
  });
}

// The arguments in the type of the accumulation and the layout of the loops.
struct Prepared {
  at::Tensor map, rois, offset;

  Prepared(const at::Tensor& input, const at::Tensor& rois_, const OptionalTensor& offset_) {
    const auto type = accumulate_type(input);
    map = input.permute({0, 2, 3, 1}).contiguous().to(type);
    rois = rois_.to(type).contiguous();
    if (offset_.has_value()) offset = offset_->to(type).contiguous();
  }
  template <typename T>
  Inputs<T> inputs(const DeformRoIAlignShape& shape) const {
    return {map.const_data_ptr<T>(), rois.const_data_ptr<T>(),
            offset.defined() ? offset.const_data_ptr<T>() : nullptr, shape};
  }
};

at::Tensor forward(const at::Tensor& input, const at::Tensor& rois, const OptionalTensor& offset,
                   at::IntArrayRef output_size, double spatial_scale, int64_t sampling_ratio,
                   double offset_scale) {
  const auto shape = check_deform_roi_align(input, rois, offset, output_size, spatial_scale,
                                            sampling_ratio, offset_scale);
  check_batch_index(rois, shape.batch, accumulate_type(input));
  const auto options = input.options().dtype(accumulate_type(input));
  auto output = at::empty({shape.num_rois, shape.channels, shape.bins_y, shape.bins_x}, options);
  if (output.numel() > 0) {
    const Prepared prepared(input, rois, offset);
    AT_DISPATCH_FLOATING_TYPES(output.scalar_type(), "deform_roi_align", [&] {
      pool(prepared.inputs<scalar_t>(shape), output.mutable_data_ptr<scalar_t>());
    });
  }
  return output.to(input.scalar_type());
}

std::tuple<at::Tensor, at::Tensor> backward(const at::Tensor& grad, const at::Tensor& input,
                                            const at::Tensor& rois, const OptionalTensor& offset,
                                            at::IntArrayRef output_size, double spatial_scale,
                                            int64_t sampling_ratio, double offset_scale) {
  const auto shape = check_deform_roi_align(input, rois, offset, output_size, spatial_scale,
                                            sampling_ratio, offset_scale);
  check_deform_roi_align_grad(grad, input, shape);
  check_batch_index(rois, shape.batch, accumulate_type(input));
  const auto options = input.options().dtype(accumulate_type(input));
  auto grad_map = at::zeros({shape.batch, shape.height, shape.width, shape.channels}, options);
  auto grad_offset =
      offset.has_value() ? at::zeros(offset->sizes(), options) : at::empty({0}, options);
  if (grad.numel() > 0) {
    const Prepared prepared(input, rois, offset);
    const auto grad_output = grad.to(options).contiguous();
    AT_DISPATCH_FLOATING_TYPES(grad_output.scalar_type(), "deform_roi_align_backward", [&] {
      const auto in = prepared.inputs<scalar_t>(shape);
      const auto* values = grad_output.const_data_ptr<scalar_t>();
      input_gradient(in, values, grad_map.mutable_data_ptr<scalar_t>());
      if (offset.has_value()) offset_gradient(in, values, grad_offset.mutable_data_ptr<scalar_t>());
    });
  }
  const auto offset_type = offset.has_value() ? offset->scalar_type() : input.scalar_type();
  return {grad_map.permute({0, 3, 1, 2}).to(input.scalar_type()).contiguous(),
          grad_offset.to(offset_type)};
}

}  // namespace
}  // namespace mmdet_plus

TORCH_LIBRARY_IMPL(mmdet_plus, CPU, m) {
  m.impl("deform_roi_align", mmdet_plus::forward);
  m.impl("deform_roi_align_backward", mmdet_plus::backward);
}

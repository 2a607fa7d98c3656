// What the CPU and CUDA kernels of deform_roi_align share: argument checks and sample positions.
#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <optional>
#include <vector>

#include "common/bilinear.h"

namespace mmdet_plus {

struct DeformRoIAlignShape {
  int64_t batch, channels, height, width;  // of the input
  int64_t num_rois, bins_y, bins_x, sampling_ratio;
  double spatial_scale, offset_scale;

  C10_HOST_DEVICE int64_t bins() const { return bins_y * bins_x; }
  C10_HOST_DEVICE int64_t cells() const { return height * width; }
};

inline DeformRoIAlignShape check_deform_roi_align(const at::Tensor& input, const at::Tensor& rois,
                                                  const std::optional<at::Tensor>& offset,
                                                  at::IntArrayRef output_size, double spatial_scale,
                                                  int64_t sampling_ratio, double offset_scale) {
  TORCH_CHECK(input.dim() == 4, "deform_roi_align: input must be (B, C, H, W), got ",
              input.sizes());
  TORCH_CHECK(rois.dim() == 2 && rois.size(1) == 5, "deform_roi_align: rois must be (n, 5), got ",
              rois.sizes());
  TORCH_CHECK(input.is_floating_point() && rois.is_floating_point(),
              "deform_roi_align: input and rois must be floating point, got ", input.scalar_type(),
              " and ", rois.scalar_type());
  TORCH_CHECK(input.device() == rois.device(), "deform_roi_align: input is on ", input.device(),
              ", rois are on ", rois.device());
  TORCH_CHECK(output_size.size() == 2 && output_size[0] > 0 && output_size[1] > 0,
              "deform_roi_align: output_size must be two positive numbers, got ", output_size);
  TORCH_CHECK(sampling_ratio >= 0, "deform_roi_align: sampling_ratio must not be negative, got ",
              sampling_ratio);
  TORCH_CHECK(rois.size(0) == 0 || input.numel() > 0,
              "deform_roi_align: input is empty: ", input.sizes());
  if (offset.has_value()) {
    const std::vector<int64_t> expected{rois.size(0), 2, output_size[0], output_size[1]};
    TORCH_CHECK(offset->sizes() == expected, "deform_roi_align: offset must be ",
                at::IntArrayRef(expected), ", got ", offset->sizes());
    TORCH_CHECK(offset->is_floating_point() && offset->device() == input.device(),
                "deform_roi_align: offset must be floating point on ", input.device(), ", got ",
                offset->scalar_type(), " on ", offset->device());
  }
  return {input.size(0),  input.size(1),  input.size(2),  input.size(3), rois.size(0),
          output_size[0], output_size[1], sampling_ratio, spatial_scale, offset_scale};
}

inline void check_deform_roi_align_grad(const at::Tensor& grad, const at::Tensor& input,
                                        const DeformRoIAlignShape& shape) {
  const std::vector<int64_t> expected{shape.num_rois, shape.channels, shape.bins_y, shape.bins_x};
  TORCH_CHECK(grad.sizes() == expected && grad.device() == input.device(),
              "deform_roi_align: the gradient must be ", at::IntArrayRef(expected), " on ",
              input.device(), ", got ", grad.sizes(), " on ", grad.device());
}

// The most samples of a bin along an axis where the size of the RoI decides: a RoI of absurd size
// would take for ever.
constexpr int64_t kMaxRatio = 256;

// The sample points of one RoI, in cells of the map with cell centres at integers.
template <typename T>
struct RoIFrame {
  T start_x, start_y, bin_width, bin_height;
  T shift_x, shift_y;        // what an offset of 1 moves a bin by
  int64_t ratio_x, ratio_y;  // samples of a bin along each axis

  C10_HOST_DEVICE RoIFrame(const T* roi, const DeformRoIAlignShape& shape) {
    const T scale = static_cast<T>(shape.spatial_scale);
    start_x = roi[1] * scale - T(0.5);
    start_y = roi[2] * scale - T(0.5);
    const T width = (roi[3] - roi[1]) * scale, height = (roi[4] - roi[2]) * scale;
    bin_width = width / static_cast<T>(shape.bins_x);
    bin_height = height / static_cast<T>(shape.bins_y);
    shift_x = width * static_cast<T>(shape.offset_scale);
    shift_y = height * static_cast<T>(shape.offset_scale);
    ratio_x = shape.sampling_ratio > 0 ? shape.sampling_ratio : one_per_cell(bin_width);
    ratio_y = shape.sampling_ratio > 0 ? shape.sampling_ratio : one_per_cell(bin_height);
  }

  // A RoI that is not finite has one sample, which then says so.
  C10_HOST_DEVICE static int64_t one_per_cell(T bin_size) {
    if (!(bin_size - bin_size == T(0))) return 1;
    if (bin_size > T(kMaxRatio)) return kMaxRatio;
    return bin_size > T(0) ? static_cast<int64_t>(std::ceil(bin_size)) : 0;
  }
  C10_HOST_DEVICE int64_t samples() const { return ratio_x * ratio_y; }
  // What a sample counts in the average of its bin.
  C10_HOST_DEVICE T share() const { return T(1) / static_cast<T>(samples() > 0 ? samples() : 1); }

  // Taps of sample `sample` (row by row) of bin `bin`; `offset` is that of the RoI or null.
  C10_HOST_DEVICE bool taps(int64_t bin, int64_t sample, const T* offset,
                            const DeformRoIAlignShape& shape, BilinearTaps<T>& result) const {
    const int64_t bin_y = bin / shape.bins_x, bin_x = bin % shape.bins_x;
    const int64_t sample_y = sample / ratio_x, sample_x = sample % ratio_x;
    T y = start_y + bin_height * (bin_y + (sample_y + T(0.5)) / static_cast<T>(ratio_y));
    T x = start_x + bin_width * (bin_x + (sample_x + T(0.5)) / static_cast<T>(ratio_x));
    if (offset != nullptr) {
      x += offset[bin] * shift_x;
      y += offset[shape.bins() + bin] * shift_y;
    }
    return bilinear_taps(y, x, shape.height, shape.width, result);
  }
};

}  // namespace mmdet_plus

// CUDA kernels of deform_roi_align.
//
// One thread per element of the output or of its gradient. Maps are read in their own type and
// accumulated in T, float or double; RoIs and offsets are small and converted to T beforehand.
#include <ATen/AccumulateType.h>
#include <ATen/Dispatch.h>
#include <torch/library.h>

#include <ATen/cuda/Atomic.cuh>

#include "common/accumulate_type.h"
#include "common/deform_roi_align.h"
#include "cuda/launch.h"

namespace mmdet_plus {
namespace {

using OptionalTensor = std::optional<at::Tensor>;

// RoIs and offsets in the type of the accumulation.
template <typename T>
struct Boxes {
  const T* rois;    // (n, 5)
  const T* offset;  // (n, 2, bins_y, bins_x) or null
};

// Where element `index` of the output (n, C, bins_y, bins_x) comes from.
template <typename T>
struct Element {
  int64_t bin, plane;  // plane: of the map seen as (B * C, H, W)
  const T* roi;
  const T* offset;  // of the RoI, or null
  T* to_offset;     // the gradient of that, or null

  __device__ Element(int64_t index, const Boxes<T>& boxes, T* grad_offset,
                     const DeformRoIAlignShape& shape)
      : bin(index % shape.bins()) {
    const int64_t n = index / shape.bins() / shape.channels;
    roi = boxes.rois + n * 5;
    CUDA_KERNEL_ASSERT(roi[0] >= T(0) && roi[0] < static_cast<T>(shape.batch));
    plane = static_cast<int64_t>(roi[0]) * shape.channels + index / shape.bins() % shape.channels;
    const int64_t first = n * 2 * shape.bins();
    offset = boxes.offset == nullptr ? nullptr : boxes.offset + first;
    to_offset = grad_offset == nullptr ? nullptr : grad_offset + first;
  }
};

template <typename scalar_t, typename T>
__global__ void pool(const scalar_t* input, Boxes<T> boxes, DeformRoIAlignShape shape,
                     int64_t count, scalar_t* output) {
  CUDA_KERNEL_LOOP_TYPE(index, count, int64_t) {
    const Element<T> element(index, boxes, nullptr, shape);
    const RoIFrame<T> frame(element.roi, shape);
    const scalar_t* map = input + element.plane * shape.cells();
    BilinearTaps<T> taps;
    T sum = 0;
    for (int64_t sample = 0; sample < frame.samples(); ++sample)
      if (frame.taps(element.bin, sample, element.offset, shape, taps))
        for (int i = 0; i < 4; ++i) sum += taps.weight[i] * static_cast<T>(map[taps.cell[i]]);
    output[index] = static_cast<scalar_t>(sum * frame.share());
  }
}

// Bins share cells, and channels share offsets: both gradients are summed by atomics.
template <typename scalar_t, typename T>
__global__ void pool_backward(const scalar_t* grad, const scalar_t* input, Boxes<T> boxes,
                              DeformRoIAlignShape shape, int64_t count, T* grad_input,
                              T* grad_offset) {
  CUDA_KERNEL_LOOP_TYPE(index, count, int64_t) {
    const Element<T> element(index, boxes, grad_offset, shape);
    const RoIFrame<T> frame(element.roi, shape);
    const scalar_t* map = input + element.plane * shape.cells();
    T* to_map = grad_input + element.plane * shape.cells();
    const T share = static_cast<T>(grad[index]) * frame.share();
    BilinearTaps<T> taps;
    T slope_x = 0, slope_y = 0;
    bool read_any = false;
    for (int64_t sample = 0; sample < frame.samples(); ++sample) {
      if (!frame.taps(element.bin, sample, element.offset, shape, taps) || taps.is_nan()) continue;
      read_any = true;
      for (int i = 0; i < 4; ++i) {
        const T value = static_cast<T>(map[taps.cell[i]]);
        gpuAtomicAddNoReturn(to_map + taps.cell[i], share * taps.weight[i]);
        slope_x += value * taps.slope_x[i];
        slope_y += value * taps.slope_y[i];
      }
    }
    if (element.to_offset == nullptr || !read_any) continue;
    T* to_x = element.to_offset + element.bin;
    gpuAtomicAddNoReturn(to_x, share * slope_x * frame.shift_x);
    gpuAtomicAddNoReturn(to_x + shape.bins(), share * slope_y * frame.shift_y);
  }
}

// Keeps the converted RoIs and offsets alive while their pointers are in use.
struct PreparedBoxes {
  at::Tensor rois, offset;

  PreparedBoxes(const at::Tensor& input, const at::Tensor& rois_, const OptionalTensor& offset_) {
    const auto type = accumulate_type(input);
    rois = rois_.to(type).contiguous();
    if (offset_.has_value()) offset = offset_->to(type).contiguous();
  }
  template <typename T>
  Boxes<T> boxes() const {
    return {rois.const_data_ptr<T>(), offset.defined() ? offset.const_data_ptr<T>() : nullptr};
  }
};

at::Tensor forward(const at::Tensor& input_, const at::Tensor& rois, const OptionalTensor& offset,
                   at::IntArrayRef output_size, double spatial_scale, int64_t sampling_ratio,
                   double offset_scale) {
  const auto shape = check_deform_roi_align(input_, rois, offset, output_size, spatial_scale,
                                            sampling_ratio, offset_scale);
  const c10::cuda::OptionalCUDAGuard guard(input_.device());
  auto output =
      at::empty({shape.num_rois, shape.channels, shape.bins_y, shape.bins_x}, input_.options());
  const int64_t count = output.numel();
  if (count == 0) return output;
  const auto input = input_.contiguous();
  const PreparedBoxes prepared(input, rois, offset);
  const auto stream = c10::cuda::getCurrentCUDAStream();
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, input.scalar_type(), "deform_roi_align",
                                  [&] {
                                    using T = at::acc_type<scalar_t, true>;
                                    pool<scalar_t, T><<<blocks_for(count), kThreads, 0, stream>>>(
                                        input.const_data_ptr<scalar_t>(), prepared.boxes<T>(),
                                        shape, count, output.mutable_data_ptr<scalar_t>());
                                    C10_CUDA_KERNEL_LAUNCH_CHECK();
                                  });
  return output;
}

std::tuple<at::Tensor, at::Tensor> backward(const at::Tensor& grad_, const at::Tensor& input_,
                                            const at::Tensor& rois, const OptionalTensor& offset,
                                            at::IntArrayRef output_size, double spatial_scale,
                                            int64_t sampling_ratio, double offset_scale) {
  const auto shape = check_deform_roi_align(input_, rois, offset, output_size, spatial_scale,
                                            sampling_ratio, offset_scale);
  check_deform_roi_align_grad(grad_, input_, shape);
  at::globalContext().alertNotDeterministic("deform_roi_align_backward_cuda");
  const c10::cuda::OptionalCUDAGuard guard(input_.device());
  const auto options = input_.options().dtype(accumulate_type(input_));
  auto grad_input = at::zeros(input_.sizes(), options);
  auto grad_offset = at::zeros(offset.has_value() ? offset->sizes() : at::IntArrayRef{0}, options);
  const int64_t count = grad_.numel();
  if (count > 0) {
    const auto input = input_.contiguous(), grad = grad_.to(input.scalar_type()).contiguous();
    const PreparedBoxes prepared(input, rois, offset);
    const auto stream = c10::cuda::getCurrentCUDAStream();
    AT_DISPATCH_FLOATING_TYPES_AND2(
        at::kHalf, at::kBFloat16, input.scalar_type(), "deform_roi_align_backward", [&] {
          using T = at::acc_type<scalar_t, true>;
          pool_backward<scalar_t, T><<<blocks_for(count), kThreads, 0, stream>>>(
              grad.const_data_ptr<scalar_t>(), input.const_data_ptr<scalar_t>(),
              prepared.boxes<T>(), shape, count, grad_input.mutable_data_ptr<T>(),
              offset.has_value() ? grad_offset.mutable_data_ptr<T>() : nullptr);
          C10_CUDA_KERNEL_LAUNCH_CHECK();
        });
  }
  const auto offset_type = offset.has_value() ? offset->scalar_type() : input_.scalar_type();
  return {grad_input.to(input_.scalar_type()), grad_offset.to(offset_type)};
}

}  // namespace
}  // namespace mmdet_plus

TORCH_LIBRARY_IMPL(mmdet_plus, CUDA, m) {
  m.impl("deform_roi_align", mmdet_plus::forward);
  m.impl("deform_roi_align_backward", mmdet_plus::backward);
}

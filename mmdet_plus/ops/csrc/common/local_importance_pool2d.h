// What the CPU and CUDA kernels of local_importance_pool2d share: checks and window geometry.
#pragma once

#include <ATen/ATen.h>
#include <c10/macros/Macros.h>

#include <vector>

namespace mmdet_plus {

struct PoolAxis {
  int64_t size, kernel, stride, padding, outputs;

  PoolAxis(int64_t size, int64_t kernel, int64_t stride, int64_t padding)
      : size(size),
        kernel(kernel),
        stride(stride),
        padding(padding),
        outputs((size + 2 * padding - kernel) / stride + 1) {}

  // Inputs [begin, end) of the window of output `out`.
  C10_HOST_DEVICE int64_t begin(int64_t out) const {
    const int64_t first = out * stride - padding;
    return first > 0 ? first : 0;
  }
  C10_HOST_DEVICE int64_t end(int64_t out) const {
    const int64_t last = out * stride - padding + kernel;
    return last < size ? last : size;
  }
  // Outputs [first_output, last_output] whose window holds the input `in`.
  C10_HOST_DEVICE int64_t first_output(int64_t in) const {
    const int64_t beyond = in + padding - kernel;
    return beyond < 0 ? 0 : beyond / stride + 1;
  }
  C10_HOST_DEVICE int64_t last_output(int64_t in) const {
    const int64_t last = (in + padding) / stride;
    return last < outputs ? last : outputs - 1;
  }
  // Whether the input `in` lies in a window, and whether all do.
  C10_HOST_DEVICE bool pools(int64_t in) const { return first_output(in) <= last_output(in); }
  C10_HOST_DEVICE bool pools_all() const { return stride <= kernel && pools(size - 1); }
};

struct PoolShape {
  int64_t planes;  // batch times channels
  PoolAxis y, x;

  C10_HOST_DEVICE int64_t inputs() const { return y.size * x.size; }
  C10_HOST_DEVICE int64_t outputs() const { return y.outputs * x.outputs; }
};

inline PoolShape check_local_importance_pool2d(const at::Tensor& input, const at::Tensor& logits,
                                               at::IntArrayRef kernel_size, at::IntArrayRef stride,
                                               at::IntArrayRef padding) {
  TORCH_CHECK(input.dim() == 4, "local_importance_pool2d: input must be (n, C, H, W), got ",
              input.sizes());
  TORCH_CHECK(input.sizes() == logits.sizes(), "local_importance_pool2d: input is ", input.sizes(),
              ", logits are ", logits.sizes());
  TORCH_CHECK(input.is_floating_point() && logits.is_floating_point(),
              "local_importance_pool2d: input and logits must be floating point, got ",
              input.scalar_type(), " and ", logits.scalar_type());
  TORCH_CHECK(input.device() == logits.device(), "local_importance_pool2d: input is on ",
              input.device(), ", logits are on ", logits.device());
  TORCH_CHECK(kernel_size.size() == 2 && stride.size() == 2 && padding.size() == 2,
              "local_importance_pool2d: kernel_size, stride and padding must be two numbers, got ",
              kernel_size, ", ", stride, " and ", padding);
  for (int axis = 0; axis < 2; ++axis) {
    TORCH_CHECK(kernel_size[axis] > 0 && stride[axis] > 0,
                "local_importance_pool2d: kernel_size and stride must be positive, got ",
                kernel_size, " and ", stride);
    TORCH_CHECK(padding[axis] >= 0 && 2 * padding[axis] <= kernel_size[axis],
                "local_importance_pool2d: padding must be in [0, kernel_size / 2], got ", padding,
                " for kernel_size ", kernel_size);
    TORCH_CHECK(input.size(2 + axis) + 2 * padding[axis] >= kernel_size[axis],
                "local_importance_pool2d: kernel_size ", kernel_size,
                " exceeds the padded input of ", input.sizes());
  }
  return {input.size(0) * input.size(1),
          {input.size(2), kernel_size[0], stride[0], padding[0]},
          {input.size(3), kernel_size[1], stride[1], padding[1]}};
}

// `output` is that of the forward pass, `grad` the gradient of it.
inline void check_local_importance_pool2d_grad(const at::Tensor& grad, const at::Tensor& output,
                                               const at::Tensor& input, const PoolShape& shape) {
  const std::vector<int64_t> expected{input.size(0), input.size(1), shape.y.outputs,
                                      shape.x.outputs};
  for (const auto* tensor : {&grad, &output})
    TORCH_CHECK(tensor->sizes() == expected && tensor->device() == input.device(),
                "local_importance_pool2d: output and its gradient must be ",
                at::IntArrayRef(expected), " on ", input.device(), ", got ", tensor->sizes(),
                " on ", tensor->device());
}

}  // namespace mmdet_plus

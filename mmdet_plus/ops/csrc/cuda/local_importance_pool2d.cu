// CUDA kernels of local_importance_pool2d.
//
// Forward: one thread per output. Backward: one thread per input, which gathers from the windows
// that hold it, so that sums have a fixed order. The maximum of each window is subtracted before
// exp. Tensors are read in their own type and accumulated in T, float or double.
#include <ATen/AccumulateType.h>
#include <ATen/Dispatch.h>
#include <torch/library.h>

#include <cmath>
#include <limits>

#include "common/accumulate_type.h"
#include "common/local_importance_pool2d.h"
#include "cuda/launch.h"

namespace mmdet_plus {
namespace {

// Calls use(i) for every input i of the window of output (oy, ox).
template <typename Use>
__device__ void for_each_input(int64_t oy, int64_t ox, const PoolShape& shape, const Use& use) {
  for (int64_t y = shape.y.begin(oy); y < shape.y.end(oy); ++y)
    for (int64_t x = shape.x.begin(ox); x < shape.x.end(ox); ++x) use(y * shape.x.size + x);
}

// The weights of a window. NaN is passed over in the maximum and shows in the total.
template <typename T>
struct Softmax {
  T largest = -std::numeric_limits<T>::infinity(), total = 0;

  template <typename logit_t>
  __device__ Softmax(const logit_t* logits, int64_t oy, int64_t ox, const PoolShape& shape) {
    for_each_input(oy, ox, shape, [&](int64_t i) {
      const T logit = static_cast<T>(logits[i]);
      largest = logit > largest ? logit : largest;
    });
    for_each_input(oy, ox, shape,
                   [&](int64_t i) { total += std::exp(static_cast<T>(logits[i]) - largest); });
  }
  template <typename logit_t>
  __device__ T weight(logit_t logit) const {
    return std::exp(static_cast<T>(logit) - largest) / total;
  }
};

template <typename T, typename scalar_t, typename logit_t>
__global__ void pool(const scalar_t* inputs, const logit_t* all_logits, PoolShape shape,
                     int64_t count, scalar_t* outputs) {
  CUDA_KERNEL_LOOP_TYPE(index, count, int64_t) {
    const int64_t first = index / shape.outputs() * shape.inputs();
    const int64_t o = index % shape.outputs(), oy = o / shape.x.outputs, ox = o % shape.x.outputs;
    const scalar_t* input = inputs + first;
    const logit_t* logits = all_logits + first;
    const Softmax<T> softmax(logits, oy, ox, shape);
    T sum = 0;
    for_each_input(oy, ox, shape,
                   [&](int64_t i) { sum += softmax.weight(logits[i]) * static_cast<T>(input[i]); });
    outputs[index] = static_cast<scalar_t>(sum);
  }
}

// d output[o] / d input[i] = weight; by the logit it is that times input[i] - output[o].
template <typename T, typename scalar_t, typename logit_t>
__global__ void pool_backward(const scalar_t* grads, const scalar_t* inputs,
                              const logit_t* all_logits, const scalar_t* outputs, PoolShape shape,
                              int64_t count, scalar_t* grad_inputs, logit_t* grad_logits) {
  CUDA_KERNEL_LOOP_TYPE(index, count, int64_t) {
    const int64_t plane = index / shape.inputs(), i = index % shape.inputs();
    const int64_t y = i / shape.x.size, x = i % shape.x.size;
    const scalar_t* grad = grads + plane * shape.outputs();
    const scalar_t* output = outputs + plane * shape.outputs();
    const logit_t* logits = all_logits + plane * shape.inputs();
    const T value = static_cast<T>(inputs[index]);
    T to_input = 0, to_logit = 0;
    for (int64_t oy = shape.y.first_output(y); oy <= shape.y.last_output(y); ++oy)
      for (int64_t ox = shape.x.first_output(x); ox <= shape.x.last_output(x); ++ox) {
        const int64_t o = oy * shape.x.outputs + ox;
        const T weight = Softmax<T>(logits, oy, ox, shape).weight(logits[i]);
        const T reached = static_cast<T>(grad[o]) * weight;
        to_input += reached;
        to_logit += reached * (value - static_cast<T>(output[o]));
      }
    grad_inputs[index] = static_cast<scalar_t>(to_input);
    grad_logits[index] = static_cast<logit_t>(to_logit);
  }
}

// Calls run(logit_t of the kernels) with the type of `logits`, that of `input` or T.
template <typename scalar_t, typename T, typename Run>
void dispatch_logits(const at::Tensor& logits, const Run& run) {
  if (logits.scalar_type() == c10::CppTypeToScalarType<scalar_t>::value)
    run(scalar_t{});
  else
    run(T{});
}

// Logits that do not have the type of the input are brought to that of the accumulation.
at::Tensor prepare_logits(const at::Tensor& logits, const at::Tensor& input) {
  const bool alike = logits.scalar_type() == input.scalar_type();
  return (alike ? logits : logits.to(accumulate_type(input))).contiguous();
}

at::Tensor forward(const at::Tensor& input_, const at::Tensor& logits_, at::IntArrayRef kernel_size,
                   at::IntArrayRef stride, at::IntArrayRef padding) {
  const auto shape = check_local_importance_pool2d(input_, logits_, kernel_size, stride, padding);
  const c10::cuda::OptionalCUDAGuard guard(input_.device());
  auto output = at::empty({input_.size(0), input_.size(1), shape.y.outputs, shape.x.outputs},
                          input_.options());
  const int64_t count = output.numel();
  if (count == 0) return output;
  const auto input = input_.contiguous(), logits = prepare_logits(logits_, input_);
  const auto stream = c10::cuda::getCurrentCUDAStream();
  AT_DISPATCH_FLOATING_TYPES_AND2(
      at::kHalf, at::kBFloat16, input.scalar_type(), "local_importance_pool2d", [&] {
        using T = at::acc_type<scalar_t, true>;
        dispatch_logits<scalar_t, T>(logits, [&](auto kind) {
          using logit_t = decltype(kind);
          pool<T><<<blocks_for(count), kThreads, 0, stream>>>(
              input.const_data_ptr<scalar_t>(), logits.const_data_ptr<logit_t>(), shape, count,
              output.mutable_data_ptr<scalar_t>());
          C10_CUDA_KERNEL_LAUNCH_CHECK();
        });
      });
  return output;
}

std::tuple<at::Tensor, at::Tensor> backward(const at::Tensor& grad_, const at::Tensor& input_,
                                            const at::Tensor& logits_, const at::Tensor& output_,
                                            at::IntArrayRef kernel_size, at::IntArrayRef stride,
                                            at::IntArrayRef padding) {
  const auto shape = check_local_importance_pool2d(input_, logits_, kernel_size, stride, padding);
  check_local_importance_pool2d_grad(grad_, output_, input_, shape);
  const c10::cuda::OptionalCUDAGuard guard(input_.device());
  const auto input = input_.contiguous(), logits = prepare_logits(logits_, input_);
  auto grad_input = at::empty(input.sizes(), input.options());
  auto grad_logits = at::empty(logits.sizes(), logits.options());
  const int64_t count = input.numel();
  if (count == 0) return {grad_input, grad_logits.to(logits_.scalar_type())};
  const auto type = input.scalar_type();
  const auto grad = grad_.to(type).contiguous(), output = output_.to(type).contiguous();
  const auto stream = c10::cuda::getCurrentCUDAStream();
  AT_DISPATCH_FLOATING_TYPES_AND2(
      at::kHalf, at::kBFloat16, type, "local_importance_pool2d_backward", [&] {
        using T = at::acc_type<scalar_t, true>;
        dispatch_logits<scalar_t, T>(logits, [&](auto kind) {
          using logit_t = decltype(kind);
          pool_backward<T><<<blocks_for(count), kThreads, 0, stream>>>(
              grad.const_data_ptr<scalar_t>(), input.const_data_ptr<scalar_t>(),
              logits.const_data_ptr<logit_t>(), output.const_data_ptr<scalar_t>(), shape, count,
              grad_input.mutable_data_ptr<scalar_t>(), grad_logits.mutable_data_ptr<logit_t>());
          C10_CUDA_KERNEL_LAUNCH_CHECK();
        });
      });
  return {grad_input, grad_logits.to(logits_.scalar_type())};
}

}  // namespace
}  // namespace mmdet_plus

TORCH_LIBRARY_IMPL(mmdet_plus, CUDA, m) {
  m.impl("local_importance_pool2d", mmdet_plus::forward);
  m.impl("local_importance_pool2d_backward", mmdet_plus::backward);
}

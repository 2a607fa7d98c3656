// CPU kernels of local_importance_pool2d.
//
// A plane is one channel of one sample. Where the logits of a plane differ by less than
// kSafeSpread, exp(logit - maximum of the plane) is far from underflow: every exponential is taken
// once and windows are summed axis by axis. Other planes take the maximum of each window.
#include "common/local_importance_pool2d.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "common/accumulate_type.h"
#include "cpu/simd.h"

namespace mmdet_plus {
namespace {

// exp(-40) = 4e-18 leaves room in a float for its product with any input above 1e-20 and for a
// gradient of up to 1e20 divided by it, such as that of a scaled loss.
constexpr double kSafeSpread = 40;
constexpr int64_t kPieceNumbers = 1 << 14;  // what is worked on at a time stays in the cache

template <typename T>
struct Scratch {
  std::vector<T> row_a, row_b, row_c;  // of the width
  std::vector<T> plane_a, plane_b;     // of the inputs

  explicit Scratch(const PoolShape& shape)
      : row_a(shape.x.size),
        row_b(shape.x.size),
        row_c(shape.x.size),
        plane_a(shape.inputs()),
        plane_b(shape.inputs()) {}
};

// output[o] = sum of weight * input over window o, over the sum of the weights.
template <typename T>
MMDET_PLUS_SIMD void pool_plane(const T* __restrict input, const T* __restrict weights,
                                const PoolShape& shape, Scratch<T>& scratch, T* __restrict output) {
  T* __restrict total_row = scratch.row_a.data();
  T* __restrict sum_row = scratch.row_b.data();
  const int64_t width = shape.x.size;
  for (int64_t oy = 0; oy < shape.y.outputs; ++oy) {
    for (int64_t x = 0; x < width; ++x) total_row[x] = sum_row[x] = 0;
    for (int64_t y = shape.y.begin(oy); y < shape.y.end(oy); ++y)
      for (int64_t x = 0; x < width; ++x) {
        total_row[x] += weights[y * width + x];
        sum_row[x] += weights[y * width + x] * input[y * width + x];
      }
    for (int64_t ox = 0; ox < shape.x.outputs; ++ox) {
      T total = 0, sum = 0;
      for (int64_t x = shape.x.begin(ox); x < shape.x.end(ox); ++x) {
        total += total_row[x];
        sum += sum_row[x];
      }
      *output++ = sum / total;
    }
  }
}

// Inputs that lie in no window get no gradient, also where they or their logits are not finite.
template <typename T>
void clear_left_out(const PoolShape& shape, T* grad_input, T* grad_logits) {
  if (shape.y.pools_all() && shape.x.pools_all()) return;
  for (int64_t y = 0; y < shape.y.size; ++y)
    for (int64_t x = 0; x < shape.x.size; ++x)
      if (!shape.y.pools(y) || !shape.x.pools(x))
        grad_input[y * shape.x.size + x] = grad_logits[y * shape.x.size + x] = 0;
}

// d output[o] / d input[i] = weight[i] / total[o]; by the logit it is that times input[i] -
// output[o]. `reached` and `mean` gather grad / total and grad * output / total at each input.
template <typename T>
MMDET_PLUS_SIMD void pool_plane_backward(const T* __restrict input, const T* __restrict weights,
                                         const T* __restrict output, const T* __restrict grad,
                                         const PoolShape& shape, Scratch<T>& scratch,
                                         T* __restrict grad_input, T* __restrict grad_logits) {
  T* __restrict total_row = scratch.row_a.data();
  T* __restrict share_row = scratch.row_b.data();
  T* __restrict mean_row = scratch.row_c.data();
  T* __restrict reached = scratch.plane_a.data();
  T* __restrict mean = scratch.plane_b.data();
  const int64_t width = shape.x.size;
  for (int64_t i = 0; i < shape.inputs(); ++i) reached[i] = mean[i] = 0;
  for (int64_t oy = 0; oy < shape.y.outputs; ++oy) {
    for (int64_t x = 0; x < width; ++x) total_row[x] = share_row[x] = mean_row[x] = 0;
    for (int64_t y = shape.y.begin(oy); y < shape.y.end(oy); ++y)
      for (int64_t x = 0; x < width; ++x) total_row[x] += weights[y * width + x];
    for (int64_t ox = 0; ox < shape.x.outputs; ++ox, ++grad, ++output) {
      T total = 0;
      for (int64_t x = shape.x.begin(ox); x < shape.x.end(ox); ++x) total += total_row[x];
      const T share = *grad / total;
      for (int64_t x = shape.x.begin(ox); x < shape.x.end(ox); ++x) {
        share_row[x] += share;
        mean_row[x] += share * *output;
      }
    }
    for (int64_t y = shape.y.begin(oy); y < shape.y.end(oy); ++y)
      for (int64_t x = 0; x < width; ++x) {
        reached[y * width + x] += share_row[x];
        mean[y * width + x] += mean_row[x];
      }
  }
  for (int64_t i = 0; i < shape.inputs(); ++i) {
    grad_input[i] = weights[i] * reached[i];
    grad_logits[i] = weights[i] * (input[i] * reached[i] - mean[i]);
  }
}

// Calls visit(o, i, weight) for every input i of every window o, weights summing to 1 in o.
template <typename T, typename Visit>
void for_each_weight(const T* logits, const PoolShape& shape, const Visit& visit) {
  const auto each = [&](int64_t oy, int64_t ox, auto&& use) {
    for (int64_t y = shape.y.begin(oy); y < shape.y.end(oy); ++y)
      for (int64_t x = shape.x.begin(ox); x < shape.x.end(ox); ++x) use(y * shape.x.size + x);
  };
  for (int64_t oy = 0; oy < shape.y.outputs; ++oy)
    for (int64_t ox = 0; ox < shape.x.outputs; ++ox) {
      T largest = -std::numeric_limits<T>::infinity(), total = 0;
      each(oy, ox, [&](int64_t i) { largest = logits[i] > largest ? logits[i] : largest; });
      each(oy, ox, [&](int64_t i) { total += std::exp(logits[i] - largest); });
      each(oy, ox, [&](int64_t i) {
        visit(oy * shape.x.outputs + ox, i, std::exp(logits[i] - largest) / total);
      });
    }
}

template <typename T>
void pool_plane_exact(const T* input, const T* logits, const PoolShape& shape, T* output) {
  std::fill(output, output + shape.outputs(), T(0));
  for_each_weight(logits, shape,
                  [&](int64_t o, int64_t i, T weight) { output[o] += weight * input[i]; });
}

template <typename T>
void pool_plane_backward_exact(const T* input, const T* logits, const T* output, const T* grad,
                               const PoolShape& shape, T* grad_input, T* grad_logits) {
  std::fill(grad_input, grad_input + shape.inputs(), T(0));
  std::fill(grad_logits, grad_logits + shape.inputs(), T(0));
  for_each_weight(logits, shape, [&](int64_t o, int64_t i, T weight) {
    grad_input[i] += grad[o] * weight;
    grad_logits[i] += grad[o] * weight * (input[i] - output[o]);
  });
}

// Some planes of a tensor (planes, size) in the type of the accumulation.
at::Tensor piece(const at::Tensor& planes, int64_t begin, int64_t count, at::ScalarType type) {
  return planes.narrow(0, begin, count).to(type);
}

at::Tensor as_planes(const at::Tensor& tensor, const PoolShape& shape) {
  return tensor.reshape({shape.planes, -1}).contiguous();
}

// largest[0] = maximum of the plane; whether its exponentials are safe. NaN is passed over here
// and shows in the exponentials.
template <typename T>
MMDET_PLUS_SIMD bool find_largest(const T* __restrict plane, int64_t size, T* largest) {
  T low = std::numeric_limits<T>::infinity(), high = -low;
#pragma omp simd reduction(min : low) reduction(max : high)
  for (int64_t i = 0; i < size; ++i) {
    low = plane[i] < low ? plane[i] : low;
    high = plane[i] > high ? plane[i] : high;
  }
  *largest = high;
  return high - low <= kSafeSpread;
}

// Logits of some planes, their exponentials, and where those are safe to use.
struct Weights {
  at::Tensor logits, weights;
  std::vector<char> safe;

  explicit Weights(const at::Tensor& some_logits) : logits(some_logits), safe(some_logits.size(0)) {
    auto largest = at::empty({logits.size(0), 1}, logits.options());
    AT_DISPATCH_FLOATING_TYPES(logits.scalar_type(), "local_importance_pool2d", [&] {
      for (size_t p = 0; p < safe.size(); ++p)
        safe[p] = find_largest(logits.const_data_ptr<scalar_t>() + p * logits.size(1),
                               logits.size(1), largest.mutable_data_ptr<scalar_t>() + p);
    });
    weights = (logits - largest).exp_();
  }
};

// Calls work(first plane, number of planes) in parallel for pieces that fit the cache.
template <typename Work>
void for_each_piece(const PoolShape& shape, const Work& work) {
  const int64_t step = std::max<int64_t>(kPieceNumbers / shape.inputs(), 1);
  at::parallel_for(0, shape.planes, step, [&](int64_t begin, int64_t end) {
    const at::AutoDispatchBelowADInplaceOrView no_autograd;
    for (int64_t first = begin; first < end; first += step)
      work(first, std::min(step, end - first));
  });
}

template <typename T>
void pool_piece(const at::Tensor& input, const Weights& weights, const PoolShape& shape,
                at::Tensor& output) {
  Scratch<T> scratch(shape);
  for (int64_t p = 0; p < input.size(0); ++p) {
    const T* in = input.const_data_ptr<T>() + p * shape.inputs();
    T* out = output.mutable_data_ptr<T>() + p * shape.outputs();
    if (weights.safe[p])
      pool_plane(in, weights.weights.const_data_ptr<T>() + p * shape.inputs(), shape, scratch, out);
    else
      pool_plane_exact(in, weights.logits.const_data_ptr<T>() + p * shape.inputs(), shape, out);
  }
}

template <typename T>
void pool_piece_backward(const at::Tensor& grad, const at::Tensor& input, const Weights& weights,
                         const at::Tensor& output, const PoolShape& shape, at::Tensor& grad_input,
                         at::Tensor& grad_logits) {
  Scratch<T> scratch(shape);
  for (int64_t p = 0; p < input.size(0); ++p) {
    const int64_t i = p * shape.inputs(), o = p * shape.outputs();
    const T* in = input.const_data_ptr<T>() + i;
    const T* out = output.const_data_ptr<T>() + o;
    const T* incoming = grad.const_data_ptr<T>() + o;
    T* to_input = grad_input.mutable_data_ptr<T>() + i;
    T* to_logits = grad_logits.mutable_data_ptr<T>() + i;
    if (weights.safe[p]) {
      pool_plane_backward(in, weights.weights.const_data_ptr<T>() + i, out, incoming, shape,
                          scratch, to_input, to_logits);
      clear_left_out(shape, to_input, to_logits);
    } else {
      pool_plane_backward_exact(in, weights.logits.const_data_ptr<T>() + i, out, incoming, shape,
                                to_input, to_logits);
    }
  }
}

at::Tensor forward(const at::Tensor& input, const at::Tensor& logits, at::IntArrayRef kernel_size,
                   at::IntArrayRef stride, at::IntArrayRef padding) {
  const auto shape = check_local_importance_pool2d(input, logits, kernel_size, stride, padding);
  const auto type = accumulate_type(input);
  auto output =
      at::empty({input.size(0), input.size(1), shape.y.outputs, shape.x.outputs}, input.options());
  if (output.numel() == 0) return output;
  const auto inputs = as_planes(input, shape), all_logits = as_planes(logits, shape);
  auto outputs = output.view({shape.planes, -1});
  for_each_piece(shape, [&](int64_t begin, int64_t count) {
    const Weights weights(piece(all_logits, begin, count, type));
    const auto values = piece(inputs, begin, count, type);
    auto target = outputs.narrow(0, begin, count);
    auto result = target.to(type);
    AT_DISPATCH_FLOATING_TYPES(type, "local_importance_pool2d",
                               [&] { pool_piece<scalar_t>(values, weights, shape, result); });
    if (type != input.scalar_type()) target.copy_(result);
  });
  return output;
}

std::tuple<at::Tensor, at::Tensor> backward(const at::Tensor& grad, const at::Tensor& input,
                                            const at::Tensor& logits, const at::Tensor& output,
                                            at::IntArrayRef kernel_size, at::IntArrayRef stride,
                                            at::IntArrayRef padding) {
  const auto shape = check_local_importance_pool2d(input, logits, kernel_size, stride, padding);
  const auto type = accumulate_type(input);
  check_local_importance_pool2d_grad(grad, output, input, shape);
  auto grad_input = at::zeros(input.sizes(), input.options());
  auto grad_logits = at::zeros(logits.sizes(), logits.options());
  if (grad.numel() == 0) return {grad_input, grad_logits};
  const auto inputs = as_planes(input, shape), all_logits = as_planes(logits, shape);
  const auto outputs = as_planes(output, shape), grads = as_planes(grad, shape);
  auto all_to_input = grad_input.view({shape.planes, -1});
  auto all_to_logits = grad_logits.view({shape.planes, -1});
  for_each_piece(shape, [&](int64_t begin, int64_t count) {
    const Weights weights(piece(all_logits, begin, count, type));
    const auto values = piece(inputs, begin, count, type);
    auto input_rows = all_to_input.narrow(0, begin, count);
    auto logit_rows = all_to_logits.narrow(0, begin, count);
    auto to_input = input_rows.to(type), to_logits = logit_rows.to(type);
    AT_DISPATCH_FLOATING_TYPES(type, "local_importance_pool2d_backward", [&] {
      pool_piece_backward<scalar_t>(piece(grads, begin, count, type), values, weights,
                                    piece(outputs, begin, count, type), shape, to_input, to_logits);
    });
    if (type != input.scalar_type()) input_rows.copy_(to_input);
    if (type != logits.scalar_type()) logit_rows.copy_(to_logits);
  });
  return {grad_input, grad_logits};
}

}  // namespace
}  // namespace mmdet_plus

TORCH_LIBRARY_IMPL(mmdet_plus, CPU, m) {
  m.impl("local_importance_pool2d", mmdet_plus::forward);
  m.impl("local_importance_pool2d_backward", mmdet_plus::backward);
}

// Half and bfloat16 tensors are accumulated in float.
#pragma once

#include <ATen/ATen.h>

namespace mmdet_plus {

inline at::ScalarType accumulate_type(const at::Tensor& input) {
  return input.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
}

}  // namespace mmdet_plus

// How the CUDA kernels are launched: one thread per element in a grid-stride loop.
#pragma once

#include <ATen/cuda/detail/KernelUtils.h>  // CUDA_KERNEL_LOOP_TYPE
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <algorithm>

namespace mmdet_plus {

constexpr int kThreads = 256;

// Fewer threads than fit 32 bits, as the step of the loop is computed in those.
inline unsigned int blocks_for(int64_t count) {
  return static_cast<unsigned int>(std::min<int64_t>((count + kThreads - 1) / kThreads, 1 << 20));
}

}  // namespace mmdet_plus

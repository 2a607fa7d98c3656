// Schemas of all custom ops; cpu/ and cuda/ register their kernels. What the arguments mean is
// documented at the public functions in mmdet_plus/ops/*.py.
#include <torch/library.h>

TORCH_LIBRARY_FRAGMENT(mmdet_plus, m) {
  m.def(
      "deform_roi_align(Tensor input, Tensor rois, Tensor? offset, int[2] output_size, "
      "float spatial_scale, int sampling_ratio, float offset_scale) -> Tensor");
  m.def(
      "deform_roi_align_backward(Tensor grad, Tensor input, Tensor rois, Tensor? offset, "
      "int[2] output_size, float spatial_scale, int sampling_ratio, float offset_scale) "
      "-> (Tensor, Tensor)");
  m.def(
      "local_importance_pool2d(Tensor input, Tensor logits, int[2] kernel_size, int[2] stride, "
      "int[2] padding) -> Tensor");
  m.def(
      "local_importance_pool2d_backward(Tensor grad, Tensor input, Tensor logits, Tensor output, "
      "int[2] kernel_size, int[2] stride, int[2] padding) -> (Tensor, Tensor)");
}

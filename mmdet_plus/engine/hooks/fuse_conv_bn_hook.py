"""Folds batch normalisation into the convolutions before a test."""

from mmcv.cnn import fuse_conv_bn
from mmdet.registry import HOOKS
from mmengine.hooks import EMAHook, Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner


@HOOKS.register_module()
class FuseConvBNHook(Hook):
    """Fuses convolution and batch normalisation once the checkpoint is loaded.

    Detections stay the same up to rounding and come sooner. For testing only: the
    fused model can neither be trained further nor load another checkpoint.
    """

    def before_test(self, runner: Runner) -> None:
        """Fuse the runner's model in place."""
        if any(isinstance(hook, EMAHook) for hook in runner.hooks):
            raise ValueError(
                'FuseConvBNHook cannot work beside EMAHook, which exchanges weights '
                'during the test. Leave EMAHook out: a checkpoint already holds the '
                'averaged weights as its model'
            )
        model = runner.model
        fuse_conv_bn(model.module if is_model_wrapper(model) else model)

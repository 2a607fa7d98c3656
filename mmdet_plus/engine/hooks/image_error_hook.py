"""Names the image when its processing fails, inside data loader workers too."""

from typing import Any

from mmdet.registry import HOOKS
from mmengine.dataset import Compose
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import DataLoader


class ImageError(RuntimeError):
    """An image could not be read or processed; the message names its file."""


class NamingPipeline(Compose):
    """A pipeline whose errors name the image.

    Args:
        pipeline: the pipeline to run.
    """

    def __init__(self, pipeline: Compose) -> None:
        self.transforms = pipeline.transforms

    def __call__(self, data: dict) -> dict | None:
        """Run the transforms.

        Args:
            data: what the dataset knows of an image.

        Returns:
            What the pipeline makes of it; None where it rejects the image.

        Raises:
            ImageError: if a transform fails.
        """
        path = data.get('img_path')
        try:
            return super().__call__(data)
        except Exception as error:
            reason = ' '.join(str(error).split())
            raise ImageError(
                f'image {path} cannot be processed: {type(error).__name__}: {reason}'
            ) from None


@HOOKS.register_module()
class ImageErrorHook(Hook):
    """Exchanges the pipelines of the runner's datasets for ``NamingPipeline``."""

    def before_run(self, runner: Runner) -> None:
        """Exchange the pipelines of every loop built so far."""
        for name in ('_train_loop', '_val_loop', '_test_loop'):
            loader = getattr(getattr(runner, name, None), 'dataloader', None)
            if isinstance(loader, DataLoader):
                _name_images(loader.dataset)


def _name_images(dataset: Any) -> None:
    pipeline = getattr(dataset, 'pipeline', None)
    if type(pipeline) is Compose:
        dataset.pipeline = NamingPipeline(pipeline)
    inner = getattr(dataset, 'dataset', None)
    for part in [inner, *(getattr(dataset, 'datasets', None) or [])]:
        if part is not None:
            _name_images(part)

"""Testing that many processes share, and that goes on after it was stopped."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmdet.registry import DATA_SAMPLERS, LOOPS
from mmengine.dataset import DefaultSampler
from mmengine.dist import barrier, get_dist_info, is_main_process
from mmengine.evaluator import Evaluator
from mmengine.runner import TestLoop

from ..errors import UserError
from .mixed_precision_test_loop import MixedPrecisionTestLoop
from .prediction_shards import PredictionShards


@DATA_SAMPLERS.register_module()
class ChosenSampler(DefaultSampler):
    """Yields the indices ``chosen``, in their order; all of the process until set."""

    chosen: Sequence[int] | None = None

    def __iter__(self) -> Iterator[int]:
        return super().__iter__() if self.chosen is None else iter(self.chosen)

    def __len__(self) -> int:
        return super().__len__() if self.chosen is None else len(self.chosen)


class _KeepingEvaluator:
    """Writes what the metrics of an evaluator keep of each image into shards.

    Args:
        evaluator: each metric of it keeps one result per image.
        shards: where to.
        indices: of the images that will be processed, in that order.
        images_per_shard: a file is written after so many.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        shards: PredictionShards,
        indices: Sequence[int],
        images_per_shard: int,
    ) -> None:
        self.evaluator = evaluator
        self._shards = shards
        self._indices = iter(indices)
        self._images_per_shard = images_per_shard
        self._fresh: dict[int, list[Any]] = {}

    def process(self, data_samples: Sequence[Any], data_batch: Any = None) -> None:
        """Let the metrics process a batch, and keep their results."""
        count = len(data_samples)
        self.evaluator.process(data_samples, data_batch)
        for metric in self.evaluator.metrics:
            if len(metric.results) != count:
                raise UserError(
                    f'--shards: {type(metric).__name__} does not keep one result for '
                    'each image'
                )
        columns = [metric.results for metric in self.evaluator.metrics]
        for row in zip(*columns, strict=True):
            self._fresh[next(self._indices)] = list(row)
        for metric in self.evaluator.metrics:
            metric.results.clear()
        if len(self._fresh) >= self._images_per_shard:
            self._write()

    def evaluate(self, size: int) -> dict:
        """The figures over all images, also those that others processed."""
        self._write()
        barrier()
        found = self._shards.read()
        missing = size - len(found)
        if missing:
            raise UserError(
                f'{missing} of {size} images have no predictions in '
                f'{self._shards.folder}; test again, which does the rest'
            )
        rank, world_size = get_dist_info()
        # Processes have equally many; the first images fill up, and are left out again.
        padded = range(rank, size + -size % world_size, world_size)
        own = [index % size for index in padded]
        for place, metric in enumerate(self.evaluator.metrics):
            metric.results.extend(found[index][place] for index in own)
        return self.evaluator.evaluate(size)

    def _write(self) -> None:
        self._shards.write(self._fresh)
        self._fresh = {}


@LOOPS.register_module()
class ShardedTestLoop(TestLoop):
    """``TestLoop`` that leaves out images whose predictions are in a folder already.

    The others are divided between the processes. Each writes what the metrics keep of
    its images into files of the folder; at the end all of them are evaluated. The
    sampler of the dataloader must be a ``ChosenSampler``.

    Args:
        *args: as ``TestLoop`` takes them.
        folder: of the files.
        about: what is tested; texts by which another test is told from this one.
        images_per_shard: a file is written after so many images of a process.
        **kwargs: as ``TestLoop`` takes them.
    """

    evaluator: Any

    def __init__(
        self,
        *args: Any,
        folder: str | Path,
        about: Mapping[str, str],
        images_per_shard: int = 100,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._shards = PredictionShards(folder, about)
        self._images_per_shard = images_per_shard

    def run(self) -> dict:
        """Test the images that are left, and return the figures of all."""
        if is_main_process():
            self._shards.check()
            self._shards.claim()
        barrier()
        found = self._shards.read()
        # No process writes before all have read, or their parts would differ.
        barrier()
        rank, world_size = get_dist_info()
        left = [i for i in range(len(self.dataloader.dataset)) if i not in found]
        own = left[rank::world_size]
        self.dataloader.sampler.chosen = own
        self.runner.logger.info(
            f'{self._shards.folder}: {len(found)} images are done, {len(left)} are left'
        )
        self.evaluator = _KeepingEvaluator(
            self.evaluator, self._shards, own, self._images_per_shard
        )
        return super().run()


@LOOPS.register_module()
class ShardedMixedPrecisionTestLoop(ShardedTestLoop, MixedPrecisionTestLoop):
    """``ShardedTestLoop`` in half precision on a GPU, in bfloat16 on a CPU."""

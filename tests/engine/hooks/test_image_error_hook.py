import pickle
from types import SimpleNamespace

import pytest
from mmdet.registry import HOOKS
from mmengine.dataset import BaseDataset, Compose, ConcatDataset, RepeatDataset
from torch.utils.data import DataLoader

from mmdet_plus.engine.hooks.image_error_hook import ImageError, NamingPipeline


def fail_on_b(data):
    if data['img_path'] == 'b.png':
        raise ValueError('bad\n pixels')
    return data


class PathDataset(BaseDataset):
    def load_data_list(self):
        return [dict(img_path='a.png'), dict(img_path='b.png')]


def run_hook(dataset, loop='_train_loop', num_workers=0):
    loader = DataLoader(dataset, num_workers=num_workers, collate_fn=list)
    runner = SimpleNamespace(**{loop: SimpleNamespace(dataloader=loader)})
    HOOKS.build(dict(type='ImageErrorHook')).before_run(runner)
    return loader


@pytest.mark.parametrize('loop', ['_train_loop', '_val_loop', '_test_loop'])
@pytest.mark.parametrize('num_workers', [0, 1])
def test_error_names_the_image(loop, num_workers):
    loader = run_hook(
        PathDataset(pipeline=[fail_on_b], serialize_data=False), loop, num_workers
    )
    message = r'image b\.png cannot be processed: ValueError: bad pixels'
    batches = iter(loader)
    assert next(batches)[0]['img_path'] == 'a.png'
    with pytest.raises(ImageError, match=message):
        next(batches)


@pytest.mark.parametrize(
    'wrap',
    [
        lambda dataset: RepeatDataset(dataset, times=2),
        lambda dataset: ConcatDataset([dataset]),
    ],
)
def test_wrapped_datasets(wrap):
    dataset = PathDataset(pipeline=[fail_on_b], serialize_data=False)
    run_hook(wrap(dataset))
    assert isinstance(dataset.pipeline, NamingPipeline)


def test_pipeline_stays_usable():
    pipeline = NamingPipeline(Compose([fail_on_b]))
    copy = pickle.loads(pickle.dumps(pipeline))
    assert copy(dict(img_path='a.png')) == dict(img_path='a.png')
    assert copy.transforms == [fail_on_b]


def test_loops_that_are_not_built_are_left_alone():
    runner = SimpleNamespace(_train_loop=dict(type='EpochBasedTrainLoop'))
    HOOKS.build(dict(type='ImageErrorHook')).before_run(runner)
    assert runner._train_loop == dict(type='EpochBasedTrainLoop')

import copy
import json
from argparse import ArgumentParser, Namespace
from types import SimpleNamespace

import pytest
import torch
from mmdet.registry import DATASETS, HOOKS
from mmengine.config import Config
from samples.labelled_folders import write_coco, write_voc, write_yolo

from mmdet_plus.cli.flags_of_train import set_train_options
from mmdet_plus.cli.own_data import (
    add_data_arguments,
    input_size,
    use_test_data,
    use_training_data,
)
from mmdet_plus.errors import UserError


def arguments(data, **changes):
    names = ('amp', 'auto_scale_lr', 'resume', 'classes', 'val_fraction', 'epochs')
    names += ('patience', 'ema', 'load', 'overwrite')
    names += ('split_seed',)
    given = dict.fromkeys(names) | dict(data=data and str(data), launcher='none')
    return Namespace(**given | changes)


@pytest.fixture
def cfg(tiny_config):
    read = Config.fromfile(str(tiny_config))
    read.merge_from_dict(dict(launcher='none', work_dir=str(tiny_config.parent / 'w')))
    return read


@pytest.fixture
def voc(tmp_path):
    return write_voc(tmp_path / 'voc')


def test_data_classes_and_evaluators_are_exchanged(cfg, voc, capsys):
    inner = cfg.train_dataloader.dataset
    pipeline = inner.pipeline
    inner.filter_cfg = dict(filter_empty_gt=False)
    other = dict(inner, pipeline=[])
    cfg.train_dataloader.dataset = dict(
        type='RepeatDataset',
        times=2,
        dataset=dict(type='ConcatDataset', datasets=[inner, other]),
    )
    use_training_data(cfg, arguments(voc, classes='cat'))
    train = cfg.train_dataloader.dataset
    assert train.type == 'RepeatDataset'
    assert train.dataset.type == 'VOCFolderDataset'
    assert train.dataset.pipeline == pipeline
    assert train.dataset.filter_cfg == dict(filter_empty_gt=False)
    assert train.dataset.metainfo.classes == ('cat',)
    assert cfg.val_dataloader.dataset.ann_file == 'ImageSets/Main/val.txt'
    assert cfg.val_evaluator.type == 'FolderCocoMetric'
    assert cfg.val_evaluator.dataset.ann_file == 'ImageSets/Main/val.txt'
    assert cfg.val_evaluator.metric == ['bbox']
    assert cfg.model.roi_head.bbox_head.num_classes == 1
    assert 'VOC, 3 train, 2 val images, 1 classes' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('classes', 'message'),
    [
        ('dgo', "no class 'dgo'; did you mean dog"),
        ('dog,dog', 'names dog twice'),
        (',', 'names no class; .*voc has cat, dog'),
        ('', 'names no class'),
    ],
)
def test_classes_that_are_not_there(cfg, voc, classes, message):
    with pytest.raises(UserError, match=message):
        use_training_data(cfg, arguments(voc, classes=classes))


def test_names_with_a_comma_are_quoted(cfg, tmp_path):
    data = write_yolo(tmp_path / 'y', 'images/{split}', "names: ['cat, small', dog]\n")
    given = arguments(data, classes='dog, "cat, small"')
    use_training_data(cfg, given)
    assert cfg.train_dataloader.dataset.metainfo.classes == ('dog', 'cat, small')
    with pytest.raises(UserError, match='quote a name with a comma: --classes'):
        use_training_data(cfg, arguments(data, classes='cat, small,dog'))


def test_weights_are_looked_at_before_data(cfg, capsys):
    message = r'--load: checkpoint absent\.pth does not exist'
    with pytest.raises(UserError, match=message):
        set_train_options(cfg, arguments('/absent', load='absent.pth'))
    with pytest.raises(UserError, match='no model'):
        set_train_options(cfg, arguments('/absent', load='zoo://absent'))


def test_classes_of_the_checkpoint_are_obeyed(cfg, tmp_path, capsys):
    data = write_yolo(tmp_path / 'y', 'images/{split}', 'names: [cat, dog]\n')
    path = tmp_path / 'c.pth'
    meta = dict(dataset_meta=dict(classes=('dog', 'bird')))
    torch.save(dict(state_dict={}, meta=meta), path)
    use_test_data(cfg, arguments(data, checkpoint=str(path)))
    assert cfg.test_dataloader.dataset.metainfo.classes == ('dog', 'bird')
    assert cfg.model.roi_head.bbox_head.num_classes == 2
    assert 'never learned: cat' in capsys.readouterr().out
    with pytest.raises(
        UserError, match=r'learned dog,bird, which .*leave --classes out'
    ):
        use_test_data(cfg, arguments(data, checkpoint=str(path), classes='dog'))
    meta['dataset_meta']['classes'] = ('fish',)
    torch.save(dict(state_dict={}, meta=meta), path)
    with pytest.raises(UserError, match=r'no class of .*c\.pth is in'):
        use_test_data(cfg, arguments(data, checkpoint=str(path)))


def test_switches_of_training(cfg, voc):
    given = arguments(
        voc, epochs=3, patience=2, ema=True, load='zoo://d2det_tiny_shapes'
    )
    set_train_options(cfg, given)
    assert cfg.train_cfg.max_epochs == 3
    assert cfg.default_hooks.checkpoint.save_best == 'coco/bbox_mAP'
    hooks = {hook['type']: hook for hook in cfg.custom_hooks}
    assert hooks['EarlyStoppingHook']['patience'] == 2
    assert {'EMAHook', 'NewClassesHook'} <= set(hooks)
    assert cfg.load_from == 'zoo://d2det_tiny_shapes'


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('epochs', 1),
        ('patience', 1),
        ('ema', True),
        ('classes', 'a'),
        ('split_seed', 0),
        ('classes', ''),
    ],
)
def test_flags_of_own_data_need_it(cfg, name, value):
    with pytest.raises(UserError, match=f'--{name.replace("_", "-")} needs --data'):
        set_train_options(cfg, arguments(None, **{name: value}))


def test_an_empty_folder_name_is_refused(cfg):
    with pytest.raises(UserError, match='--data is empty'):
        set_train_options(cfg, arguments(''))


def test_training_stops_when_the_ap_has_not_risen(cfg, voc):
    set_train_options(cfg, arguments(voc, patience=2))
    hook = HOOKS.build(cfg.custom_hooks[-1])
    runner = SimpleNamespace(
        train_loop=SimpleNamespace(stop_training=False),
        logger=SimpleNamespace(info=print),
    )
    stopped = []
    for measured in (0.0, 0.1, 0.1, 0.101, 0.101, 0.05):
        hook.after_val_epoch(runner, {'coco/bbox_mAP': measured})
        stopped.append(runner.train_loop.stop_training)
    assert stopped == [False] * 5 + [True]


def test_load_and_resume_exclude_each_other(cfg):
    with pytest.raises(UserError, match='use one'):
        set_train_options(cfg, arguments(None, load='a.pth', resume='auto'))


def test_bad_data_stop_before_anything_is_written(cfg, voc):
    (voc / 'JPEGImages/b.jpg').write_bytes(b'')
    with pytest.raises(UserError, match='1 images cannot be read'):
        use_training_data(cfg, arguments(voc))


def test_a_validation_split_without_objects_is_refused(cfg, voc):
    with pytest.raises(UserError, match='val has no object of dog, so nothing can be'):
        use_training_data(cfg, arguments(voc, classes='dog'))
    for name in 'de':
        path = voc / f'Annotations/{name}.xml'
        path.write_text(path.read_text().replace('cat', 'Cat '))
    with pytest.raises(UserError) as caught:
        use_training_data(cfg, arguments(voc))
    assert 'no class of val (Cat) is one of train (cat, dog)' in str(caught.value)


def test_names_of_splits_that_differ_in_case_are_told(cfg, voc, capsys):
    path = voc / 'Annotations/e.xml'
    path.write_text(path.read_text().replace('cat', 'Cat', 1))
    use_training_data(cfg, arguments(voc))
    assert "differ in case or spaces only ('Cat' and 'cat')" in capsys.readouterr().err


def test_masks_that_single_objects_lack_are_left_out(cfg, tmp_path, capsys):
    cfg.model.roi_head.mask_head = dict(type='FCNMaskHead')
    coco = write_coco(tmp_path / 'c', 'annotations/{split}.json', '{split}')
    for path in (coco / 'annotations').iterdir():
        content = json.loads(path.read_text())
        for item in content['annotations']:
            x, y, w, h = item['bbox']
            item['segmentation'] = [[x, y, x + w, y, x + w, y + h]]
        if path.stem == 'train':
            content['annotations'][0]['segmentation'] = [[1, 2, 3, 4]]
        path.write_text(json.dumps(content))
    use_training_data(cfg, arguments(coco))
    assert '1 of 4 objects have no mask and are left out' in capsys.readouterr().err
    assert cfg.val_evaluator.dataset.needs_masks
    dataset = DATASETS.build({**cfg.train_dataloader.dataset, 'pipeline': []})
    assert [len(dataset.get_data_info(i)['instances']) for i in range(3)] == [1, 1, 1]


def test_models_with_masks_need_masks(cfg, voc):
    cfg.model.roi_head.mask_head = dict(type='FCNMaskHead')
    with pytest.raises(
        UserError, match=r'train: .* masks, but 4 of 4 objects have none'
    ):
        use_training_data(cfg, arguments(voc))


@pytest.mark.parametrize('number', ['NaN', '1e400', '1e12'])
def test_masks_that_cannot_be_drawn_are_errors_for_models_with_masks(
    cfg, tmp_path, number, capsys
):
    root = write_coco(tmp_path / 'c', 'annotations/{split}.json', '{split}')
    for path in (root / 'annotations').iterdir():
        whole = '"segmentation": [[1, 1, 9, 1, 9, 9]], "area"'
        path.write_text(path.read_text().replace('"area"', whole))
    path = root / 'annotations/train.json'
    path.write_text(path.read_text().replace('[[1, 1', f'[[{number}, 1', 1))
    use_training_data(copy.deepcopy(cfg), arguments(root))
    assert 'train: 1 segmentations cannot be read' in capsys.readouterr().err
    cfg.model.roi_head.mask_head = dict(type='FCNMaskHead')
    message = (
        r'1 segmentations cannot be read.*train\.json, annotations\[0\]: a polygon'
    )
    with pytest.raises(UserError, match=message):
        use_training_data(cfg, arguments(root))


def with_test_split(voc):
    (voc / 'ImageSets/Main/test.txt').write_text('a\nb\n')
    return voc


def test_a_test_split_is_what_is_tested(cfg, voc, tmp_path):
    trained, tested = copy.deepcopy(cfg), copy.deepcopy(cfg)
    with_test_split(voc)
    use_training_data(trained, arguments(voc))
    assert trained.val_dataloader.dataset.ann_file == 'ImageSets/Main/val.txt'
    assert trained.test_dataloader.dataset.ann_file == 'ImageSets/Main/test.txt'
    path = tmp_path / 'c.pth'
    meta = dict(dataset_meta=dict(CLASSES=('dog', 'cat')))
    torch.save(dict(state_dict={}, meta=meta), path)
    use_test_data(tested, arguments(voc, checkpoint=str(path)))
    assert tested.test_dataloader.dataset.ann_file == 'ImageSets/Main/test.txt'
    assert tested.test_evaluator.dataset.ann_file == 'ImageSets/Main/test.txt'
    assert tested.test_dataloader.dataset.metainfo.classes == ('dog', 'cat')


def test_classes_are_measured_apart_where_there_are_several(cfg, voc):
    one, two = copy.deepcopy(cfg), copy.deepcopy(cfg)
    use_training_data(one, arguments(voc, classes='cat'))
    use_training_data(two, arguments(voc))
    assert [c.val_evaluator.classwise for c in (one, two)] == [False, True]


def test_a_test_needs_no_training_images(cfg, tmp_path):
    text = 'names: [cat, dog]\ntrain: nowhere\nval: images/val\n'
    data = write_yolo(tmp_path / 'y', 'images/{split}', text)
    path = tmp_path / 'c.pth'
    torch.save(dict(state_dict={}), path)
    use_test_data(cfg, arguments(data, checkpoint=str(path)))
    assert cfg.test_dataloader.dataset.split == 'val'
    with pytest.raises(UserError, match='says train: nowhere, which is not there'):
        use_training_data(cfg, arguments(data))


def test_the_size_of_the_input_is_width_and_height(cfg):
    (step,) = [s for s in cfg.test_dataloader.dataset.pipeline if 'Resize' in s['type']]
    step['scale'] = (1333, 800)
    assert input_size(cfg) == (1333, 800)
    cfg.test_dataloader.dataset.pipeline = [dict(type='LoadImageFromFile')]
    assert input_size(cfg) is None


def test_objects_that_are_tiny_in_the_input_are_told(cfg, voc, capsys):
    for step in cfg.test_dataloader.dataset.pipeline:
        if 'Resize' in step['type']:
            step['scale'] = (20, 10)
    use_training_data(cfg, arguments(voc))
    assert '1 boxes that are below 4 px' in capsys.readouterr().err


@pytest.mark.parametrize('part', ['0', '0.91', '1', '-0.2', 'half'])
def test_parts_held_out_lie_between_none_and_all(part):
    parser = ArgumentParser()
    add_data_arguments(parser)
    assert parser.parse_args(['--val-fraction', '0.9']).val_fraction == 0.9
    with pytest.raises(SystemExit):
        parser.parse_args([f'--val-fraction={part}'])

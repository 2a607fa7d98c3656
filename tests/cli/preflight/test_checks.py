import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import Registry
from samples.labelled_folders import write_image

from mmdet_plus.cli.preflight.checks import (
    check_before_test,
    check_before_training,
    check_test_data,
    check_values,
)
from mmdet_plus.errors import UserError


@pytest.fixture
def cfg(tiny_config):
    return Config.fromfile(str(tiny_config))


def test_good_config_passes(cfg):
    assert check_before_training(cfg) == []


@pytest.mark.parametrize('name', ['model', 'train_dataloader', 'train_cfg'])
def test_missing_part_is_named(cfg, name):
    cfg[name] = None
    with pytest.raises(UserError, match=f'the config has no {name}'):
        check_before_training(cfg)


def test_missing_training_annotations(cfg):
    cfg.train_dataloader.dataset.ann_file = 'absent.json'
    with pytest.raises(UserError, match=r'absent\.json does not exist') as caught:
        check_before_training(cfg)
    assert 'train_dataloader.dataset.data_root' in str(caught.value)


def test_missing_image_folder(cfg):
    cfg.train_dataloader.dataset.data_prefix.img = 'absent/'
    with pytest.raises(UserError, match=r'image folder .*absent/ does not exist'):
        check_before_training(cfg)


def test_missing_image(cfg, coco_folder):
    (coco_folder / 'images/3.png').unlink()
    with pytest.raises(UserError, match=r'3\.png, listed in .* does not exist'):
        check_before_training(cfg)


@pytest.mark.parametrize('part', ['dataset', 'evaluator'])
def test_missing_validation_says_how_to_switch_it_off(cfg, part):
    node = cfg.val_dataloader.dataset if part == 'dataset' else cfg.val_evaluator
    node.ann_file = 'absent.json'
    with pytest.raises(UserError, match='val_dataloader=None val_cfg=None') as caught:
        check_before_training(cfg)
    assert 'val_evaluator.ann_file' in str(caught.value)


def test_validation_may_be_off(cfg):
    cfg.merge_from_dict(dict(val_dataloader=None, val_cfg=None, val_evaluator=None))
    assert check_before_training(cfg) == []


def test_datasets_inside_wrappers_are_checked(cfg):
    inner = cfg.train_dataloader.dataset
    inner.ann_file = 'absent.json'
    wrapper = dict(type='RepeatDataset', times=2, dataset=inner)
    cfg.train_dataloader.dataset = wrapper
    with pytest.raises(UserError, match=r'train_dataloader\.dataset\.dataset: '):
        check_before_training(cfg)


def test_the_trained_detector_of_a_refiner_is_looked_for(cfg):
    cfg.model = dict(
        type='FrozenBaseDCR', detector=cfg.model, detector_checkpoint='absent.pth'
    )
    with pytest.raises(UserError, match=r'model\.detector_checkpoint: .*absent\.pth'):
        check_before_training(cfg)
    cfg.model.detector_checkpoint = None
    with pytest.raises(UserError, match=r"missing .* argument: 'refiner'"):
        check_before_training(cfg)


def test_tools_that_read_the_test_data(cfg):
    assert check_test_data(cfg) == []
    cfg.test_dataloader.dataset.ann_file = 'absent.json'
    with pytest.raises(UserError, match=r'test_dataloader\.dataset: .*absent\.json'):
        check_test_data(cfg)


def test_no_annotations_to_train_on(cfg, edit_annotations):
    edit_annotations('train', lambda content: content['annotations'].clear())
    with pytest.raises(UserError, match='has no annotations'):
        check_before_training(cfg)


def test_classes_that_the_data_do_not_have(cfg, edit_annotations):
    def rename(content):
        content['categories'][1]['name'] = 'Disc '

    edit_annotations('train', rename)
    with pytest.raises(UserError, match=r"'disc', did you mean 'Disc '"):
        check_before_training(cfg)


@pytest.mark.parametrize(
    ('metainfo', 'message'),
    [
        (dict(CLASSES=('square', 'disc')), 'write it as classes, small'),
        (dict(classes=None), r'classes is None'),
        (dict(classes=()), r'classes is \(\)'),
        (dict(classes=('square', 'disc', 'disc')), 'names classes twice: disc'),
        (dict(classes=('disc', 'square')), r'write the classes as \(square, disc\)'),
    ],
)
def test_class_names_that_would_mislead(cfg, metainfo, message):
    cfg.train_dataloader.dataset.metainfo = metainfo
    with pytest.raises(UserError, match=message):
        check_before_training(cfg)


def spoil_boxes(change):
    def spoil(content):
        for item in content['annotations']:
            item['bbox'] = change(*item['bbox'])

    return spoil


@pytest.mark.parametrize(
    ('spoil', 'message'),
    [
        (spoil_boxes(lambda x, y, w, h: [x + 900, y, w, h]), 'boxes outside'),
        (spoil_boxes(lambda x, y, w, h: [x, y, 0, h]), 'none of the 8 objects'),
        (spoil_boxes(lambda x, y, w, h: [n / 64 for n in (x, y, w, h)]), r'in 0\.\.1'),
        (
            spoil_boxes(lambda x, y, w, h: [x, y, x + w, y + h]),
            'look like x1, y1, x2, y2',
        ),
        (spoil_boxes(lambda x, y, w, h: [x, y, w, float('nan')]), 'not four finite'),
        (spoil_boxes(lambda x, y, w, h: None), 'not four finite'),
        (lambda c: [a.update(area=0) for a in c['annotations']], 'of area 0'),
        (lambda c: [a.update(iscrowd=1) for a in c['annotations']], '8 crowds'),
        (lambda c: [a.update(category_id=9) for a in c['annotations']], 'not listed'),
        (lambda c: [a.update(image_id=-9) for a in c['annotations']], 'not listed'),
        (lambda c: [i.update(id=1) for i in c['images']], 'image ids are used twice'),
        (lambda c: c['annotations'][1].update(id=1), 'annotation ids are used twice'),
        (lambda c: [i.update(height=48) for i in c['images']], 'another size'),
    ],
)
def test_annotations_that_would_train_on_nothing_or_wrongly(
    cfg, edit_annotations, spoil, message
):
    edit_annotations('train', spoil)
    with pytest.raises(UserError, match=message):
        check_before_training(cfg)


def test_single_objects_are_counted_with_examples(cfg, edit_annotations):
    edit_annotations('train', lambda c: c['annotations'][3].update(bbox=[70, 1, 5, 5]))
    (line,) = check_before_training(cfg)
    assert '1 boxes outside their image' in line
    assert 'annotations[3]' in line


def test_annotation_id_0_is_told(cfg, edit_annotations):
    edit_annotations('val', lambda c: c['annotations'][0].update(id=0))
    (line,) = check_before_training(cfg)
    assert 'annotation id 0' in line


def test_crowds_are_needed_to_measure(cfg, edit_annotations):
    edit_annotations('val', lambda c: c['annotations'][2].pop('iscrowd'))
    with pytest.raises(UserError, match=r'annotations\[2\] lacks iscrowd'):
        check_before_training(cfg)


def test_evaluator_of_other_images(cfg, edit_annotations, coco_folder):
    path = edit_annotations('val', lambda c: c['images'][0].update(file_name='1.png'))
    cfg.val_evaluator.ann_file = str(coco_folder / 'annotations/train.json')
    with pytest.raises(UserError, match=f'set val_evaluator.ann_file={path}'):
        check_before_training(cfg)
    cfg.val_evaluator.ann_file = None
    with pytest.raises(UserError, match='no ann_file to measure with'):
        check_before_training(cfg)


def test_classes_written_as_a_text(cfg):
    cfg.train_dataloader.dataset.metainfo.classes = 'square'
    with pytest.raises(UserError, match='must be a tuple of names'):
        check_before_training(cfg)


def test_number_of_classes_of_the_model(cfg):
    cfg.model.roi_head.bbox_head.num_classes = 80
    with pytest.raises(UserError, match=r'model\.roi_head\.bbox_head\.num_classes=2'):
        check_before_training(cfg)


def test_panoptic_models_count_otherwise(cfg, edit_annotations):
    def only_segments(content):
        for annotation in content['annotations']:
            del annotation['bbox']

    edit_annotations('train', only_segments)
    cfg.train_dataloader.dataset.type = 'CocoPanopticDataset'
    cfg.val_dataloader = None
    cfg.model.roi_head.bbox_head.num_classes = 1
    assert check_before_training(cfg) == []


def test_test_set_without_truth_needs_format_only(cfg, edit_annotations, tmp_path):
    edit_annotations('val', lambda content: content.pop('annotations'))
    cfg.load_from = str(tmp_path / 'c.pth')
    torch.save(dict(state_dict={}), cfg.load_from)
    cfg.test_evaluator.format_only = True
    cfg.test_evaluator.outfile_prefix = str(tmp_path / 'results')
    assert check_before_test(cfg) == []
    cfg.test_evaluator.format_only = False
    with pytest.raises(UserError, match="no list 'annotations'"):
        check_before_test(cfg)


@pytest.fixture
def numbers():
    return Config(
        dict(
            train_dataloader=dict(batch_size=2, num_workers=0),
            val_dataloader=None,
            train_cfg=dict(max_epochs=1),
            optim_wrapper=dict(optimizer=dict(lr=0.0)),
            randomness=dict(seed=None),
        )
    )


def test_good_values_pass(numbers):
    check_values(numbers)


@pytest.mark.parametrize(
    ('key', 'value'),
    [
        ('train_dataloader.batch_size', 0),
        ('train_dataloader.batch_size', 1.5),
        ('train_dataloader.batch_size', 'two'),
        ('train_dataloader.batch_size', True),
        ('train_dataloader.num_workers', -1),
        ('train_cfg.max_epochs', -1),
        ('train_cfg.max_iters', 0),
        ('train_cfg.val_interval', 0),
        ('optim_wrapper.optimizer.lr', -0.1),
        ('optim_wrapper.optimizer.lr', float('nan')),
        ('optim_wrapper.optimizer.lr', float('inf')),
        ('optim_wrapper.accumulative_counts', 0),
        ('randomness.seed', -1),
    ],
)
def test_bad_value_is_named(numbers, key, value):
    numbers.merge_from_dict({key: value})
    with pytest.raises(UserError, match=f'{key} must be') as caught:
        check_values(numbers)
    assert repr(value) in str(caught.value)


def test_persistent_workers_need_workers(numbers):
    numbers.train_dataloader.persistent_workers = True
    with pytest.raises(UserError, match='persistent_workers=False'):
        check_values(numbers)
    numbers.train_dataloader.num_workers = 1
    check_values(numbers)


@pytest.mark.parametrize('part', ['set', 'names'])
def test_voc_data_inside_wrappers_is_checked(cfg, tmp_path, part):
    path = tmp_path / 'VOC2007/Annotations/1.xml'
    path.parent.mkdir(parents=True)
    box = '<xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax>'
    item = f'<object><name>square</name><bndbox>{box}</bndbox></object>'
    path.write_text(f'<annotation>{item}</annotation>')
    write_image(tmp_path / 'VOC2007/JPEGImages/1.jpg')
    (tmp_path / 'set.txt').write_text('1\n')
    voc = dict(
        type='VOCDataset',
        data_root=str(tmp_path),
        ann_file='set.txt',
        data_prefix=dict(sub_data_root='VOC2007/'),
        metainfo=dict(classes=('square', 'disc')),
    )
    concatenated = dict(type='ConcatDataset', datasets=[voc])
    cfg.train_dataloader.dataset = dict(type='RepeatDataset', dataset=concatenated)
    assert check_before_training(cfg) == []
    change = dict(set=dict(ann_file='absent.txt'), names=dict(metainfo={}))
    voc.update(change[part])
    cfg.train_dataloader.dataset.dataset.datasets = [voc]
    message = dict(set=r'absent\.txt does not exist', names='objects: square')
    with pytest.raises(UserError, match=message[part]) as caught:
        check_before_training(cfg)
    assert 'train_dataloader.dataset.dataset.datasets.0' in str(caught.value)


def test_weights_of_another_model_are_refused_before_anything_is_made(
    tiny_config, tmp_path
):
    path = tmp_path / 'other.pth'
    torch.save(dict(state_dict={'a.weight': torch.zeros(2)}), path)
    cfg = Config.fromfile(str(tiny_config))
    cfg.load_from = str(path)
    cfg.custom_hooks = [dict(type='NewClassesHook')]
    with pytest.raises(UserError, match=r'other\.pth: the checkpoint has 0 of the'):
        check_before_training(cfg)
    model = MODELS.build(cfg.model)
    torch.save(model.state_dict(), path)
    check_before_training(cfg)
    cfg.model.backbone.depth = 17
    with pytest.raises(UserError, match=r'model\.backbone: ResNet cannot be built'):
        check_before_training(cfg)


def use_folder_datasets(cfg, coco_folder, **changes):
    own = dict(type='COCOFolderDataset', data_root=str(coco_folder))
    own |= dict(data_prefix=dict(img='images/'), pipeline=[], **changes)
    for split in ('train', 'val'):
        found = dict(own, ann_file=f'annotations/{split}.json')
        cfg[f'{split}_dataloader']['dataset'] = found
    cfg.val_evaluator = dict(type='FolderCocoMetric', dataset=found, metric='bbox')


def test_classes_of_the_data_are_compared_and_counted(
    cfg, coco_folder, edit_annotations
):
    use_folder_datasets(cfg, coco_folder)
    assert check_before_training(cfg) == []
    cfg.model.roi_head.bbox_head.num_classes = 80
    with pytest.raises(UserError, match='has 2 classes, but the model has'):
        check_before_training(cfg)
    edit_annotations('val', lambda content: content['categories'][0].update(name='x'))
    with pytest.raises(UserError, match='labels would be mixed up') as caught:
        check_before_training(cfg)
    message = str(caught.value)
    assert 'train_dataloader.dataset: square, disc' in message
    assert 'val_dataloader.dataset: x, disc' in message
    assert "metainfo=dict(classes=('square', 'disc', 'x'))" in message


def test_validation_without_objects_is_told(cfg, edit_annotations):
    edit_annotations('val', lambda content: content['annotations'].clear())
    (warning,) = check_before_training(cfg)
    assert 'val.json has no annotations' in warning


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'model.roi_head.bbox_head.num_classes': 2.0}, r'bbox_head\.num_classes must'),
        (
            {'model.test_cfg.rcnn.nms.iou_threshold': 5},
            r'iou_threshold must be in 0',
        ),
        ({'model.test_cfg.rcnn.score_thr': 'a'}, r'rcnn\.score_thr must be a finite'),
        ({'default_hooks.checkpoint.interval': 0}, r'checkpoint\.interval must be an'),
        ({'train_dataloader.dataset.indices': 0}, 'indices leaves no image'),
        ({'train_dataloader.dataset.ann_file': 5}, 'ann_file must be a path, got 5'),
        ({'train_dataloader.dataset.type': 'COCO'}, "nothing is registered as 'COCO'"),
        ({'train_dataloader.dataset.metainfo.classes': (1, 2)}, 'must be names, got 1'),
        ({'model.train_cfg.rcnn.assigner.pos_iou_thr': 7}, r'pos_iou_thr must be in 0'),
        (
            {'model.train_cfg.rcnn.sampler.pos_fraction': 5},
            r'pos_fraction must be in 0',
        ),
        ({'model.test_cfg.rcnn.max_per_img': 1.5}, 'max_per_img must be an integer'),
        ({'model.data_preprocessor.pad_size_divisor': -3}, 'pad_size_divisor must be'),
        ({'model.rpn_head.anchor_generator.scales': [0]}, r'scales must be above 0'),
        ({'model.rpn_head.anchor_generator.ratios': [-1]}, r'ratios must be above 0'),
        ({'optim_wrapper.clip_grad': dict(max_norm=-1)}, 'max_norm must be a number'),
        ({'randomness.deterministic': 'maybe'}, 'deterministic must be True or False'),
        ({'custom_hooks': [5]}, 'custom_hooks must be a list of dicts'),
        ({'default_scope': 'mmdett'}, "there is no package 'mmdett'"),
    ],
)
def test_settings_that_cannot_be_meant(cfg, options, message):
    cfg.merge_from_dict(options)
    with pytest.raises(UserError, match=message):
        check_before_training(cfg)


def test_weights_to_start_from_are_looked_for(cfg):
    cfg.model.backbone.init_cfg = dict(type='Pretrained', checkpoint='absent.pth')
    with pytest.raises(UserError, match=r'init_cfg.checkpoint: .*absent\.pth does not'):
        check_before_training(cfg)


def test_sizes_of_pipelines_are_checked(cfg):
    cfg.val_dataloader.dataset.pipeline[1].scale = (0, 0)
    with pytest.raises(UserError, match=r'val_dataloader.*pipeline\.1\.scale must be'):
        check_before_training(cfg)


@pytest.mark.parametrize(
    'options',
    [
        {'model.test_cfg.rcnn.max_per_img': None},
        {'randomness.deterministic': 1},
        {'resume': 0},
        {'default_scope': 'mmengine'},
        {'default_scope': 'email'},
    ],
)
def test_settings_that_are_meant(cfg, options):
    cfg.merge_from_dict(options)
    check_values(cfg)


def test_scopes_need_no_package(cfg):
    cfg.default_scope = 'own_scope'
    with pytest.raises(UserError, match="there is no package 'own_scope'"):
        check_values(cfg)
    Registry('model', parent=MODELS, scope='own_scope')
    try:
        check_values(cfg)
    finally:
        del MODELS.children['own_scope']
    cfg.default_scope = 'absent.inner'
    with pytest.raises(UserError, match='there is no package'):
        check_values(cfg)

import os
import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmdet.apis import DetInferencer as MMDetInferencer
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner.checkpoint import CheckpointLoader
from PIL import Image

from mmdet_plus.apis import DetInferencer
from mmdet_plus.errors import UserError
from mmdet_plus.zoo import find_entry


class BuiltError(Exception):
    """There is nothing more to see."""


@pytest.fixture
def asked(monkeypatch):
    """What a ``DetInferencer`` would build and load."""
    seen = {}

    def init_model(self, cfg, weights, device='cpu'):
        seen.update(config=Path(cfg.filename), weights=weights)
        raise BuiltError

    monkeypatch.setattr(DetInferencer, '_init_model', init_model)
    return seen


def test_names_of_the_zoo_bring_config_and_weights(asked):
    name = 'd2det_r50_fpn_2x_coco'
    with pytest.raises(BuiltError):
        DetInferencer(model=name, device='cpu')
    config = find_entry(name).config
    assert asked == dict(config=config, weights=f'zoo://{name}')


def test_names_of_mmdetection_still_work(asked):
    with pytest.raises(BuiltError):
        DetInferencer(model='faster-rcnn_r50_fpn_1x_coco', device='cpu')
    assert asked['config'].name == 'faster-rcnn_r50_fpn_1x_coco.py'
    assert asked['weights'].startswith('https://')


def test_names_may_be_written_as_elsewhere(asked):
    with pytest.raises(BuiltError):
        DetInferencer(model='zoo://d2det_tiny_shapes', device='cpu')
    assert asked['config'].stem == 'd2det_tiny_shapes'
    assert asked['weights'] == 'zoo://d2det_tiny_shapes'


@pytest.mark.parametrize(
    ('model', 'message'),
    [
        ('d2det_tiny_shape', 'did you mean d2det_tiny_shapes'),
        ('absent.py', r'config file absent\.py does not exist'),
    ],
)
@pytest.mark.usefixtures('asked')
def test_unknown_names_are_user_errors(model, message):
    with pytest.raises(UserError, match=message):
        DetInferencer(model=model, device='cpu')


def test_weights_of_another_model_are_refused(tiny_config, tmp_path):
    torch.save(dict(state_dict={'a.weight': torch.rand(2)}), tmp_path / 'other.pth')
    with pytest.raises(UserError, match=r'has 0 of the .* another config'):
        DetInferencer(str(tiny_config), str(tmp_path / 'other.pth'), device='cpu')


class Malicious:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


def test_unsafe_loading_is_for_one_detector(tiny_config, tmp_path):
    init_default_scope('mmdet')
    weights = MODELS.build(Config.fromfile(tiny_config).model).state_dict()
    path = tmp_path / 'odd.pth'
    torch.save(dict(state_dict=weights, x=Malicious(tmp_path / 'ran')), path)
    with pytest.raises(UserError, match='--unsafe-load'):
        DetInferencer(str(tiny_config), path, device='cpu')
    assert not (tmp_path / 'ran').exists()
    DetInferencer(tiny_config, str(path), device='cpu', unsafe_load=True)
    assert (tmp_path / 'ran').exists()
    with pytest.raises(UserError, match='--unsafe-load'):
        CheckpointLoader.load_checkpoint(str(path))


def test_weights_alone_bring_their_config_as_data(tiny_config, tmp_path):
    config = Config.fromfile(tiny_config)
    init_default_scope('mmdet')
    weights = MODELS.build(config.model).state_dict()
    path = tmp_path / 'epoch_1.pth'
    torch.save(dict(state_dict=weights, meta=dict(cfg=config.pretty_text)), path)
    assert DetInferencer(weights=path, device='cpu').cfg.model == config.model
    evil = f'import os\nos.mkdir("{tmp_path}/ran")\n{config.pretty_text}'
    torch.save(dict(state_dict=weights, meta=dict(cfg=evil)), path)
    with pytest.raises(UserError, match='carries no config that can be read as data'):
        DetInferencer(weights=path, device='cpu')
    with pytest.raises(ValueError, match='Cannot find the config'):
        MMDetInferencer(weights=str(path), device='cpu')
    assert not (tmp_path / 'ran').exists()


@pytest.fixture
def inferencer(tiny_config, tmp_path):
    init_default_scope('mmdet')
    model = MODELS.build(Config.fromfile(tiny_config).model)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'net.pth')
    weights = str(tmp_path / 'net.pth')
    return DetInferencer(str(tiny_config), weights, 'cpu', show_progress=False)


def test_classes_are_those_of_the_config_where_the_checkpoint_has_none(inferencer):
    assert inferencer.model.dataset_meta['classes'] == ('square', 'disc')
    (found,) = inferencer(np.zeros((32, 48, 3), np.uint8))['predictions']
    names = [('square', 'disc')[label] for label in found['labels']]
    assert len(names) > 0
    assert found['class_names'] == names


def test_paths_pictures_and_arrays_of_one_image_agree(inferencer, coco_folder):
    path = coco_folder / 'images' / '1.png'
    array = cv2.imread(str(path))
    inputs = [path, Image.open(path), array]
    found = inferencer(inputs, return_vis=True)
    first, *others = found['predictions']
    assert all(other == first for other in others)
    assert all(
        (vis == found['visualization'][0]).all() for vis in found['visualization']
    )


@pytest.mark.parametrize('bits', [12, 16])
def test_files_and_arrays_of_more_bits_are_scaled(bits, inferencer, coco_folder):
    path = coco_folder / 'images' / '1.png'
    plain = np.random.default_rng(0).integers(0, 256, (32, 48, 3), np.uint16)
    plain[0, 0] = 255
    deep = plain << (bits - 8)
    cv2.imwrite(str(path), deep)
    found = inferencer([path, deep, plain.astype(np.uint8)], return_vis=True)
    first, *others = found['predictions']
    assert len(first['scores']) > 0
    assert all(other == first for other in others)
    pictures = found['visualization']
    assert all((picture == pictures[0]).all() for picture in pictures)
    (again,) = inferencer(plain.astype(np.uint8))['predictions']
    assert again == first


def test_images_of_one_name_do_not_overwrite_each_other(inferencer, coco_folder):
    folder, out = coco_folder / 'images', coco_folder / 'out'
    other = coco_folder / 'other'
    other.mkdir()
    for path in (other / '0.png', folder / '0.jpg'):
        cv2.imwrite(str(path), np.zeros((32, 48, 3)))
    paths = [folder / '0.png', folder / '0.jpg', other / '0.png', folder / '1.png']
    inferencer(paths, out_dir=str(out), no_save_pred=False)
    assert len([*out.glob('preds/*.json')]) == len([*out.glob('vis/*')]) == 4
    assert {'0.json', '0_jpg.json', '1.json'} <= {p.name for p in out.glob('preds/*')}
    assert {'0.png', '0.jpg', '1.png'} <= {p.name for p in out.glob('vis/*')}


def test_broken_images_are_left_out_of_folders_and_named_elsewhere(
    inferencer, coco_folder, caplog
):
    folder = coco_folder / 'images'
    (folder / '2.png').write_bytes(b'no image')
    assert len(inferencer(folder, batch_size=3)['predictions']) == 3
    with pytest.raises(UserError, match=r'image .*2\.png cannot be read'):
        inferencer([folder / '1.png', folder / '2.png'])
    for path in folder.iterdir():
        path.write_bytes(b'no image')
    with pytest.raises(UserError, match='none of the images'):
        inferencer(folder)


def test_batch_sizes_may_be_numpys(inferencer, coco_folder):
    found = inferencer(str(coco_folder / 'images'), batch_size=np.int64(2))
    assert len(found['predictions']) == 4


@pytest.mark.parametrize(
    'kind',
    [
        dict(color_type='unchanged'),
        dict(color_type='unchanged', to_float32=True),
        dict(color_type='grayscale'),
        dict(imdecode_backend='tifffile'),
        dict(imdecode_backend='pillow'),
    ],
    ids=str,
)
def test_files_are_loaded_as_in_training_where_it_is_not_in_8_bits_of_colour(
    kind, tiny_config, coco_folder, caplog
):
    config = Config.fromfile(tiny_config)
    config.test_dataloader.dataset.pipeline[0].update(kind)
    is_file = 'tifffile' in kind.values()
    path = str(coco_folder / 'images' / f'1.{"tif" if is_file else "png"}')
    Image.fromarray(np.full((64, 64), 4000, np.uint16)).save(path)
    ours, theirs = (
        make(config, device='cpu') for make in (DetInferencer, MMDetInferencer)
    )
    expected = theirs.pipeline(path)['inputs']
    ((_, found),) = ours._loaded(ours._inputs_to_list(path))
    assert found['inputs'].dtype == expected.dtype
    assert found['inputs'].tolist() == expected.tolist()
    assert 'read as of' not in caplog.text


def test_arrays_keep_their_bits_where_the_config_does(tiny_config):
    config = Config.fromfile(tiny_config)
    config.test_dataloader.dataset.pipeline[0].color_type = 'unchanged'
    inferencer = DetInferencer(config, device='cpu', show_progress=False)
    array = np.full((64, 64, 3), 4000, np.uint16)
    ((_, found),) = inferencer._loaded(inferencer._inputs_to_list(array))
    assert set(found['inputs'].flatten().tolist()) == {4000}
    (picture,) = inferencer(array, return_vis=True, pred_score_thr=1)['visualization']
    assert (picture == 250).all()


@pytest.mark.parametrize('size', [0, -1, '2', 1.5, True, None])
def test_batch_sizes_that_cannot_be_meant(inferencer, coco_folder, size):
    with pytest.raises(UserError, match='batch_size must be an integer above 0'):
        inferencer(str(coco_folder / 'images/0.png'), batch_size=size)


def test_nothing_is_said_of_registries_and_backends(tiny_config, tmp_path, capfd):
    init_default_scope('mmdet')
    model = MODELS.build(Config.fromfile(tiny_config).model)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'net.pth')
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        DetInferencer(str(tiny_config), str(tmp_path / 'net.pth'), device='cpu')
    assert 'registry' not in ''.join(capfd.readouterr())

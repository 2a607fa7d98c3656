from mmdet_plus.cli.preflight.classes import no_class_error

FOUND = ('names', ('a', 'b'))
COUNTS = ['model.bbox_head.num_classes']


def message(key, found=FOUND, counts=COUNTS):
    return str(no_class_error('no class', key, ('x', 'y'), found, counts))


def test_both_lists_and_the_repair_are_told():
    text = message('train_dataloader.dataset')
    assert text.startswith('no class.\n  classes of the config: x, y\n  names: a, b\n')
    assert "metainfo=dict(classes=('a', 'b'))" in text
    assert '"val_dataloader.dataset.metainfo.classes=(a,b)"' in text
    assert text.endswith('model.bbox_head.num_classes=2')


def test_option_for_a_dataset_inside_a_wrapper_is_its_own():
    key = 'train_dataloader.dataset.datasets.1'
    text = message(key, counts=[])
    assert text.endswith(f'--cfg-options "{key}.metainfo.classes=(a,b)"')

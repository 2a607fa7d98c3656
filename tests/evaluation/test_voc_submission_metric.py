import pytest
import torch
from mmdet.registry import METRICS

import mmdet_plus  # noqa: F401

CLASSES = ('aeroplane', 'bicycle', 'bird')
BOXES = torch.tensor([[0.0, 1.5, 9, 20], [3, 4, 5, 6], [10, 10, 12.25, 13]])


def sample(name, bboxes, labels, scores):
    labels = torch.tensor(labels, dtype=torch.long)
    truth = dict(bboxes=bboxes, labels=labels)
    return dict(
        img_path=f'VOC2012/JPEGImages/{name}.jpg',
        img_id=7,
        pred_instances=dict(truth, scores=torch.tensor(scores)),
        gt_instances=truth,
        ignored_instances=dict(bboxes=bboxes[:0], labels=labels[:0]),
    )


SAMPLES = [
    sample('2008_000001', BOXES, [0, 2, 0], [0.9, 0.5, 0.25]),
    sample('2008_000006', BOXES[:0], [], []),
    sample('2008_000010', BOXES[1:2], [2], [1 / 3]),
]


def evaluate(samples, year=None, **kwargs):
    metric = METRICS.build(dict(type='VOCSubmissionMetric', **kwargs))
    metric.dataset_meta = dict(classes=CLASSES, dataset_type=year)
    for own in samples:
        metric.process({}, [own])
    return metric.evaluate(len(samples))


@pytest.mark.parametrize('year', [None, 'VOC2007'])
def test_a_file_for_each_class(tmp_path, year):
    samples = [{k: v for k, v in own.items() if 'gt' not in k} for own in SAMPLES]
    prefix = str(tmp_path / 'run')
    given = dict(format_only=True, outfile_prefix=prefix)
    assert evaluate(samples, year, **given) == {}
    folder = tmp_path / 'run' / 'results' / (year or 'VOC2012') / 'Main'
    texts = {path.name: path.read_text() for path in folder.iterdir()}
    assert texts == {
        'comp4_det_test_aeroplane.txt': (
            '2008_000001 0.900000 1.00 2.50 10.00 21.00\n'
            '2008_000001 0.250000 11.00 11.00 13.25 14.00\n'
        ),
        'comp4_det_test_bicycle.txt': '',
        'comp4_det_test_bird.txt': (
            '2008_000001 0.500000 4.00 5.00 6.00 7.00\n'
            '2008_000010 0.333333 4.00 5.00 6.00 7.00\n'
        ),
    }


def test_else_it_measures_as_its_parent():
    ours = evaluate(SAMPLES, 'VOC2007')
    parent = METRICS.build(dict(type='VOCMetric'))
    parent.dataset_meta = dict(classes=CLASSES, dataset_type='VOC2007')
    for own in SAMPLES:
        parent.process({}, [own])
    assert ours == parent.evaluate(len(SAMPLES))
    assert ours['pascal_voc/mAP'] > 0.5


def test_a_folder_is_needed():
    with pytest.raises(ValueError, match='needs outfile_prefix'):
        evaluate([], format_only=True)

import pytest
import torch
from mmdet.registry import METRICS
from samples.labelled_folders import OBJECTS, SPLITS, write_voc, write_yolo

from mmdet_plus.datasets.folders import recognise


@pytest.mark.parametrize('name', ['voc', 'yolo'])
def test_the_truth_itself_scores_one(tmp_path, name):
    if name == 'voc':
        root = write_voc(tmp_path / 'data')
    else:
        root = write_yolo(tmp_path / 'data', 'images/{split}', 'names: [cat, dog]\n')
    data = recognise(str(root))
    metric = METRICS.build(
        dict(type='FolderCocoMetric', dataset=dict(data.splits['train']))
    )
    metric.dataset_meta = dict(classes=data.classes)
    samples = []
    for number, image in enumerate(SPLITS['train'], 1):
        labels, boxes = zip(*OBJECTS[image], strict=True)
        predicted = dict(
            bboxes=torch.tensor(boxes, dtype=torch.float32),
            labels=torch.tensor(labels),
            scores=torch.ones(len(labels)),
        )
        samples.append(
            dict(img_id=number, ori_shape=(20, 40), pred_instances=predicted)
        )
    metric.process({}, samples)
    assert metric.evaluate(len(samples))['coco/bbox_mAP'] == 1

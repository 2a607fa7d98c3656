import torch
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData

from mmdet_plus.models.task_modules.duplicate_suppression import (
    best_of_classes,
    suppress_duplicates,
)

NMS = dict(type='nms', iou_threshold=0.5)


def detections(count=3):
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 10, 9]])
    return InstanceData(
        bboxes=boxes[:count],
        scores=torch.tensor([0.5, 0.9, 0.7])[:count],
        labels=torch.tensor([1, 1, 2])[:count],
    )


def test_boxes_of_a_class_are_suppressed_and_sorted():
    result = suppress_duplicates(detections(), NMS)
    torch.testing.assert_close(result.scores, torch.tensor([0.9, 0.7]))
    assert result.labels.tolist() == [1, 2]
    assert result.bboxes.equal(detections().bboxes[1:])


def test_nothing_to_do():
    result = detections()
    assert suppress_duplicates(result, None) is result
    assert len(suppress_duplicates(detections(0), NMS)) == 0


def test_the_best_of_all_classes():
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 9], [50, 50, 60, 60]])
    # Two classes and the background.
    scores = torch.tensor([[0.5, 0.3, 0.2], [0.6, 0.1, 0.3], [0.0, 0.2, 0.8]])
    limits = ConfigDict(score_thr=0.15, nms=NMS, max_per_img=2)
    found = best_of_classes(boxes, scores, limits)
    torch.testing.assert_close(found.scores, torch.tensor([0.6, 0.3]))
    assert found.labels.tolist() == [0, 1]
    assert found.bboxes.equal(boxes[[1, 0]])
    found = best_of_classes(boxes, scores, ConfigDict(limits, max_per_img=5))
    assert found.labels.tolist() == [0, 1, 1]

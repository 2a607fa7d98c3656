import torch
from mmengine.structures import InstanceData

from mmdet_plus.models.task_modules.duplicate_suppression import suppress_duplicates

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

import math
from types import SimpleNamespace

import pytest
import torch
from mmdet.structures import DetDataSample
from torch import nn

from mmdet_plus.analysis.head_correlation import collection as module
from mmdet_plus.analysis.head_correlation.collection import (
    AnalysisOptions,
    HeadCorrelationAnalysis,
)
from mmdet_plus.analysis.head_correlation.readings import HeadReading

# In the original image; the input has twice its size.
INSTANCES = [
    dict(bbox=[10.0, 10, 20, 20], bbox_label=1, ignore_flag=0),
    dict(bbox=[20.0, 20, 60, 60], bbox_label=0, ignore_flag=0),
    dict(bbox=[0.0, 0, 60, 60], bbox_label=0, ignore_flag=1),
]


class Dataset:
    def __init__(self, instances):
        self.instances = instances

    def get_data_info(self, index):
        return dict(instances=self.instances)

    def __getitem__(self, index):
        return dict(inputs=torch.zeros(3, 8, 8))


def build(monkeypatch, conv_scores=True, **options):
    """An analysis of heads whose fc score is the IoU, whose conv score 1 - IoU."""
    seen = []

    def read_heads(roi_head, x, rois, labels):
        gts = torch.tensor([i['bbox'] for i in INSTANCES[:2]]) * 2
        own = gts[1 - labels]  # labels 1 and 0 are the first and the second
        ious = module.bbox_overlaps(rois[:, 1:], own, is_aligned=True)
        seen.append((rois, labels))
        conv = HeadReading(1 - ious if conv_scores else None, own)
        return dict(fc=HeadReading(ious, None), conv=conv)

    def read_maps(roi_head, x, rois):
        return dict(conv=torch.ones(len(rois), 2, 2, 2))

    monkeypatch.setattr(module, 'check_double_head', lambda head: None)
    monkeypatch.setattr(module, 'read_heads', read_heads)
    monkeypatch.setattr(module, 'read_maps', read_maps)
    sample = DetDataSample(metainfo=dict(scale_factor=(2.0, 2.0), img_shape=(100, 110)))
    branch = nn.Sequential(nn.Linear(12, 4))
    head = SimpleNamespace(bbox_head=SimpleNamespace(fc_branch=branch))
    head.bbox_head.roi_feat_size = (2, 2)
    model = SimpleNamespace(
        roi_head=head,
        data_preprocessor=lambda data: dict(inputs=None, data_samples=[sample]),
        extract_feat=lambda inputs: (torch.zeros(1),),
    )
    return HeadCorrelationAnalysis(model, AnalysisOptions(**options)), seen


def test_a_detector_without_a_roi_head_is_refused():
    with pytest.raises(TypeError, match='got none'):
        HeadCorrelationAnalysis(nn.Identity(), AnalysisOptions())


def test_objects_are_scaled_grouped_and_ignored(monkeypatch):
    analysis, seen = build(monkeypatch, shifts=(0.0,), scales=(1.0,))
    analysis.add_image(Dataset(INSTANCES), 0)
    ((rois, labels),) = seen
    # Clipped to the input of 110 x 100.
    assert rois.tolist() == [[0, 20, 20, 40, 40], [0, 40, 40, 110, 100]]
    assert labels.tolist() == [1, 0]
    counts = {
        row['size']: row['proposals']
        for row in analysis.correlation_rows()
        if row['head'] == 'fc'
    }
    # 10 x 10 is small and 40 x 40 medium, in the original image.
    assert counts == dict(all=2, small=1, medium=1, large=0)
    assert analysis.num_objects == 2


def test_correlations_and_bins(monkeypatch):
    analysis, seen = build(monkeypatch, chunk=50)
    analysis.add_image(Dataset(INSTANCES), 0)
    assert max(len(rois) for rois, _ in seen) == 50
    for row in analysis.correlation_rows():
        if row['size'] == 'large':
            assert math.isnan(row['pearson'])
        else:
            expected = 1 if row['head'] == 'fc' else -1
            assert row['pearson'] == pytest.approx(expected, abs=1e-6)
    rows = [row for row in analysis.bin_rows() if row['size'] == 'all']
    assert len(rows) == 60  # fc has no boxes
    assert {(r['quantity'], r['head']) for r in rows} == {
        ('score', 'fc'),
        ('score', 'conv'),
        ('regressed_iou', 'conv'),
    }
    for row in rows:
        if not row['proposals']:
            continue
        if row['quantity'] == 'regressed_iou':
            assert row['mean'] == pytest.approx(1)
        elif row['head'] == 'fc':
            assert row['iou_low'] - 1e-6 <= row['mean'] <= row['iou_high'] + 1e-6
        else:
            assert row['iou_low'] - 1e-6 <= 1 - row['mean'] <= row['iou_high'] + 1e-6
    total = sum(r['proposals'] for r in rows if r['quantity'] == 'regressed_iou')
    assert total == sum(len(rois) for rois, _ in seen)


def test_a_head_without_scores_has_no_row(monkeypatch):
    analysis, _ = build(monkeypatch, conv_scores=False)
    analysis.add_image(Dataset(INSTANCES), 0)
    assert {row['head'] for row in analysis.correlation_rows()} == {'fc'}


def test_spatial_maps_are_means_over_objects(monkeypatch):
    analysis, _ = build(monkeypatch)
    analysis.add_image(Dataset(INSTANCES), 0)
    analysis.add_image(Dataset(INSTANCES), 0)
    maps = analysis.spatial_maps()
    assert maps.keys() == {'conv_features', 'fc_weights'}
    torch.testing.assert_close(maps['conv_features'], torch.ones(4, 4))
    torch.testing.assert_close(maps['fc_weights'].diagonal(), torch.ones(4))


def test_images_without_objects_and_objects_that_clipping_removes(monkeypatch):
    analysis, seen = build(monkeypatch, shifts=(9.0,), scales=(1.0,))
    analysis.add_image(Dataset([]), 0)
    analysis.add_image(Dataset(INSTANCES[2:]), 0)
    assert analysis.num_objects == 0
    analysis.add_image(Dataset(INSTANCES), 0)  # every window is outside
    assert analysis.num_objects == 2
    assert seen == []
    assert analysis.correlation_rows() == analysis.bin_rows() == []

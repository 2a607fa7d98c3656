"""The studies on small detectors, random or shipped, and what they watch by hand."""

from contextlib import ExitStack
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from samples.five_images import five_images
from torch import nn

from mmdet_plus.analysis.report.data_sets import DataSet
from mmdet_plus.analysis.report.ground_truth import read_ground_truth
from mmdet_plus.analysis.report.methods.cpm_stages import StageStudy
from mmdet_plus.analysis.report.methods.dcr_scores import RefinerStudy, score_rows
from mmdet_plus.analysis.report.methods.proposals import ProposalStudy
from mmdet_plus.analysis.report.methods.refinedet_anchors import AnchorStudy
from mmdet_plus.analysis.report.methods.study import (
    Batch,
    Boxes,
    FinishedTest,
    watch_batches,
)
from mmdet_plus.models.dense_heads.anchor_refinement_head import Refinement


@pytest.fixture
def tested(five):
    truth = read_ground_truth(five_images()[0])
    places = {int(own): i for i, own in enumerate(truth.image_ids)}
    return FinishedTest(nn.Identity(), None, DataSet(truth, places), five)


def sample_of(image, factor=2.0):
    sample = DetDataSample(metainfo=dict(img_id=image, scale_factor=(factor, factor)))
    sample.gt_instances = InstanceData()
    return sample


def test_the_images_of_a_call_are_known():
    class Detector(nn.Module):
        def forward(self, inputs, data_samples=None, mode='predict'):
            return [meta['img_id'] for meta in batch.metas]

    detector = Detector()
    with watch_batches(detector) as batch:
        assert detector(None, [sample_of(3), sample_of(5)]) == [3, 5]
        assert detector(None, data_samples=[sample_of(4)]) == [4]
    batch.samples = []
    assert detector(None, [sample_of(3)]) == []


def test_boxes_return_to_the_original_image(tested):
    boxes = Boxes(max_per_img=2)
    scores = torch.tensor([0.1, 0.9, 0.5])
    bboxes = torch.tensor([[0.0, 0, 2, 2], [4, 4, 10, 8], [0, 0, 20, 20]])
    boxes.add(dict(img_id=3, scale_factor=(2.0, 2.0)), bboxes, scores)
    found = boxes.arranged(tested.data)
    assert found.bboxes.tolist() == [[2, 2, 3, 2], [0, 0, 10, 10]]
    assert found.images.tolist() == [2, 2]
    assert found.labels.tolist() == [0, 0]
    labels = torch.tensor([0, 1, 0])
    boxes.add(dict(img_id=1), bboxes, scores, labels)
    found = boxes.arranged(tested.data, with_labels=True)
    assert found.images.tolist() == [0, 0, 2, 2]
    assert found.labels.tolist() == [1, 0, 0, 0]


def test_proposals_by_hand(tested):
    class Network(nn.Module):
        def predict(self, images):
            # What is at 0 in each image from the second on, behind a wrong box.
            wrong, right = [60.0, 0, 80, 20], [0.0, 0, 20, 20]
            return [
                InstanceData(
                    bboxes=torch.tensor([wrong, right if image > 1 else wrong]),
                    scores=torch.tensor([0.9, 0.8]),
                )
                for image in images
            ]

    model = nn.Module()
    model.rpn_head = Network()
    study, batch = ProposalStudy(), Batch()
    assert study.suits(model)
    assert not study.suits(nn.Identity())
    with ExitStack() as stack:
        study.watch(model, batch, stack)
        for images in ([1, 2, 3], [4, 5]):
            batch.samples = [sample_of(image) for image in images]
            model.rpn_head.predict(images)
    section = study.section(tested)
    rows = {row['boxes']: row for row in section.tables[0].rows}
    assert rows[1]['R50'] == 0
    assert rows[2] == dict(boxes=2, mean=0.5, R50=0.5, R75=0.5)
    assert '50.0% of the objects have no proposal' in section.advice


def test_stages_by_hand(tested):
    class Head(nn.Module):
        num_stages = 2

        def candidates(
            self, x, batch_img_metas, rpn_results_list, rcnn_test_cfg, stages
        ):
            metas = batch_img_metas
            return [[(meta['img_id'], stage) for meta in metas] for stage in stages]

        @staticmethod
        def rank(candidates, metas, test_cfg, rescale=False):
            # The second stage finds what is at 0, the first one nothing.
            return [
                InstanceData(
                    bboxes=torch.tensor([[0.0, 0, 20 if stage == 2 else 6, 20]]),
                    scores=torch.tensor([0.5]),
                    labels=torch.tensor([0 if image in (1, 2, 5) else 1]),
                )
                for image, stage in candidates
            ]

    model = nn.Module()
    model.roi_head = Head()
    study, batch = StageStudy(), Batch()
    with ExitStack() as stack:
        study.watch(model, batch, stack)
        metas = [sample_of(image).metainfo for image in range(1, 6)]
        given = model.roi_head.candidates(None, metas, None, None, [2])
    assert given == [[(image, 2) for image in range(1, 6)]]
    first, second = study.section(tested).tables[0].rows
    assert (first['stage'], first['AP50']) == (1, 0)
    # Three of four cats, both dogs, no car.
    assert second['stage'] == 2
    assert second['AP50'] == pytest.approx((76 / 101 + 1 + 0) / 3)


def test_refined_scores_by_hand():
    base = np.array([0.05, 0.1, 0.9, 1.0])
    refined = np.array([0.2, 0.4, 0.7, 0.9])
    rows = score_rows(base, refined, np.array([False, True, True, True]))
    first, *_, last = rows
    assert (first['on_object'], first['beside']) == (1, 1)
    assert first['refined_on_object'] == pytest.approx(0.4)
    assert first['refined_beside'] == pytest.approx(0.2)
    assert (last['on_object'], last['beside']) == (2, 0)
    assert last['refined_on_object'] == pytest.approx(0.8)
    assert np.isnan(last['refined_beside'])


def test_boxes_beside_objects_are_told(tested):
    study = RefinerStudy()
    boxes = np.array([[0.0, 0, 10, 9], [50, 0, 60, 10]])
    study._parts = [(1, boxes, np.array([0.9, 0.9]), np.array([0.8, 0.1]))]
    (table,) = study.section(tested).tables
    last = table.rows[-1]
    assert (last['on_object'], last['beside']) == (1, 1)
    assert last['refined_beside'] == pytest.approx(0.1)


def test_filtered_anchors_by_hand(tested):
    class Arm(nn.Module):
        def predict_by_feat(self, logits, deltas):
            kept = torch.tensor([[True, False, True, False]])
            priors = torch.tensor([[60.0, 0, 80, 20], [0, 0, 20, 20]])
            return Refinement(kept, [priors])

    model = nn.Module()
    model.arm_head = Arm()
    study, batch = AnchorStudy(), Batch([sample_of(1)])
    # Two anchors at each of two places: object and background logits.
    logits = torch.tensor([[[[2.0, 1]], [[0, 0]], [[0, 0]], [[0, 0]]]])
    with ExitStack() as stack:
        study.watch(model, batch, stack)
        model.arm_head.predict_by_feat([logits], [])
    section = study.section(tested)
    assert section.data['filtered'] == 0.5
    rows = {row['boxes']: row for row in section.tables[0].rows}
    assert (rows[1]['R50'], rows[2]['R50']) == (0, 1 / 8)


def test_other_detectors_have_no_chapter():
    assert not StageStudy.suits(SimpleNamespace(roi_head=None))
    assert not AnchorStudy.suits(nn.Identity())
    assert not RefinerStudy.suits(nn.Identity())

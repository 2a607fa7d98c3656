import numpy as np
import pytest
import torch
from mmdet.structures.mask import PolygonMasks
from samples.d2det import MASK_HEAD, build, features
from samples.roi_heads import GTS, proposals, samples

from mmdet_plus.engine.optim_wrappers.cpu_amp_optim_wrapper import bfloat16_autocast

HEIGHT, WIDTH = 100, 120
MASK_KEYS = {'loss_mask', 'loss_mask_iou'}
BOX_KEYS = {'loss_cls', 'acc', 'loss_bbox', 'loss_overlap'}


@pytest.fixture
def feats():
    return features()


def build_with_masks(**test_cfg):
    test_cfg = dict(mask_thr_binary=0.5, final_nms=None, **test_cfg)
    return build(dict(mask_head=MASK_HEAD, test_cfg=test_cfg))


def left_halves(gts):
    """Polygons of the left half of every box."""
    polygons = []
    for x1, y1, x2, y2 in gts.tolist():
        middle = (x1 + x2) / 2
        polygons.append([np.array([x1, y1, middle, y1, middle, y2, x1, y2])])
    return PolygonMasks(polygons, HEIGHT, WIDTH)


def masked_samples(*gts, bitmaps=False, **kwargs):
    result = samples(*gts, **kwargs)
    for sample, boxes in zip(result, gts, strict=True):
        masks = left_halves(boxes)
        sample.gt_instances.masks = masks.to_bitmap() if bitmaps else masks
    return result


@pytest.mark.parametrize('bitmaps', [False, True])
def test_every_parameter_learns(bitmaps, feats):
    head = build_with_masks()
    head.mask_head.min_scored_iou = -1
    for predictor in head.bbox_roi_extractor.offset_predictors:
        torch.nn.init.normal_(predictor.layers[-1].weight)
    for pooling in head.bbox_roi_extractor.poolings:
        torch.nn.init.normal_(pooling.conv.weight)
    head.bbox_roi_extractor.finest_scale = 21
    data = masked_samples(GTS, GTS, bitmaps=bitmaps)
    losses = head.loss(feats, proposals(20, 20), data)
    assert losses.keys() == BOX_KEYS | MASK_KEYS
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    for name, parameter in head.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize('counts', [(0, 0), (5, 0)])
def test_images_without_objects_keep_all_keys(counts, feats):
    head = build_with_masks()
    none = torch.empty(0, 4)
    losses = head.loss(feats, proposals(*counts), masked_samples(none, none))
    assert losses.keys() == BOX_KEYS | MASK_KEYS
    assert all(losses[key] == 0 for key in MASK_KEYS)
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    assert all(p.grad is not None for p in head.parameters())


def test_masks_replace_boxes_as_overlap(feats, monkeypatch):
    head = build_with_masks()
    head.train_cfg.pos_jitter = 0.0
    seen = {}

    def loss(_, boxes, gts, inside):
        seen.update(boxes=boxes, gts=gts, inside=inside)
        return {}

    monkeypatch.setattr(head.reg_head, 'loss', loss)
    # Other objects in the second image: a mixed-up image or instance would show.
    head.loss(feats, proposals(20, 20), masked_samples(GTS, GTS.flip(0)))
    assert len(seen['boxes']) == 6
    centres = head.reg_head.bbox_coder.cell_centres(seen['boxes'])
    gts = seen['gts'][:, :, None, None]
    x, y = centres.unbind(1)
    middle = (gts[:, 0] + gts[:, 2]) / 2
    expected = (x > gts[:, 0]) & (x < middle) & (y > gts[:, 1]) & (y < gts[:, 3])
    agree = (expected == seen['inside']).float().mean(dim=(1, 2))
    assert agree.min() > 0.75  # cells at the border of the mask may differ
    assert agree.mean() > 0.9


def test_masks_are_predicted_on_the_localised_boxes(feats, monkeypatch):
    head = build_with_masks()
    plain = build(dict(test_cfg=dict(final_nms=None)))
    plain.load_state_dict(head.state_dict(), strict=False)
    without_masks = plain.predict(feats, proposals(9, 4), samples(GTS, GTS))
    seen = []
    extract = head.reg_roi_extractor.forward
    monkeypatch.setattr(
        head.reg_roi_extractor,
        'forward',
        lambda x, rois: seen.append(rois) or extract(x, rois),
    )
    results = head.predict(feats, proposals(9, 4), samples(GTS, GTS))
    assert len(seen) == 2  # once to localise, once more on the result
    read = {tuple(roi) for roi in seen[1].tolist()}
    boxes = [(i, *box) for i, r in enumerate(results) for box in r.bboxes.tolist()]
    assert read == set(boxes)
    assert len(seen[1]) == len(read) < len(boxes)  # boxes of several classes once
    for result, expected in zip(results, without_masks, strict=True):
        torch.testing.assert_close(result.bboxes, expected.bboxes)
        assert torch.equal(result.scores, expected.scores)
        assert torch.equal(result.labels, expected.labels)


@pytest.mark.parametrize('mode', ['loss', 'predict', 'forward'])
def test_hooks_see_every_head_that_runs(mode, feats):
    head = build_with_masks()
    seen = []
    for name in ('bbox_head', 'reg_head', 'mask_head'):
        getattr(head, name).register_forward_hook(
            lambda *args, name=name: seen.append(name)
        )
    getattr(head, mode)(feats, proposals(9, 4), masked_samples(GTS, GTS))
    assert set(seen) == {'bbox_head', 'reg_head', 'mask_head'}


def test_masks_equal_the_loop_over_detections(feats):
    head = build_with_masks()
    results = head.predict(feats, proposals(9, 4), samples(GTS, GTS))
    detections = head.predict_bbox(
        feats,
        [sample.metainfo for sample in samples(GTS, GTS)],
        proposals(9, 4),
        head.test_cfg,
    )
    for i, (result, boxes) in enumerate(zip(results, detections, strict=True)):
        for k in range(len(boxes)):
            rois = torch.cat([torch.tensor([float(i)]), boxes.bboxes[k]])[None]
            local_feats = head.reg_head(
                head.reg_roi_extractor(feats[:2], rois)
            ).local_feats
            _, iou = head.mask_head(local_feats, boxes.labels[k : k + 1])
            expected = boxes.scores[k] + 0.3 * iou[0]
            torch.testing.assert_close(result.mask_scores[k], expected)


def test_masks_are_those_of_the_labels(feats):
    head = build_with_masks()
    labels = []
    head.mask_head.register_forward_hook(lambda *args: labels.append(args[1][1]))
    results = head.predict(feats, proposals(9, 4), samples(GTS, GTS))
    assert torch.equal(labels[0], torch.cat([result.labels for result in results]))
    assert labels[0].unique().numel() > 1


def test_masks_lie_in_their_boxes_of_the_original_image(feats):
    head = build_with_masks()
    torch.nn.init.constant_(head.mask_head.conv_logits.bias, 9.0)
    small = head.predict(feats, proposals(9, 4), samples(GTS, GTS))
    large = head.predict(
        feats, proposals(9, 4), samples(GTS, GTS, scale=0.5), rescale=True
    )
    for a, b in zip(small, large, strict=True):
        assert a.masks.shape == (len(a), HEIGHT, WIDTH)
        assert b.masks.shape == (len(b), 2 * HEIGHT, 2 * WIDTH)
        torch.testing.assert_close(a.bboxes * 2, b.bboxes)
        for box, mask in zip(b.bboxes, b.masks, strict=True):
            rows, columns = mask.nonzero().unbind(1)
            found = torch.stack([columns.min(), rows.min(), columns.max(), rows.max()])
            torch.testing.assert_close(found.float(), box, atol=3, rtol=0)


@pytest.mark.parametrize('counts', [(0, 0), (9, 4), (0, 4)])
def test_no_detections_have_no_masks(counts, feats):
    head = build_with_masks(**({} if 0 in counts else dict(score_thr=1.0)))
    data = samples(GTS, GTS, scale=0.5)
    result = head.predict(feats, proposals(*counts), data, rescale=True)[0]
    assert result.masks.shape == (0, 2 * HEIGHT, 2 * WIDTH)
    assert result.mask_scores.shape == (0,)


def test_bfloat16_autocast(feats):
    head = build_with_masks()
    half = tuple(f.bfloat16() for f in feats)
    with bfloat16_autocast(head):
        losses = head.loss(half, proposals(20, 20), masked_samples(GTS, GTS))
        results = head.predict(half, proposals(9, 4), samples(GTS, GTS))
        raw = head(half, proposals(9, 4))
    assert raw[-2].shape == (13, 28, 28)  # of the best class
    assert raw[-1].shape == (13,)
    assert all(losses[key].isfinite() for key in MASK_KEYS)
    assert all(losses[key].dtype == torch.float32 for key in MASK_KEYS)
    assert all(r.mask_scores.dtype == torch.float32 for r in results)


def test_data_without_masks_are_refused(feats):
    with pytest.raises(ValueError, match='with_mask=True'):
        build_with_masks().loss(feats, proposals(5, 5), samples(GTS, GTS))


def test_an_extractor_for_masks_is_refused():
    with pytest.raises(ValueError, match='mask_roi_extractor=None'):
        build(dict(mask_head=MASK_HEAD, mask_roi_extractor=dict(type='unused')))

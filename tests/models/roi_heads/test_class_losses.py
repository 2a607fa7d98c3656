import torch

from mmdet_plus.models.roi_heads.class_losses import with_all_keys


def test_missing_losses_are_zero_and_reach_the_logits():
    logits = torch.ones(2, 3, requires_grad=True)
    losses = with_all_keys({}, logits)
    assert losses.keys() == {'loss_cls', 'acc'}
    assert losses['acc'].tolist() == [0]
    losses['loss_cls'].backward()
    assert logits.grad.tolist() == torch.zeros(2, 3).tolist()


def test_losses_of_the_head_are_kept():
    own = dict(loss_cls=torch.tensor(2.0), acc=torch.tensor([50.0]))
    assert with_all_keys(own, torch.zeros(0, 3)) == own

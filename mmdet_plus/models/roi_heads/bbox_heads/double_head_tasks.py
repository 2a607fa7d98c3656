"""Which head of Double-Head-Ext R-CNN does which task, and how much it counts."""

from ..score_fusion import HEAD_FUSIONS, check_fusion


def task_weights(
    lambda_fc: float,
    lambda_conv: float,
    fc_loss_weight: float,
    conv_loss_weight: float,
) -> dict[str, float]:
    """Weight of each task of each head in the loss (sec. 4.2 and 4.3, Eq. 1 to 3)."""
    for name, value in (('lambda_fc', lambda_fc), ('lambda_conv', lambda_conv)):
        if not 0 <= value <= 1:
            raise ValueError(f'{name} must be in [0, 1], got {value}')
    for name, value in (('fc', fc_loss_weight), ('conv', conv_loss_weight)):
        if value < 0:
            raise ValueError(f'{name}_loss_weight must not be negative, got {value}')
    return dict(
        fc_cls=fc_loss_weight * lambda_fc,
        fc_reg=fc_loss_weight * (1 - lambda_fc),
        conv_cls=conv_loss_weight * (1 - lambda_conv),
        conv_reg=conv_loss_weight * lambda_conv,
    )


def check_tasks(weights: dict[str, float], fusion: str) -> None:
    """Refuse heads that leave a task to nobody and fusions of scores nobody gives."""
    for task, what in (('cls', 'classifies'), ('reg', 'localises')):
        if weights[f'fc_{task}'] + weights[f'conv_{task}'] == 0:
            raise ValueError(
                f'no head {what}: its weights are zero in both heads, {weights}'
            )
    check_fusion(fusion, ('fc', 'conv', *HEAD_FUSIONS))
    needed = ('fc', 'conv') if fusion in HEAD_FUSIONS else (fusion,)
    for head in needed:
        if weights[f'{head}_cls'] == 0:
            raise ValueError(
                f'fusion={fusion!r} needs class scores of the {head}-head, but its '
                'weight for classes is zero'
            )

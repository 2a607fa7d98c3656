"""Names of ResNet's layers in Caffe and MXNet, in ours."""

BLOCK = r'([2-5])([a-h])(\d*)_branch(1|2[abc])'
CONVOLUTIONS = {'1': 'downsample.0', '2a': 'conv1', '2b': 'conv2', '2c': 'conv3'}
NORMS = {'1': 'downsample.1', '2a': 'bn1', '2b': 'bn2', '2c': 'bn3'}


def residual_layer(
    stage: str, letter: str, number: str | None, branch: str, *, is_norm: bool
) -> str:
    """``layer3.22.conv2`` of ``res4b22_branch2b``, and so on.

    Args:
        stage: ``'2'`` to ``'5'``.
        letter: of the block: a, b, c or, of a long stage, a and b.
        number: after the letter in a long stage.
        branch: ``'1'`` for the projection, ``'2a'`` to ``'2c'``.
        is_norm: whether it is the branch's norm and not its convolution.
    """
    block = int(number) if number else 'abcdefgh'.index(letter)
    layer = (NORMS if is_norm else CONVOLUTIONS)[branch]
    return f'layer{int(stage) - 1}.{block}.{layer}'

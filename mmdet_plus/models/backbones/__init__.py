from .caffe_resnet import CaffeResNet
from .legacy_deform_conv import LegacyDeformConv2dPack
from .refinedet_resnet import RefineDetResNet
from .refinedet_vgg import RefineDetVGG
from .resnet_tail import ResNetTail

__all__ = [
    'CaffeResNet',
    'LegacyDeformConv2dPack',
    'RefineDetResNet',
    'RefineDetVGG',
    'ResNetTail',
]

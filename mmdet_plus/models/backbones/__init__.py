from .caffe_resnet import CaffeResNet
from .refinedet_resnet import RefineDetResNet
from .refinedet_vgg import RefineDetVGG
from .resnet_tail import ResNetTail

__all__ = ['CaffeResNet', 'RefineDetResNet', 'RefineDetVGG', 'ResNetTail']

# RefineDet with VGG-16 as the authors' Caffe models compute it.
_base_ = './refinedet_vgg16.py'

model = dict(
    # Without scaling, with Caffe's means.
    data_preprocessor=dict(mean=[123, 117, 104]),
    # No limit before the NMS of a class that would bind, 500 boxes.
    test_cfg=dict(nms_pre=20000, max_per_img=500),
)

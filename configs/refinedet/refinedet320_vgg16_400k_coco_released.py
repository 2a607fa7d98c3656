# For the authors' released weights, for which their paper reports 29.4 box AP on COCO test-dev.
_base_ = './refinedet320_vgg16_400k_coco.py'

# Without scaling, with Caffe's means.
model = dict(
    data_preprocessor=dict(mean=[123, 117, 104]),
    # No limit before the NMS of a class that would bind, 500 boxes.
    test_cfg=dict(nms_pre=20000, max_per_img=500),
)

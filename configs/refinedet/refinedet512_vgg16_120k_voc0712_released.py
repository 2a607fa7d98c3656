# For the authors' released weights, for which their paper reports 81.8 mAP on VOC 2007.
_base_ = './refinedet512_vgg16_120k_voc0712.py'

# Without scaling, with Caffe's means.
model = dict(
    data_preprocessor=dict(mean=[123, 117, 104]),
    # No limit before the NMS of a class that would bind, 500 boxes.
    test_cfg=dict(nms_pre=20000, max_per_img=500),
)

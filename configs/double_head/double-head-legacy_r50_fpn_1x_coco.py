# The former name of the config for weights of the authors' maskrcnn-benchmark.
_base_ = './dh-ext-faster-rcnn_r50_fpn_1x_coco_released.py'

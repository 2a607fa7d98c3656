# For the authors' released weights, for which their paper reports 82.7 mAP on VOC 2012.
# Trained on COCO first, and otherwise the same.
_base_ = './refinedet320_vgg16_240k_voc07pp12_released.py'

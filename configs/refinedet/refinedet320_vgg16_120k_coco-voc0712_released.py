# For the authors' released weights, for which their paper reports 84.0 mAP on VOC 2007.
# Trained on COCO first, and otherwise the same.
_base_ = './refinedet320_vgg16_120k_voc0712_released.py'

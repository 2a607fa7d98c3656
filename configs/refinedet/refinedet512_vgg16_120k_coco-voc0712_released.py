# For the authors' released weights, for which their paper reports 85.2 mAP on VOC 2007.
# Trained on COCO first, and otherwise the same.
_base_ = './refinedet512_vgg16_120k_voc0712_released.py'

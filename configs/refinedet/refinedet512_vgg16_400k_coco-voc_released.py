# For the authors' released weights that were trained on COCO alone, for VOC's classes, and are tested
# on VOC 2007; they report no number.
_base_ = './refinedet512_vgg16_120k_voc0712_released.py'

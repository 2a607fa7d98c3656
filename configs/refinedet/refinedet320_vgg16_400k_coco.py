# Table 2, row "RefineDet320", VGG-16 (29.4); with `tools/test.py --tta` row "RefineDet320+" (35.2).
_base_ = [
    '../_base_/models/refinedet_vgg16_coco.py',
    '../_base_/refinedet320_400k_coco.py',
]

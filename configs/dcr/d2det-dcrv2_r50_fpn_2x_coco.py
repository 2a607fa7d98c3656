# DCR V2 on D2Det, whose final detections are refined. Not in the paper.
_base_ = ['../d2det/d2det_r50_fpn_2x_coco.py', '../_base_/refiners/region_r50.py']

model = dict(type='SharedBaseDCR', refiner={{_base_.refiner}}, refine_at='post_nms')

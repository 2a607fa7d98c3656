# DCR V2 on CPM R-CNN, whose final detections are refined. Not in the paper.
_base_ = ['../cpm_rcnn/cpm-rcnn_r50_fpn_2x_coco.py', '../_base_/refiners/region_r50.py']

model = dict(type='SharedBaseDCR', refiner={{_base_.refiner}}, refine_at='post_nms')

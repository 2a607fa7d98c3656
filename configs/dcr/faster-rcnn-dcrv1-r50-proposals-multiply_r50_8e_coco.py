# Table 3b, row "Faster + RCNN" (28.4): test a checkpoint of ...-proposals_r50_8e_coco.py.
_base_ = './faster-rcnn-dcrv1-r50-proposals_r50_8e_coco.py'

model = dict(refine_at='pre_nms')

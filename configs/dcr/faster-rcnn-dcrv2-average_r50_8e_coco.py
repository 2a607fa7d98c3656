# Table 3d, row "average" (31.6). Trains like faster-rcnn-dcrv2_r50_8e_coco.py; test a checkpoint of that.
_base_ = './faster-rcnn-dcrv2_r50_8e_coco.py'

model = dict(refiner=dict(fusion='average'))

# Table 3c, row "DCR V2 w/ bbox reg" (31.2).
_base_ = './faster-rcnn-dcrv2_r50_8e_coco.py'

model = dict(refiner=dict(with_reg=True))

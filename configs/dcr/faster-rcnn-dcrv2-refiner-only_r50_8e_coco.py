# Table 3d, row "DCR V2 score only" (28.9). Trains like faster-rcnn-dcrv2_r50_8e_coco.py; test a checkpoint of that.
_base_ = './faster-rcnn-dcrv2_r50_8e_coco.py'

model = dict(refiner=dict(fusion='refiner_only'))

# D2Det with a path aggregation network as neck. Not in the paper.
_base_ = './d2det_r50_fpn_2x_coco.py'

model = dict(neck=dict(type='PAFPN'))

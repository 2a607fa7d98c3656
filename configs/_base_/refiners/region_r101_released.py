# The refiner of DCR V2 as the authors' MXNet models compute it.
_base_ = './region_r101.py'

refiner = dict(
    tail=dict(style='caffe', init_cfg=None),
    # Max pooling with rounded corners; 56 x 56 at stride 4.
    roi_layer=dict(type='RoIMaxPool'),
)

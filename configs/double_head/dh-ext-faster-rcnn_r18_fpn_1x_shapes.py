# A small Double-Head-Ext R-CNN for the shapes data, trained from scratch: the baseline's
# backbone, data and budget, narrow heads with norm layers.
_base_ = '../d2det/faster-rcnn_r18_fpn_1x_shapes.py'

model = dict(
    roi_head=dict(
        type='DoubleHeadExtRoIHead',
        bbox_head=dict(
            _delete_=True,
            type='DoubleHeadExtBBoxHead',
            in_channels={{_base_.width}},
            num_classes={{_base_.num_classes}},
            # The convolutions of the baseline's head, and its one layer.
            num_fc_convs=2,
            fc_conv_channels=64,
            num_fcs=1,
            fc_out_channels=256,
            # One bottleneck with its non-local block, so that a step takes at most 1.5
            # times the baseline's on two cores.
            num_blocks=2,
            conv_out_channels=96,
        ),
    )
)

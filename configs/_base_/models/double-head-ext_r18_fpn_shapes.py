# A small Double-Head-Ext R-CNN on the small Faster R-CNN: narrow heads with norm layers.
_base_ = './faster-rcnn_r18_fpn_shapes.py'

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
            # No non-local blocks: they start as the identity, and cost time.
            num_blocks=3,
            with_non_local=False,
            conv_out_channels=192,
            # From scratch the conv-head needs more of the classes to classify at all.
            lambda_conv=0.5,
            # The baseline's losses.
            loss_cls=dict(type='CrossEntropyLoss', loss_weight=1.0),
            loss_bbox=dict(type='L1Loss', loss_weight=1.0),
        ),
    )
)

# DCR V2 on CPM R-CNN, whose final detections are refined. Not in the paper.
_base_ = '../cpm_rcnn/cpm-rcnn_r50_fpn_2x_coco.py'

model = dict(
    type='SharedBaseDCR',
    roi_head=dict(
        _delete_=True,
        type='DCRRoIHead',
        base={{_base_.model.roi_head}},
        refiner=dict(
            type='RegionRefiner',
            # Stage2 to Stage4, from the same weights, batch norms frozen (sec. 5.1.2).
            tail=dict(
                type='ResNetTail',
                depth=50,
                init_cfg=dict(
                    type='Pretrained',
                    checkpoint='https://download.pytorch.org/models/resnet50-0676ba61.pth',
                ),
            ),
            num_classes=80,
            chunk_size=100,
        ),
        refine_at='post_nms',
    ),
)

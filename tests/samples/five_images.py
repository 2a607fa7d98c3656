"""Five images of which every number of a report can be computed by hand.

Two classes, cat and dog, one supercategory. All boxes are 10 high, so that the IoU of
boxes that differ in x only is the shared width by the united width. Detections by
score; an IoU of boxes [0, 10] and [d, 10 + d] is (10 - d) / (10 + d).

| image | objects            | detections                                      |
| 1     | cat A at 0         | cat .9 at 0 (IoU 1)                              |
| 2     | cat B at 0         | cat .8 at 4 (IoU 6/14): localisation             |
| 3     | dog C at 0         | dog .7 at 0 (IoU 1), dog .6 at 1 (9/11): duplicate |
| 4     | dog D at 0         | cat .5 at 0: classification                      |
| 5     | cat E at 0         | dog .4 at 50: background                         |
"""


def five_images() -> tuple[dict, list[dict]]:
    """The annotation file, and the results."""
    images = [
        dict(id=i, file_name=f'{i}.png', width=100, height=20) for i in range(1, 6)
    ]
    categories = [
        dict(id=1, name='cat', supercategory='animal'),
        dict(id=2, name='dog', supercategory='animal'),
    ]
    annotations = [
        dict(
            id=i,
            image_id=i,
            category_id=category,
            bbox=[0, 0, 10, 10],
            area=100,
            iscrowd=0,
            occluded=int(i in (2, 4)),
        )
        for i, category in enumerate((1, 1, 2, 2, 1), start=1)
    ]
    results = [
        dict(image_id=image, category_id=category, bbox=[x, 0, 10, 10], score=score)
        for image, category, x, score in (
            (1, 1, 0, 0.9),
            (2, 1, 4, 0.8),
            (3, 2, 0, 0.7),
            (3, 2, 1, 0.6),
            (4, 1, 0, 0.5),
            (5, 2, 50, 0.4),
        )
    ]
    content = dict(images=images, categories=categories, annotations=annotations)
    return content, results

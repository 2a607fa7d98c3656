"""Five images of which every number of a report can be computed by hand.

Cats and dogs are animals, cars are vehicles. Boxes are as wide as they are high but for
car G, so that the IoU of boxes [0, 10] and [d, 10 + d] is (10 - d) / (10 + d).

| image | objects                    | detections                                     |
| 1     | cat A at 0                 | cat .9 at 0 (IoU 1)                            |
| 2     | cat B at 0                 | cat .8 at 4 (IoU 6/14): localisation,          |
|       |                            | dog .35 at 50: background                      |
| 3     | dog C at 0, cat H at 60    | dog .7 at 0 (IoU 1), dog .6 at 1 (9/11):       |
|       |                            | duplicate, cat .3 at 60 (IoU 1)                |
| 4     | dog D at 0, car F at 100   | cat .5 at 0: classification, a similar one,    |
|       |                            | car .93 at 200: background, the most confident |
|       |                            | of all, car .85 at 100 (IoU 29/40)             |
| 5     | cat E at 0, car G at 100   | cat .75 on the car: classification,            |
|       |                            | dog .4 at 50: background                       |

Areas: 100, cat H 400, car F 1600, car G 2400: cars are medium. B and D are occluded.
"""

# Image, class, x, width, height; y is 0.
OBJECTS = (
    (1, 1, 0, 10, 10),
    (2, 1, 0, 10, 10),
    (3, 2, 0, 10, 10),
    (3, 1, 60, 20, 20),
    (4, 2, 0, 10, 10),
    (4, 3, 100, 40, 40),
    (5, 1, 0, 10, 10),
    (5, 3, 100, 40, 60),
)
OCCLUDED = (2, 5)
# The same, and the score.
DETECTIONS = (
    (1, 1, 0, 10, 10, 0.9),
    (2, 1, 4, 10, 10, 0.8),
    (2, 2, 50, 10, 10, 0.35),
    (3, 2, 0, 10, 10, 0.7),
    (3, 2, 1, 10, 10, 0.6),
    (3, 1, 60, 20, 20, 0.3),
    (4, 3, 200, 40, 40, 0.93),
    (4, 3, 100, 29, 40, 0.85),
    (4, 1, 0, 10, 10, 0.5),
    (5, 1, 100, 40, 60, 0.75),
    (5, 2, 50, 10, 10, 0.4),
)


def five_images() -> tuple[dict, list[dict]]:
    """The annotation file, and the results."""
    images = [
        dict(id=i, file_name=f'{i}.png', width=300, height=100) for i in range(1, 6)
    ]
    categories = [
        dict(id=1, name='cat', supercategory='animal'),
        dict(id=2, name='dog', supercategory='animal'),
        dict(id=3, name='car', supercategory='vehicle'),
    ]
    annotations = [
        dict(
            id=i,
            image_id=image,
            category_id=category,
            bbox=[x, 0, width, height],
            area=width * height,
            iscrowd=0,
            occluded=int(i in OCCLUDED),
        )
        for i, (image, category, x, width, height) in enumerate(OBJECTS, start=1)
    ]
    results = [
        dict(image_id=image, category_id=kind, bbox=[x, 0, width, height], score=score)
        for image, kind, x, width, height, score in DETECTIONS
    ]
    content = dict(images=images, categories=categories, annotations=annotations)
    return content, results

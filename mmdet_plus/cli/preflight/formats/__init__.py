"""How each data format is checked: one module a format.

Each has ``reads(dataset)``, whether a config's dataset is of this format, and
``check(dataset, needs)``, which raises ``UserError`` or returns warnings.
"""

from . import coco, voc

FORMATS = (coco, voc)

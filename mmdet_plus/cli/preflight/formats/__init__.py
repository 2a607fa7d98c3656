"""How each data format is checked: one module a format.

Each has ``reads(dataset)``, whether a config's dataset is of this format, and
``check(dataset, needs)``, which raises ``UserError`` or returns warnings.
"""

from . import coco, folder, voc

# The first that reads a dataset checks it.
FORMATS = (folder, coco, voc)

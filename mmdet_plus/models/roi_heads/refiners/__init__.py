from .box_refiner import BoxRefiner, RefinerInputs
from .crop_refiner import CropRefiner
from .region_refiner import RegionRefiner

__all__ = ['BoxRefiner', 'CropRefiner', 'RefinerInputs', 'RegionRefiner']

"""UAVDT: its annotations in COCO format."""

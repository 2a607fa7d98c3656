"""Tells files of images that are cut off, without decoding them."""

import os

from PIL import Image

# The mark at the end of a file. Some cameras and tools write more behind it.
ENDS = {'JPEG': b'\xff\xd9', 'MPO': b'\xff\xd9', 'PNG': b'IEND\xaeB`\x82'}
LENGTH_OF_END = 4096
STRIPS, TILES = (273, 279), (324, 325)  # tags of TIFF: offsets and lengths


def may_be_cut(image: Image.Image, path: str) -> bool:
    """Whether the end of a file is not where its beginning says.

    Args:
        image: that was opened from the file.
        path: of the file.

    Returns:
        True for files that are cut, and for whole ones with much behind their end;
        False where the format tells nothing.
    """
    size = os.path.getsize(path)
    with open(path, 'rb') as file:
        start = file.read(8)
        file.seek(max(0, size - LENGTH_OF_END))
        end = file.read()
    form = image.format or ''
    if form in ENDS:
        return ENDS[form] not in end
    return size < _stated_size(image, start)


def _stated_size(image: Image.Image, start: bytes) -> int:
    if image.format == 'BMP':
        return int.from_bytes(start[2:6], 'little')
    if image.format == 'TIFF':
        tags = getattr(image, 'tag_v2', {})
        return max(
            offset + length
            for offsets, lengths in (STRIPS, TILES)
            for offset, length in zip(
                tags.get(offsets, (0,)), tags.get(lengths, (0,)), strict=False
            )
        )
    return 0

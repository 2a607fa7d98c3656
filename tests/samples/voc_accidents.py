"""Accidents in a folder of VOC, as ``labelled_folders.write_voc`` writes it."""

import itertools
import random
import re
from collections.abc import Callable, Iterator

from samples.accidents import Accident
from samples.folder_edits import (
    FILES,
    HARMLESS,
    add_image,
    both,
    edited,
    encoded,
    moved,
    pictures,
    removed,
    swapped,
    written,
)

NUMBERS = ('abc', '', 'NaN', 'inf', '1e400', '1,5', '0x10', 'None', '[4]', '4 5')
BOMB = (
    '<!DOCTYPE a [<!ENTITY b "bb">'
    + ''.join(
        f'<!ENTITY {c} "{f"&{b};" * 30}">' for b, c in itertools.pairwise('bcdefghijk')
    )
    + ']><annotation>&k;</annotation>'
)


def voc_values() -> Iterator[Accident]:
    """Tags of one object of a random file of the training, or of all."""
    for seed, value in enumerate(NUMBERS):
        name = random.Random(seed).choice('abc')
        tag = random.Random(seed + 1).choice(('xmin', 'ymin', 'xmax', 'ymax'))
        change = swapped(f'<{tag}>[^<]*<', f'<{tag}>{value}<', 1)
        yield Accident(
            f'{tag} is {value!r}',
            edited(f'Annotations/{name}.xml', change),
            [f'{name}.xml', tag],
        )
    for tag in ('name', 'bndbox', 'xmin', 'ymin', 'xmax', 'ymax'):
        change = swapped(f'<{tag}>.*?</{tag}>', '', 1)
        for name in 'be':
            yield Accident(
                f'no {tag} in {name}',
                edited(f'Annotations/{name}.xml', change),
                [f'{name}.xml', tag],
            )
    for value in ('', '  '):
        yield Accident(
            f'a class called {value!r}',
            edited('Annotations/a.xml', swapped('>cat<', f'>{value}<', 1)),
            ['a.xml', 'name'],
        )
    for name in ('Cat', 'CAT', 'ca t'):
        yield Accident(
            f'a class called {name!r}',
            edited('Annotations/a.xml', swapped('>cat<', f'>{name}<', 1)),
            [name],
        )
    yield Accident(
        'spaces around a class',
        edited('Annotations/a.xml', swapped('>cat<', '> cat\n<')),
        HARMLESS,
    )


def voc_boxes() -> Iterator[Accident]:
    def corners(change: Callable[..., tuple]) -> Callable[[str], str]:
        def of_match(match: re.Match) -> str:
            values = change(*(float(v) for v in match.groups()))
            tags = ('xmin', 'ymin', 'xmax', 'ymax')
            return ''.join(
                f'<{t}>{v:g}</{t}>' for t, v in zip(tags, values, strict=True)
            )

        pattern = ''.join(f'<{t}>(.*?)</{t}>' for t in ('xmin', 'ymin', 'xmax', 'ymax'))
        return lambda text: re.sub(pattern, of_match, text)

    changes = {
        'swapped corners': lambda a, b, c, d: (c, d, a, b),
        'swapped sides': lambda a, b, c, d: (c, b, a, d),
        'sizes for corners': lambda a, b, c, d: (a, b, c - a, d - b),
        'parts of the image': lambda a, b, c, d: (a / 40, b / 20, c / 40, d / 20),
        'outside': lambda a, b, c, d: (a + 100, b, c + 100, d),
        'negative': lambda a, b, c, d: (a - 60, b, c - 60, d),
        'huge': lambda a, b, c, d: (a, b, 1e9, 1e9),
        'no width': lambda a, b, c, d: (a, b, a - 1, d),
    }
    for name, change in changes.items():
        # One box of other corners is a box.
        for which in ('b', '[!d]') if name != 'sizes for corners' else ('[!d]',):
            yield Accident(
                f'{name}, {which}',
                edited(f'Annotations/{which}.xml', corners(change)),
                ['b.xml'] if which == 'b' else ['.xml'],
            )
    yield Accident(
        'counted from 0',
        edited(
            'Annotations/[!d].xml', corners(lambda a, b, c, d: (a - 1, b - 1, c, d))
        ),
        ['e.xml'],
    )
    yield Accident(
        'one 0',
        edited('Annotations/a.xml', swapped('<xmin>5<', '<xmin>0<', 1)),
        ['a.xml'],
    )
    twice = swapped('(<object>.*?</object>)', r'\1\1', 1)
    yield Accident(
        'an object twice', edited('Annotations/b.xml', twice), ['twice', 'b.xml']
    )
    ignored = swapped('<bndbox>', '<difficult>1</difficult><bndbox>')
    yield Accident('all difficult', edited('Annotations/[!d].xml', ignored), ['crowds'])
    turned = swapped('bndbox>', 'robndbox>')
    yield Accident(
        'a rotated box', edited('Annotations/b.xml', turned), ['b.xml', 'robndbox']
    )
    part = swapped(
        '<bndbox>',
        '<part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax>'
        '<ymax>2</ymax></bndbox></part><bndbox>',
    )
    yield Accident('parts of objects', edited('Annotations/b.xml', part), HARMLESS)


def voc_files() -> Iterator[Accident]:
    for kind, content in FILES.items():
        yield Accident(
            f'xml is {kind}', written('Annotations/b.xml', content), ['b.xml']
        )
        yield Accident(
            f'train.txt is {kind}',
            written('ImageSets/Main/train.txt', content),
            ['train'],
        )
    yield Accident(
        'xml is a bomb', written('Annotations/b.xml', BOMB.encode()), ['b.xml']
    )
    yield Accident(
        'xml is cut',
        lambda r: (r / 'Annotations/b.xml').write_text(
            (r / 'Annotations/b.xml').read_text()[:60]
        ),
        ['b.xml'],
    )
    yield Accident('xml is absent', removed('Annotations/b.xml'), ['b.xml'])
    for tag in ('annotations', 'doc'):
        change = swapped('annotation>', f'{tag}>')
        yield Accident(
            f'xml of <{tag}>', edited('Annotations/b.xml', change), ['b.xml', tag]
        )
    yield Accident(
        'xml in a strange encoding',
        edited(
            'Annotations/b.xml', lambda t: '<?xml version="1.0" encoding="x-no"?>' + t
        ),
        ['b.xml'],
    )
    yield Accident('xml in UTF-16', encoded('Annotations/b.xml', 'utf-16'), HARMLESS)
    yield Accident(
        'xml with a mark', encoded('Annotations/b.xml', 'utf-8-sig'), HARMLESS
    )
    for tag in ('size', 'filename'):
        change = swapped(f'<{tag}>.*?</{tag}>', '')
        yield Accident(f'no {tag}', edited('Annotations/*.xml', change), HARMLESS)
    for old, new, culprits in (
        ('<width>40<', '<width>0<', HARMLESS),
        ('<width>40<', '<width>x<', HARMLESS),
        ('<width>40<', '<width>41<', ['b.jpg']),
        ('<width>40<', '<width>20<', ['b.jpg']),
        ('<filename>b.jpg<', '<filename>other.jpg<', HARMLESS),
        ('<filename>b.jpg<', '<filename>C:\\\\\\\\x\\\\\\\\b.jpg<', HARMLESS),
    ):
        yield Accident(
            f'{new} in b', edited('Annotations/b.xml', swapped(old, new)), culprits
        )
    yield Accident(
        'sides exchanged',
        edited(
            'Annotations/*.xml',
            lambda t: t.replace('<width>40<', '<width>20<').replace(
                '<height>20<', '<height>40<'
            ),
        ),
        ['exchanged'],
    )
    yield Accident('an image without xml', add_image('JPEGImages/f.jpg'), ['f.jpg'])
    yield Accident('no folder of xml', removed('Annotations'), ['Annotations'])


def voc_lists() -> Iterator[Accident]:
    train, val = 'ImageSets/Main/train.txt', 'ImageSets/Main/val.txt'
    for name, content, culprits in (
        ('with a missing image', b'a\nb\nc\nz\n', ['z.xml']),
        ('with suffixes', b'a.jpg\nb.jpg\nc.jpg\n', HARMLESS),
        (
            'with paths',
            b'JPEGImages/a.jpg\nJPEGImages/b.jpg\nJPEGImages/c.jpg\n',
            HARMLESS,
        ),
        ('with numbers', b'a  1\nb -1\nc 0\n', HARMLESS),
        ('with blank lines', b'\na\n\nb\n  \nc\n\n', HARMLESS),
        ('of Windows', b'a\r\nb\r\nc\r\n', HARMLESS),
        ('with a mark', b'\xef\xbb\xbfa\nb\nc\n', HARMLESS),
        ('in UTF-16', 'a\nb\nc\n'.encode('utf-16'), ['train.txt']),
        ('with an image twice', b'a\nb\nc\na\n', ['twice']),
        ('with the validation', b'a\nb\nc\nd\ne\n', ['d.jpg']),
    ):
        yield Accident(f'list {name}', written(train, content), culprits)
    yield Accident('val.txt is empty', written(val, b''), ['val'])
    yield Accident('val.txt has no object', written(val, b'd\n'), ['val'])
    yield Accident('val.txt is train.txt', written(val, b'a\nb\nc\n'), ['a.jpg'])
    yield Accident('no val.txt', removed(val), ['val'])
    yield Accident('no train.txt', removed(train), ['train'])
    spaced = both(
        moved('Annotations/b.xml', 'Annotations/my b 1.xml'),
        moved('JPEGImages/b.jpg', 'JPEGImages/my b 1.jpg'),
        edited('Annotations/my b 1.xml', swapped('>b.jpg<', '>my b 1.jpg<')),
        written(train, b'a\nmy b 1\nc\n'),
    )
    yield Accident('spaces in a name', spaced, HARMLESS)
    for names, culprits in (
        (b'cat\ndog\n', HARMLESS),
        (b'cat\n', ['dog']),
        (b'Cat\nDog\n', ['cat']),
        (b'cat\ndog\nhorse\n', ['horse']),
        (b'cat\ncat\ndog\n', ['cat']),
        (b'', HARMLESS),
    ):
        yield Accident(
            f'classes.txt is {names!r}', written('classes.txt', names), culprits
        )


def voc() -> Iterator[Accident]:
    yield from itertools.chain(
        voc_values(), voc_boxes(), voc_files(), voc_lists(), pictures('JPEGImages')
    )

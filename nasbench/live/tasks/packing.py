"""Lossless packing of image records into a few small files, readable with numpy only.

A part consists of a header and a range of the records, losslessly coded (see `residuals`; labels are stored directly)
and compressed by LZMA. The header states data set, part number, number of parts and packing, and has a SHA-256 of the
rest of the file, so files may have any name and wrong ones are rejected.
"""

from __future__ import annotations

import hashlib
import lzma
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.files.atomic import write_atomically
from nasbench.live.tasks.residuals import from_residuals, to_residuals

MAGIC, VERSION = b"nasbpart", 1
HEADER = struct.Struct(">8sH16s16sHHI32s")
"""Magic, version, name of the data set, id of the packing, number of the part, parts, records of all parts, SHA-256."""
MOST_PARTS = 99
FILTERS = [
    {
        "id": lzma.FILTER_LZMA2,
        "preset": 6,
        "dict_size": 1 << 16,
        # Residuals hardly repeat: the previous byte as context helps, matches do not.
        "lc": 4,
        "lp": 0,
        "pb": 0,
        "nice_len": 8,
        "mf": lzma.MF_HC4,
        "depth": 1,
    }
]


@dataclass(frozen=True)
class Records:
    """Description of the packed data: files of equal size with records of a label and the pixels of an image.

    Attributes:
        name: name of the data set.
        files: names of the files, in order.
        image: (channels, height, width); three channels.
        most: maximum total number of records.
    """

    name: str
    files: tuple[str, ...]
    image: tuple[int, int, int]
    most: int

    @property
    def width(self) -> int:
        """Size of a record in bytes."""
        return 1 + int(np.prod(self.image))


@dataclass(frozen=True)
class FilePart:
    """A part file: path, header and compressed `payload`."""

    path: Path
    packing: bytes
    number: int
    parts: int
    records: int
    payload: bytes


def pack(of: Records, files: Mapping[str, bytes], parts: int, folder: Path) -> list[Path]:
    """Write `files` as `parts` parts into a folder, each atomically, and return their paths.

    Equal files give identical parts under the same release of liblzma.

    Raises:
        NasbenchError: if the number of parts is invalid, or the folder contains parts of another packing.
    """
    together = np.concatenate([np.frombuffer(files[name], np.uint8) for name in of.files]).reshape(-1, of.width)
    most = min(MOST_PARTS, len(together))
    if not 1 <= parts <= most:
        raise NasbenchError(f"The number of parts is {parts}; it should be from 1 to {most}.")
    packing = hashlib.sha256(f"{of.name}/{parts}/".encode() + together.tobytes()).digest()[:16]
    for other in read_parts(of, folder) if folder.is_dir() else []:
        if other.packing != packing:
            raise NasbenchError(f"{other.path} is a part of another packing; choose an empty folder.")
    paths = []
    for number in range(1, parts + 1):
        payload = _packed(of, together[_stretch(number, parts, len(together))])
        fields = (MAGIC, VERSION, of.name.encode(), packing, number, parts, len(together))
        digest = hashlib.sha256(HEADER.pack(*fields, b"") + payload).digest()
        paths.append(folder / f"{of.name}.part-{number}-of-{parts}")
        write_atomically(paths[-1], HEADER.pack(*fields, digest) + payload)
    return paths


def join(of: Records, folder: Path) -> dict[str, bytes]:
    """Return the files from the parts in a folder, which may have any names; other files are ignored.

    Raises:
        NasbenchError: if a part is missing, damaged, or of another data set or packing.
    """
    parts = read_parts(of, folder)
    if not parts:
        raise NasbenchError(f"{folder} holds no parts of {of.name}; nasbench data pack {of.name} writes them.")
    first = parts[0]
    for part in parts:
        if part.packing != first.packing:
            raise NasbenchError(f"{first.path} and {part.path} are parts of two packings; keep those of one.")
    numbered = {part.number: part for part in parts}
    for number in range(1, first.parts + 1):
        if number not in numbered:
            raise NasbenchError(
                f"{folder} lacks part {number} of {first.parts} of {of.name}; bring it, under any name."
            )
    records = np.concatenate([_unpacked(of, numbered[number]) for number in sorted(numbered)])
    each = len(records) // len(of.files)
    return {name: records[i * each : (i + 1) * each].tobytes() for i, name in enumerate(of.files)}


def read_parts(of: Records, folder: Path) -> list[FilePart]:
    """Return the parts in a folder by path, without decompressing them; raises NasbenchError for one that `join`
    rejects.
    """
    return [_read(of, path) for path in sorted(folder.iterdir()) if is_part(path)]


def is_part(path: Path) -> bool:
    """Return whether a file has the header of a part."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(len(MAGIC)) == MAGIC


def _read(of: Records, path: Path) -> FilePart:
    """Read a part; no more is read than a part of this data set can contain."""
    largest = HEADER.size + _largest(of.most * of.width)
    with path.open("rb") as stream:
        content = stream.read(largest + 1)
    damaged = NasbenchError(f"{path} is damaged or cut; bring this part again.")
    if not HEADER.size < len(content) <= largest:
        raise damaged
    *fields, digest = HEADER.unpack_from(content)
    _, version, name, packing, number, parts, records = fields
    payload = content[HEADER.size :]
    if hashlib.sha256(HEADER.pack(*fields, b"") + payload).digest() != digest:
        raise damaged
    if version != VERSION:
        raise NasbenchError(f"{path} is a part of version {version}; this release reads version {VERSION}.")
    if name.rstrip(b"\0") != of.name.encode():
        written = name.rstrip(b"\0").decode(errors="replace")
        raise NasbenchError(f"{path} is a part of {written}; it should be one of {of.name}.")
    if not (1 <= number <= parts <= min(MOST_PARTS, records) and records <= of.most and records % len(of.files) == 0):
        raise damaged
    return FilePart(path, packing, number, parts, records, payload)


def _stretch(number: int, parts: int, records: int) -> slice:
    return slice((number - 1) * records // parts, number * records // parts)


def _largest(size: int) -> int:
    """Return an upper bound on the compressed size of `size` bytes."""
    return size + size // 50 + 1000


def _packed(of: Records, records: NDArray[np.uint8]) -> bytes:
    residuals = to_residuals(records[:, 1:].reshape(-1, *of.image))
    return lzma.compress(records[:, 0].tobytes() + residuals.tobytes(), lzma.FORMAT_RAW, filters=FILTERS)


def _unpacked(of: Records, part: FilePart) -> NDArray[np.uint8]:
    """Return the records of a part, `(n, width)`; no more is decompressed than expected."""
    stretch = _stretch(part.number, part.parts, part.records)
    n = stretch.stop - stretch.start
    decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=FILTERS)
    try:
        content = decoder.decompress(part.payload, max_length=n * of.width + 1)
    except lzma.LZMAError:
        content = b""
    if not (decoder.eof and len(content) == n * of.width and not decoder.unused_data):
        raise NasbenchError(f"{part.path} does not hold the {n} records that it should; pack the data again.")
    channels, height, width = of.image
    coded = np.frombuffer(content, np.uint8)
    images = from_residuals(coded[n:].reshape(channels, n, height, width))
    return np.concatenate([coded[:n, None], images.reshape(n, -1)], axis=1)

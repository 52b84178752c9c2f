"""Whether an OpenEXR file reaches as far as its own table says, seen before the library looks: of a file that is cut
off it prints a dozen lines to the terminal each time, and a player comes by again and again.

The file's layout: https://openexr.com/en/latest/OpenEXRFileLayout.html
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from app.sequence.exr_header import unreadable

_MAGIC = 20000630
_OTHER_LAYOUTS = 0x200 | 0x800 | 0x1000  # tiles, deep data, several parts
_LINES = (1, 1, 1, 16, 32, 16, 32, 32, 32, 256)
"""Of a chunk, by the number of the compression: none, RLE, ZIPS, ZIP, PIZ, PXR24, B44, B44A, DWAA, DWAB."""
_LONGEST_HEADER = 1 << 20


def check_whole(path: Path) -> None:
    """Raises SuperseeError for a file of one part in scan lines whose table or last chunk lies beyond its end. Other
    layouts, and whatever is odd in another way, are left to the library."""
    with path.open("rb") as file:
        size = path.stat().st_size
        head = file.read(_LONGEST_HEADER)
        try:
            end = _last_chunk_end(file, head)
        except (struct.error, ValueError, IndexError, KeyError):
            return
    if end is not None and end > size:
        raise unreadable(path, f"the file is cut off: it has {size} bytes of {end} at least")


def _last_chunk_end(file: BinaryIO, head: bytes) -> int | None:
    """Where the chunk with the largest offset ends, in bytes; None where the table does not say."""
    magic, version = struct.unpack_from("<II", head)
    if magic != _MAGIC or version & _OTHER_LAYOUTS:
        return None
    attributes, table = _attributes(head)
    _, top, _, bottom = struct.unpack("<4i", attributes[b"dataWindow"])
    lines = _LINES[attributes[b"compression"][0]]
    chunks = (bottom - top) // lines + 1
    file.seek(table)
    found = file.read(8 * chunks)
    if len(found) < 8 * chunks:
        return table + 8 * chunks
    offsets = struct.unpack(f"<{chunks}Q", found)
    last = max(offsets)
    if not min(offsets):
        return None  # a writer that did not finish: the library puts the table together again
    file.seek(last)
    leader = file.read(8)  # the chunk's first line, and the bytes that follow
    return last + 8 + (struct.unpack("<iI", leader)[1] if len(leader) == 8 else 1)


def _attributes(head: bytes) -> tuple[dict[bytes, bytes], int]:
    """By name, and where the table begins."""
    found: dict[bytes, bytes] = {}
    at = 8
    while head[at]:
        name_end = head.index(0, at)
        kind_end = head.index(0, name_end + 1)
        (length,) = struct.unpack_from("<I", head, kind_end + 1)
        found[head[at:name_end]] = head[kind_end + 5 : kind_end + 5 + length]
        at = kind_end + 5 + length
    return found, at + 1

"""Reading .safetensors files with numpy alone, a slice at a time: a length, a JSON table, raw bytes.

Format: https://github.com/huggingface/safetensors. Everything is checked against the file's own size first.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.errors import SuperseeError

_LARGEST_HEADER = 16 << 20
_DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1",
    "BOOL": "?",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Entry:
    dtype: np.dtype
    shape: tuple[int, ...]
    offset: int


class SafetensorsFile:
    """`tensors` maps names to read-only arrays over the file: bytes are read when they are touched."""

    def __init__(self, path: Path) -> None:
        try:
            data = np.memmap(path, np.uint8, "r")
            entries = _table(data)
        except OSError as error:
            raise SuperseeError(
                f"{path} cannot be read", error.strerror or str(error), "Check its permissions."
            ) from error
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
            raise SuperseeError(
                f"{path} is not a safetensors file", f"{error}", "It may be half copied: copy it again."
            ) from error
        self.tensors = {
            name: np.ndarray(entry.shape, entry.dtype, buffer=data, offset=entry.offset)
            for name, entry in entries.items()
        }


def _table(data: np.ndarray) -> dict[str, _Entry]:
    if data.size < 8:
        raise ValueError("it is too short")
    length = int(data[:8].view("<u8")[0])
    if length > min(_LARGEST_HEADER, data.size - 8):
        raise ValueError("its table is longer than the file")
    table = json.loads(data[8 : 8 + length].tobytes().decode("utf-8"))
    table.pop("__metadata__", None)
    return {str(name): _entry(each, 8 + length, data.size) for name, each in table.items() if each["dtype"] in _DTYPES}


def _entry(entry: dict, start: int, size: int) -> _Entry:
    dtype = np.dtype(_DTYPES[entry["dtype"]])
    shape = tuple(int(side) for side in entry["shape"])
    first, last = (int(offset) for offset in entry["data_offsets"])
    if min((*shape, 0)) < 0 or not 0 <= first <= last <= size - start:
        raise ValueError("a tensor lies outside the file")
    if math.prod(shape) * dtype.itemsize != last - first:
        raise ValueError(f"a tensor of shape {shape} does not fill its bytes")
    return _Entry(dtype, shape, start + first)

"""Reads our own .glb files without the program's loader: JSON by pygltflib's schema, accessors by numpy."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

_DTYPES = {5121: "u1", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


class GlbDocument:
    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        magic, version, length = struct.unpack("<4sII", data[:12])
        assert (magic, version, length) == (b"glTF", 2, len(data))
        json_length = struct.unpack("<I", data[12:16])[0]
        self.json: dict[str, Any] = json.loads(data[20 : 20 + json_length])
        self.binary = data[28 + json_length :]
        self.extras: dict[str, Any] = self.json["scenes"][0]["extras"]["supersee"]

    def accessor(self, number: int) -> np.ndarray:
        entry = self.json["accessors"][number]
        view = self.json["bufferViews"][entry["bufferView"]]
        width, dtype = _WIDTHS[entry["type"]], np.dtype(_DTYPES[entry["componentType"]])
        size = entry["count"] * width * dtype.itemsize
        assert size <= view["byteLength"], "an accessor leaves its buffer view"
        assert view["byteOffset"] + view["byteLength"] <= len(self.binary), "a buffer view leaves the buffer"
        flat = np.frombuffer(self.binary, dtype, entry["count"] * width, view["byteOffset"])
        return flat.reshape(entry["count"], width)

    def primitives(self) -> list[dict[str, Any]]:
        return [p for mesh in self.json["meshes"] for p in mesh["primitives"]]

    def materials_with(self, key: str) -> list[dict[str, Any]]:
        """Materials whose extras.supersee has `key`."""
        return [m for m in self.json["materials"] if key in m.get("extras", {}).get("supersee", {})]

"""Writes binary glTF 2.0: one JSON chunk, one buffer, images embedded."""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

_FLOAT, _U8, _U16, _U32 = 5126, 5121, 5123, 5125
_TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}
_COMPONENTS = {np.dtype("<f4"): _FLOAT, np.dtype("u1"): _U8, np.dtype("<u2"): _U16, np.dtype("<u4"): _U32}
ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34962, 34963


class GlbBuffer:
    """Collects accessors and images of one file."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []
        self.images: list[dict[str, Any]] = []

    def _view(self, data: bytes, target: int | None = None) -> int:
        self._bytes.extend(b"\0" * (-len(self._bytes) % 4))
        view: dict[str, Any] = {"buffer": 0, "byteOffset": len(self._bytes), "byteLength": len(data)}
        if target is not None:
            view["target"] = target
        self._bytes.extend(data)
        self.views.append(view)
        return len(self.views) - 1

    def accessor(
        self,
        values: np.ndarray,
        dtype: str,
        *,
        target: int | None = None,
        bounds: bool = False,
        normalized: bool = False,
    ) -> int:
        """Adds rows of 1, 2, 3, 4 or 16 components; returns the accessor's number."""
        data = np.ascontiguousarray(values, np.dtype(dtype))
        width = 1 if data.ndim == 1 else data.shape[1]
        entry: dict[str, Any] = {
            "bufferView": self._view(data.tobytes(), target),
            "componentType": _COMPONENTS[data.dtype],
            "count": len(data),
            "type": _TYPES[width],
        }
        if normalized:
            entry["normalized"] = True
        if bounds:
            rows = data.reshape(len(data), width)
            entry["min"], entry["max"] = rows.min(0).tolist(), rows.max(0).tolist()
        self.accessors.append(entry)
        return len(self.accessors) - 1

    def indices(self, values: np.ndarray) -> int:
        small = int(values.max()) < 65535
        return self.accessor(values, "<u2" if small else "<u4", target=ELEMENT_ARRAY_BUFFER)

    def image(self, name: str, pixels: np.ndarray, quality: int) -> int:
        """Embeds uint8 pixels: JPEG without chroma subsampling for opaque ones, PNG where there is alpha."""
        stream = io.BytesIO()
        if pixels.shape[-1] == 4:
            Image.fromarray(pixels).save(stream, "PNG", optimize=True)
            mime = "image/png"
        else:
            Image.fromarray(pixels).save(stream, "JPEG", quality=quality, subsampling=0, optimize=True)
            mime = "image/jpeg"
        self.images.append({"name": name, "mimeType": mime, "bufferView": self._view(stream.getvalue())})
        return len(self.images) - 1

    def save(self, document: dict[str, Any], path: Path) -> int:
        """Completes the document with what was collected and writes the file; returns its size in bytes."""
        self._bytes.extend(b"\0" * (-len(self._bytes) % 4))
        document = {
            **document,
            "accessors": self.accessors,
            "bufferViews": self.views,
            "buffers": [{"byteLength": len(self._bytes)}],
            "images": self.images,
        }
        document = {key: value for key, value in document.items() if value != []}
        text = json.dumps(document, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        body = bytes(self._bytes)
        length = 12 + 8 + len(text) + 8 + len(body)
        chunks = struct.pack("<II", len(text), 0x4E4F534A) + text + struct.pack("<II", len(body), 0x004E4942) + body
        path.write_bytes(struct.pack("<III", 0x46546C67, 2, length) + chunks)
        return length

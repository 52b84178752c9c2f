"""glTF files written by the tests themselves, piece by piece."""

from __future__ import annotations

import base64
import io
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

_TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}
_COMPONENTS = {"i1": 5120, "u1": 5121, "i2": 5122, "u2": 5123, "u4": 5125, "f4": 5126}
TRIANGLE = ((0, 0, 0), (1, 0, 0), (0, 1, 0))


class GltfFile:
    """A document under construction: `json` may be changed at will before `write`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.binary = bytearray()
        self.json: dict[str, Any] = {
            "asset": {"version": "2.0"},
            "scene": 0,
            "scenes": [{"nodes": [0]}],
            "nodes": [{"mesh": 0}],
            "meshes": [],
            "accessors": [],
            "bufferViews": [],
        }

    def view(self, data: bytes, **fields: int) -> int:
        self.binary += b"\0" * (-len(self.binary) % 4)
        self.json["bufferViews"].append(
            {"buffer": 0, "byteOffset": len(self.binary), "byteLength": len(data), **fields}
        )
        self.binary += data
        return len(self.json["bufferViews"]) - 1

    def accessor(self, values: Any, dtype: str = "f4", **fields: Any) -> int:
        array = np.asarray(values, dtype=dtype)
        width = 1 if array.ndim == 1 else int(np.prod(array.shape[1:]))
        entry = {"bufferView": self.view(array.tobytes()), "componentType": _COMPONENTS[dtype]}
        self.json["accessors"].append({**entry, "count": len(array), "type": _TYPES[width], **fields})
        return len(self.json["accessors"]) - 1

    def mesh(self, positions: Any = TRIANGLE, indices: Any = None, **primitive: Any) -> dict[str, Any]:
        """Adds a mesh of one primitive and returns the primitive's JSON."""
        entry: dict[str, Any] = {"attributes": {"POSITION": self.accessor(positions)}, **primitive}
        if indices is not None:
            entry["indices"] = self.accessor(indices, "u2")
        self.json["meshes"].append({"primitives": [entry]})
        return entry

    def texture(self, picture: Any = None) -> int:
        """Adds a PNG of the (h, w, 4) uint8 picture and a texture that shows it."""
        import PIL.Image

        pixels = np.full((2, 2, 4), 128, np.uint8) if picture is None else np.asarray(picture)
        stream = io.BytesIO()
        PIL.Image.fromarray(pixels).save(stream, "PNG")
        images = self.json.setdefault("images", [])
        images.append({"bufferView": self.view(stream.getvalue()), "mimeType": "image/png"})
        textures = self.json.setdefault("textures", [])
        textures.append({"source": len(images) - 1})
        return len(textures) - 1

    def animate(self, path: str, times: Any, values: Any, node: int = 0, interpolation: str = "LINEAR") -> None:
        sampler = {"input": self.accessor(times), "output": self.accessor(values), "interpolation": interpolation}
        channel = {"sampler": 0, "target": {"node": node, "path": path}}
        self.json.setdefault("animations", []).append({"samplers": [sampler], "channels": [channel]})

    def write(self, name: str = "scene.gltf") -> Path:
        path = self.folder / name
        if self.binary and "buffers" not in self.json:
            self.json["buffers"] = [{"byteLength": len(self.binary)}]
            if not name.endswith(".glb"):
                data = base64.b64encode(self.binary).decode()
                self.json["buffers"][0]["uri"] = f"data:application/octet-stream;base64,{data}"
        text = json.dumps(self.json).encode()
        path.write_bytes(glb_bytes(text, bytes(self.binary)) if name.endswith(".glb") else text)
        return path


def glb_bytes(text: bytes, binary: bytes = b"") -> bytes:
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<II", len(text), 0x4E4F534A) + text
    if binary:
        binary += b"\0" * (-len(binary) % 4)
        chunks += struct.pack("<II", len(binary), 0x004E4942) + binary
    return b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks


@pytest.fixture
def gltf(tmp_path: Path) -> GltfFile:
    return GltfFile(tmp_path)


@pytest.fixture
def load() -> Callable:
    """Write the document and load it."""
    from app.scene.builtin import load_scene

    return lambda document, name="scene.gltf": load_scene(str(document.write(name)))

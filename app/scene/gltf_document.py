"""The containers of glTF 2.0: .gltf and .glb files, their buffers and the files they point at.

Files are untrusted: sizes are checked before memory is taken, and no URI leaves the file's own folder.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from app.scene.gltf_json import BadGltf, JsonObject

LARGEST_FILE = 2 * 2**30
"""Bytes that one scene may bring along, its buffers and images included."""
LARGEST_JSON = 256 * 2**20

_MAGIC = b"glTF"
_JSON_CHUNK, _BINARY_CHUNK = 0x4E4F534A, 0x004E4942


@dataclass(slots=True)
class Document:
    """A parsed file: `root` is its JSON. Buffers are read when first asked for, once."""

    path: Path
    root: JsonObject
    binary: memoryview | None = None
    notes: list[str] = field(default_factory=list)
    _buffers: dict[int, memoryview] = field(default_factory=dict)
    _bytes_read: int = 0
    _lists: dict[str, list[JsonObject]] = field(default_factory=dict)

    def objects(self, key: str) -> list[JsonObject]:
        """The root's list `key`, checked once."""
        if key not in self._lists:
            self._lists[key] = self.root.objects(key)
        return self._lists[key]

    def count(self, key: str) -> int:
        return len(self.objects(key))

    def note(self, text: str) -> None:
        """Say once, for people, what is not shown as the file asks."""
        if text not in self.notes:
            self.notes.append(text)

    def buffer(self, index: int) -> memoryview:
        if index not in self._buffers:
            self._buffers[index] = self._read_buffer(index)
        return self._buffers[index]

    def view(self, index: int) -> memoryview:
        """The bytes of bufferView `index`."""
        view = self.objects("bufferViews")[index]
        buffer_index = view.index("buffer", self.count("buffers"))
        if buffer_index < 0:
            raise BadGltf(f"{view.where} names no buffer")
        data = self.buffer(buffer_index)
        offset, length = view.integer("byteOffset", 0), view.integer("byteLength")
        if offset + length > len(data):
            raise BadGltf(f"{view.where} ends at byte {offset + length} of a buffer of {len(data)} bytes")
        return data[offset : offset + length]

    def read_uri(self, uri: str, what: str) -> memoryview:
        """The bytes behind a data URI or a file beside (or below) this one."""
        if uri.startswith("data:"):
            return self._counted(_data_uri(uri, what), what)
        target = self.resolve(uri, what)
        try:
            size = target.stat().st_size
            if self._bytes_read + size > LARGEST_FILE:
                raise BadGltf(f"{what} ({uri}) is too large: {size / 2**20:.0f} MiB")
            return self._counted(target.read_bytes(), what)
        except OSError as error:
            raise BadGltf(f"{what} ({uri}) cannot be read: {error.strerror or error}") from error

    def resolve(self, uri: str, what: str) -> Path:
        """The file that a relative URI means; it must lie in this file's folder."""
        relative = unquote(uri)
        if "\0" in relative or ":" in relative.split("/")[0]:
            raise BadGltf(f"{what} ({uri[:80]}) is not a file beside the scene")
        folder = self.path.parent.resolve()
        target = (folder / relative).resolve()
        if not target.is_relative_to(folder):
            raise BadGltf(f"{what} ({uri[:80]}) lies outside the scene's own folder")
        if not target.is_file():
            raise BadGltf(f"{what} ({uri[:80]}) is missing")
        return target

    def _counted(self, data: bytes, what: str) -> memoryview:
        self._bytes_read += len(data)
        if self._bytes_read > LARGEST_FILE:
            raise BadGltf(f"with {what} it is larger than {LARGEST_FILE // 2**30} GiB")
        return memoryview(data)

    def _read_buffer(self, index: int) -> memoryview:
        entry = self.objects("buffers")[index]
        length = entry.integer("byteLength")
        if "uri" in entry:
            data = self.read_uri(entry.text("uri"), f"buffer {index}")
        elif index == 0 and self.binary is not None:
            data = self.binary
        elif entry.extension("EXT_meshopt_compression") is not None:
            raise BadGltf("Meshopt-compressed geometry is not shown")
        else:
            raise BadGltf(f"{entry.where} has no data")
        if len(data) < length:
            raise BadGltf(f"buffer {index} should have {length} bytes but has {len(data)}")
        return data[:length]


def open_document(path: Path) -> Document:
    """Parse the file's container and JSON and check that it is glTF 2. Raises BadGltf or OSError."""
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise BadGltf(f"it is larger than {LARGEST_FILE // 2**30} GiB")
    with path.open("rb") as stream:
        magic = stream.read(4)
        if magic != _MAGIC and size > LARGEST_JSON:
            raise BadGltf("it is not a glTF file")
        data = magic + stream.read()
    if magic == _MAGIC:
        text, binary = _glb_chunks(memoryview(data))
    else:
        text, binary = memoryview(data), None
    root = _parse_json(bytes(text))
    _check_version(root)
    return Document(path, root, binary)


def _glb_chunks(data: memoryview) -> tuple[memoryview, memoryview | None]:
    if len(data) < 20:
        raise BadGltf("the .glb file is cut short")
    version, length = struct.unpack_from("<II", data, 4)
    if version == 1:
        raise BadGltf("it is glTF 1.0, an older format")
    if version != 2:
        raise BadGltf(f"its .glb container has the unknown version {version}")
    if length > len(data):
        raise BadGltf(f"the .glb file is cut short: {len(data)} of {length} bytes")
    chunks: dict[int, memoryview] = {}
    at = 12
    while at + 8 <= length:
        chunk_length, kind = struct.unpack_from("<II", data, at)
        if at + 8 + chunk_length > length:
            raise BadGltf("a chunk of the .glb file is cut short")
        chunks.setdefault(kind, data[at + 8 : at + 8 + chunk_length])
        at += 8 + chunk_length + (-chunk_length) % 4
    if _JSON_CHUNK not in chunks:
        raise BadGltf("the .glb file has no JSON in it")
    if len(chunks[_JSON_CHUNK]) > LARGEST_JSON:
        raise BadGltf("the JSON of the .glb file is too large")
    return chunks[_JSON_CHUNK], chunks.get(_BINARY_CHUNK)


def _parse_json(text: bytes) -> JsonObject:
    if not text.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        raise BadGltf("it is not a glTF file")
    try:
        return JsonObject(json.loads(text.decode("utf-8-sig")), "")
    except RecursionError as error:
        raise BadGltf("its JSON is nested too deeply") from error
    except ValueError as error:
        raise BadGltf(f"its JSON is broken ({str(error)[:120]})") from error


def _check_version(root: JsonObject) -> None:
    if isinstance(root.data.get("scenes"), dict) or isinstance(root.data.get("meshes"), dict):
        raise BadGltf("it is glTF 1.0, an older format")  # 1.0 kept its lists in objects
    asset = root.object("asset")
    if asset is None:
        raise BadGltf("it does not say which version of glTF it is")
    version = asset.text("version", "")
    if version.startswith("1"):
        raise BadGltf("it is glTF 1.0, an older format")
    if version.split(".")[0] != "2":
        raise BadGltf(f"it is glTF version {version!r}, and only 2.x is known")


def _data_uri(uri: str, what: str) -> bytes:
    header, comma, payload = uri.partition(",")
    if not comma:
        raise BadGltf(f"the data URI of {what} is broken")
    try:
        if header.endswith(";base64"):
            return base64.b64decode(unquote(payload) if "%" in payload else payload, validate=False)
        return unquote(payload).encode("latin-1")
    except (binascii.Error, ValueError) as error:
        raise BadGltf(f"the data URI of {what} is broken") from error

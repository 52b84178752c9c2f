"""glTF accessors as numpy arrays: strided, normalised, sparse; every offset is checked before it is used."""

from __future__ import annotations

import numpy as np

from app.scene.gltf_document import Document
from app.scene.gltf_json import BadGltf, JsonObject

COMPONENT_TYPES: dict[int, type[np.generic]] = {
    5120: np.int8, 5121: np.uint8, 5122: np.int16, 5123: np.uint16, 5125: np.uint32, 5126: np.float32,
}  # fmt: skip
ELEMENT_SIZES = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
LARGEST_ACCESSOR = 512 * 2**20
"""Bytes an accessor may decode to: one without a buffer costs its file nothing but would cost us its count."""


class AccessorReader:
    """Decodes accessors of one document, each once. Arrays may be read-only views into the file's bytes."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._decoded: dict[int, np.ndarray] = {}

    def raw(self, index: int) -> np.ndarray:
        """(count, components) in the file's own component type."""
        if index not in self._decoded:
            self._decoded[index] = self._decode(self._document.objects("accessors")[index])
        return self._decoded[index]

    def floats(self, index: int, components: int | tuple[int, ...]) -> np.ndarray:
        """(count, components) float32; normalised integers become [0, 1] or [-1, 1] (glTF 2.0, 3.6.2.2)."""
        values = self._checked(index, components)
        accessor = self._document.objects("accessors")[index]
        if values.dtype == np.float32:
            return values
        if not accessor.boolean("normalized"):
            return values.astype(np.float32)
        scale = np.float32(np.iinfo(values.dtype).max)
        return np.maximum(values.astype(np.float32) / scale, np.float32(-1.0))

    def integers(self, index: int, components: int) -> np.ndarray:
        """(count, components) of an unsigned integer type."""
        values = self._checked(index, components)
        if values.dtype.kind != "u":
            raise BadGltf(f"accessors[{index}] should hold unsigned whole numbers")
        return values

    def has_data(self, index: int) -> bool:
        accessor = self._document.objects("accessors")[index]
        return "bufferView" in accessor or "sparse" in accessor

    def _checked(self, index: int, components: int | tuple[int, ...]) -> np.ndarray:
        values = self.raw(index)
        allowed = (components,) if isinstance(components, int) else components
        if values.shape[1] not in allowed:
            kind = self._document.objects("accessors")[index].text("type")
            raise BadGltf(f"accessors[{index}] has the unsuitable type {kind}")
        return values

    def _decode(self, accessor: JsonObject) -> np.ndarray:
        dtype = np.dtype(_component_type(accessor)).newbyteorder("<")
        components = ELEMENT_SIZES.get(accessor.text("type"))
        if components is None:
            raise BadGltf(f"{accessor.where}.type is unknown: {accessor.text('type')!r}")
        count = accessor.integer("count")
        if count * components * dtype.itemsize > LARGEST_ACCESSOR:
            raise BadGltf(f"{accessor.where} is too large: {count} elements")
        view_index = accessor.index("bufferView", self._document.count("bufferViews"))
        if view_index < 0:
            values = np.zeros((count, components), dtype)
        else:
            view = self._document.objects("bufferViews")[view_index]
            if view.extension("EXT_meshopt_compression") is not None:
                self._document.note("Meshopt-compressed geometry is not shown, only what the file gives in its place")
            stride = view.integer("byteStride", 0, high=4096)
            values = self._elements(accessor, view_index, count, dtype, accessor.text("type"), stride)
        sparse = accessor.object("sparse")
        return values if sparse is None else self._with_sparse(accessor, sparse, values)

    def _elements(
        self, place: JsonObject, view_index: int, count: int, dtype: np.dtype, kind: str, stride: int = 0
    ) -> np.ndarray:
        """(count, components) from a buffer view at the place's byteOffset."""
        data = self._document.view(view_index)
        offset = place.integer("byteOffset", 0)
        components = ELEMENT_SIZES[kind]
        rows, row_bytes = _matrix_rows(kind, dtype.itemsize)
        element_bytes = rows * row_bytes if rows else components * dtype.itemsize
        stride = max(stride or element_bytes, 1)
        if stride < element_bytes:
            raise BadGltf(f"{place.where} has elements of {element_bytes} bytes at a distance of {stride}")
        if count == 0:
            return np.zeros((0, components), dtype)
        if offset + stride * (count - 1) + element_bytes > len(data):
            raise BadGltf(f"{place.where} needs more bytes than its buffer view has ({len(data)})")
        if rows:  # columns of small integer matrices are padded to four bytes
            per_row = components // rows
            strides = (stride, row_bytes, dtype.itemsize)
            padded = np.ndarray((count, rows, per_row), dtype, data, offset, strides)
            return np.ascontiguousarray(padded).reshape(count, components)
        return np.ascontiguousarray(np.ndarray((count, components), dtype, data, offset, (stride, dtype.itemsize)))

    def _with_sparse(self, accessor: JsonObject, sparse: JsonObject, values: np.ndarray) -> np.ndarray:
        count = sparse.integer("count", high=len(values))
        where, what = sparse.object("indices"), sparse.object("values")
        if where is None or what is None:
            raise BadGltf(f"{sparse.where} lacks its indices or values")
        views = self._document.count("bufferViews")
        where_view, what_view = where.index("bufferView", views), what.index("bufferView", views)
        if where_view < 0 or what_view < 0:
            raise BadGltf(f"{sparse.where} names no buffer view")
        index_type = np.dtype(_component_type(where)).newbyteorder("<")
        if index_type.kind != "u":
            raise BadGltf(f"{where.where}.componentType should be an unsigned whole number")
        indices = self._elements(where, where_view, count, index_type, "SCALAR")[:, 0]
        if len(indices) and int(indices.max()) >= len(values):
            raise BadGltf(f"{where.where} points at element {int(indices.max())} of {len(values)}")
        result = values.copy()
        result[indices] = self._elements(what, what_view, count, values.dtype, accessor.text("type"))
        return result


def _component_type(place: JsonObject) -> type[np.generic]:
    code = place.integer("componentType")
    if code not in COMPONENT_TYPES:
        raise BadGltf(f"{place.where}.componentType is unknown: {code}")
    return COMPONENT_TYPES[code]


def _matrix_rows(kind: str, item_bytes: int) -> tuple[int, int]:
    """(columns, bytes of one) of matrices whose columns need padding, else (0, 0)."""
    if not kind.startswith("MAT"):
        return 0, 0
    size = int(kind[3])
    column = size * item_bytes
    return (size, column + (-column) % 4) if column % 4 else (0, 0)

"""glTF meshes to Primitives: triangles with everything a shader needs, whatever the file left out."""

from __future__ import annotations

import numpy as np

from app.scene.gltf_accessors import AccessorReader
from app.scene.gltf_document import Document
from app.scene.gltf_json import BadGltf, JsonObject
from app.scene.mesh_geometry import flat_normals, repaired_normals, tangents_from_uv, triangulate
from app.scene.model import Material, Mesh, Primitive

MOST_VERTICES = 50_000_000
_FARTHEST = 1e18
_MODE_NAMES = {0: "Points", 1: "Lines", 2: "Lines", 3: "Lines"}
_DRACO = "KHR_draco_mesh_compression"


class _Attributes:
    """The vertex attributes of one primitive by glTF name, all of one length."""

    def __init__(self, document: Document, accessors: AccessorReader, primitive: JsonObject) -> None:
        self._document, self._accessors = document, accessors
        self.place = primitive.object("attributes") or JsonObject({}, primitive.place("attributes"))
        self.positions = self._floats(self.place, "POSITION", 3, None)
        self.count = 0 if self.positions is None else len(self.positions)

    def floats(self, name: str, components: int | tuple[int, ...]) -> np.ndarray | None:
        return self._floats(self.place, name, components, self.count)

    def deltas(self, target: JsonObject, name: str) -> np.ndarray:
        values = self._floats(target, name, 3, self.count)
        return np.zeros((self.count, 3), np.float32) if values is None else values

    def integers(self, name: str, components: int) -> np.ndarray | None:
        index = self._index(self.place, name)
        values = None if index < 0 else self._accessors.integers(index, components)
        return self._fitting(values, name, self.count)

    def _floats(
        self, place: JsonObject, name: str, components: int | tuple[int, ...], count: int | None
    ) -> np.ndarray | None:
        index = self._index(place, name)
        values = None if index < 0 else self._accessors.floats(index, components)
        return values if count is None else self._fitting(values, name, count)

    def _index(self, place: JsonObject, name: str) -> int:
        return place.index(name, self._document.count("accessors"))

    def _fitting(self, values: np.ndarray | None, name: str, count: int) -> np.ndarray | None:
        if values is not None and len(values) != count:
            self._document.note(f"{name} is left out where its length does not match the vertices'")
            return None
        return values


def read_meshes(document: Document, accessors: AccessorReader, materials: list[Material]) -> list[Mesh]:
    meshes, vertices = [], 0
    for number, mesh in enumerate(document.objects("meshes")):
        entries = mesh.objects("primitives")
        primitives = [p for entry in entries if (p := _read_primitive(document, accessors, entry, materials))]
        vertices += sum(len(p.positions) for p in primitives)
        if vertices > MOST_VERTICES:
            raise BadGltf(f"it has more than {MOST_VERTICES // 10**6} million vertices")
        weights = mesh.number_list("weights")
        meshes.append(Mesh(mesh.name(f"mesh {number}"), tuple(primitives), weights))
    return meshes


def _read_primitive(
    document: Document, accessors: AccessorReader, entry: JsonObject, materials: list[Material]
) -> Primitive | None:
    mode = entry.integer("mode", 4, high=6)
    if mode in _MODE_NAMES:
        document.note(f"{_MODE_NAMES[mode]} are not shown, only triangles")
        return None
    if entry.extension(_DRACO) is not None and not _has_plain_geometry(document, accessors, entry):
        document.note("Draco-compressed geometry is not shown")
        return None
    attributes = _Attributes(document, accessors, entry)
    if attributes.positions is None or attributes.count == 0:
        document.note("Meshes without positions are not shown")
        return None
    indices = _read_indices(document, accessors, entry, attributes, mode)
    if len(indices) == 0:
        return None
    material = entry.index("material", len(materials))
    arrays = _read_arrays(document, attributes)
    morphs = _read_morphs(entry, attributes)
    return _finished(document, attributes.positions, indices, arrays, morphs, material, materials)


def _has_plain_geometry(document: Document, accessors: AccessorReader, entry: JsonObject) -> bool:
    attributes = entry.object("attributes")
    index = attributes.index("POSITION", document.count("accessors")) if attributes is not None else -1
    return index >= 0 and accessors.has_data(index)


def _read_indices(
    document: Document, accessors: AccessorReader, entry: JsonObject, attributes: _Attributes, mode: int
) -> np.ndarray:
    """Triangle indices (m,) uint32, all of them pointing at finite vertices that exist."""
    index = entry.index("indices", document.count("accessors"))
    if index < 0:
        indices = np.arange(attributes.count, dtype=np.uint32)
    else:
        indices = accessors.integers(index, 1)[:, 0].astype(np.uint32)
    triangles = triangulate(indices, mode).reshape(-1, 3)
    positions = attributes.positions
    assert positions is not None
    if triangles.size and int(triangles.max()) >= attributes.count:
        document.note("Triangles that point at missing vertices are left out")
        triangles = triangles[(triangles < attributes.count).all(axis=1)]
    usable = _usable(positions)
    if not usable.all():
        document.note("Triangles with infinite or undefined corners are left out")
        triangles = triangles[usable[triangles].all(axis=1)]
    return np.ascontiguousarray(triangles).reshape(-1)


def _read_arrays(document: Document, attributes: _Attributes) -> dict[str, np.ndarray]:
    """Per-vertex arrays by Primitive field, those that the file has."""
    arrays: dict[str, np.ndarray] = {}
    for key, name, components in (
        ("normals", "NORMAL", 3), ("tangents", "TANGENT", 4), ("uv0", "TEXCOORD_0", 2), ("uv1", "TEXCOORD_1", 2),
    ):  # fmt: skip
        values = attributes.floats(name, components)
        if values is not None:
            arrays[key] = values
    for key in ("uv0", "uv1", "tangents"):
        if key in arrays and not np.isfinite(arrays[key]).all():
            arrays[key] = np.nan_to_num(arrays[key], nan=0.0, posinf=0.0, neginf=0.0)
    colours = attributes.floats("COLOR_0", (3, 4))
    if colours is not None:
        opaque = np.ones((len(colours), 4), np.float32)
        opaque[:, : colours.shape[1]] = np.nan_to_num(colours, nan=1.0, posinf=1.0, neginf=0.0)
        arrays["colours"] = opaque
    joints, weights = attributes.integers("JOINTS_0", 4), attributes.floats("WEIGHTS_0", 4)
    if joints is not None and weights is not None:
        arrays["joints"] = joints.astype(np.uint16)
        arrays["weights"] = _unit_weights(weights)
        if "JOINTS_1" in attributes.place:
            document.note("Only the first four joints of a vertex move it")
    return arrays


def _unit_weights(weights: np.ndarray) -> np.ndarray:
    clean = np.maximum(np.nan_to_num(weights, nan=0.0, posinf=0.0, neginf=0.0), 0.0)
    totals = clean.sum(axis=1, keepdims=True)
    result = (clean / np.where(totals > 0.0, totals, 1.0)).astype(np.float32)
    result[totals[:, 0] <= 0.0, 0] = 1.0
    return result


def _read_morphs(entry: JsonObject, attributes: _Attributes) -> dict[str, np.ndarray]:
    targets = entry.objects("targets")
    if not targets:
        return {}
    morphs = {"morph_positions": np.stack([attributes.deltas(t, "POSITION") for t in targets])}
    if any("NORMAL" in t for t in targets):
        morphs["morph_normals"] = np.stack([attributes.deltas(t, "NORMAL") for t in targets])
    return {key: np.nan_to_num(value, nan=0.0, posinf=0.0, neginf=0.0) for key, value in morphs.items()}


def _finished(
    document: Document,
    positions: np.ndarray,
    indices: np.ndarray,
    arrays: dict[str, np.ndarray],
    morphs: dict[str, np.ndarray],
    material: int,
    materials: list[Material],
) -> Primitive:
    """With normals, and tangents where a normal map needs them."""
    if "normals" in arrays:
        positions = _finite_positions(positions)
        arrays["normals"], replaced = repaired_normals(arrays["normals"], positions, indices)
        if replaced:
            document.note("Normals of no length were replaced by computed ones")
    else:
        # Flat shading needs every triangle to own its corners; the file's tangents mean nothing then (3.7.2.1).
        positions = positions[indices]
        arrays = {key: value[indices] for key, value in arrays.items() if key != "tangents"}
        morphs = {key: np.ascontiguousarray(value[:, indices]) for key, value in morphs.items()}
        indices = np.arange(len(positions), dtype=np.uint32)
        arrays["normals"] = flat_normals(positions)
    normal_texture = materials[material].normal_texture if material >= 0 else None
    if normal_texture is not None and "tangents" not in arrays:
        uv = arrays.get("uv1" if normal_texture.texcoord == 1 else "uv0")
        if uv is not None:
            arrays["tangents"] = tangents_from_uv(positions, arrays["normals"], uv, indices)
    fields = {key: np.ascontiguousarray(value) for key, value in (arrays | morphs).items()}
    return Primitive(positions=np.ascontiguousarray(positions), indices=indices, material=material, **fields)


def _finite_positions(positions: np.ndarray) -> np.ndarray:
    """Unusable corners are drawn by no triangle any more, but bounds and GPUs still read them."""
    usable = _usable(positions)
    if usable.all():
        return positions
    result = positions.copy()
    result[~usable] = positions[usable][0] if usable.any() else 0.0
    return result


def _usable(positions: np.ndarray) -> np.ndarray:
    """(n,) bool: finite, and small enough that squares of distances stay finite in 32 bits."""
    return np.asarray((np.abs(positions) < _FARTHEST).all(axis=1))  # NaN compares false

"""Packs a scene's meshes into one vertex and one index buffer, and says what there is to draw. No GL here.

What never moves is transformed to world space, and small pieces of one material become one draw: on a software
renderer, and in Python, the number of draws is what costs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from app.scene.model import Primitive, SceneModel

VERTEX = np.dtype(
    [("position", "f4", 3), ("normal", "f4", 3), ("tangent", "f4", 4), ("uv0", "f4", 2), ("uv1", "f4", 2),
     ("colour", "u1", 4)]
)  # fmt: skip
SKIN_VERTEX = np.dtype([("joints", "u2", 4), ("weights", "f4", 4)])
MERGE_VERTICES = 6000  # a static piece with more vertices stays a draw of its own, so that it can be culled


@dataclass(frozen=True, slots=True)
class Draw:
    """One draw call: a range of the index buffer. `node` is -1 for merged static geometry (already in world space);
    `centre` and `extent` bound it in the space of its vertices. `attributes` are VERTEX fields that carry data."""

    node: int
    skin: int
    material: int
    attributes: frozenset[str]
    first: int
    count: int
    first_vertex: int
    vertex_count: int
    first_morph: int  # in floats
    morphs: int
    centre: np.ndarray
    extent: np.ndarray

    @property
    def bounded(self) -> bool:
        """False where joints or morphs move vertices out of the box."""
        return self.skin < 0 and self.morphs == 0


@dataclass(frozen=True, slots=True)
class PackedScene:
    """`skin` covers the vertices from 0 on: skinned primitives come first. `morphs` holds six floats (position and
    normal delta) a vertex and target."""

    vertices: np.ndarray
    skin: np.ndarray
    indices: np.ndarray
    morphs: np.ndarray
    draws: tuple[Draw, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    node: int
    skin: int
    primitive: Primitive
    attributes: frozenset[str]
    vertices: np.ndarray
    indices: np.ndarray


def moving_nodes(model: SceneModel) -> set[int]:
    """Nodes that an animation moves, themselves or through an ancestor."""
    animated = {c.node for animation in model.animations for c in animation.channels if c.path != "weights"}

    def moves(index: int) -> bool:
        while index >= 0:
            if index in animated:
                return True
            index = model.nodes[index].parent
        return False

    return {index for index in range(len(model.nodes)) if moves(index)}


def pack_scene(model: SceneModel, world: np.ndarray, moving: Iterable[int]) -> PackedScene:
    """`world` (nodes, 4, 4) is where the nodes stand; those not in `moving` are baked there."""
    moving = set(moving)
    skinned: list[_Piece] = []
    own: list[_Piece] = []
    merged: dict[tuple[int, frozenset[str]], list[_Piece]] = {}
    for index, node in enumerate(model.nodes):
        for primitive in model.meshes[node.mesh].primitives if node.mesh >= 0 else ():
            if len(primitive.indices) == 0:
                continue
            piece = _piece(index, node.skin, primitive)
            if piece.skin >= 0:
                skinned.append(piece)
            elif index in moving or primitive.morph_positions is not None:
                own.append(piece)
            else:
                piece = _baked(piece, world[index])
                key = (primitive.material, piece.attributes)
                if len(piece.vertices) > MERGE_VERTICES or _blended(model, primitive):
                    own.append(piece)
                else:
                    merged.setdefault(key, []).append(piece)
    return _concatenate(skinned, own + [_join(pieces) for pieces in merged.values()])


def _blended(model: SceneModel, primitive: Primitive) -> bool:
    """Blended pieces are sorted by depth one by one."""
    material = model.materials[primitive.material] if primitive.material >= 0 else None
    return material is not None and (material.alpha_mode == "BLEND" or material.transmission > 0.0)


def _piece(node: int, skin: int, primitive: Primitive) -> _Piece:
    count = len(primitive.positions)
    vertices = np.zeros(count, VERTEX)
    vertices["position"], vertices["normal"] = primitive.positions, primitive.normals
    vertices["colour"] = 255
    attributes = set()
    for name, data in (("tangent", primitive.tangents), ("uv0", primitive.uv0), ("uv1", primitive.uv1)):
        if data is not None:
            vertices[name] = data
            attributes.add(name)
    if primitive.colours is not None:
        vertices["colour"] = np.clip(primitive.colours * 255.0 + 0.5, 0, 255)
        attributes.add("colour")
    has_skin = skin >= 0 and primitive.joints is not None and primitive.weights is not None
    return _Piece(
        node, skin if has_skin else -1, primitive, frozenset(attributes), vertices,
        primitive.indices.astype(np.uint32),
    )  # fmt: skip


def _baked(piece: _Piece, world: np.ndarray) -> _Piece:
    vertices = piece.vertices.copy()
    linear = world[:3, :3]
    cofactor = np.stack([np.cross(linear[1], linear[2]), np.cross(linear[2], linear[0]), np.cross(*linear[:2])])
    vertices["position"] = piece.vertices["position"] @ linear.T + world[:3, 3]
    vertices["normal"] = _unit(piece.vertices["normal"] @ cofactor.T)
    vertices["tangent"][:, :3] = _unit(piece.vertices["tangent"][:, :3] @ linear.T)
    indices = piece.indices
    if np.linalg.det(linear) < 0.0:
        # A mirrored transform turns triangles inside out, and the cofactor turns normals with them.
        indices = indices.reshape(-1, 3)[:, ::-1].ravel()
        vertices["normal"] *= -1.0
        vertices["tangent"][:, 3] *= -1.0
    return replace(piece, node=-1, vertices=vertices, indices=indices)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-20)


def _join(pieces: list[_Piece]) -> _Piece:
    offsets = np.cumsum([0] + [len(piece.vertices) for piece in pieces[:-1]])
    return replace(
        pieces[0],
        vertices=np.concatenate([piece.vertices for piece in pieces]),
        indices=np.concatenate([piece.indices + np.uint32(o) for piece, o in zip(pieces, offsets)]),
    )


def _concatenate(skinned: list[_Piece], others: list[_Piece]) -> PackedScene:
    draws: list[Draw] = []
    morphs: list[np.ndarray] = []
    first = first_vertex = first_morph = 0
    pieces = skinned + others
    for piece in pieces:
        deltas = _morph_deltas(piece)
        low = piece.vertices["position"].min(axis=0).astype(float)
        high = piece.vertices["position"].max(axis=0).astype(float)
        draws.append(
            Draw(
                piece.node, piece.skin, piece.primitive.material, piece.attributes, first, len(piece.indices),
                first_vertex, len(piece.vertices), first_morph, len(deltas), (low + high) / 2, (high - low) / 2,
            )
        )  # fmt: skip
        first += len(piece.indices)
        first_vertex += len(piece.vertices)
        first_morph += deltas.size
        morphs.append(deltas.ravel())
    skin = np.zeros(sum(len(piece.vertices) for piece in skinned), SKIN_VERTEX)
    if skinned:
        skin["joints"] = np.concatenate([piece.primitive.joints for piece in skinned])  # type: ignore[arg-type]
        skin["weights"] = np.concatenate([piece.primitive.weights for piece in skinned])  # type: ignore[arg-type]
    return PackedScene(
        np.concatenate([piece.vertices for piece in pieces]) if pieces else np.zeros(0, VERTEX),
        skin,
        np.concatenate([p.indices + np.uint32(d.first_vertex) for p, d in zip(pieces, draws)])
        if pieces
        else np.zeros(0, np.uint32),
        np.concatenate(morphs) if morphs else np.zeros(0, np.float32),
        tuple(draws),
    )


def _morph_deltas(piece: _Piece) -> np.ndarray:
    """(targets, vertices, 6) float32."""
    positions = piece.primitive.morph_positions
    if positions is None:
        return np.zeros((0, 0, 6), np.float32)
    deltas = np.zeros((*positions.shape[:2], 6), np.float32)
    deltas[..., :3] = positions
    if piece.primitive.morph_normals is not None:
        deltas[..., 3:] = piece.primitive.morph_normals
    return deltas

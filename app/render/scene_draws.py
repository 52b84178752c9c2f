"""What of a scene is visible from a view, and in which order it is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.render.draw_programs import geometry_defines
from app.render.geometry import Draw, PackedScene
from app.render.materials import DrawnMaterial, SceneMaterials
from app.scene.state import SceneState


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """A draw with its material and the features of its programs."""

    draw: Draw
    material: DrawnMaterial
    surface: frozenset[str]  # defines of the geometry and blend passes
    depth: frozenset[str]  # defines of the shadow pass
    static: bool
    mirror: bool


class SceneDraws:
    """All items, their boxes, and the culling of them."""

    def __init__(self, packed: PackedScene, materials: SceneMaterials) -> None:
        self.items = [_item(draw, materials) for draw in packed.draws]
        self._centres = np.array([draw.centre for draw in packed.draws]).reshape(-1, 3)
        self._extents = np.array([draw.extent for draw in packed.draws]).reshape(-1, 3)
        self._moving = np.array([i for i, d in enumerate(packed.draws) if d.node >= 0 and d.bounded], dtype=int)
        self._nodes = np.array([packed.draws[i].node for i in self._moving], dtype=int)
        self._unbounded = np.array([not draw.bounded for draw in packed.draws], dtype=bool)
        self._rank = np.array([1 if item.material.masked else 0 for item in self.items])
        self._blended = np.array([item.material.blended for item in self.items], dtype=bool)
        self._skins = [(i, draw) for i, draw in enumerate(packed.draws) if not draw.bounded]

    def boxes(self, state: SceneState) -> tuple[np.ndarray, np.ndarray]:
        """World-space centres and half extents (items, 3); those of deforming items are a guess."""
        centres, extents = self._centres.copy(), self._extents.copy()
        world = state.world[self._nodes]
        centres[self._moving] = np.einsum("nij,nj->ni", world[:, :3, :3], centres[self._moving]) + world[:, :3, 3]
        extents[self._moving] = np.einsum("nij,nj->ni", np.abs(world[:, :3, :3]), extents[self._moving])
        for index, draw in self._skins:
            place = state.joint_matrices[draw.skin][0] if draw.skin >= 0 else state.world[draw.node]
            centres[index] = place[:3, :3] @ centres[index] + place[:3, 3]
            extents[index] = np.abs(place[:3, :3]) @ extents[index] * 1.5
        return centres, extents

    def visible(self, boxes: tuple[np.ndarray, np.ndarray], matrix: np.ndarray) -> tuple[list[Item], list[Item]]:
        """Opaque items front to back (masked ones last) and blended ones back to front, for a world-to-clip matrix
        of reversed Z."""
        centres, extents = boxes
        if not self.items:
            return [], []
        x, y, z, w = matrix
        planes = np.stack([w + x, w - x, w + y, w - y, w - z])
        reach = centres @ planes[:, :3].T + planes[:, 3] + extents @ np.abs(planes[:, :3]).T
        seen = np.all(reach >= 0.0, axis=1) | self._unbounded
        distance = centres @ w[:3] + w[3] + extents @ np.abs(w[:3])
        # The farthest corner decides, so that walls and ground come after what stands before them.
        order = np.lexsort((distance, self._rank))
        opaque = [self.items[i] for i in order if seen[i] and not self._blended[i]]
        behind = np.argsort(-(centres @ w[:3]), kind="stable")
        blended = [self.items[i] for i in behind if seen[i] and self._blended[i]]
        return opaque, blended


def _item(draw: Draw, materials: SceneMaterials) -> Item:
    material = materials.get(draw.material)
    textured = any(define.endswith("_MAP") for define in material.defines)
    reads = (["uv0", "uv1"] if textured else []) + ["colour"]
    defines = material.defines
    if textured and "uv0" not in draw.attributes:
        defines = frozenset(d for d in defines if not d.endswith("_MAP"))
    if "NORMAL_MAP" in defines:
        reads.append("tangent")
    if "UV_TRANSFORM" not in defines:
        reads = [name for name in reads if name != "uv1"]
    masked = "ALPHA_MASK" in defines and "BASE_MAP" in defines
    depth = {"ALPHA_MASK", "BASE_MAP", *(defines & {"UV_TRANSFORM"})} if masked else set()
    return Item(
        draw,
        material,
        defines | geometry_defines(draw, reads),
        frozenset(depth) | geometry_defines(draw, [n for n in reads if n in ("uv0", "uv1")] if masked else []),
        static=draw.node < 0,
        mirror=material.material.mirror,
    )

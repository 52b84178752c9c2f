"""Collects materials, nodes, movement and camera paths of one scene, and writes them as .glb.

Static shapes of one material become one primitive, so that a scene stays at a few dozen draw calls.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from assets.generator.glb import ARRAY_BUFFER, GlbBuffer
from assets.generator.occlusion import Occluders
from assets.generator.shape import Shape, merged, tangents
from assets.generator.texture_set import TextureSet


@dataclass(frozen=True)
class MaterialHandle:
    index: int
    tile: float  # metres that one texture repeat covers
    normal_mapped: bool
    textured: bool


@dataclass
class _Still:
    material: MaterialHandle
    shapes: list[Shape] = field(default_factory=list)


class SceneBuilder:
    def __init__(self, name: str) -> None:
        self.name = name
        self.buffer = GlbBuffer()
        self.occluders = Occluders()
        self.extras: dict[str, Any] = {"emitters": [], "camera_paths": []}
        self._materials: list[dict[str, Any]] = []
        self._textures: list[dict[str, Any]] = []
        self._pictures: dict[str, int] = {}
        self._nodes: list[dict[str, Any]] = []
        self._meshes: list[dict[str, Any]] = []
        self._skins: list[dict[str, Any]] = []
        self._animations: dict[str, dict[str, Any]] = {}
        self._lights: list[dict[str, Any]] = []
        self._still: dict[int, _Still] = {}
        self._used: set[str] = set()

    # --- surfaces -------------------------------------------------------------------------------------------------

    def texture(self, name: str, pixels: np.ndarray, *, clamp: bool = False, quality: int = 88) -> int:
        """The same name gives the same texture again."""
        if name not in self._pictures:
            image = self.buffer.image(name, pixels, quality)
            self._textures.append({"sampler": 1 if clamp else 0, "source": image, "name": name})
            self._pictures[name] = len(self._textures) - 1
        return self._pictures[name]

    def material(
        self,
        name: str,
        maps: TextureSet | None = None,
        *,
        colour: tuple = (1.0, 1.0, 1.0, 1.0),
        metallic: float | None = None,
        roughness: float | None = None,
        emissive: tuple | None = None,
        glow: np.ndarray | None = None,
        strength: float = 1.0,
        alpha: str = "OPAQUE",
        cutoff: float = 0.5,
        double_sided: bool = False,
        tile: float = 1.0,
        clamp: bool = False,
        normal_scale: float = 1.0,
        transmission: float = 0.0,
        clearcoat: float = 0.0,
        **ours: Any,
    ) -> MaterialHandle:
        """`glow` is the emissive picture, `strength` its radiance; `ours` goes to extras.supersee."""
        has_orm = maps is not None and maps.orm is not None
        pbr: dict[str, Any] = {
            "baseColorFactor": [float(c) for c in (*colour, 1.0)[:4]],
            "metallicFactor": (1.0 if has_orm else 0.0) if metallic is None else metallic,
            "roughnessFactor": (1.0 if has_orm else 0.8) if roughness is None else roughness,
        }
        entry: dict[str, Any] = {"name": name, "pbrMetallicRoughness": pbr}
        if maps is not None:
            pbr["baseColorTexture"] = {"index": self.texture(maps.name, maps.colour, clamp=clamp)}
            if maps.orm is not None:
                orm = self.texture(f"{maps.name}_orm", maps.orm, clamp=clamp)
                pbr["metallicRoughnessTexture"] = {"index": orm}
                entry["occlusionTexture"] = {"index": orm}
            if maps.normal is not None:
                normal = self.texture(f"{maps.name}_normal", maps.normal, clamp=clamp, quality=90)
                entry["normalTexture"] = {"index": normal, "scale": normal_scale}
        extensions: dict[str, Any] = {}
        if glow is not None:
            entry["emissiveTexture"] = {"index": self.texture(f"{name}_glow", glow, quality=92)}
            emissive = emissive or (1.0, 1.0, 1.0)
        if emissive is not None:
            peak = max(1.0, *emissive)
            entry["emissiveFactor"] = [float(c) / peak for c in emissive]
            if peak * strength != 1.0:
                extensions["KHR_materials_emissive_strength"] = {"emissiveStrength": float(peak * strength)}
        if transmission:
            extensions["KHR_materials_transmission"] = {"transmissionFactor": transmission}
        if clearcoat:
            extensions["KHR_materials_clearcoat"] = {"clearcoatFactor": clearcoat, "clearcoatRoughnessFactor": 0.06}
        if alpha != "OPAQUE":
            entry["alphaMode"] = alpha
        if alpha == "MASK":
            entry["alphaCutoff"] = cutoff
        if double_sided:
            entry["doubleSided"] = True
        if extensions:
            entry["extensions"] = extensions
            self._used.update(extensions)
        if ours:
            entry["extras"] = {"supersee": ours}
        self._materials.append(entry)
        textured = maps is not None or glow is not None
        return MaterialHandle(len(self._materials) - 1, tile, maps is not None and maps.normal is not None, textured)

    # --- geometry -------------------------------------------------------------------------------------------------

    def still(self, material: MaterialHandle, *shapes: Shape) -> None:
        """Adds geometry that never moves."""
        self._still.setdefault(material.index, _Still(material)).shapes.extend(shapes)

    def mesh(self, name: str, parts: list[tuple[MaterialHandle, Shape]]) -> int:
        self._meshes.append({"name": name, "primitives": [self._primitive(m, s) for m, s in parts]})
        return len(self._meshes) - 1

    def _primitive(self, material: MaterialHandle, shape: Shape) -> dict[str, Any]:
        shape = shape.with_uv(1.0 / material.tile)
        add = self.buffer.accessor
        attributes = {
            "POSITION": add(np.round(shape.positions, 5), "<f4", target=ARRAY_BUFFER, bounds=True),
            "NORMAL": add(np.round(shape.normals, 5), "<f4", target=ARRAY_BUFFER),
        }
        if material.textured:
            attributes["TEXCOORD_0"] = add(np.round(shape.uv, 6), "<f4", target=ARRAY_BUFFER)
        if material.normal_mapped:
            attributes["TANGENT"] = add(np.round(tangents(shape), 5), "<f4", target=ARRAY_BUFFER)
        if shape.colours is not None:
            tint = np.round(np.clip(shape.colours, 0, 1) * 255)
            attributes["COLOR_0"] = add(tint, "u1", target=ARRAY_BUFFER, normalized=True)
        if shape.joints is not None and shape.weights is not None:
            attributes["JOINTS_0"] = add(shape.joints, "u1", target=ARRAY_BUFFER)
            attributes["WEIGHTS_0"] = add(np.round(shape.weights, 6), "<f4", target=ARRAY_BUFFER)
        primitive: dict[str, Any] = {
            "attributes": attributes,
            "indices": self.buffer.indices(shape.indices),
            "material": material.index,
        }
        if shape.morphs is not None:
            targets = [{"POSITION": add(np.round(m, 5), "<f4", target=ARRAY_BUFFER, bounds=True)} for m in shape.morphs]
            if shape.morph_normals is not None:
                for target, normals in zip(targets, shape.morph_normals):
                    target["NORMAL"] = add(np.round(normals, 5), "<f4", target=ARRAY_BUFFER)
            primitive["targets"] = targets
        return primitive

    # --- nodes and movement ---------------------------------------------------------------------------------------

    def node(
        self,
        name: str,
        parts: list[tuple[MaterialHandle, Shape]] | None = None,
        *,
        parent: int | None = None,
        at: tuple = (0.0, 0.0, 0.0),
        turn: tuple | None = None,
        weights: list[float] | None = None,
    ) -> int:
        """A named node; `turn` is a quaternion (x, y, z, w)."""
        entry: dict[str, Any] = {"name": name}
        if any(at):
            entry["translation"] = [round(float(v), 5) for v in at]
        if turn is not None:
            entry["rotation"] = [round(float(v), 6) for v in turn]
        if parts:
            entry["mesh"] = self.mesh(name, parts)
        if weights is not None:
            self._meshes[entry["mesh"]]["weights"] = weights
        self._nodes.append(entry)
        number = len(self._nodes) - 1
        if parent is not None:
            self._nodes[parent].setdefault("children", []).append(number)
            entry["_child"] = True
        return number

    def skin(self, node: int, joints: list[int], inverse_bind: np.ndarray) -> None:
        """`inverse_bind` (joints, 4, 4) acting on column vectors."""
        columns = np.swapaxes(inverse_bind, 1, 2).reshape(len(joints), 16)
        self._skins.append({"joints": joints, "inverseBindMatrices": self.buffer.accessor(columns, "<f4")})
        self._nodes[node]["skin"] = len(self._skins) - 1

    def animate(
        self, animation: str, node: int, path: str, times: np.ndarray, values: np.ndarray, interpolation: str = "LINEAR"
    ) -> None:
        entry = self._animations.setdefault(animation, {"name": animation, "samplers": [], "channels": []})
        data = np.asarray(values, float)
        entry["samplers"].append(
            {
                "input": self.buffer.accessor(np.round(times, 6), "<f4", bounds=True),
                "output": self.buffer.accessor(np.round(data.reshape(-1) if path == "weights" else data, 6), "<f4"),
                "interpolation": interpolation,
            }
        )
        entry["channels"].append({"sampler": len(entry["samplers"]) - 1, "target": {"node": node, "path": path}})

    def light(self, name: str, at: tuple, colour: tuple, intensity: float, reach: float = 0.0) -> None:
        """A point light; intensity in candela."""
        light: dict[str, Any] = {"type": "point", "name": name, "color": list(colour), "intensity": intensity}
        if reach:
            light["range"] = reach
        self._lights.append(light)
        self._used.add("KHR_lights_punctual")
        number = self.node(name, at=at)
        self._nodes[number]["extensions"] = {"KHR_lights_punctual": {"light": len(self._lights) - 1}}

    def emitter(self, name: str, at: tuple, **fields: Any) -> None:
        self.node(name, at=at)
        self.extras["emitters"].append({"node": name, **fields})

    # --- the file -------------------------------------------------------------------------------------------------

    def save(self, folder: Path) -> Path:
        still = [(s.material, self.occluders.shaded(merged(s.shapes))) for s in self._still.values()]
        if still:
            self.node("still", still)
        roots = [i for i, node in enumerate(self._nodes) if not node.pop("_child", False)]
        document: dict[str, Any] = {
            "asset": {"version": "2.0", "generator": "assets.generator"},
            "extensionsUsed": sorted(self._used),
            "scene": 0,
            "scenes": [{"name": self.name, "nodes": roots, "extras": {"supersee": self.extras}}],
            "nodes": self._nodes,
            "meshes": self._meshes,
            "materials": self._materials,
            "textures": self._textures,
            "samplers": [
                {"magFilter": 9729, "minFilter": 9987, "wrapS": wrap, "wrapT": wrap} for wrap in (10497, 33071)
            ],
            "skins": self._skins,
            "animations": list(self._animations.values()),
        }
        if self._lights:
            document["extensions"] = {"KHR_lights_punctual": {"lights": self._lights}}
        path = folder / f"{self.name}.glb"
        self.buffer.save(document, path)
        return path

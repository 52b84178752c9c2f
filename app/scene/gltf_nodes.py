"""The node tree of a glTF file, with its skins, lights and cameras."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from app.scene.gltf_accessors import AccessorReader
from app.scene.gltf_document import Document
from app.scene.gltf_json import BadGltf, JsonObject
from app.scene.model import Light, Mesh, Node, Skin

MOST_NODES = 200_000
MOST_INSTANCES = 50_000
DEEPEST_NODE = 1000
_IDENTITY = tuple(float(v) for v in np.eye(4).reshape(-1))


@dataclass(frozen=True, slots=True)
class NodeCamera:
    """A camera of the file: it looks along its node's -Z. fov_y in radians, near in metres."""

    name: str
    node: int
    fov_y: float
    near: float


def read_nodes(document: Document, accessors: AccessorReader, meshes: list[Mesh]) -> list[Node]:
    """All nodes in the file's order (then instances); those outside the scene shown draw nothing."""
    entries = document.objects("nodes")
    if len(entries) > MOST_NODES:
        raise BadGltf(f"it has {len(entries)} nodes, more than {MOST_NODES}")
    parents = _parents(document, entries)
    shown = _shown_nodes(document, entries, parents)
    nodes = []
    for number, entry in enumerate(entries):
        node = _node(document, entry, number, parents[number], len(meshes))
        nodes.append(node if number in shown else replace(node, mesh=-1, light=-1))
    return _with_instances(document, accessors, entries, nodes)


def _parents(document: Document, entries: list[JsonObject]) -> list[int]:
    parents = [-1] * len(entries)
    for number, entry in enumerate(entries):
        for child in entry.indices("children", len(entries)):
            if parents[child] not in (-1, number):
                raise BadGltf(f"nodes[{child}] is the child of two nodes")
            parents[child] = number
    depth = [0] * len(entries)  # 0: not yet walked
    for start in range(len(entries)):
        chain, at = [], start
        while at >= 0 and depth[at] == 0:
            chain.append(at)
            depth[at] = -1  # on the way
            at = parents[at]
            if at >= 0 and depth[at] == -1:
                raise BadGltf(f"nodes[{at}] is its own ancestor")
        for node in reversed(chain):
            depth[node] = 1 + (depth[parents[node]] if parents[node] >= 0 else 0)
            if depth[node] > DEEPEST_NODE:
                raise BadGltf(f"its nodes are nested more than {DEEPEST_NODE} deep")
    return parents


def _shown_nodes(document: Document, entries: list[JsonObject], parents: list[int]) -> set[int]:
    """The nodes of the default scene, the first where none is named, or all where there are no scenes."""
    scenes = document.objects("scenes")
    if not scenes:
        return set(range(len(entries)))
    chosen = document.root.index("scene", len(scenes))
    if len(scenes) > 1:
        document.note(f"Of {len(scenes)} scenes in the file one is shown")
    pending = list(scenes[max(chosen, 0)].indices("nodes", len(entries)))
    shown: set[int] = set()
    while pending:
        node = pending.pop()
        if node not in shown:
            shown.add(node)
            pending.extend(entries[node].indices("children", len(entries)))
    return shown


def _node(document: Document, entry: JsonObject, number: int, parent: int, meshes: int) -> Node:
    light = entry.extension("KHR_lights_punctual")
    matrix = None
    if "matrix" in entry:
        values = entry.numbers("matrix", 16, _IDENTITY)
        matrix = np.array(values).reshape(4, 4).T  # column-major in the file
    rotation = np.array(entry.numbers("rotation", 4, (0.0, 0.0, 0.0, 1.0)))
    length = float(np.linalg.norm(rotation))
    rotation = rotation / length if length > 1e-12 else np.array([0.0, 0.0, 0.0, 1.0])
    return Node(
        name=entry.name(f"node {number}"),
        parent=parent,
        translation=entry.numbers("translation", 3, (0.0, 0.0, 0.0)),  # type: ignore[arg-type]
        rotation=tuple(float(v) for v in rotation),  # type: ignore[arg-type]
        scale=entry.numbers("scale", 3, (1.0, 1.0, 1.0)),  # type: ignore[arg-type]
        matrix=matrix,
        mesh=entry.index("mesh", meshes),
        skin=entry.index("skin", document.count("skins")),
        light=light.index("light", len(light_entries(document))) if light is not None else -1,
        morph_weights=entry.number_list("weights"),
    )


def _with_instances(
    document: Document, accessors: AccessorReader, entries: list[JsonObject], nodes: list[Node]
) -> list[Node]:
    """EXT_mesh_gpu_instancing written out: one child node an instance, drawing the mesh instead of its parent."""
    result = list(nodes)
    for number, entry in enumerate(entries):
        extension = entry.extension("EXT_mesh_gpu_instancing")
        attributes = extension.object("attributes") if extension is not None else None
        if attributes is None or nodes[number].mesh < 0:
            continue
        arrays = {}
        for name, components in (("TRANSLATION", 3), ("ROTATION", 4), ("SCALE", 3)):
            index = attributes.index(name, document.count("accessors"))
            if index >= 0:
                arrays[name.lower()] = accessors.floats(index, components).astype(float)
        counts = {len(a) for a in arrays.values()}
        if len(counts) > 1:
            raise BadGltf(f"{attributes.where} has lists of different lengths")
        count = counts.pop() if counts else 0
        if len(result) - len(nodes) + count > MOST_INSTANCES:
            raise BadGltf(f"it has more than {MOST_INSTANCES} instances")
        if not all(np.isfinite(a).all() for a in arrays.values()):
            raise BadGltf(f"{attributes.where} places instances at infinity")
        for i in range(count):
            place = {key: tuple(float(v) for v in a[i]) for key, a in arrays.items()}
            name = f"{nodes[number].name} {i}"
            result.append(Node(name, number, mesh=nodes[number].mesh, **place))  # type: ignore[arg-type]
        result[number] = replace(nodes[number], mesh=-1)
    return result


def read_skins(document: Document, accessors: AccessorReader, nodes: list[Node], meshes: list[Mesh]) -> list[Skin]:
    skins = []
    for entry in document.objects("skins"):
        joints = entry.indices("joints", document.count("nodes"))
        index = entry.index("inverseBindMatrices", document.count("accessors"))
        if index < 0:
            inverse_bind = np.tile(np.eye(4), (len(joints), 1, 1))
        else:
            values = accessors.floats(index, 16)
            if len(values) < len(joints) or not np.isfinite(values).all():
                raise BadGltf(f"{entry.where} has {len(joints)} joints but unusable inverse bind matrices")
            inverse_bind = values[: len(joints)].reshape(-1, 4, 4).transpose(0, 2, 1).astype(float)
        skins.append(Skin(joints, np.ascontiguousarray(inverse_bind)))
    _check_joint_numbers(nodes, skins, meshes)
    return skins


def _check_joint_numbers(nodes: list[Node], skins: list[Skin], meshes: list[Mesh]) -> None:
    pairs = {(n.mesh, n.skin) for n in nodes if n.mesh >= 0 and n.skin >= 0}
    for mesh, skin in pairs:
        for primitive in meshes[mesh].primitives:
            if primitive.joints is None:
                continue
            highest = int(primitive.joints.max(initial=0))
            if highest >= len(skins[skin].joints):
                raise BadGltf(f"a mesh uses joint {highest} of a skin with {len(skins[skin].joints)}")


def light_entries(document: Document) -> list[JsonObject]:
    extension = document.root.extension("KHR_lights_punctual")
    return extension.objects("lights") if extension is not None else []


def read_lights(document: Document) -> list[Light]:
    lights = []
    for entry in light_entries(document):
        kind = entry.text("type")
        if kind not in ("directional", "point", "spot"):
            raise BadGltf(f"{entry.where} is of the unknown type {kind[:40]!r}")
        spot = entry.object("spot") or JsonObject({}, entry.where)
        outer = spot.clamped("outerConeAngle", math.pi / 4, 1e-3, math.pi / 2)
        lights.append(
            Light(
                kind,
                entry.numbers("color", 3, (1.0, 1.0, 1.0)),  # type: ignore[arg-type]
                max(0.0, entry.number("intensity", 1.0)),
                max(0.0, entry.number("range", 0.0)),
                spot.clamped("innerConeAngle", 0.0, 0.0, outer - 1e-4),
                outer,
            )
        )
    return lights


def read_cameras(document: Document, nodes: list[Node]) -> list[NodeCamera]:
    """The perspective cameras that nodes carry; orthographic ones are noted."""
    entries = document.objects("cameras")
    cameras = []
    for number, node in enumerate(document.objects("nodes")):
        index = node.index("camera", len(entries))
        if index < 0:
            continue
        lens = entries[index].object("perspective")
        if lens is None:
            document.note("Orthographic cameras are not used")
            continue
        fov_y = lens.clamped("yfov", math.radians(50.0), math.radians(1.0), math.radians(160.0))
        name = entries[index].name(nodes[number].name)
        cameras.append(NodeCamera(name, number, fov_y, lens.clamped("znear", 0.05, 1e-4, 1e4)))
    return cameras

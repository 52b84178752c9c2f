"""glTF animations to Channels."""

from __future__ import annotations

import numpy as np

from app.scene.gltf_accessors import AccessorReader
from app.scene.gltf_document import Document
from app.scene.gltf_json import BadGltf, JsonObject
from app.scene.model import Animation, Channel, Mesh, Node

_COMPONENTS = {"translation": 3, "rotation": 4, "scale": 3}
_INTERPOLATIONS = ("LINEAR", "STEP", "CUBICSPLINE")


def read_animations(
    document: Document, accessors: AccessorReader, nodes: list[Node], meshes: list[Mesh]
) -> list[Animation]:
    animations = []
    for number, entry in enumerate(document.objects("animations")):
        samplers = entry.objects("samplers")
        channels = []
        for place in entry.objects("channels"):
            channel = _channel(document, accessors, place, samplers, nodes, meshes)
            if channel is not None:
                channels.append(channel)
        if channels:
            duration = max(float(c.times[-1]) for c in channels)
            animations.append(Animation(entry.name(f"animation {number}"), tuple(channels), duration))
    return animations


def morph_count(nodes: list[Node], meshes: list[Mesh], node: int) -> int:
    """How many morph targets the node's mesh has."""
    if nodes[node].mesh < 0:
        return 0
    counts = [len(p.morph_positions) for p in meshes[nodes[node].mesh].primitives if p.morph_positions is not None]
    return max(counts, default=0)


def _channel(
    document: Document,
    accessors: AccessorReader,
    place: JsonObject,
    samplers: list[JsonObject],
    nodes: list[Node],
    meshes: list[Mesh],
) -> Channel | None:
    target = place.object("target")
    if target is None:
        raise BadGltf(f"{place.where} has no target")
    node, path = target.index("node", len(document.objects("nodes"))), target.text("path")
    if node < 0 or path not in (*_COMPONENTS, "weights"):
        document.note("Animations of other things than nodes are not played")
        return None
    components = _COMPONENTS.get(path) or morph_count(nodes, meshes, node)
    index = place.index("sampler", len(samplers))
    if index < 0:
        raise BadGltf(f"{place.where} names no sampler")
    if components == 0:
        return None  # weights of a mesh without morph targets, or one that is not shown
    sampler = samplers[index]
    interpolation = sampler.text("interpolation", "LINEAR")
    if interpolation not in _INTERPOLATIONS:
        document.note(f"The interpolation {interpolation[:40]!r} is unknown: drawn linear")
        interpolation = "LINEAR"
    times = _times(accessors, sampler, sampler.index("input", document.count("accessors")))
    output = sampler.index("output", document.count("accessors"))
    if output < 0:
        raise BadGltf(f"{sampler.where} names no output")
    keys = len(times) * (3 if interpolation == "CUBICSPLINE" else 1)
    values = _values(accessors, sampler, output, path, keys, components)
    return Channel(node, path, times, values, interpolation)  # type: ignore[arg-type]


def _times(accessors: AccessorReader, sampler: JsonObject, index: int) -> np.ndarray:
    if index < 0:
        raise BadGltf(f"{sampler.where} names no input")
    times = accessors.floats(index, 1)[:, 0].astype(float)
    if len(times) == 0 or not np.isfinite(times).all() or (np.diff(times) < 0.0).any() or times[0] < 0.0:
        raise BadGltf(f"{sampler.where} has key times that do not ascend")
    return times


def _values(
    accessors: AccessorReader, sampler: JsonObject, index: int, path: str, keys: int, components: int
) -> np.ndarray:
    """(keys, components) float64; weights come as one scalar after the other."""
    values = accessors.floats(index, 1 if path == "weights" else components).astype(float)
    if values.size < keys * components:
        raise BadGltf(f"{sampler.where} has {keys} keys but fewer values")
    if not np.isfinite(values).all():
        raise BadGltf(f"{sampler.where} has values that are not finite")
    return values.reshape(-1)[: keys * components].reshape(keys, components)

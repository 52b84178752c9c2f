"""What our own scenes add to glTF, in `extras.supersee` of the scene: light, mirror, particles, camera paths."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from app.scene.camera import CameraPath, CameraPose, Shot
from app.scene.gltf_document import Document
from app.scene.gltf_json import BadGltf, JsonObject
from app.scene.model import Emitter, Node, Sun

MOST_PARTICLES = 20_000
_DEFAULT_ENVIRONMENT = "studio"


@dataclass(frozen=True, slots=True)
class SceneExtras:
    environment: str = _DEFAULT_ENVIRONMENT
    environment_strength: float = 1.0
    exposure: float = 1.0
    sun: Sun | None = None
    mirror_height: float | None = None
    emitters: tuple[Emitter, ...] = ()
    camera_paths: tuple[CameraPath, ...] = field(default=())


def read_scene_extras(document: Document, nodes: list[Node]) -> SceneExtras | None:
    """None where the scene is not one of ours. Keys:

    environment, environment_strength, exposure, mirror_height (m), sun {direction, radiance, angular_radius},
    emitters [{node: name, ...Emitter's fields}], camera_paths [{name, closed, shots: [{keys: [[seconds,
    {position, target, fov_y: degrees, near, roll: degrees}], ...]}]}].
    """
    scenes = document.objects("scenes")
    if not scenes:
        return None
    extras = scenes[max(0, document.root.index("scene", len(scenes)))].supersee_extras()
    if extras is None:
        return None
    mirror = extras.data.get("mirror_height")
    sun = extras.object("sun") if extras.data.get("sun") is not None else None
    return SceneExtras(
        environment=_plain_name(extras.text("environment", _DEFAULT_ENVIRONMENT)),
        environment_strength=max(0.0, extras.number("environment_strength", 1.0)),
        exposure=max(1e-6, extras.number("exposure", 1.0)),
        sun=_sun(sun) if sun is not None else None,
        mirror_height=None if mirror is None else extras.number("mirror_height", 0.0),
        emitters=tuple(_emitter(e, nodes) for e in extras.objects("emitters")),
        camera_paths=tuple(_camera_path(p) for p in extras.objects("camera_paths")),
    )


def _plain_name(name: str) -> str:
    if not name.replace("_", "").replace("-", "").isalnum():
        raise BadGltf(f"the environment {name[:40]!r} is not a plain name")
    return name


def _sun(entry: JsonObject) -> Sun:
    default = Sun()
    direction = entry.numbers("direction", 3, default.direction)
    length = math.hypot(*direction)
    if length < 1e-9:
        raise BadGltf(f"{entry.where}.direction has no length")
    return Sun(
        tuple(d / length for d in direction),  # type: ignore[arg-type]
        entry.numbers("radiance", 3, default.radiance),  # type: ignore[arg-type]
        entry.clamped("angular_radius", default.angular_radius, 0.0, 0.5),
    )


def _emitter(entry: JsonObject, nodes: list[Node]) -> Emitter:
    name = entry.text("node")
    index = next((i for i, node in enumerate(nodes) if node.name == name), -1)
    if index < 0:
        raise BadGltf(f"{entry.where} sits on the node {name[:40]!r}, which does not exist")
    return Emitter(
        node=index,
        count=entry.integer("count", 100, high=MOST_PARTICLES),
        lifetime=entry.clamped("lifetime", 1.0, 0.01, 1000.0),
        velocity=entry.numbers("velocity", 3, (0.0, 1.0, 0.0)),  # type: ignore[arg-type]
        spread=entry.number("spread", 0.2),
        gravity=entry.number("gravity", 0.0),
        size=max(0.0, entry.number("size", 0.05)),
        colour=entry.numbers("colour", 3, (1.0, 1.0, 1.0)),  # type: ignore[arg-type]
        additive=entry.boolean("additive", True),
        opacity=entry.clamped("opacity", 1.0),
        seed=entry.integer("seed", 1, high=2**31),
    )


def _camera_path(entry: JsonObject) -> CameraPath:
    shots = tuple(_shot(s) for s in entry.objects("shots"))
    if not shots:
        raise BadGltf(f"{entry.where} has no shots")
    return CameraPath(entry.text("name", "path"), shots, entry.boolean("closed"))


def _shot(entry: JsonObject) -> Shot:
    keys = []
    for number, key in enumerate(entry.items("keys")):
        where = f"{entry.where}.keys[{number}]"
        if not isinstance(key, list) or len(key) != 2:
            raise BadGltf(f"{where} should be [seconds, pose]")
        time = JsonObject({"time": key[0]}, where).number("time", 0.0)
        if (keys and time <= keys[-1][0]) or time < 0.0:
            raise BadGltf(f"{where} does not lie after the key before it")
        keys.append((time, _pose(JsonObject(key[1], where))))
    if not keys:
        raise BadGltf(f"{entry.where} has no keys")
    return Shot(tuple(keys))


def _pose(entry: JsonObject) -> CameraPose:
    return CameraPose(
        entry.numbers("position", 3, (0.0, 0.0, 0.0)),  # type: ignore[arg-type]
        entry.numbers("target", 3, (0.0, 0.0, -1.0)),  # type: ignore[arg-type]
        math.radians(entry.clamped("fov_y", 50.0, 1.0, 160.0)),
        entry.clamped("near", 0.05, 1e-4, 1e3),
        math.radians(entry.number("roll", 0.0)),
    )

"""Which camera run a clip shows and how it is exposed: tried small before anything is drawn for good."""

from __future__ import annotations

import math
from dataclasses import dataclass

import moderngl
import numpy as np

from app.conventions import LUMA
from app.render.frame import FrameInputs
from app.render.live_source import LiveSource
from app.scene.camera_path import cut_between, pose_at
from app.scene.evaluate import evaluate
from app.scene.model import SceneModel
from app.scene.state import SceneState
from models.data.index import ClipEntry
from models.data.random_camera import random_run
from models.data.random_scene import EXTENT

_BUILTIN_EXTENT = 5.0  # metres about the origin in which random runs through built-in scenes move
_PROBE = (80, 45)  # pixels
_TRIES = 6
_MIDDLE_GREY = 0.16  # what a meter makes of the mean of the logarithms


@dataclass(frozen=True, slots=True)
class Shot:
    """One state a frame, whether it starts anew, and its exposure (a multiplier of scene-linear colour)."""

    states: tuple[SceneState, ...]
    cuts: tuple[bool, ...]
    exposures: tuple[float, ...]


def choose_shot(source: LiveSource, entry: ClipEntry, model: SceneModel) -> Shot:
    """The first of a few random runs that shows something: not the inside of a box, not a plain wall close by, not
    sky alone. Resizes `source`, which must be sized anew afterwards."""
    random_scene = entry.scene.startswith("random:")
    best, best_score, best_light = None, -1.0, 1.0
    for attempt in range(_TRIES):
        states, cuts = _run(entry, model, attempt)
        score, light = _probed(source, states)
        if score > best_score:
            best, best_score, best_light = (states, cuts), score, light
        if score >= 1.0 or entry.motion == "path":
            break
    assert best is not None
    states, cuts = best
    base = _MIDDLE_GREY / max(best_light, 1e-5) if random_scene else model.exposure
    return Shot(states, cuts, _exposures(entry, base))


def _run(entry: ClipEntry, model: SceneModel, attempt: int) -> tuple[tuple[SceneState, ...], tuple[bool, ...]]:
    rng = np.random.default_rng([entry.seed, 0xCA3, attempt])
    if entry.motion == "path":
        path = model.camera_paths[int(rng.integers(len(model.camera_paths)))]
        step = 1 / 60 if rng.random() < 0.5 else 1 / 30
        start = float(rng.uniform(0, max(path.duration - entry.frames * step, 0.1)))
        times = [start + i * step for i in range(entry.frames)]
        cuts = tuple(i == 0 or cut_between(path, now - step, now) for i, now in enumerate(times))
        return tuple(evaluate(model, now, None, pose_at(path, now)) for now in times), cuts
    run = random_run(entry.motion, entry.frames, rng, EXTENT if entry.scene.startswith("random") else _BUILTIN_EXTENT)
    return tuple(evaluate(model, now, None, pose) for pose, now in zip(run.poses, run.times)), run.cuts


def _exposures(entry: ClipEntry, base: float) -> tuple[float, ...]:
    """`base` off by up to a stop and a half, in every third clip drifting by as much while it runs."""
    rng = np.random.default_rng([entry.seed, 0xE4B])
    offset, drift, drifts = rng.normal(0, 0.6), rng.uniform(-1.5, 1.5), rng.random() < 0.33
    t = np.linspace(0, 1, entry.frames)
    if rng.random() < 0.5:
        t = 1 - np.exp(-4 * t)  # as an eye adapts
    stops = np.clip(offset, -1.5, 1.5) + drift * t * drifts
    return tuple((base * 2.0**stops).tolist())


def _probed(source: LiveSource, states: tuple[SceneState, ...]) -> tuple[float, float]:
    """(score, 1 or more where the run is fit to be shown; geometric mean of luminance) of three small frames."""
    source.resize(_PROBE, _PROBE)
    scores, lights = [], []
    for state in (states[0], states[len(states) // 2], states[-1]):
        source.invalidate()
        score, light = _judged(source.render_frame(state, frame_index=0))
        scores.append(score)
        lights.append(light)
    return min(scores), math.exp(float(np.mean(lights)))


def _judged(frame: FrameInputs) -> tuple[float, float]:
    colour = np.minimum(_pixels(frame.colour)[..., :3].astype(np.float32), 1e3)
    depth = _pixels(frame.depth, "f4")[..., 0]
    luma = colour @ np.array(LUMA, np.float32)
    logs = np.log(luma + 1e-4 + 0.02 * float(luma.mean()))
    contrast = float(np.abs(np.diff(logs, axis=1)).mean() + np.abs(np.diff(logs, axis=0)).mean())
    near = float((depth > frame.camera.near / 0.45).mean())  # share closer than 45 cm
    sky = float((depth <= 0.0).mean())
    fit = min(contrast / 0.12, (1 - near) / 0.7, (1 - sky) / 0.3)
    return min(fit, 1.0), float(logs.mean())


def _pixels(texture: moderngl.Texture, dtype: str = "f2") -> np.ndarray:
    width, height = texture.size
    return np.frombuffer(texture.read(alignment=1), dtype).reshape(height, width, texture.components)

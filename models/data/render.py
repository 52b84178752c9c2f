"""Draws the planned clips with the viewer's own renderer, headless, clip by clip, and goes on where it stopped."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import moderngl
import numpy as np

from app.conventions import jitter_phase_count
from app.errors import SuperseeError
from app.paths import ENVIRONMENTS
from app.render.frame import FrameInputs
from app.scene.camera_path import cut_between, pose_at
from app.scene.evaluate import evaluate
from app.scene.model import SceneModel
from app.scene.state import SceneState
from app.upscale.expected_depth import expected_depth
from models.data.clip import Clip, save_clip
from models.data.index import ClipEntry, DataIndex, read_index, write_index
from models.data.plan import plan_clips
from models.data.random_camera import random_run
from models.data.random_scene import EXTENT, random_scene

_NO_MIP_MAPS = -8.0  # LOD bias
_BUILTIN_EXTENT = 5.0  # metres about the origin in which random runs through built-in scenes move


def load_clip_scene(entry: ClipEntry) -> SceneModel:
    from app.scene.builtin import load_scene

    if entry.scene.startswith("random:"):
        names = tuple(sorted(path.stem for path in ENVIRONMENTS.glob("*.exr")))
        return random_scene(int(entry.scene.split(":")[1]), names or ("studio",))
    return load_scene(entry.scene)


def states_of(entry: ClipEntry, model: SceneModel) -> Iterator[tuple[SceneState, bool]]:
    """Each frame's state, and whether it starts anew."""
    rng = np.random.default_rng([entry.seed, 0xCA3])
    if entry.motion == "path":
        path = model.camera_paths[int(rng.integers(len(model.camera_paths)))]
        step = 1 / 60 if rng.random() < 0.5 else 1 / 30
        start = float(rng.uniform(0, max(path.duration - entry.frames * step, 0.1)))
        for i in range(entry.frames):
            now = start + i * step
            yield evaluate(model, now, None, pose_at(path, now)), i == 0 or cut_between(path, now - step, now)
        return
    run = random_run(entry.motion, entry.frames, rng, EXTENT if entry.scene.startswith("random") else _BUILTIN_EXTENT)
    for pose, now, cut in zip(run.poses, run.times, run.cuts):
        yield evaluate(model, now, None, pose), cut


def _pixels(texture: moderngl.Texture, dtype: str) -> np.ndarray:
    width, height = texture.size
    return np.frombuffer(texture.read(alignment=1), dtype).reshape(height, width, texture.components)


def frame_arrays(frame: FrameInputs) -> dict[str, np.ndarray]:
    """A frame's textures as a clip's arrays; see models.data.clip.Clip."""
    reactive = frame.reactive
    width, height = frame.render_size
    depth = _pixels(frame.depth, "f4")[..., 0]
    camera = frame.camera
    matrices = (camera.view, camera.projection, camera.previous_view, camera.previous_projection)
    return {
        "colour": _pixels(frame.colour, "f2")[..., :3],
        "depth": depth,
        "expected": expected_depth(depth, np.array(frame.jitter), camera),
        "motion": _pixels(frame.motion, "f2")[..., :2],
        "reactive": _pixels(reactive, "u1")[..., 0] if reactive is not None else np.zeros((height, width), np.uint8),
        "jitter": np.array(frame.jitter, np.float32),
        "exposure": np.array(frame.exposure, np.float32),
        "reset": np.array(frame.reset),
        "camera": np.stack(matrices).astype(np.float32),
        "near": np.array(camera.near, np.float32),
    }


def render_clip(context: moderngl.Context, entry: ClipEntry, samples: int, *, unfiltered: bool = False) -> Clip:
    """Deterministic: the same entry gives the same clip on the same machine. `unfiltered` keeps the low-resolution
    frames from using mip maps, as recordings from other renderers do; the reference stays what it is."""
    from app.render.live_source import LiveSource
    from app.render.reference import ReferenceAccumulator

    model = load_clip_scene(entry)
    source = LiveSource(context, model)
    accumulator = ReferenceAccumulator(source)
    try:
        source.resize(entry.render_size, entry.display_size)
        if unfiltered:
            source.lod_bias = _NO_MIP_MAPS
        first = int(np.random.default_rng([entry.seed, 1]).integers(jitter_phase_count(entry.ratio)))
        frames: list[dict[str, np.ndarray]] = []
        for i, (state, cut) in enumerate(states_of(entry, model)):
            if cut:
                source.invalidate()
            arrays = frame_arrays(source.render_frame(state, frame_index=first + i))
            accumulator.begin(state, samples)
            accumulator.step(samples)
            texture = accumulator.texture
            reference = _pixels(texture, "f4" if texture.dtype == "f4" else "f2")[..., :3]
            frames.append({**arrays, "reference": np.clip(reference, 0.0, 65504.0).astype(np.float16)})
        return Clip(**{name: np.stack([f[name] for f in frames]) for name in frames[0]})
    finally:
        accumulator.release()
        source.release()


def _checked(clip: Clip, entry: ClipEntry) -> Clip:
    for name in ("colour", "depth", "motion", "reference"):
        if not np.isfinite(getattr(clip, name)).all():
            raise SuperseeError(
                f"Clip {entry.name} cannot be used", f"its {name} holds values that are not finite", "Report the scene."
            )
    return clip


def render_data(
    folder: Path,
    *,
    clips: int,
    frames: int,
    seed: int,
    samples: int,
    scenes: tuple[str, ...] = (),
    held_out: tuple[str, ...] = (),
    unfiltered: bool = False,
    minutes: float = math.inf,
) -> DataIndex:
    """Draws what is missing of the plan into `folder`, for at most `minutes`; returns the index of what is there."""
    from app.render.gl_context import create_headless_context

    plan = plan_clips(clips, frames, seed, scenes, held_out)
    index = DataIndex(seed, samples, scenes, held_out, unfiltered)
    if (folder / "index.json").exists():
        index = read_index(folder)
        found = (index.seed, index.reference_samples, index.scenes, index.held_out, index.unfiltered)
        if found != (seed, samples, scenes, held_out, unfiltered):
            raise SuperseeError(
                f"{folder} holds data with other settings",
                f"seed {index.seed}, {index.reference_samples} samples, scenes {', '.join(index.scenes) or 'random'}, "
                f"held out {', '.join(index.held_out) or 'none'}, {'un' * index.unfiltered}filtered textures",
                "Give the same settings to go on, or choose another folder.",
            )
    have = {entry.name for entry in index.clips}
    missing = [entry for entry in plan if entry.name not in have]
    context = create_headless_context()
    started, before = time.monotonic(), index.seconds
    for number, entry in enumerate(missing):
        clip = render_clip(context, entry, samples, unfiltered=unfiltered)
        save_clip(_checked(clip, entry), folder / entry.file)
        elapsed = time.monotonic() - started
        index.clips.append(entry)
        index.seconds = round(before + elapsed, 1)
        write_index(index, folder)
        left = elapsed / (number + 1) * (len(missing) - number - 1)
        print(  # noqa: T201 (this is the command's output)
            f"{len(index.clips):4d}/{len(plan)}  {entry.scene} {entry.motion} {entry.ratio:g}x  "
            f"{elapsed / (number + 1):.1f} s a clip, {left / 60:.1f} min left",
            file=sys.stdout,
            flush=True,
        )
        if elapsed > 60.0 * minutes:
            break
    context.release()
    return index

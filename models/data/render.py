"""Draws the planned clips with the viewer's own renderer, headless, clip by clip, and goes on where it stopped."""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path

import moderngl
import numpy as np

from app.conventions import jitter_phase_count
from app.errors import SuperseeError
from app.paths import ENVIRONMENTS
from app.render.frame import FrameInputs
from app.scene.model import SceneModel
from app.upscale.expected_depth import expected_depth
from models.data.clip import Clip, save_clip
from models.data.index import PLAN_VERSION, ClipEntry, DataIndex, read_index, write_index
from models.data.plan import plan_clips
from models.data.random_scene import random_scene
from models.data.random_shot import choose_shot


def load_clip_scene(entry: ClipEntry) -> SceneModel:
    from app.scene.builtin import load_scene

    if entry.scene.startswith("random:"):
        names = tuple(sorted(path.stem for path in ENVIRONMENTS.glob("*.exr")))
        return random_scene(int(entry.scene.split(":")[1]), names or ("studio",))
    return load_scene(entry.scene)


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


def render_clip(context: moderngl.Context, entry: ClipEntry, samples: int) -> Clip:
    """Deterministic: the same entry gives the same clip on the same machine. The entry's LOD bias is that of the
    low-resolution frames; the reference is filtered as it always is."""
    from app.render.live_source import LiveSource
    from app.render.reference import ReferenceAccumulator

    model = load_clip_scene(entry)
    source = LiveSource(context, model)
    accumulator = ReferenceAccumulator(source)
    try:
        shot = choose_shot(source, entry, model)
        source.resize(entry.render_size, entry.display_size)
        source.lod_bias = entry.lod_bias
        first = int(np.random.default_rng([entry.seed, 1]).integers(jitter_phase_count(entry.ratio)))
        frames: list[dict[str, np.ndarray]] = []
        for i, (state, cut) in enumerate(zip(shot.states, shot.cuts)):
            if cut:
                source.invalidate()
            arrays = frame_arrays(source.render_frame(state, frame_index=first + i))
            accumulator.begin(state, samples)
            accumulator.step(samples)
            texture = accumulator.texture
            reference = _pixels(texture, "f4" if texture.dtype == "f4" else "f2")[..., :3]
            arrays["reference"] = np.clip(reference, 0.0, 65504.0).astype(np.float16)
            arrays["exposure"] = np.array(shot.exposures[i], np.float32)
            frames.append(arrays)
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
    unfiltered: float = 0.4,
    minutes: float = math.inf,
) -> DataIndex:
    """Draws what is missing of the plan into `folder`, for at most `minutes`; returns the index of what is there.
    `unfiltered` is the share of clips whose low-resolution frames are drawn without mip maps."""
    from app.render.gl_context import create_headless_context

    plan = plan_clips(clips, frames, seed, scenes, held_out, unfiltered)
    index = DataIndex(seed, samples, scenes, held_out, unfiltered)
    if (folder / "index.json").exists():
        index = read_index(folder)
        if index.plan != PLAN_VERSION:
            raise SuperseeError(
                f"{folder} holds data of another version of the random scenes",
                f"they are of version {index.plan}, and {PLAN_VERSION} is drawn here: the two do not make one set",
                "Choose another folder; both can be trained on together.",
            )
        found = (index.seed, index.reference_samples, index.scenes, index.held_out, index.unfiltered_share)
        if found != (seed, samples, scenes, held_out, unfiltered):
            raise SuperseeError(
                f"{folder} holds data with other settings",
                f"seed {index.seed}, {index.reference_samples} samples, scenes {', '.join(index.scenes) or 'random'}, "
                f"held out {', '.join(index.held_out) or 'none'}, {index.unfiltered_share:g} of the clips unfiltered",
                "Give the same settings to go on, or choose another folder.",
            )
    have = {entry.name for entry in index.clips}
    missing = [entry for entry in plan if entry.name not in have]
    context = create_headless_context()
    started, before = time.monotonic(), index.seconds
    for number, entry in enumerate(missing):
        clip = render_clip(context, entry, samples)
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

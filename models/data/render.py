"""Draws the planned clips with the viewer's own renderer, headless, clip by clip, and goes on where it stopped."""

from __future__ import annotations

import math
import os
import sys
import time
from dataclasses import dataclass
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
from models.data.index import ClipEntry, DataIndex, read_index, read_part, write_index
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
    """Deterministic: the same entry gives the same clip on the same machine. The reference reads textures
    at the level at which the low-resolution frames read them: it is what their samples converge to."""
    from app.render.live_source import LiveSource
    from app.render.reference import ReferenceAccumulator

    model = load_clip_scene(entry)
    source = LiveSource(context, model)
    accumulator = ReferenceAccumulator(source, entry.reference_lod_bias)
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


@dataclass(frozen=True, slots=True)
class Rank:
    """Which of `count` processes this is: each draws every `count`-th clip of the plan."""

    number: int = 0
    count: int = 1

    @staticmethod
    def from_environment() -> Rank:
        """As torchrun tells it: RANK and WORLD_SIZE. Raises SuperseeError where they make no sense."""
        given = os.environ.get("RANK", "0"), os.environ.get("WORLD_SIZE", "1")
        try:
            rank = Rank(int(given[0]), int(given[1]))
        except ValueError:
            rank = Rank(-1)
        if not 0 <= rank.number < rank.count:
            raise SuperseeError(
                "This process does not know its share of the clips",
                f"RANK is {given[0]!r} and WORLD_SIZE {given[1]!r}",
                "Set both as torchrun does, RANK from 0 to WORLD_SIZE - 1, or neither.",
            )
        return rank


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
    ratios: str = "",
    test_samples: int = 0,
    minutes: float = math.inf,
    rank: Rank | None = None,
) -> DataIndex:
    """Draws what is missing of this process's share of the plan into `folder`, for at most `minutes`; returns the index
    of all that is there. `unfiltered` is the share of clips whose low-resolution frames are drawn without mip maps,
    `ratios` those of training clips (models.data.ratios; "" for the plan's own), `test_samples` the references' of test
    clips (0: `samples`). A clip in the index whose file is gone is missing.

    Raises SuperseeError where the folder holds other data and where nothing can be written; what is there stays.
    """
    from safetensors import SafetensorError

    from app.render.gl_context import headless_context

    rank = rank or Rank()
    plan = plan_clips(clips, frames, seed, scenes, held_out, unfiltered, ratios)
    _check_scenes(plan)
    fresh = DataIndex(seed, samples, scenes, held_out, unfiltered, ratios=ratios, test_samples=test_samples)
    part = _resumed(folder, fresh, frames, rank) or fresh
    part.clips = [entry for entry in part.clips if (folder / entry.file).is_file()]
    there = read_index(folder).clips if list(folder.glob("index*.json")) else []
    have = {entry.name for entry in there if (folder / entry.file).is_file()}
    share = plan[rank.number :: rank.count]
    missing = [entry for entry in share if entry.name not in have]
    progress = Progress(len(share), len(share) - len(missing))
    before = part.seconds
    with headless_context() as context:
        for entry in missing:
            clip = _checked(render_clip(context, entry, part.samples(entry.split) * entry.sample_factor), entry)
            try:
                save_clip(clip, folder / entry.file)
                part.clips.append(entry)
                part.seconds = round(before + progress.elapsed, 1)
                write_index(part, folder, rank.number)
            except (OSError, SafetensorError) as error:
                raise SuperseeError(
                    f"Clip {entry.name} cannot be written into {folder}",
                    str(error),
                    "Make room on the disk and give the same command again: the clips that are in the index stay.",
                ) from error
            progress.drawn(entry, (folder / entry.file).stat().st_size)
            if progress.elapsed > 60.0 * minutes:
                break
    return read_index(folder) if part.clips or have else part


def _check_scenes(plan: list[ClipEntry]) -> None:
    """Raises SuperseeError for a built-in scene that there is not, before anything is drawn."""
    from app.scene.builtin import BUILTIN

    if unknown := {entry.scene for entry in plan if not entry.scene.startswith("random:")} - set(BUILTIN):
        raise SuperseeError(
            f"There is no built-in scene {', '.join(sorted(unknown))}",
            f"there are {', '.join(BUILTIN)}",
            "Give one of these to --scenes or --held-out.",
        )


def _resumed(folder: Path, fresh: DataIndex, frames: int, rank: Rank) -> DataIndex | None:
    """This process's index of an earlier call, after a look at whether the folder's data are of the same kind."""
    if not list(folder.glob("index*.json")):
        return None
    found = read_index(folder)
    if found.plan != fresh.plan:
        raise SuperseeError(
            f"{folder} holds data of another version of the random scenes",
            f"they are of version {found.plan}, and {fresh.plan} is drawn here: the two do not make one set",
            "Choose another folder; both can be trained on together.",
        )
    lengths = {"frames": ", ".join(map(str, sorted({clip.frames for clip in found.clips} or {frames})))}
    wanted = fresh.settings | {"frames": str(frames)}
    if other := {name: value for name, value in (found.settings | lengths).items() if value != wanted[name]}:
        raise SuperseeError(
            f"{folder} holds data with other settings",
            "; ".join(f"{name} {_told(value)} there, {_told(wanted[name])} asked for" for name, value in other.items()),
            "Give the same settings to go on, or choose another folder.",
        )
    return read_part(folder, rank.number)


def _told(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


class Progress:
    """Prints a line a clip: how many, how fast, how large, how long it will take."""

    def __init__(self, planned: int, there: int) -> None:
        self._planned, self._there, self._new, self._bytes = planned, there, 0, 0
        self._started = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds."""
        return time.monotonic() - self._started

    def drawn(self, entry: ClipEntry, size: int) -> None:
        self._new += 1
        self._bytes += size
        there = self._there + self._new
        seconds = self.elapsed / self._new
        print(  # noqa: T201 (this is the command's output)
            f"{there:4d}/{self._planned}  {entry.scene} {entry.motion} {entry.ratio:g}x  {60.0 / seconds:.1f} clips a "
            f"minute, {self._bytes / 2**20:.0f} MiB written, {seconds * (self._planned - there) / 60:.1f} min left",
            file=sys.stdout,
            flush=True,
        )

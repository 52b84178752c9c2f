"""`supersee record SCENE`: a scene's low-resolution frames with all their buffers, and references, as a sequence."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.commands import choices
from app.conventions import Size, render_size

if TYPE_CHECKING:
    import moderngl

    from app.scene.camera import CameraPath
    from app.scene.model import SceneModel
    from app.sequence.native_meta import SequenceMeta
    from app.sequence.source import RecordedFrame


def add_arguments(parser: argparse.ArgumentParser) -> None:
    choices.add_scene_argument(parser)
    choices.add_scale_arguments(parser)
    parser.add_argument("--path", metavar="P", help="camera path by name (default: the scene's first)")
    parser.add_argument("--frames", type=choices.count, default=48, metavar="N", help="how many (default: 48)")
    parser.add_argument("--start", type=float, default=0.0, metavar="S", help="scene time of the first, seconds")
    parser.add_argument("--rate", type=choices.rate, default=30.0, metavar="FPS", help="frames a second (default: 30)")
    parser.add_argument(
        "--size", type=choices.size, default=(640, 360), metavar="WxH", help="display size (default: 640x360)"
    )
    parser.add_argument(
        "--reference",
        type=choices.samples,
        default=64,
        metavar="N",
        help="samples a pixel of the display-size reference, 0 for none (default: 64)",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder for the sequence")
    parser.add_argument("--resume", action="store_true", help="go on with the sequence that DIR holds already")


@dataclass(frozen=True, slots=True)
class Take:
    """What to record: `size` is the display's, `reference` a number of samples, 0 for none; `rate` frames a second."""

    scene: str
    path: str | None = None
    size: Size = (640, 360)
    ratio: float = 2.0
    frames: int = 48
    start: float = 0.0
    rate: float = 30.0
    reference: int = 64


def run(args: argparse.Namespace) -> int:
    take = Take(
        scene=args.scene or choices.DEFAULT_SCENE,
        path=args.path,
        size=args.size,
        ratio=args.ratio or 2.0,
        frames=args.frames,
        start=args.start,
        rate=args.rate,
        reference=args.reference,
    )
    try:
        record(take, args.out, args.resume)
    except KeyboardInterrupt:
        print(f"\nsupersee: stopped; {args.out} holds the frames so far (--resume goes on)", file=sys.stderr)  # noqa: T201
        raise
    return 0


def record(take: Take, out: Path, resume: bool = False, progress: bool = True) -> SequenceMeta:
    """Records the take into `out`; returns what lies there. However it ends, `out` holds a valid sequence of the
    frames that were finished. Raises SuperseeError where `out` is taken or cannot be written."""
    from app.commands.headless import find_path
    from app.render.gl_context import headless_context
    from app.scene.builtin import load_scene
    from app.sequence.writer import SequenceWriter

    choices.writable_folder(out)
    model = load_scene(take.scene)
    path = find_path(model, take.path)
    writer = SequenceWriter(out, _described(take, model, path), resume)
    begun, already = time.perf_counter(), len(writer)
    with ExitStack() as stack:
        context = stack.enter_context(headless_context())
        with writer:
            for frame, reference in frames(context, take, model, path, first=already):
                writer.add(frame, {} if reference is None else {_folder(take): reference})
                if progress:
                    _print_progress(len(writer), take.frames, begun, len(writer) - already)
    meta = writer.close()
    if progress:
        _print_summary(meta, out)
    return meta


def frames(
    context: moderngl.Context, take: Take, model: SceneModel, path: CameraPath, first: int = 0
) -> Iterator[tuple[RecordedFrame, np.ndarray | None]]:
    """The take's frames from `first` on, each with its reference, (height, width, 3) float16 linear, or None."""
    from app.present.timeline import Timeline
    from app.render.live_source import LiveSource
    from app.render.reference import ReferenceAccumulator
    from app.sequence.writer import recorded

    with ExitStack() as stack:
        source = LiveSource(context, model)
        stack.callback(source.release)
        source.resize(render_size(take.size, take.ratio), take.size)
        accumulator = ReferenceAccumulator(source)
        stack.callback(accumulator.release)
        timeline = Timeline(model, path)
        # Drawn and dropped: the take's beginning, to which the shadow map is fitted, and the frame before the first, to
        # which motion leads. So a take that goes on is the one that was not stopped.
        for index in dict.fromkeys((0, max(first - 1, 0), *range(first, take.frames))):
            state = timeline.state_at(take.start + index / take.rate)
            frame = source.render_frame(state, frame_index=index)
            if index < first:
                continue
            read = recorded(frame)
            if take.reference:
                accumulator.begin(state, take.reference)
                accumulator.step(take.reference)
            yield read, _half(accumulator.texture) if take.reference else None


def _half(texture: moderngl.Texture) -> np.ndarray:
    from app.commands.headless import read_colour

    return np.clip(read_colour(texture), 0.0, 65504.0).astype(np.float16)


def _described(take: Take, model: SceneModel, path: CameraPath) -> SequenceMeta:
    from app import __version__
    from app.sequence.native_meta import ReferenceMeta, SequenceMeta

    return SequenceMeta(
        name=f"{model.name}, {path.name}",
        fps=take.rate,
        render_size=render_size(take.size, take.ratio),
        display_size=take.size,
        reactive=True,
        references=(ReferenceMeta(_folder(take), take.size, take.reference),) if take.reference else (),
        notes=tuple(model.notes),
        made_by={
            "program": f"supersee {__version__}", "scene": model.name, "path": path.name, "start": take.start,
            "ratio": take.ratio,
        },
    )  # fmt: skip


def _folder(take: Take) -> str:
    return f"reference-{take.size[0]}x{take.size[1]}"


def _print_progress(done: int, frames: int, begun: float, drawn: int) -> None:
    left = (time.perf_counter() - begun) / drawn * (frames - done)
    line = f"frame {done} of {frames}, {left:.0f} s left"
    if sys.stderr.isatty():
        print(f"\r{line:40}", end="\n" if done == frames else "", file=sys.stderr, flush=True)  # noqa: T201
    elif done in (1, frames) or done % 12 == 0:
        print(line, file=sys.stderr, flush=True)  # noqa: T201


def _print_summary(meta: SequenceMeta, out: Path) -> None:
    megabytes = sum(path.stat().st_size for path in out.rglob("*.exr")) / 1e6
    (width, height), (display_width, display_height) = meta.render_size, meta.display_size
    print(  # noqa: T201
        f"{out}: {len(meta.frames)} frames of {width}x{height} for {display_width}x{display_height}, "
        f"{megabytes:.0f} MB" + "".join(f"\nnote: {note}" for note in meta.notes)
    )

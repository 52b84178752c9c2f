"""`supersee render`: the comparison without a window, into a folder of frames, stills, a video and a report."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.commands import choices, video_options
from app.errors import SuperseeError

if TYPE_CHECKING:
    import numpy as np

    from app.capture.video import VideoWriter
    from app.commands.figures import Figures
    from app.commands.frame_files import FrameFiles
    from app.commands.headless import FrameResult, Headless, Plan
    from app.commands.report_shots import Shots
    from app.commands.video_options import VideoWish

PARTIAL = ".partial"
"""Everything is written below DIR/.partial and moved when it is whole, so that DIR never holds half a run."""
STILLS = 3
SIDE_BY_SIDE = ("side-by-side.mp4", "side-by-side.mkv")
"""What plays everywhere, and what holds lossless video."""
_WORTH_SAYING = 1e9
"""Bytes of single frames from which on their size is said before they are drawn."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    choices.add_scene_argument(parser)
    choices.add_scale_arguments(parser)
    parser.add_argument(
        "--from", type=Path, dest="shot", metavar="SHOT", help="draw a screenshot again, from what it says of itself"
    )
    parser.add_argument("--path", metavar="P", help="camera path by name (default: the scene's first)")
    parser.add_argument(
        "--frames", type=choices.count, metavar="N", help="how many (default: 48; of a recording, all)"
    )
    parser.add_argument("--start", type=float, default=0.0, metavar="S", help="scene time of the first, seconds")
    parser.add_argument("--rate", type=choices.rate, metavar="FPS", help="frames a second (default: 30)")
    parser.add_argument("--size", type=choices.size, metavar="WxH", help="display size (default: 640x360)")
    parser.add_argument(
        "--methods",
        type=choices.methods,
        default=choices.DEFAULT_METHODS,
        metavar="A,B",
        help=f"panes of {', '.join(choices.METHODS)} (default: {','.join(choices.DEFAULT_METHODS)})",
    )
    parser.add_argument(
        "--reference",
        type=choices.samples,
        metavar="N",
        help="samples a pixel of the reference, 0 for none and no figures (default: 16)",
    )
    parser.add_argument("--network", metavar="NAME", help="trained network by name or folder (default: lite)")
    parser.add_argument(
        "--shading-load", type=choices.load, default=0.0, metavar="X", help="make the pixel shader heavier (default: 0)"
    )
    parser.add_argument(
        "--format",
        choices=("exr", "png", "none"),
        default="exr",
        help="of single frames: exr is scene-linear, about 4 bytes a pixel; png as shown, half that (default: exr)",
    )
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="where to (default: out)")
    video_options.add_arguments(parser, window=False)


def run(args: argparse.Namespace) -> int:
    from app.commands.headless import planned

    if args.shot is not None:
        return _again(args)
    if args.burn_in and args.video is None:
        raise SuperseeError("--burn-in needs a file", "none is named", "Add --video FILE.")
    plan = planned(
        args.scene or choices.DEFAULT_SCENE,
        args.methods,
        path=args.path,
        size=args.size,
        ratio=args.ratio,
        frames=args.frames,
        start=args.start,
        rate=args.rate,
        reference=args.reference,
        network=args.network,
        shading_load=args.shading_load,
    )
    render(plan, args.out, args.format, video=video_options.wish_from(args, plan.shown))
    return 0


def _again(args: argparse.Namespace) -> int:
    from app.commands.reproduce import reproduce

    if args.scene is not None:
        raise SuperseeError(f"{args.scene} cannot be drawn with --from", "its scene is the screenshot's")
    choices.writable_folder(args.out)
    for line in reproduce(args.shot, args.out):
        print(line)  # noqa: T201
    return 0


def render(
    plan: Plan, out: Path, image_format: str = "exr", progress: bool = True, video: VideoWish | None = None
) -> dict[str, Any]:
    """Carries out the plan; returns the report that lies in `out`/report.json. Raises SuperseeError, with `out` as
    it was, where the plan cannot be carried out. `video` may name one more video than that in `out`."""
    from app.commands.frame_files import check_room, expected_bytes, in_words
    from app.commands.headless import headless

    choices.writable_folder(out)
    needed = expected_bytes(image_format, plan.size, len(plan.shown) * plan.frames)
    check_room(out, needed)
    if progress and needed > _WORTH_SAYING:
        saving = "" if image_format == "png" else "; --format png takes half"
        print(f"single frames will take about {in_words(needed)} ({image_format}{saving})", file=sys.stderr)  # noqa: T201
    started = time.perf_counter()
    with headless(plan) as run, _partial_folder(out) as partial:
        report = _write_all(run, partial, image_format, progress, video or video_options.VideoWish())
        _move_into_place(partial, out)
    if progress:
        _print_summary(report, out, time.perf_counter() - started)
    return report


def _write_all(run: Headless, folder: Path, image_format: str, progress: bool, wish: VideoWish) -> dict[str, Any]:
    from app.capture.video import VideoWriter
    from app.commands.figures import Figures
    from app.commands.frame_files import FrameFiles
    from app.commands.headless import labels
    from app.commands.report_shots import Shots

    plan = run.plan
    figures = Figures(plan.shown, plan.frames)
    shots = Shots(plan.methods, plan.frames, plan.size, labels(plan.shown))
    still_frames = {round((i + 1) * plan.frames / (STILLS + 1)) for i in range(STILLS)}
    middle = sorted(still_frames)[len(still_frames) // 2]
    crops: Mapping[str, np.ndarray] = {}
    frames = run.frames()
    frame = next(frames)  # what cannot be drawn fails here, before the first file
    with (
        VideoWriter(folder / SIDE_BY_SIDE[wish.codec == "ffv1"], run.canvas, plan.rate, codec=wish.codec) as video,
        video_options.recorded(run, wish) as also_record,
        FrameFiles(folder, image_format, run.record()) as files,
    ):
        while True:
            figures.add(frame)
            shots.add(frame, figures)
            video.write(frame.composition)
            also_record(frame)
            files.add(frame)
            if frame.index in still_frames:
                _write_still(frame, folder, run)
                crops = frame.panes if frame.index <= middle else crops
            if progress:
                _print_progress(frame.index + 1, plan.frames)
            following = next(frames, None)
            if following is None:
                break
            frame = following
    return _write_report(run, folder, figures, shots, crops, video, files)


def _write_report(
    run: Headless,
    folder: Path,
    figures: Figures,
    shots: Shots,
    crops: Mapping[str, np.ndarray],
    video: VideoWriter,
    files: FrameFiles,
) -> dict[str, Any]:
    from app.capture.image_files import write_png
    from app.commands.headless import labels
    from app.commands.report import build_report, write_json
    from app.commands.report_page import write_page
    from app.commands.report_picture import report_picture

    plan = run.plan
    named = labels(plan.shown)
    facts = {
        **run.facts(),
        "video": video.path.name,
        "video_encoder": video.encoder,
        "single_frames": files.described,
        "notes": [*run.notes(), *filter(None, [video.note])],
    }
    methods = {name: {"label": named[name], **figures.method(name)} for name in plan.methods}
    report = build_report(settings(run), methods, facts)
    crops = {name: pixels for name, pixels in crops.items() if name in named}
    write_json(folder / "report.json", report)
    write_png(folder / "report.png", report_picture(report, named, crops), run.record())
    write_page(folder / "report.html", report, named, shots.shots())
    return report


def settings(run: Headless) -> dict[str, Any]:
    """The plan as it was carried out, for the report."""
    plan = run.plan
    return {
        "scene": run.model.name,
        "path": run.path.name,
        "frames": plan.frames,
        "start": plan.start,
        "rate": plan.rate,
        "size": list(plan.size),
        "ratio": plan.ratio,
        "methods": list(plan.methods),
        "reference": plan.reference if plan.recording is None or not plan.reference else "recorded",
        "shading_load": plan.shading_load,
    }


def _write_still(frame: FrameResult, folder: Path, run: Headless) -> None:
    """The composition and its panes, of the last frame that was drawn."""
    from app.capture.screenshot import save_screenshot

    path = folder / "stills" / f"frame-{frame.index + 1:04d}.png"
    save_screenshot(path, frame.composition, frame.panes.items(), run.shot_record())


@contextmanager
def _partial_folder(out: Path) -> Iterator[Path]:
    """`out`/.partial, empty; removed on the way out, and `out` with it if this made it and it stayed empty."""
    existed = out.is_dir()
    partial = out / PARTIAL
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
    except OSError as error:
        raise SuperseeError(f"{out} cannot be written", str(error), "Name another folder with --out.") from error
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        if not existed and not any(out.iterdir()):
            out.rmdir()


def _move_into_place(partial: Path, out: Path) -> None:
    for new in sorted(partial.iterdir()):
        old = out / new.name
        if old.is_dir():
            shutil.rmtree(old)
        elif old.exists():
            old.unlink()
        new.rename(old)


def _print_progress(done: int, frames: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == frames else ""
        print(f"\rframe {done} of {frames}", end=end, file=sys.stderr, flush=True)  # noqa: T201
    elif done in (1, frames) or done % 12 == 0:
        print(f"frame {done} of {frames}", file=sys.stderr, flush=True)  # noqa: T201


def _print_summary(report: dict[str, Any], out: Path, seconds: float) -> None:
    from app.commands.report import headline, machine_line
    from app.measure.quality import QUALITY

    title, line = headline(report)
    lines = [title, line, machine_line(report), *report["machine"]["notes"]]
    lines.append(f"{'':12}{''.join(f'{figure.heading:>16}' for figure in QUALITY.values())}{'ms a frame':>12}")
    for entry in report["methods"].values():
        values = "".join(f"{figure.formatted(entry[key]):>16}" for key, figure in QUALITY.items())
        lines.append(f"{entry['label']:12}{values}{entry['stage_ms'].get('total', float('nan')):12.1f}")
    lines.append(f"single frames: {report['machine']['single_frames']}")
    written = ", ".join(str(out / name) for name in ("report.html", report["machine"]["video"], "report.json"))
    lines.append(f"written in {seconds:.0f} s: {written}")
    print("\n".join(lines))  # noqa: T201

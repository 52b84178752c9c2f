"""`supersee inspect`: what a recording holds, how it is read, and whether that looks right."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from app.commands import choices

if TYPE_CHECKING:
    from app.sequence.inspection import Inspection
    from app.sequence.selftest import SelfTest
    from app.sequence.source import FrameSource

LIVE_FRAMES = 24
LIVE_SIZE = (640, 360)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", help="a recording's folder or file, or a scene by name")
    choices.add_scale_arguments(parser)
    parser.add_argument(
        "--frames", type=choices.count, default=8, metavar="N", help="how many frames to look at (default: 8)"
    )
    parser.add_argument(
        "--self-test",
        action="store_true",
        help="try other readings of motion and jitter on the frames, and say which one fits best",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the findings as JSON too")


def run(args: argparse.Namespace) -> int:
    """0 where nothing looks wrong, 1 otherwise."""
    from app.sequence.inspection import inspect
    from app.sequence.selftest import self_test

    with opened(args.path, args.ratio) as (kind, source):
        for line in heading(kind, source):
            print(line, flush=True)  # noqa: T201
        inspection = inspect(source, args.frames)
        for line in findings(inspection):
            print(line, flush=True)  # noqa: T201
        test = self_test(source) if args.self_test else None
        for line in verdict(test) if test else ():
            print(line)  # noqa: T201
        if args.json is not None:
            from app.commands.report import write_json

            write_json(args.json, record(kind, source, inspection, test))
    wrong = bool(inspection.warnings) or (test is not None and (not test.fits or test.undeclared_jitter > 0.0))
    return 1 if wrong else 0


@contextmanager
def opened(path: str, ratio: float | None) -> Iterator[tuple[str, FrameSource]]:
    """(kind, source) of a recording, or of a scene where the path is none; released afterwards."""
    from app.scene.builtin import builtin_names
    from app.sequence.discover import importer_for, open_sequence

    if path not in builtin_names() and not path.lower().endswith((".glb", ".gltf")):
        yield importer_for(Path(path)).title, open_sequence(path, ratio)
        return
    from app.render.gl_context import headless_context
    from app.scene.builtin import load_scene
    from app.sequence.live_frames import LiveFrames

    model = load_scene(path)
    with headless_context() as context:
        source = LiveFrames(context, model, path, LIVE_SIZE, ratio or 2.0, LIVE_FRAMES)
        try:
            yield "live scene", source
        finally:
            source.release()


def heading(kind: str, source: FrameSource) -> list[str]:
    (width, height), display = source.render_size, source.display_size
    references = ", ".join(f"{w}x{h}" for w, h in source.reference_sizes) or "none"
    return [
        f"{source.name}: {kind}",
        f"  frames      {len(source)} at {source.fps:g} a second ({len(source) / source.fps:.1f} s)",
        f"  size        {width}x{height}, shown at {display[0]}x{display[1]} ({display[0] / width:.3g}x)",
        f"  references  {references}",
        *(f"  read as     {note}" for note in source.notes),
    ]


def findings(inspection: Inspection) -> list[str]:
    lines = ["", f"  channel     {'least':>10} {'mean':>10} {'most':>10}    of {inspection.looked_at} frames"]
    lines += [f"  {each.name:10}  {each.least:10.4g} {each.mean:10.4g} {each.most:10.4g}" for each in inspection.ranges]
    if inspection.explained is not None:
        lines.append(f"  Camera and depth explain the motion of {inspection.explained:.0%} of the pixels.")
    lines += ["", *(f"  WARNING  {warning}" for warning in inspection.warnings)]
    return lines if inspection.warnings else [*lines, "  Nothing looks wrong."]


def verdict(test: SelfTest) -> list[str]:
    parts = ((test.standing, "what stands still on screen"), (test.moving, "what moves"))
    figures = ", ".join(f"{decibels:.1f} dB on {name}" for decibels, name in parts if decibels == decibels)
    lines = ["", f"  Self-test on {test.pairs} pairs of frames (PSNR of the frame before, warped; higher is better):"]
    if not test.tells:
        lines.append(
            f"    No reading of motion and jitter makes the frames agree ({test.motion.declared:.1f} dB as declared):"
        )
        return [*lines, "    are these frames of one sequence, each with its own motion?"]
    lines += [f"    {finding}" for finding in (test.motion, test.jitter)]
    lines.append(f"    With the best reading: {figures}.")
    if test.undeclared_jitter:
        lines.append(
            f"    WARNING  The frames look jittered (by {test.undeclared_jitter:.1f} pixels a frame), and no "
            "jitter is declared: upscalers need it, in jitter.json beside the frames."
        )
    return lines


def record(kind: str, source: FrameSource, inspection: Inspection, test: SelfTest | None) -> dict[str, object]:
    return {
        "name": source.name,
        "kind": kind,
        "frames": len(source),
        "fps": source.fps,
        "render_size": source.render_size,
        "display_size": source.display_size,
        "reference_sizes": source.reference_sizes,
        "notes": source.notes,
        "inspection": asdict(inspection),
        "self_test": {**asdict(test), "sentences": test.sentences, "fits": test.fits} if test else None,
    }

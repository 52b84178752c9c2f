"""`supersee bench`: what each stage of each method costs on this machine, how fast the comparison runs, how quickly
the program starts, and how long the window keeps a key waiting. A table, a JSON file and a picture."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.commands import choices
from app.conventions import Size, mode_name
from app.errors import SuperseeError
from app.inference.image_manifest import IMAGE_KINDS

if TYPE_CHECKING:
    from app.commands.headless import Headless

SOFTWARE_SIZES: tuple[Size, ...] = ((640, 360), (960, 540))
GPU_SIZES: tuple[Size, ...] = ((1280, 720), (1920, 1080), (3840, 2160))
RATIOS = (1.5, 2.0, 3.0)
FRAMES = 24
METHODS = ("native", "nearest", "bilinear", "lanczos", "taau", "neural")
COMBINATIONS: dict[str, tuple[str, ...]] = {
    "neural alone": ("neural",),
    "native + bilinear + neural": ("native", "bilinear", "neural"),
    "native + bilinear + taau + neural": ("native", "bilinear", "taau", "neural"),
}
TARGETS = {"neural alone": 12.0, "native + bilinear + neural": 5.0}
"""Frames a second that a 2-core machine with software OpenGL must reach at TARGET_SETTING (display size, ratio)."""
TARGET_SETTING = ((640, 360), 2.0)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    choices.add_scene_argument(parser)
    parser.add_argument(
        "--sizes", type=choices.sizes, metavar="WxH,..", help="display sizes (default: what suits the renderer)"
    )
    parser.add_argument("--ratios", type=choices.ratios, metavar="R,..", help="default: 1.5,2,3")
    parser.add_argument("--methods", type=choices.methods, default=METHODS, metavar="A,B", help="default: all but one")
    parser.add_argument("--frames", type=choices.count, metavar="N", help="a measurement (default: 24)")
    parser.add_argument("--shading-load", type=choices.load, default=0.0, metavar="X", help="heavier pixel shader")
    parser.add_argument("--network", metavar="NAME", help="trained network by name or folder (default: lite)")
    parser.add_argument(
        "--io", action="store_true", help="instead: recording and playing sequences (1920x1080 or --sizes), live video"
    )
    parser.add_argument(
        "--gpu", action="store_true", help="instead: the neural upscale on an NVIDIA GPU, part by part, all modes"
    )
    parser.add_argument("--no-window", action="store_true", help="leave out start-up and latency of the window")
    parser.add_argument(
        "--out", type=Path, default=Path("out/bench"), metavar="DIR", help="where to (default: out/bench)"
    )


def run(args: argparse.Namespace) -> int:
    if args.gpu:
        from app.commands import bench_gpu

        return bench_gpu.run(args)
    args.ratios, args.frames = args.ratios or RATIOS, args.frames or FRAMES
    if args.io:
        from app.commands import bench_io

        return bench_io.run(args)
    from app.capture.image_files import write_png
    from app.commands.bench_picture import bench_picture
    from app.commands.report import write_json

    choices.writable_folder(args.out)
    result = measure(args)
    write_json(args.out / "bench.json", result)
    write_png(args.out / "bench.png", bench_picture(result), {"program": "Supersee", "kind": "bench"})
    _say(f"\nwritten: {args.out / 'bench.json'}, {args.out / 'bench.png'}")
    return 0


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """All measurements in turn, printed as they come; the document of bench.json."""
    from app import __version__
    from app.capture.provenance import busy_note, machine, versions
    from app.commands.startup import measure_startup, measure_window

    busy = busy_note()
    if busy:
        _say(f"Note: {busy}")
    with _opened(args) as run:
        facts = run.facts()
        sizes = args.sizes or (SOFTWARE_SIZES if facts["software_renderer"] else GPU_SIZES)
        _say(f"{machine()['processor']}, {machine()['cores']} cores; {facts['renderer']}")
        if facts["software_renderer"]:
            _say("OpenGL is drawn by the CPU: times are of software rendering")
        stages = _measure_stages(run, sizes, args.ratios, args.methods, args.frames)
        ratio = 2.0 if 2.0 in args.ratios else args.ratios[0]
        rates = _measure_rates(run, sizes[0], ratio, args.frames)
    _print_overhead(stages)
    startup = measure_startup()
    window = {} if args.no_window else measure_window()
    _print_startup({**startup, **window})
    return {
        "schema": 1,
        "program": "Supersee",
        "version": __version__,
        "machine": {**machine(), **facts},
        "versions": versions("numpy", "moderngl", "openvino", "PySide6-Essentials"),
        "settings": {"scene": run.model.name, "frames": args.frames, "shading_load": args.shading_load},
        "busy": busy,
        "stages": stages,
        "rates": rates,
        "startup": {**startup, **window},
    }


def _opened(args: argparse.Namespace) -> Any:
    from app.commands.headless import Plan, headless

    scene = args.scene or choices.DEFAULT_SCENE
    return headless(Plan(scene, args.methods, reference=0, network=args.network, shading_load=args.shading_load))


def _measure_stages(
    run: Headless, sizes: tuple[Size, ...], ratios: tuple[float, ...], methods: tuple[str, ...], frames: int
) -> list[dict[str, Any]]:
    """Each method by itself, so that none warms or delays another."""
    from app.commands.figures import median_stages
    from app.measure.stages import STAGES

    _say(f"\nstages, median ms over {frames} frames\n{'display':>11}{'ratio':>7}  {'method':10}", end="")
    _say("".join(f"{stage:>10}" for stage in (*STAGES, "total")) + "  bytes to host")
    rows = []
    for size in sizes:
        for ratio in ratios:
            for method in methods:
                try:
                    seen = [run.timed_frame((method,), size, ratio, i) for i in range(frames)]
                except SuperseeError as error:
                    if method not in IMAGE_KINDS:
                        raise
                    _say(f"{size[0]:>6}x{size[1]:<4}{ratio:>7g}  {method:10}  left out: {error.why}")
                    continue
                stages = median_stages([frame[method] for frame in seen if frame.get(method)])
                crossed = run.comparison.runs[method].bytes_to_host
                rows.append(
                    {"size": list(size), "ratio": ratio, "method": method, "stage_ms": stages, "bytes_to_host": crossed}
                )
                cells = "".join(f"{stages[s]:10.2f}" if s in stages else f"{'':>10}" for s in (*STAGES, "total"))
                cells += "" if crossed is None else f"{crossed:15,}"
                _say(f"{size[0]:>6}x{size[1]:<4}{ratio:>7g}  {method:10}{cells}")
    return rows


def _measure_rates(run: Headless, size: Size, ratio: float, frames: int) -> list[dict[str, Any]]:
    """Whole frames, composition included, one after the other as fast as they come."""
    _say(f"\nwhole frames at {size[0]}x{size[1]}, {mode_name(ratio)} {ratio:g}x, composition included")
    rows = []
    for name, methods in COMBINATIONS.items():
        for index in range(4):
            run.timed_frame(methods, size, ratio, index)
        times = []
        for index in range(frames):
            begun = time.perf_counter()
            run.timed_frame(methods, size, ratio, 4 + index, compose=True)
            times.append((time.perf_counter() - begun) * 1e3)
        rows.append(_rate_row(name, methods, size, ratio, times))
        _print_rate(rows[-1])
    return rows


def _rate_row(name: str, methods: tuple[str, ...], size: Size, ratio: float, times: list[float]) -> dict[str, Any]:
    ordered = sorted(times)
    mean = sum(times) / len(times)
    return {
        "name": name,
        "methods": list(methods),
        "size": list(size),
        "ratio": ratio,
        "frames_per_second": round(1000.0 / mean, 2),
        "p50_ms": round(ordered[len(ordered) // 2], 2),
        "p95_ms": round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 2),
        "target": TARGETS.get(name) if (size, ratio) == TARGET_SETTING else None,
    }


def _print_rate(row: dict[str, Any]) -> None:
    target = row["target"]
    verdict = ""
    if target is not None:
        reached = "reached" if row["frames_per_second"] >= target else "NOT reached"
        verdict = f"  {target:g} on two cores: {reached}"
    _say(f"  {row['name']:36}{row['frames_per_second']:7.1f} frames/s   p95 {row['p95_ms']:6.1f} ms{verdict}")


def _print_overhead(rows: list[dict[str, Any]]) -> None:
    """What surrounds the network should cost no more than the network."""
    for row in rows:
        if row["method"] == "neural" and (tuple(row["size"]), row["ratio"]) == TARGET_SETTING:
            stages = row["stage_ms"]
            around = sum(stages.get(name, 0.0) for name in ("pre", "exchange", "post"))
            verdict = "reached" if around <= stages["network"] else "NOT reached"
            _say(f"  pre + exchange + post {around:.1f} ms, network {stages['network']:.1f} ms; no more: {verdict}")


def _print_startup(startup: dict[str, Any]) -> None:
    _say("\nstart-up and latency")
    for name, entry in startup.items():
        value = "not measured" if entry["ms"] is None else f"{entry['ms']:8.0f} ms"
        target = "" if entry["target_ms"] is None else f"  target {entry['target_ms']:g} ms"
        _say(f"  {name:36}{value}{target}{'  (' + entry['note'] + ')' if entry['note'] else ''}")


def _say(text: str, end: str = "\n") -> None:
    print(text, end=end, flush=True, file=sys.stdout)  # noqa: T201

"""`supersee [view] [SCENE]`: the window; without a display the same comparison, headless."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from app.commands import choices, video_options
from app.errors import SuperseeError

CUT_LEAD = 0.5  # s
HEADLESS_OUT = Path("out")
WATCHED_METHODS = ("native", "taau", "neural")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    choices.add_scene_argument(parser)
    choices.add_scale_arguments(parser)
    parser.add_argument("--panes", type=choices.panes, metavar="N", help="how many panes, 1 to 4")
    parser.add_argument(
        "--methods",
        type=choices.methods,
        metavar="A,B",
        help=f"panes from left to right, of {', '.join(choices.METHODS)}",
    )
    parser.add_argument("--size", type=choices.size, metavar="WxH", help="size of each picture (default: its pane's)")
    parser.add_argument("--path", metavar="P", help="camera path by name (default: the scene's first)")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--network", metavar="NAME", help="trained network by name or folder (default: lite)")
    shown.add_argument(
        "--watch", type=Path, metavar="RUN", help="follow a running training, e.g. models/runs/lite"
    )
    parser.add_argument(
        "--screenshot", type=Path, metavar="FILE", help="save the composition and each pane as PNG, then leave"
    )
    parser.add_argument(
        "--frames", type=choices.count, metavar="N", help="leave after N frames (with --screenshot: default 32)"
    )
    parser.add_argument("--full-screen", action="store_true", help="start full screen")
    video_options.add_arguments(parser, window=True)
    parser.add_argument("--version", action="store_true", help="print the version and leave")


def run(args: argparse.Namespace) -> int:
    if args.version:
        from app import __version__

        print(f"supersee {__version__}")  # noqa: T201
        return 0
    if args.screenshot is not None:
        _check_screenshot(args.screenshot)
    if args.scene is not None:
        _check_scene(args.scene)
    methods = _methods(args)
    if args.watch is not None:
        methods = _watched(args.watch, methods)
    video = video_options.wish_from(args, methods or ())
    if not has_display():
        return _headless(args, methods, video)
    from app.window import Video
    from app.window import run as run_window

    return run_window(
        args.scene,
        methods=methods,
        ratio=args.ratio,
        display_size=args.size,
        path=args.path,
        network=args.network,
        watch=args.watch,
        screenshot=args.screenshot,
        frames=args.frames,
        full_screen=args.full_screen,
        video=Video(video.path, video.codec, video.method, args.exact, video.burn_in),
    )


def has_display() -> bool:
    """Whether a window can be opened, as far as that can be told without Qt."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _methods(args: argparse.Namespace) -> tuple[str, ...] | None:
    """The panes' methods; None: as the window was left, or its defaults."""
    if args.methods is not None and len(args.methods) > choices.MAX_PANES:
        raise SuperseeError(f"{len(args.methods)} panes cannot be shown", f"there are {choices.MAX_PANES} at most")
    if args.panes is None:
        return args.methods
    wanted = [*(args.methods or ()), *(m for m in choices.PANE_ORDER if m not in (args.methods or ()))]
    return tuple(wanted[: args.panes])


def _watched(run: Path, methods: tuple[str, ...] | None) -> tuple[str, ...]:
    """The panes of a window that follows `run`, the network's among them."""
    from app.inference.live_run import check_run

    check_run(run)
    if not has_display():
        raise SuperseeError(
            f"{run} cannot be watched", "there is no display for a window", "Render with --network RUN/live/NUMBER."
        )
    if methods is None:
        return WATCHED_METHODS
    if "neural" in methods:
        return methods
    if len(methods) == choices.MAX_PANES:
        raise SuperseeError(
            f"There is no pane left for {run}", f"{choices.MAX_PANES} others are named", "Name neural among --methods."
        )
    return (*methods, "neural")


def _check_screenshot(path: Path) -> None:
    if path.suffix.lower() != ".png":
        raise SuperseeError(f"{path} is no name for a screenshot", "only PNG is written", "End it in .png.")
    choices.writable_folder(path.parent)


def _check_scene(name: str) -> None:
    """A name that is nothing is refused before a window opens."""
    from app.scene.builtin import scene_file

    scene_file(name)


def _headless(args: argparse.Namespace, methods: tuple[str, ...] | None, video: video_options.VideoWish) -> int:
    from app.commands.headless import planned

    scene, short = args.scene or choices.DEFAULT_SCENE, args.screenshot is not None or video.path is not None
    plan = planned(
        scene,
        methods or choices.DEFAULT_METHODS,
        path=args.path,
        size=args.size,
        ratio=args.ratio,
        frames=args.frames or (32 if args.screenshot else 48),
        start=0.0 if short else _before_first_cut(scene, args.path),
        reference=0 if short else 12,
        network=args.network,
    )
    if args.screenshot is not None:
        print("supersee: no display: drawing the screenshot without a window", file=sys.stderr)  # noqa: T201
        return _headless_screenshot(plan, args.screenshot)
    if video.path is not None:
        print("supersee: no display: recording every frame without a window", file=sys.stderr)  # noqa: T201
        return _headless_video(plan, video)
    from app.commands.render import render

    print(  # noqa: T201
        f"supersee: no display: running the comparison headless into {HEADLESS_OUT}/ "
        "(about a minute or two on two cores; `supersee render --help` lists the choices)",
        file=sys.stderr,
    )
    render(plan, HEADLESS_OUT, "none")
    return 0


def _before_first_cut(scene: str, name: str | None) -> float:
    """Scene time, s, from which a short run sees the first hard cut and what history makes of the time after it."""
    from app.commands.headless import find_path
    from app.present.recorded import recording_at
    from app.scene.builtin import load_scene

    if recording_at(scene) is not None:
        return 0.0
    path = find_path(load_scene(scene), name)
    return max(0.0, path.shots[0].duration - CUT_LEAD) if len(path.shots) > 1 else 0.0


def _headless_screenshot(plan: object, path: Path) -> int:
    from app.capture.screenshot import save_screenshot
    from app.commands.headless import Plan, headless

    assert isinstance(plan, Plan)
    with headless(plan) as run:
        frames = run.frames()
        last = next(frames)
        for frame in frames:
            last = frame
        for written in save_screenshot(path, last.composition, last.panes.items(), run.shot_record()):
            print(written)  # noqa: T201
    return 0


def _headless_video(plan: object, video: video_options.VideoWish) -> int:
    from app.commands.headless import Plan, headless

    assert isinstance(plan, Plan)
    video_options.check_pane(video, plan.shown)
    with headless(plan) as run, video_options.recorded(run, video) as record:
        for frame in run.frames():
            record(frame)
    print(video.path)  # noqa: T201
    return 0

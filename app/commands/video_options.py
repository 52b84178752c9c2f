"""`--video` and what belongs to it, for the commands that can record. Imports nothing heavy before it is needed."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.commands import choices
from app.errors import SuperseeError

if TYPE_CHECKING:
    from app.commands.headless import FrameResult, Headless

CODEC_NAMES = ("h264", "hevc", "av1", "ffv1")


@dataclass(frozen=True, slots=True)
class VideoWish:
    """`path`: None for no video of its own. `method`: whose pane alone; None for the whole composition. `burn_in`: with
    the measurements in the picture."""

    path: Path | None = None
    codec: str = CODEC_NAMES[0]
    method: str | None = None
    burn_in: bool = False


def add_arguments(parser: argparse.ArgumentParser, *, window: bool) -> None:
    group = parser.add_argument_group("video")
    group.add_argument("--video", type=Path, metavar="FILE", help="record into FILE (.mp4, .mkv), every frame")
    group.add_argument(
        "--codec", choices=CODEC_NAMES, default=CODEC_NAMES[0], help="ffv1 is lossless, in .mkv (default: h264)"
    )
    group.add_argument("--video-of", metavar="METHOD", help="one pane alone, at display resolution (default: all)")
    group.add_argument("--burn-in", action="store_true", help="with the measurements in the video")
    if window:
        group.add_argument("--exact", action="store_true", help="every frame however long it takes; else live")


def wish_from(args: argparse.Namespace, methods: Sequence[str]) -> VideoWish:
    """Checked before anything is started. `methods`: the panes there will be; () where that is not known yet."""
    if args.video is None:
        if args.video_of is not None:
            raise SuperseeError(f"--video-of {args.video_of} needs a file", "none is named", "Add --video FILE.")
        return VideoWish(codec=args.codec, burn_in=args.burn_in)
    endings = (".mkv",) if args.codec == "ffv1" else (".mp4", ".mkv")
    if args.video.suffix.lower() not in endings:
        listed = " or ".join(endings)
        raise SuperseeError(f"{args.video} is no name for a video", f"{args.codec} is written as {listed}")
    choices.writable_folder(args.video.parent)
    wish = VideoWish(args.video, args.codec, args.video_of, args.burn_in)
    if methods:
        check_pane(wish, methods)
    return wish


def check_pane(wish: VideoWish, methods: Sequence[str]) -> None:
    """Raises SuperseeError where the pane to record is not among `methods`."""
    if wish.method is not None and wish.method not in methods:
        raise SuperseeError(
            f"There is no pane {wish.method} to record", f"the panes are {', '.join(methods)}", "Name one of them."
        )


@contextmanager
def recorded(run: Headless, wish: VideoWish) -> Iterator[Callable[[FrameResult], None]]:
    """Gives a function that takes the run's frames, each before the next is drawn; the file is whole when the block is
    left without error, and playable as far as it goes otherwise."""
    from app.capture.video import VideoWriter

    if wish.path is None:
        yield lambda _frame: None
        return
    method = wish.method
    size = run.canvas if method is None else run.plan.size
    with VideoWriter(wish.path, size, run.plan.rate, codec=wish.codec, record=run.record()) as video:
        if wish.burn_in:
            yield lambda _frame: video.write(run.with_measurements(method))
        else:
            yield lambda frame: video.write(frame.composition if method is None else frame.panes[method])

"""`supersee bench --io`: what recording a sequence, reading it ahead, playing it and live video cost here."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app.commands import choices
from app.conventions import Size
from app.errors import SuperseeError

if TYPE_CHECKING:
    import moderngl

    from app.sequence.native import NativeSequence
    from app.sequence.source import RecordedFrame

SIZE: Size = (1920, 1080)
DRAWN = 4
"""Different frames that are drawn; they are recorded again and again, because drawing is not what is measured."""
AHEAD = 6
"""Frames that the reader is asked for beyond the one that is shown."""
BUSY_CORES = 1.6
"""Of 2: what read-ahead must use to count as keeping them busy."""
_COMPRESSIONS = ("NO", "RLE", "ZIPS", "ZIP", "PIZ")


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one frame in the mean: `ms` by the wall clock, `cpu_ms` of this process in all of its threads. `cores` is how
    many of them that kept busy; `idle` how many the whole machine had left over, or None where it does not say."""

    frames: int
    ms: float
    cpu_ms: float
    cores: float
    idle: float | None

    @property
    def rate(self) -> float:
        return 1e3 / self.ms


def run(args: argparse.Namespace) -> int:
    from app.commands.report import write_json

    choices.writable_folder(args.out)
    result = measure(args.sizes[0] if args.sizes else SIZE, args.frames, args.scene or choices.DEFAULT_SCENE, args.out)
    write_json(args.out / "io.json", result)
    _say(f"\nwritten: {args.out / 'io.json'}")
    return 0


def measure(size: Size, frames: int, scene: str, out: Path) -> dict[str, Any]:
    """Everything in turn, printed as it comes; the document of io.json. Writes to the disk that `out` is on, and
    removes it again. Raises SuperseeError where there is no room."""
    from app import __version__
    from app.capture.provenance import busy_note, machine, versions
    from app.render.gl_context import headless_context, is_software, renderer_name

    busy = busy_note()
    _say(f"{machine()['processor']}, {machine()['cores']} cores" + (f"\nNote: {busy}" if busy else ""))
    out.mkdir(parents=True, exist_ok=True)
    _check_room(out, size, frames)
    with ExitStack() as stack:
        context = stack.enter_context(headless_context())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=".io-", dir=out)))
        drawn = _drawn(context, scene, size)
        facts = {"renderer": renderer_name(context), "software_renderer": is_software(context)}
        sequence = {**_recording(context, drawn, folder, frames), **_playing(context, folder)}
        packing = _packing(drawn[-1], folder)
    return {
        "schema": 1, "program": "Supersee", "version": __version__, "machine": {**machine(), **facts},
        "versions": versions("numpy", "OpenEXR", "av"), "busy": busy,
        "settings": {"scene": scene, "size": list(size), "frames": frames, "layers": "colour, depth, motion, reactive"},
        **sequence, "packing": packing, "live_video": _live_video(frames),
    }  # fmt: skip


def _drawn(context: moderngl.Context, scene: str, size: Size) -> list[RecordedFrame]:
    from app.commands.headless import find_path
    from app.commands.record import Take, frames
    from app.scene.builtin import load_scene

    model = load_scene(scene)
    take = Take(scene, size=size, ratio=1.0, frames=DRAWN, reference=0)
    return [frame for frame, _ in frames(context, take, model, find_path(model, None))]


def _recording(
    context: moderngl.Context, drawn: Sequence[RecordedFrame], folder: Path, frames: int
) -> dict[str, dict[str, Any]]:
    """Reading back from the GPU, and writing, each by itself."""
    from app.sequence.native_meta import SequenceMeta
    from app.sequence.source import SequencePlayer
    from app.sequence.writer import SequenceWriter, recorded

    size: Size = drawn[0].depth.shape[::-1]
    meta = SequenceMeta("bench", 30.0, size, size, reactive=True)
    _say(f"\nrecording {size[0]}x{size[1]}: colour, depth, motion and reactive mask, as ZIP-packed EXR")
    with SequenceWriter(folder / "take", meta) as writer:
        writing = _measured(lambda index: writer.add(drawn[index % len(drawn)]), range(frames))
    megabytes = sum(path.stat().st_size for path in (folder / "take").rglob("*.exr")) / 1e6 / frames
    player = SequencePlayer(context, _opened(folder))
    shown = [player.upload(frame, 0, follows=False) for frame in drawn[:1]]
    reading_back = _measured(lambda _: recorded(shown[0]), range(min(frames, 8)))
    player.release()
    both = writing.ms + reading_back.ms
    _print("read back from OpenGL", reading_back)
    _print("packed and written", writing, f"  {megabytes:.1f} MB a frame", threads=2)
    _say(f"  {'together':30}{1e3 / both:7.1f} frames/s")
    return {
        "read_back": asdict(reading_back),
        "write": {**asdict(writing), "megabytes": round(megabytes, 2)},
        "record": {"frames_per_second": round(1e3 / both, 2)},
    }


def _playing(context: moderngl.Context, folder: Path) -> dict[str, dict[str, Any]]:
    from app.sequence.read_ahead import ReadAhead
    from app.sequence.source import SequencePlayer

    source = _opened(folder)
    _say("\nplaying it")
    alone = _measured(source.read, range(len(source)))
    _print("read by one thread", alone)
    ahead = ReadAhead(source)
    try:
        reading = _measured(lambda index: _next(ahead, index, len(source)), range(len(source)))
    finally:
        ahead.close()
    verdict = _verdict(reading)
    _print("read ahead", reading, f"  two cores: {verdict}", threads=2)
    player, again = SequencePlayer(context, source), ReadAhead(source)

    def played(index: int) -> None:
        frame = _next(again, index, len(source))
        player.upload(frame, index, follows=index > 0)
        context.finish()

    try:
        playing = _measured(played, range(len(source)))
    finally:
        again.close()
        player.release()
    _print("read ahead and uploaded", playing, threads=2)
    return {"read": asdict(alone), "read_ahead": {**asdict(reading), "verdict": verdict}, "play": asdict(playing)}


def _verdict(reading: Measured) -> str:
    """Of read-ahead; where other programs take the processor, nobody can tell what it would have used."""
    if reading.cores >= BUSY_CORES:
        return "busy"
    nothing_left = reading.idle is not None and reading.idle < 2.0 - BUSY_CORES
    return "all taken, by other programs too" if nothing_left else "NOT busy"


def _next(ahead: Any, index: int, count: int) -> RecordedFrame:
    ahead.want(range(index, min(index + AHEAD, count)))
    frame = ahead.frame(index)
    if frame.frame is None:
        raise SuperseeError(
            f"Frame {index + 1} that was just recorded cannot be read", frame.missing, "Check the disk."
        )
    return frame.frame


def _packing(frame: RecordedFrame, folder: Path) -> dict[str, dict[str, float]]:
    """Processor time of one frame's layers by compression: why recordings are packed as they are."""
    import OpenEXR

    layers = {
        "colour": {name: np.ascontiguousarray(frame.colour[..., i]) for i, name in enumerate("RGBA")},
        "depth": {"Z": np.ascontiguousarray(frame.depth)},
        "motion": {n: np.ascontiguousarray(frame.motion[..., i].astype(np.float16)) for i, n in enumerate("XY")},
    }
    _say(f"\na frame's layers by compression{'write, CPU ms':>22}{'read, CPU ms':>15}{'MB':>8}")
    found = {}
    for name in _COMPRESSIONS:
        header = {"compression": getattr(OpenEXR, f"{name}_COMPRESSION"), "type": OpenEXR.scanlineimage}
        write = read = megabytes = 0.0
        for layer, channels in layers.items():
            path = str(folder / f"{layer}.exr")
            with OpenEXR.File(dict(header), dict(channels)) as file:  # the constructor changes what it is given
                write += _cpu_ms(lambda file=file, path=path: file.write(path))
            read += _cpu_ms(lambda path=path: OpenEXR.File(path, separate_channels=True))
            megabytes += Path(path).stat().st_size / 1e6
        found[name] = {"write_cpu_ms": round(write, 1), "read_cpu_ms": round(read, 1), "megabytes": round(megabytes, 2)}
        _say(f"  {name:28}{write:22.0f}{read:15.0f}{megabytes:8.1f}")
    return found


def _cpu_ms(work: Callable[[], object], times: int = 3) -> float:
    """The least of a few runs: what other programs do to the caches only ever adds."""
    least = float("inf")
    for _ in range(times):
        begun = time.process_time()
        work()
        least = min(least, time.process_time() - begun)
    return least * 1e3


def _live_video(frames: int) -> dict[str, Any]:
    from app.measure.io_video import measure_live_encoding

    found = dict(measure_live_encoding(frames=frames))
    _say(f"\nlive video at {found['size']}: what it adds to the loop that draws")
    for name, value in found.items():
        shown = f"{value:10.3f}" if isinstance(value, float) else f"{value!s:>10}"
        _say(f"  {name.replace('_', ' '):30}{shown}")
    return found


def _measured(work: Callable[[int], object], indices: Sequence[int]) -> Measured:
    with _idle_cores() as idle:
        wall, cpu = time.perf_counter(), time.process_time()
        for index in indices:
            work(index)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    count = len(indices)
    return Measured(
        count, round(wall / count * 1e3, 2), round(cpu / count * 1e3, 2), round(cpu / wall, 2), idle.get("cores")
    )


@contextmanager
def _idle_cores() -> Iterator[dict[str, float]]:
    """Fills in "cores": how many of the machine's had nothing to do meanwhile (Linux; empty elsewhere)."""
    found: dict[str, float] = {}
    before, begun = _idle_seconds(), time.perf_counter()
    yield found
    after, wall = _idle_seconds(), time.perf_counter() - begun
    if before is not None and after is not None and wall > 0.1:  # the kernel counts in hundredths
        found["cores"] = round(max(0.0, after - before) / wall, 2)


def _idle_seconds() -> float | None:
    try:
        fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()
        return (int(fields[4]) + int(fields[5])) / os.sysconf("SC_CLK_TCK")  # idle, and waiting for the disk
    except (OSError, ValueError, IndexError):
        return None


def _opened(folder: Path) -> NativeSequence:
    from app.sequence.native import NativeSequence

    return NativeSequence(folder / "take")


def _check_room(out: Path, size: Size, frames: int) -> None:
    needed, free = size[0] * size[1] * 16 * (frames + 2), shutil.disk_usage(out).free
    if needed > free:
        raise SuperseeError(
            f"{out} has too little room",
            f"up to {needed / 1e9:.1f} GB are written, and {free / 1e9:.1f} are free",
            "Name another folder with --out, or fewer --frames.",
        )


def _print(name: str, measured: Measured, more: str = "", threads: int = 1) -> None:
    idle = "" if measured.idle is None else f", {measured.idle:.1f} idle"
    if measured.idle is not None and measured.idle < 2.0 - BUSY_CORES and measured.cores < 0.8 * threads:
        idle += (
            f" (at most {threads * 1e3 / measured.cpu_ms:.0f} frames/s, were {'both' if threads > 1 else 'one'} free)"
        )
    _say(
        f"  {name:30}{measured.rate:7.1f} frames/s  {measured.ms:7.1f} ms, {measured.cpu_ms:6.1f} of CPU, "
        f"{measured.cores:.1f} of {threads} core{'s' * (threads > 1)} busy{idle}{more}"
    )


def _say(text: str) -> None:
    print(text, flush=True, file=sys.stdout)  # noqa: T201

"""`supersee doctor`: what was found, what is missing, and what to do about it. A bad finding never ends it early."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from app.commands.findings import Finding, as_line
from app.errors import SuperseeError

LEAST_FREE_BYTES = 2 * 2**30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the findings as JSON too")


def run(args: argparse.Namespace) -> int:
    """0 where nothing is missing, 1 otherwise."""
    findings = []
    for finding in examine():
        print(as_line(finding), flush=True)  # noqa: T201
        findings.append(finding)
    missing = [f.name for f in findings if f.verdict == "missing"]
    print(f"\nmissing: {', '.join(missing)}" if missing else "\nEverything that is needed is here.")  # noqa: T201
    if args.json is not None:
        from app.commands.report import write_json

        write_json(args.json, {"findings": [asdict(f) for f in findings]})
    return 1 if missing else 0


def examine() -> Iterator[Finding]:
    """Every check in turn, each guarded: one that breaks becomes a finding itself."""
    for name, check in CHECKS.items():
        try:
            yield from check()
        except Exception as error:  # noqa: BLE001 - a doctor that falls ill helps nobody
            yield Finding(name, "missing", f"the check itself failed: {type(error).__name__}: {error}")


def check_python() -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    good = sys.version_info >= (3, 11)
    yield Finding("Python", "ok" if good else "missing", version, "" if good else "Install Python 3.11 or newer.")


def check_opengl() -> Iterator[Finding]:
    from app.render.gl_context import headless_context, is_software

    try:
        with headless_context() as context:
            info, software = context.info, is_software(context)
    except SuperseeError as error:
        yield Finding("OpenGL", "missing", f"{error.what}: {error.why}", error.do)
        return
    version = f"{info['GL_VERSION']} by {info['GL_VENDOR']}"
    yield Finding("OpenGL", "ok", version)
    if software:
        advice = "Times come from software rendering. With a GPU here, install its driver."
        yield Finding("renderer", "note", f"{info['GL_RENDERER']}: the CPU draws", advice)
    else:
        yield Finding("renderer", "ok", str(info["GL_RENDERER"]))


def check_display() -> Iterator[Finding]:
    from app.commands.view import has_display

    if not has_display():
        advice = "Without a window `supersee` renders into out/. Over SSH: ssh -X; without a screen: xvfb-run."
        yield Finding("display", "note", "none (DISPLAY and WAYLAND_DISPLAY are unset)", advice)
    else:
        where = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY") or sys.platform
        yield Finding("display", "ok", where)


QT_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libX11-xcb.so.1": "libx11-xcb1",
}
"""Shared objects that Qt's window needs on Linux, and Debian's package for each (the launcher has the same list)."""


def check_qt() -> Iterator[Finding]:
    from app.capture.provenance import versions

    found = versions("PySide6-Essentials")
    if not found:
        yield Finding("Qt", "missing", "PySide6 is not installed", "pip install PySide6-Essentials")
        return
    yield Finding("Qt", "ok", f"PySide6 {found['PySide6-Essentials']}")
    if not sys.platform.startswith("linux"):
        return
    missing = [package for soname, package in QT_LIBRARIES.items() if not _loads(soname)]
    if missing:
        yield Finding("Qt libraries", "missing", ", ".join(missing), f"Debian: apt install {' '.join(missing)}")
    else:
        yield Finding("Qt libraries", "ok", "all of xcb's are here")


def check_inference() -> Iterator[Finding]:
    from app.capture.provenance import versions

    if not versions("openvino"):
        yield Finding("OpenVINO", "missing", "not installed", "pip install openvino")
        return
    import openvino

    core = openvino.Core()
    devices = ", ".join(core.available_devices)
    yield Finding("OpenVINO", "ok", f"{versions('openvino')['openvino']}, devices: {devices}")
    abilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if "BF16" in abilities:
        yield Finding("CPU precision", "ok", "bf16 (about twice as fast as f32)")
    else:
        yield Finding("CPU precision", "note", "no bf16 on this processor: the network runs in f32, more slowly")


def check_networks() -> Iterator[Finding]:
    from app.commands.networks import network_names
    from app.inference.manifest import load_network
    from app.paths import WEIGHTS

    names = network_names()
    if not names:
        advice = "Train one with `python -m models train`; until then the neural pane shows bilinear and says so."
        yield Finding("network", "missing", f"none in {WEIGHTS}", advice)
    for name in names:
        try:
            load_network(WEIGHTS / name)
            yield Finding("network", "ok", f"{name} ({(WEIGHTS / name / 'model.onnx').stat().st_size / 1e6:.1f} MB)")
        except SuperseeError as error:
            yield Finding("network", "missing", f"{name}: {error.what}: {error.why}", error.do)
    yield from _check_image_networks()


def _check_image_networks() -> Iterator[Finding]:
    """Single-image peers: without them their methods are not listed, which is no fault."""
    from app.inference.image_manifest import image_kinds, image_networks
    from app.paths import WEIGHTS

    for kind in image_kinds(WEIGHTS):
        try:
            for network in image_networks(kind, WEIGHTS):
                size = network.model.stat().st_size / 1e6
                yield Finding("network", "ok", f"{network.name} ({kind}, {network.ratio}x only, {size:.1f} MB)")
        except SuperseeError as error:
            yield Finding("network", "missing", f"{kind}: {error.what}: {error.why}", error.do)


def check_assets() -> Iterator[Finding]:
    from app.paths import ASSETS, ENVIRONMENTS, SCENES, SHADERS

    for name, folder, pattern in (
        ("scenes", SCENES, "*.glb"),
        ("environments", ENVIRONMENTS, "*.exr"),
        ("fonts", ASSETS / "fonts", "*.ttf"),
        ("shaders", SHADERS, "**/*.*"),
    ):
        files = sorted(path.stem for path in folder.glob(pattern))
        shown = ", ".join(files) if name in ("scenes", "environments") else f"{len(files)} files"
        if files:
            yield Finding(name, "ok", shown)
        else:
            yield Finding(name, "missing", f"nothing in {folder}", "Clone or install the program again.")


def check_video() -> Iterator[Finding]:
    from app.capture.encoders import CODECS, encoder_works

    found = [name for codec in CODECS.values() for name in codec.encoders if encoder_works(name)]
    if found:
        yield Finding("video encoders", "ok", ", ".join(found))
    else:
        yield Finding("video encoders", "missing", "none encodes here", "pip install --force-reinstall av")


def check_nvidia() -> Iterator[Finding]:
    """The way from OpenGL through CUDA and TensorRT: each step by itself, because each can be missing by itself."""
    from app.commands import doctor_gpu

    yield from doctor_gpu.check_gpu(nvidia_driver())


def check_hardware() -> Iterator[Finding]:
    from app.inference.hardware_status import NOT_YET_RUN

    for entry in NOT_YET_RUN:
        advice = f"So far: {entry.instead}. With an NVIDIA GPU: {entry.check}"
        yield Finding("not yet run", "note", entry.what, advice)


def nvidia_driver() -> str:
    """The driver's own version line, or ""."""
    try:
        lines = Path("/proc/driver/nvidia/version").read_text(encoding="utf-8").splitlines()
        return lines[0].removeprefix("NVRM version:").strip() if lines else "found"
    except OSError:
        return "found (nvidia-smi is here)" if shutil.which("nvidia-smi") else ""


def check_disk() -> Iterator[Finding]:
    from app.paths import settings_folder

    free = shutil.disk_usage(Path.cwd()).free
    enough = free >= LEAST_FREE_BYTES
    advice = "" if enough else "Recordings and frames need more: free some space, or work in another folder."
    yield Finding("disk", "ok" if enough else "note", f"{free / 2**30:.1f} GiB free in {Path.cwd()}", advice)
    folder = settings_folder()
    parent = next(path for path in (folder, *folder.parents) if path.exists())
    if os.access(parent, os.W_OK):
        yield Finding("settings", "ok", str(folder))
    else:
        yield Finding("settings", "note", f"{folder} cannot be written", "Settings will not survive a restart.")


def _loads(soname: str) -> bool:
    import ctypes

    try:
        ctypes.CDLL(soname)
        return True
    except OSError:
        return False


CHECKS: dict[str, Callable[[], Iterator[Finding]]] = {
    "Python": check_python,
    "OpenGL": check_opengl,
    "display": check_display,
    "Qt": check_qt,
    "inference": check_inference,
    "network": check_networks,
    "assets": check_assets,
    "video": check_video,
    "NVIDIA": check_nvidia,
    "disk": check_disk,
    "hardware": check_hardware,
}

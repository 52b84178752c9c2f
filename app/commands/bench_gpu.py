"""`supersee bench --gpu`: what the neural upscale costs on an NVIDIA GPU, part by part, for every display size and
quality mode, beside the network in torch and onnxruntime. A table and a JSON file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.commands import choices
from app.conventions import QUALITY_MODES, Size, mode_name, render_size
from app.errors import SuperseeError
from app.measure.network_times import FILE_NAME, TORCH_EAGER, NetworkTime, read_network_times, speed_ups

if TYPE_CHECKING:
    import moderngl

    from app.inference.backend import InferenceBackend
    from app.inference.cuda_runtime import CudaRuntime
    from app.inference.manifest import Network
    from app.render.frame import FrameInputs
    from app.render.live_source import LiveSource

SIZES: tuple[Size, ...] = ((1920, 1080), (2560, 1440), (3840, 2160))
RATIOS = tuple(mode.ratio for mode in QUALITY_MODES)
FRAMES, WARM_UP = 300, 60
GPU_SIZED = "standard"
"""The network that is measured unless another is named; the default one is sized for two CPU cores."""
INTEROP_AIM_MS = 0.05
SPEED_UP_AIM = 3.0
_SHOWN = ("pre", "map", "network", "unmap", "post", "whole", "calls")
_SCENE = "court"


@dataclass(frozen=True, slots=True)
class Aim:
    """Milliseconds that a whole upscale may take, by (display size, ratio), on GPUs whose name holds one of `names`."""

    label: str
    names: tuple[str, ...]
    whole_ms: dict[tuple[Size, float], float]


AIMS = (
    Aim("H100 class", ("H100", "H200", "GH200"), {((1920, 1080), 2.0): 0.35, ((3840, 2160), 2.0): 1.0}),
    Aim("RTX 4090 class", ("RTX 4090",), {((1920, 1080), 2.0): 0.4, ((3840, 2160), 2.0): 1.3}),
)


@dataclass(frozen=True, slots=True)
class Setting:
    """One pair of display size (width, height) and ratio."""

    display: Size
    ratio: float

    @property
    def render(self) -> Size:
        return render_size(self.display, self.ratio)

    @property
    def label(self) -> str:
        return f"{self.display[0]}x{self.display[1]} {mode_name(self.ratio)} {self.ratio:g}x"


def run(args: argparse.Namespace) -> int:
    from app.commands.doctor import nvidia_driver
    from app.commands.report import write_json

    if not nvidia_driver():
        raise SuperseeError(
            "There is no NVIDIA GPU to measure", "no driver is installed", "`supersee bench` measures what is here."
        )
    choices.writable_folder(args.out)
    result = measure(args)
    path = write_json(args.out / "gpu.json", result)
    _say(f"\nwritten: {path}")
    return 0


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """The document of gpu.json."""
    from app.capture.provenance import busy_note
    from app.commands.networks import network_folder, network_names
    from app.inference.cuda_runtime import CudaRuntime
    from app.inference.manifest import load_network
    from app.render.gl_context import headless_context

    wanted = args.network or (GPU_SIZED if GPU_SIZED in network_names() else None)
    network = load_network(network_folder(wanted))
    settings = [Setting(size, ratio) for size in args.sizes or SIZES for ratio in args.ratios or RATIOS]
    with headless_context() as context:
        cuda = CudaRuntime()
        device = cuda.drawing_device()
        machine = gpu_machine(context, cuda, device)
        _say(f"{machine['gpu']['name']}, {machine['gpu']['sm']}; {machine['renderer']}; network {network.name}")
        backend = _backend(network, settings[0].render, device, cuda)
        how = {"scene": args.scene or _SCENE, "frames": args.frames or FRAMES, "warm_up": WARM_UP}
        rows = measure_settings(context, cuda, network, backend, settings, **how)
    return document(network, machine, rows, how, args.out / FILE_NAME, busy_note())


def gpu_machine(context: moderngl.Context, cuda: CudaRuntime, device: int) -> dict[str, Any]:
    """The computer with its GPU, driver and libraries, as far as times depend on them."""
    from app.capture.provenance import machine
    from app.commands.doctor import nvidia_driver
    from app.render.gl_context import is_software, renderer_name

    found = cuda.device(device)
    return {
        **machine(),
        "renderer": renderer_name(context),
        "opengl": str(context.info["GL_VERSION"]),
        "software_renderer": is_software(context),
        "gpu": {**asdict(found), "capability": list(found.capability), "sm": found.sm},
        "driver": nvidia_driver(),
        "cuda_driver": list(cuda.driver_version()),
        "cuda_runtime": list(cuda.runtime_version()),
    }


def measure_settings(
    context: moderngl.Context,
    cuda: CudaRuntime,
    network: Network,
    backend: InferenceBackend,
    settings: Sequence[Setting],
    *,
    scene: str,
    frames: int,
    warm_up: int,
) -> list[dict[str, Any]]:
    """A row for each setting, printed as it comes; one that cannot be measured says why. Raises SuperseeError where
    the GPU is lost: nothing can be measured after that."""
    from app.inference.cuda_errors import CudaError

    _say(f"\nmedian ms of {frames} upscales\n{'':36}" + "".join(f"{part:>9}" for part in _SHOWN) + "  bytes to host")
    rows = []
    with _drawing(context, scene) as draw:
        for setting in settings:
            head = {
                "display": list(setting.display),
                "mode": mode_name(setting.ratio),
                "ratio": setting.ratio,
                "render": list(setting.render),
                "padded": list(network.padded(setting.render)),
                "runtime": backend.name,
                "precision": getattr(backend, "precision", ""),
            }
            try:
                found = _measure_one(context, cuda, network, backend, draw(setting), frames, warm_up)
            except CudaError as error:
                if error.lost:
                    raise
                found = {"problem": str(error)}
            except SuperseeError as error:
                found = {"problem": str(error)}
            rows.append({**head, **found})
            _say(f"{setting.label:36}{_figures(found)}")
    return rows


def _measure_one(
    context: moderngl.Context,
    cuda: CudaRuntime,
    network: Network,
    backend: InferenceBackend,
    frame: FrameInputs,
    frames: int,
    warm_up: int,
) -> dict[str, Any]:
    from app.measure.upscale_times import PartClock, measure_upscale
    from app.upscale.neural import NeuralUpscaler

    clock = PartClock(context, cuda.synchronize_device)
    upscaler = NeuralUpscaler(context, network, backend, clock)
    try:
        return measure_upscale(upscaler, clock, frame, frames, warm_up)
    finally:
        upscaler.release()


@contextmanager
def _drawing(context: moderngl.Context, scene: str) -> Iterator[Callable[[Setting], FrameInputs]]:
    """Draws a frame of `scene` that moves, at a setting's sizes; it is valid until the next one."""
    from app.render.live_source import LiveSource
    from app.scene.builtin import load_scene
    from app.scene.evaluate import evaluate

    model = load_scene(scene)
    path = model.camera_paths[0] if model.camera_paths else None
    source: LiveSource = LiveSource(context, model)

    def draw(setting: Setting) -> FrameInputs:
        source.resize(setting.render, setting.display)
        source.render_frame(evaluate(model, 0.0, path), frame_index=0)
        return source.render_frame(evaluate(model, 1.0 / 30.0, path), frame_index=1)

    try:
        yield draw
    finally:
        source.release()


def document(
    network: Network,
    machine: dict[str, Any],
    rows: list[dict[str, Any]],
    how: dict[str, Any],
    beside: Path,
    busy: str,
) -> dict[str, Any]:
    """gpu.json: the rows and `how` they were measured, how they stand against their aims, and the other runtimes'
    figures from the file `beside`."""
    from app import __version__
    from app.capture.provenance import versions

    own = _network_rows(rows)
    others, remark = _others(beside, network, machine["gpu"]["name"])
    _print_networks(own, others)
    for line in remark, busy:
        if line:
            _say(f"Note: {line}")
    verdicts = [*_whole_verdicts(rows, machine["gpu"]["name"]), *_speed_verdicts(own, others)]
    for verdict in verdicts:
        _say(f"  {verdict['what']}: {verdict['found']:g}, aim {verdict['aim']:g}: {_reached(verdict)}")
    return {
        "schema": 1,
        "kind": "gpu",
        "program": "Supersee",
        "version": __version__,
        "machine": machine,
        "versions": versions(
            "numpy", "moderngl", "cuda-bindings", "tensorrt_rtx", "tensorrt", "torch", "onnxruntime-gpu"
        ),
        "network": {"name": network.name, "sha256": network.sha256, "macs_per_pixel": network.macs_per_pixel},
        "settings": how,
        "busy": busy,
        "upscales": rows,
        "networks": [{**asdict(row), "size": list(row.size)} for row in (*own, *others)],
        "verdicts": verdicts,
    }


def _network_rows(rows: Sequence[dict[str, Any]]) -> list[NetworkTime]:
    """Of the network alone, once a padded LR size: two settings may share one."""
    found: dict[Size, NetworkTime] = {}
    for row in rows:
        size = (row["padded"][0], row["padded"][1])
        milliseconds = row.get("parts_ms", {}).get("network")
        if milliseconds and size not in found:
            found[size] = NetworkTime(row["runtime"], row["precision"], size, milliseconds)
    return list(found.values())


def _others(path: Path, network: Network, gpu: str) -> tuple[tuple[NetworkTime, ...], str]:
    """Figures of the same network on the same GPU, and a remark where there are none."""
    times = read_network_times(path)
    if times is None:
        return (), f"torch and onnxruntime stand beside it after `python -m models bench-gpu --out {path}`"
    if times.model != network.sha256 or times.device != gpu:
        return (), f"{path} is of the network {times.network} on {times.device}, and is left out"
    return times.rows, ""


def _whole_verdicts(rows: Sequence[dict[str, Any]], gpu: str) -> list[dict[str, Any]]:
    aim = next((aim for aim in AIMS if any(name in gpu for name in aim.names)), None)
    verdicts = []
    for row in rows:
        parts = row.get("parts_ms", {})
        most = aim.whole_ms.get(((row["display"][0], row["display"][1]), row["ratio"])) if aim else None
        where = f"{row['display'][0]}x{row['display'][1]} {row['ratio']:g}x"
        if most is not None and parts.get("whole"):
            verdicts.append(_verdict(f"{where}, whole upscale, ms", parts["whole"]["median"], most, "most"))
        if most is not None and parts.get("map") and parts.get("unmap"):
            interop = parts["map"]["median"] + parts["unmap"]["median"]
            verdicts.append(_verdict(f"{where}, map + unmap, ms", interop, INTEROP_AIM_MS, "most"))
    return verdicts


def _speed_verdicts(own: Sequence[NetworkTime], others: Sequence[NetworkTime]) -> list[dict[str, Any]]:
    if not own:
        return []
    faster = speed_ups((*own, *others), own[0].runtime, TORCH_EAGER)
    return [
        _verdict(f"{size[0]}x{size[1]}, times faster than {TORCH_EAGER}", times, SPEED_UP_AIM, "least")
        for size, times in faster.items()
    ]


def _verdict(what: str, found: float, aim: float, kind: str) -> dict[str, Any]:
    reached = found <= aim if kind == "most" else found >= aim
    return {"what": what, "found": round(found, 4), "aim": aim, "at": kind, "reached": reached}


def _reached(verdict: dict[str, Any]) -> str:
    return "reached" if verdict["reached"] else "NOT reached"


def _backend(network: Network, render: Size, device: int, cuda: CudaRuntime) -> InferenceBackend:
    """The first TensorRT whose engine passes its gate on this GPU. Raises SuperseeError, with every reason."""
    from app.inference.tensorrt_backend import TensorRtBackend
    from app.inference.tensorrt_library import KINDS

    reasons = []
    for kind in KINDS:
        try:
            backend = TensorRtBackend(kind, device=device, runtime=cuda)
            backend.prepare(network.model, network.padded(render))
            return backend
        except SuperseeError as error:
            reasons.append(str(error))
            _say(f"Note: {error}")
    raise SuperseeError("No TensorRT runs on this GPU", "; ".join(reasons), "Run `supersee doctor`.")


def _figures(found: dict[str, Any]) -> str:
    if "problem" in found:
        return f"not measured: {found['problem']}"
    parts = found["parts_ms"]
    cells = "".join(f"{parts[part]['median']:9.3f}" if parts[part] else f"{'':>9}" for part in _SHOWN)
    return f"{cells}{found['bytes_to_host']:15,}"


def _print_networks(own: Sequence[NetworkTime], others: Sequence[NetworkTime]) -> None:
    _say("\nthe network alone, median ms")
    for row in sorted((*own, *others), key=lambda row: (row.size, row.runtime)):
        figure = f"{row.milliseconds['median']:9.3f}" if row.milliseconds else f"  not measured: {row.note}"
        _say(f"{row.size[0]:>6}x{row.size[1]:<6}{row.runtime:28}{row.precision:6}{figure}")


def _say(text: str) -> None:
    print(text, flush=True, file=sys.stdout)  # noqa: T201

"""Building one TensorRT engine from a strongly typed ONNX file, in this process (app/inference/engine_worker.py runs it
in one of its own).

The file's tensors are NCHW by name. The engine is told to take and give them channels last (HWC8: channels innermost,
a multiple of eight of them) and to do so directly, which makes the build fail rather than insert a reformat. In memory
that is the NHWC half floats that the shaders write.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.conventions import Size
from app.errors import SuperseeError
from app.inference.channels import INPUT_CHANNELS, OUTPUT_CHANNELS
from app.inference.engine_report import Layer, boundary_problem, read_layers
from app.inference.paused_collector import paused_collector
from app.inference.tensorrt_library import TensorRtLibrary

INPUT_NAME, OUTPUT_NAME = "features", "parameters"
_LARGEST_MODEL = 256 << 20
_EXPORT = "Export the network again with `python -m models export`."


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """`size` is the padded LR (width, height); `target` one of TensorRtLibrary.targets()."""

    model: Path
    size: Size
    target: str


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One of an engine's own inputs and outputs; `shape` NCHW by name, `format` TensorRT's word."""

    name: str
    shape: tuple[int, ...]
    type: str
    format: str


@dataclass(frozen=True, slots=True)
class BuiltEngine:
    """`layers` is () where the library does not list them; `boundary`: what is wrong with how it touches the outside,
    "" where nothing is or nothing is known."""

    plan: bytes
    tensors: tuple[TensorInfo, ...]
    layers: tuple[Layer, ...]
    boundary: str
    seconds: float


@paused_collector()
def build_engine(library: TensorRtLibrary, request: BuildRequest) -> BuiltEngine:
    """Raises SuperseeError where the file is not a network of ours or TensorRT cannot build it."""
    begun = time.perf_counter()
    api, log = library.api, _Listing(library)
    builder = api.Builder(log.logger)
    network = library.create_network(builder)
    _parse(api, network, log, request.model)
    tensors = _shaped(api, network, request)
    config = builder.create_builder_config()
    direct = getattr(api.BuilderFlag, "DIRECT_IO", None)  # deprecated: without it the listing still tells
    if direct is not None:
        config.set_flag(direct)
    config.profiling_verbosity = api.ProfilingVerbosity.DETAILED
    library.set_target(config, request.target)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise SuperseeError(
            f"{library.label} cannot build {request.model.name} for {request.size[0]}x{request.size[1]}",
            library.told() or "it gives no reason",
            "Run `supersee doctor`; the network runs on the CPU meanwhile.",
        )
    layers = read_layers(log.text)
    problem = boundary_problem(layers, INPUT_NAME, OUTPUT_NAME) if layers else ""
    return BuiltEngine(bytes(plan), tensors, layers, problem, time.perf_counter() - begun)


class _Listing:
    """A logger that keeps what the builder says of the layers; all the rest goes to the library's own."""

    def __init__(self, library: TensorRtLibrary) -> None:
        self.text = ""
        api, whole = library.api, self
        library.messages.clear()

        class Logger(api.ILogger):  # type: ignore[name-defined]
            def __init__(self) -> None:
                api.ILogger.__init__(self)

            def log(self, severity: Any, message: str) -> None:
                if message.startswith("Layers:"):
                    whole.text = message
                library.logger.log(severity, message)

        self.logger = Logger()


def _parse(api: Any, network: Any, log: _Listing, model: Path) -> None:
    try:
        if model.stat().st_size > _LARGEST_MODEL:
            raise _unusable(model, "it is larger than any network")
        data = model.read_bytes()
    except OSError as error:
        raise _unusable(model, f"it cannot be read ({error.strerror})") from error
    parser = api.OnnxParser(network, log.logger)
    if not parser.parse(data):
        errors = [parser.get_error(i) for i in range(parser.num_errors)]
        raise _unusable(model, "; ".join(map(_said, errors[:2])) or "it is not an ONNX file")


def _said(error: Any) -> str:
    operator = error.node_operator()
    return (f"{operator}: " if operator else "") + " ".join(error.desc().split())


def _shaped(api: Any, network: Any, request: BuildRequest) -> tuple[TensorInfo, ...]:
    """Gives the network its size and formats; refuses one with other inputs and outputs than ours."""
    inputs = [network.get_input(i) for i in range(network.num_inputs)]
    outputs = [network.get_output(i) for i in range(network.num_outputs)]
    if [t.name for t in inputs] != [INPUT_NAME] or [t.name for t in outputs] != [OUTPUT_NAME]:
        names = ", ".join(t.name for t in inputs), ", ".join(t.name for t in outputs)
        raise _unusable(request.model, f"it turns {names[0] or 'nothing'} into {names[1] or 'nothing'}")
    width, height = request.size
    shapes = {
        INPUT_NAME: (1, len(INPUT_CHANNELS), height, width),
        OUTPUT_NAME: (1, len(OUTPUT_CHANNELS), height, width),
    }
    for tensor in (*inputs, *outputs):
        if tensor.dtype != api.DataType.HALF:
            raise _unusable(request.model, f"{tensor.name} is {tensor.dtype.name}, not half floats")
        found = tuple(tensor.shape)
        if any(have not in (-1, want) for have, want in zip(found, shapes[tensor.name])) or len(found) != 4:
            raise _unusable(request.model, f"{tensor.name} is {found}, not {shapes[tensor.name]}")
    inputs[0].shape = shapes[INPUT_NAME]
    if tuple(outputs[0].shape) != shapes[OUTPUT_NAME]:
        raise _unusable(request.model, f"its answer would be {tuple(outputs[0].shape)}, not {shapes[OUTPUT_NAME]}")
    for tensor in (inputs[0], outputs[0]):
        tensor.allowed_formats = 1 << int(api.TensorFormat.HWC8)
    return tuple(TensorInfo(t.name, tuple(t.shape), t.dtype.name, "HWC8") for t in (inputs[0], outputs[0]))


def _unusable(model: Path, why: str) -> SuperseeError:
    return SuperseeError(f"{model.name} is not a network that TensorRT can run here", why, _EXPORT)

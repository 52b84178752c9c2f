"""`doctor`'s look at the NVIDIA path: driver, CUDA, where OpenGL draws, a round trip, TensorRT, an engine. Each step
has a line of its own, also where an earlier one is missing, so that nobody has to guess how far it goes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from app.commands.findings import Finding
from app.errors import SuperseeError

if TYPE_CHECKING:
    import moderngl

    from app.inference.cuda_runtime import CudaRuntime
    from app.inference.tensorrt_library import TensorRtLibrary

GPU_EXTRA = 'pip install "supersee[gpu]" (./supersee does it by itself where it finds NVIDIA\'s driver)'
NO_DRIVER = "not tried: there is no NVIDIA driver"
INTEROP_AIM_MS = 0.05


def check_gpu(driver: str) -> Iterator[Finding]:
    """`driver`: the driver's version line, "" where there is none."""
    if driver:
        yield Finding("NVIDIA driver", "ok", driver)
    else:
        advice = "With an NVIDIA GPU here, install its driver (Debian: apt install nvidia-driver)."
        yield Finding("NVIDIA driver", "note", "none: the network runs on the CPU (OpenVINO)", advice)
    cuda, finding = _cuda(driver)
    yield finding
    yield from _sharing(cuda)
    yield from check_tensorrt(cuda)


def _cuda(driver: str) -> tuple[CudaRuntime | None, Finding]:
    """The runtime where it can be used, and what there is to say of it."""
    from app.capture.provenance import versions
    from app.inference.cuda_runtime import CudaRuntime

    bindings = versions("cuda-bindings").get("cuda-bindings", "")
    if not bindings:
        return None, Finding("CUDA", "missing" if driver else "note", "the CUDA bindings are not installed", GPU_EXTRA)
    try:
        cuda = CudaRuntime()
        speaks, runtime = cuda.driver_version(), cuda.runtime_version()
        said = f"runtime {runtime[0]}.{runtime[1]} (bindings {bindings})"
        if speaks == (0, 0):
            advice = "Install NVIDIA's driver." if driver else ""
            return None, Finding("CUDA", "missing" if driver else "note", f"{said}, no driver", advice)
        count = cuda.device_count()
        if not count:
            cuda.use(0)  # says why
        devices = [cuda.device(index) for index in range(count)]
    except SuperseeError as error:
        return None, Finding("CUDA", "missing", f"{error.what}: {error.why}", error.do)
    gpus = "; ".join(f"GPU {d.index}: {d.name}, {d.sm}, {d.memory / 2**30:.0f} GiB" for d in devices)
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    hidden = f"; CUDA_VISIBLE_DEVICES={visible}" if visible is not None else ""
    return cuda, Finding("CUDA", "ok", f"driver {speaks[0]}.{speaks[1]}, {said}; {gpus}{hidden}")


def _sharing(cuda: CudaRuntime | None) -> Iterator[Finding]:
    """Whether OpenGL draws on the GPU that CUDA computes on, and whether a pattern survives the way there and back."""
    from app.render.gl_context import create_headless_context, renderer_name

    try:
        context = create_headless_context()
    except SuperseeError as error:
        yield Finding("GL on NVIDIA", "missing", error.what, error.do)
        return
    try:
        if cuda is None:
            yield Finding("GL on NVIDIA", "note", f"no: {renderer_name(context)} draws")
            yield Finding("GL-CUDA sharing", "note", NO_DRIVER)
            return
        try:
            device = cuda.device(cuda.device_of_gl_context())
        except SuperseeError as error:
            yield Finding("GL on NVIDIA", "missing", f"no: {renderer_name(context)} draws ({error.why})", error.do)
            yield Finding("GL-CUDA sharing", "missing", "not tried: OpenGL is not on the NVIDIA GPU", error.do)
            return
        yield Finding("GL on NVIDIA", "ok", f"yes: {renderer_name(context)} draws, GPU {device.index} of CUDA")
        yield _round_trip(context, cuda)
    finally:
        context.release()


def _round_trip(context: moderngl.Context, cuda: CudaRuntime) -> Finding:
    from app.inference.cuda_probe import probe_shared_buffers

    try:
        result = probe_shared_buffers(context, cuda)
    except SuperseeError as error:
        return Finding("GL-CUDA sharing", "missing", f"{error.what}: {error.why}", error.do)
    total = result.map_ms + result.unmap_ms
    said = f"a pattern came back whole; map {result.map_ms:.3f} + unmap {result.unmap_ms:.3f} ms"
    said += f", {result.call_ms:.3f} ms of the CPU's"
    if total <= INTEROP_AIM_MS:
        return Finding("GL-CUDA sharing", "ok", said)
    return Finding("GL-CUDA sharing", "note", f"{said}; the aim is {INTEROP_AIM_MS:g} ms", "Close other GPU programs.")


def check_tensorrt(cuda: CudaRuntime | None) -> Iterator[Finding]:
    from app.inference import tensorrt_library as tensorrt

    found = tensorrt.installed()
    listed = ", ".join(f"{tensorrt.LABELS[kind]} {version}" for kind, version in found.items())
    try:
        library = tensorrt.first_library()
    except SuperseeError as error:
        verdict = "missing" if cuda else "note"
        yield Finding("TensorRT", verdict, listed + (": " if listed else "") + (error.why or error.what), GPU_EXTRA)
        yield Finding("engine", verdict, "not tried: no TensorRT can be used", GPU_EXTRA)
        return
    yield Finding("TensorRT", "ok", f"{listed}; builds for {', '.join(library.targets())}")
    yield _guarded("engine", lambda: _engine(library, cuda))


def _guarded(name: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except SuperseeError as error:
        return Finding(name, "missing", f"{error.what}: {error.why}" if error.why else error.what, error.do)


ENGINE_SIZE = (320, 180)
"""LR size of the engine that is tried: small, so that a check takes seconds."""
_STAND_IN_TARGET = "sm89"


def _engine(library: TensorRtLibrary, cuda: CudaRuntime | None) -> Finding:
    """Built for this GPU, or without one for another, which shows that the library and the network fit together."""
    from app.commands.networks import network_folder
    from app.inference.engine_build import BuildRequest, build_engine
    from app.inference.manifest import load_network

    network = load_network(network_folder())
    size = network.padded(ENGINE_SIZE)
    if "fp16" not in network.typed:
        return Finding("engine", "missing", f"{network.name} has no fp16 file", "Export it: python -m models export")
    if cuda is None and not library.builds_without_gpu:
        return Finding("engine", "note", f"not tried: {library.label} builds only where the GPU is")
    target = library.target_for(cuda.device(cuda.current_device()).capability) if cuda else _STAND_IN_TARGET
    built = build_engine(library, BuildRequest(network.typed["fp16"], size, target))
    said = (
        f"{network.name} {size[0]}x{size[1]} fp16 for {target}: built in {built.seconds:.1f} s, "
        f"{len(built.plan) / 1e6:.1f} MB"
    )
    if built.boundary:
        return Finding("engine", "note", f"{said}; tensors are copied at its boundary: {built.boundary}")
    if cuda is None:
        return Finding("engine", "note", f"{said}; not loaded: that needs the GPU")
    return Finding("engine", "note", f"{said}; not run")

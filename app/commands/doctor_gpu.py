"""`doctor`'s look at the NVIDIA path: driver, CUDA, where OpenGL draws, a round trip, TensorRT, an engine. Each step
has a line of its own, also where an earlier one is missing, so that nobody has to guess how far it goes."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from app.commands.findings import Finding
from app.errors import SuperseeError

if TYPE_CHECKING:
    import moderngl

    from app.conventions import Size
    from app.inference.cuda_runtime import CudaRuntime
    from app.inference.manifest import Network
    from app.inference.tensorrt_library import Kind, TensorRtLibrary

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
    from app.render.gl_context import headless_context, renderer_name

    with ExitStack() as stack:
        try:
            context = stack.enter_context(headless_context())
        except SuperseeError as error:
            yield Finding("GL on NVIDIA", "missing", error.what, error.do)
            return
        if cuda is None:
            yield Finding("GL on NVIDIA", "note", f"no: {renderer_name(context)} draws")
            yield Finding("GL-CUDA sharing", "note", NO_DRIVER)
            return
        try:
            device = cuda.device(cuda.device_of_gl_context())
            yield Finding("GL on NVIDIA", "ok", f"yes: {renderer_name(context)} draws, GPU {device.index} of CUDA")
        except SuperseeError as error:
            by_nvidia = "nvidia" in str(context.info["GL_VENDOR"]).lower()  # then the round trip decides
            said = f"{'CUDA cannot tell' if by_nvidia else 'no'}: {renderer_name(context)} draws ({error.why})"
            yield Finding("GL on NVIDIA", "note" if by_nvidia else "missing", said, error.do)
        yield _round_trip(context, cuda)


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
    try:
        yield _engine_at_work(cuda) if cuda else _engine_built(library)
    except SuperseeError as error:
        yield Finding("engine", "missing", f"{error.what}: {error.why}" if error.why else error.what, error.do)


ENGINE_SIZE = (320, 180)
"""LR size of the engine that is tried: small, so that it takes seconds."""
_STAND_IN_TARGET = "sm89"


def _engine_built(library: TensorRtLibrary) -> Finding:
    """Without a GPU: built for one that is not here, which shows that library and network fit together."""
    from app.inference.engine_process import WorkerRequest, build_in_process

    if not library.builds_without_gpu:
        return Finding("engine", "note", f"not tried: {library.label} builds only where the GPU is")
    network, size = _network()
    answer = build_in_process(WorkerRequest(network.typed["fp16"], size, library.kind, _STAND_IN_TARGET))
    said = f"{network.name} {size[0]}x{size[1]} fp16 for {_STAND_IN_TARGET}: built in {answer.seconds:.1f} s"
    said += f", {len(answer.plan) / 1e6:.1f} MB; not loaded: that needs the GPU"
    boundary = answer.details.get("boundary")
    return Finding("engine", "note", said + (f"; it copies tensors: {boundary}" if boundary else ""))


def _engine_at_work(cuda: CudaRuntime) -> Finding:
    """Built afresh, loaded, run and compared with the stored answer, by the first library that can."""
    from app.inference.tensorrt_library import KINDS, installed

    failures = []
    for kind in KINDS:
        if kind not in installed():
            continue
        try:
            said = _engine_tried(kind, cuda)
        except SuperseeError as error:
            failures.append(error)
            continue
        passed_over = "".join(f"; {error.what}: {error.why}" for error in failures)
        return Finding("engine", "note" if failures else "ok", said + passed_over, failures[0].do if failures else "")
    raise SuperseeError("; ".join(f"{error.what}: {error.why}" for error in failures), "", failures[0].do)


def _engine_tried(kind: Kind, cuda: CudaRuntime) -> str:
    from app.inference.engine_store import EngineStore
    from app.inference.engine_supply import EngineSupply
    from app.inference.gate import check_session, load_gate
    from app.inference.tensorrt_backend import TensorRtBackend

    network, size = _network()
    with tempfile.TemporaryDirectory(prefix="supersee-doctor-") as folder:
        supply = EngineSupply(EngineStore(Path(folder)))
        backend = TensorRtBackend(kind, device=cuda.current_device(), supply=supply, runtime=cuda)
        begun = time.perf_counter()
        backend.prepare(network.model, size)  # raises where the answer is wrong
        seconds = time.perf_counter() - begun
        session = backend.compile(network.model, size)
        try:
            assert network.gate is not None
            result = check_session(session, load_gate(network.gate), backend.precision)
            milliseconds = session.wait()
        finally:
            session.release()
            backend.close()
    return (
        f"{backend.name}: {network.name} {size[0]}x{size[1]} {backend.precision} built and loaded in {seconds:.1f} s, "
        f"ran in {milliseconds:.3f} ms, {result.worst_db:.1f} dB from the float32 network"
    )


def _network() -> tuple[Network, Size]:
    from app.commands.networks import network_folder
    from app.inference.manifest import load_network

    network = load_network(network_folder())
    if "fp16" not in network.typed or network.gate is None:
        raise SuperseeError(
            f"The network {network.name} has nothing for TensorRT", "", "Export it again: python -m models export"
        )
    return network, network.padded(ENGINE_SIZE)

"""Does sharing buffers work on this machine? A known pattern goes from a GL shader through CUDA to GL and back."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import moderngl
import numpy as np

from app.errors import SuperseeError
from app.inference.cuda_gl_exchange import CudaGlExchange
from app.inference.cuda_runtime import CudaDevice, CudaRuntime

_SIZE = 1 << 20
_FRAMES = 32
_WRITE = """#version 430 core
layout(local_size_x = 64) in;
layout(std430, binding = 0) writeonly buffer Pattern { uint pattern[]; };
uniform uint seed;
void main() {
    uint i = gl_GlobalInvocationID.x;
    if (i < pattern.length()) pattern[i] = (i + seed) * 2654435761u;
}
"""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """Medians in milliseconds: map and unmap on the GPU (CUDA events), and the CPU's time for both calls."""

    device: CudaDevice
    map_ms: float
    unmap_ms: float
    call_ms: float


class CopySession:
    """A DeviceSession whose answer is a copy of its input: what an exchange needs to be tried out without a network."""

    def __init__(self, runtime: CudaRuntime, size: int = _SIZE) -> None:
        self._cuda = runtime
        self._pointers = (0, 0)
        self.input = self.output = np.empty((1, 1, size // 2, 1), np.float16)
        self.input_bytes = self.output_bytes = size
        self.stream = runtime.create_stream()

    def bind(self, input: np.ndarray, output: np.ndarray) -> None:  # noqa: A002
        self.input, self.output = input, output
        self._pointers = (0, 0)

    def bind_device(self, input_pointer: int, output_pointer: int) -> None:
        self._pointers = input_pointer, output_pointer

    def enqueue(self, stream: int) -> None:
        self._cuda.copy_on_device(self._pointers[1], self._pointers[0], self.input_bytes, stream)

    def start(self) -> None:
        if self._pointers[0]:
            self.enqueue(self.stream)
        else:
            np.copyto(self.output, self.input)

    def ready(self) -> bool:
        return True

    def wait(self) -> float:
        return 0.0

    def release(self) -> None:
        self._cuda.synchronize(self.stream)
        self._cuda.destroy_stream(self.stream)


def probe_shared_buffers(context: moderngl.Context, runtime: CudaRuntime | None = None) -> ProbeResult:
    """`context` must be current. Raises SuperseeError where it does not work: CudaError where a call fails."""
    cuda = runtime or CudaRuntime()
    device = cuda.drawing_device()
    cuda.use(device)
    session = CopySession(cuda)
    exchange: CudaGlExchange | None = None
    shader = context.compute_shader(_WRITE)
    try:
        exchange = CudaGlExchange(context, session, cuda)
        exchange.take_times()
        frames = [_frame(context, shader, session, exchange, seed) for seed in range(_FRAMES)]
    finally:
        shader.release()
        session.release()
        if exchange is not None:
            exchange.release()
    maps, unmaps, calls = zip(*frames[_FRAMES // 4 :])
    return ProbeResult(cuda.device(device), *(statistics.median(times) for times in (maps, unmaps, calls)))


def _frame(
    context: moderngl.Context,
    shader: moderngl.ComputeShader,
    session: CopySession,
    exchange: CudaGlExchange,
    seed: int,
) -> tuple[float, float, float]:
    """A new pattern each time, so that what an earlier frame left behind does not pass for it."""
    exchange.features.bind_to_storage_buffer(0)
    shader["seed"] = seed
    shader.run(group_x=_SIZE // 256)
    context.finish()
    begun = time.perf_counter()
    exchange.to_network()
    mapped = time.perf_counter()
    session.start()
    copied = time.perf_counter()
    exchange.from_network()
    ended = time.perf_counter()
    found = np.frombuffer(exchange.parameters.read(), np.uint32)
    expected = (np.arange(_SIZE // 4, dtype=np.uint32) + np.uint32(seed)) * np.uint32(2654435761)
    wrong = int((found != expected).sum())
    if wrong:
        raise SuperseeError(
            "What OpenGL wrote did not come back through CUDA",
            f"{wrong} of {found.size} words differ in frame {seed + 1}",
            "Update NVIDIA's driver; meanwhile the network runs on the CPU.",
        )
    return (*exchange.span_ms(), (ended - copied + mapped - begun) * 1e3)

"""A session whose tensors may lie on the GPU: what the CUDA exchange and the TensorRT backend agree on."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from app.inference.backend import InferenceSession


@runtime_checkable
class DeviceSession(InferenceSession, Protocol):
    """An `InferenceSession` that can also work in device memory that somebody else owns.

    All its work is ordered on `stream`: map the buffers on it before `start`, unmap them on it afterwards, and
    neither needs the host to wait. A new session has no bindings; `bind` (host arrays, copied each frame) or
    `bind_device` comes before the first `start`, and the latest one counts.

    While bound to the device, `start` is `enqueue(stream)` between two timing events, `ready` is true at once (the
    order of the stream, not the host, guards the answer) and `wait` returns the milliseconds of the newest inference
    that has been timed completely, 0.0 before the first, without blocking. `input` and `output` then tell shapes
    only and are not read or written.

    stream        handle (cudaStream_t) of the session's one non-default stream; valid until `release`
    input_bytes   length of the input tensor, (1, h, w, input channels) NHWC half floats, no padding
    output_bytes  length of the output tensor, likewise
    """

    stream: int
    input_bytes: int
    output_bytes: int

    def bind_device(self, input_pointer: int, output_pointer: int) -> None:
        """Uses this device memory (at least 256-byte aligned, valid while work that uses it is under way) in place of
        its own. Cheap when the pointers are those of one of the last few calls: CUDA graphs are kept by address.
        Raises SuperseeError for null or misaligned pointers and where TensorRT refuses them."""
        ...

    def enqueue(self, stream: int) -> None:
        """Queues one inference of the bound tensors on `stream` and returns; nothing is allocated and nothing waits.
        Raises SuperseeError where TensorRT or CUDA refuses (out of memory, lost device)."""
        ...

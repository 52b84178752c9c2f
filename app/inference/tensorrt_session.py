"""An engine at work: one context, one stream, fixed addresses; nothing is made per frame.

TensorRT-RTX captures its own CUDA graphs. For the full library the session captures one for each pair of addresses, the
second time it meets them (the first run sets up what must not be set up during a capture), and keeps the last few.
Recurrent features and history are textures that the passes read and write, so a frame's tensors are always the same
two buffers and one graph is all that a session normally needs.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from app.conventions import Size
from app.errors import SuperseeError
from app.inference.channels import INPUT_CHANNELS, OUTPUT_CHANNELS
from app.inference.cuda_errors import CudaError
from app.inference.cuda_runtime import CudaRuntime
from app.inference.engine_build import INPUT_NAME, OUTPUT_NAME
from app.inference.tensorrt_library import TensorRtLibrary

log = logging.getLogger(__name__)

Shape = tuple[int, int, int, int]

_ALIGNMENT = 256
_TIMED = 4  # pairs of events: so many frames may be under way before one goes untimed
_KEPT_GRAPHS = 4


def tensor_shapes(size: Size) -> tuple[Shape, Shape]:
    """Of the network's input and output at padded LR `size` (width, height)."""
    width, height = size
    return (1, height, width, len(INPUT_CHANNELS)), (1, height, width, len(OUTPUT_CHANNELS))


class TensorRtSession:
    """A `DeviceSession`. `context` must have been made on the CUDA device that is current on the calling thread.

    With host arrays a frame is copied to the card and back through buffers of the session's own.
    """

    def __init__(
        self, library: TensorRtLibrary, runtime: CudaRuntime, context: Any, input_shape: Shape, output_shape: Shape
    ) -> None:
        self._library, self._cuda = library, runtime
        self._context: Any = context
        # Fresh pages: bound to the device nobody touches them and they take no memory.
        self.input, self.output = np.zeros(input_shape, np.float16), np.zeros(output_shape, np.float16)
        self.input_bytes, self.output_bytes = self.input.nbytes, self.output.nbytes
        self.stream = runtime.create_stream()
        self._events: list[int] = []  # begin and end of each frame under way, in turn
        self._copied = 0
        self._own: tuple[int, int] = (0, 0)
        self._pointers = (0, 0)
        self._on_device = False
        self._started = 0
        self._milliseconds = 0.0
        self._met: OrderedDict[tuple[int, int], int] = OrderedDict()  # graph by addresses, 0 before there is one
        try:
            for _ in range(2 * _TIMED):
                self._events.append(runtime.create_event())
            self._copied = runtime.create_event(timing=False)
        except SuperseeError:
            self.release()
            raise

    def bind(self, input: np.ndarray, output: np.ndarray) -> None:  # noqa: A002
        for array, size in ((input, self.input_bytes), (output, self.output_bytes)):
            assert array.nbytes == size
            assert array.dtype == np.float16
            assert array.flags.c_contiguous
        self.input, self.output = input, output
        self._use_own_memory()

    def bind_device(self, input_pointer: int, output_pointer: int) -> None:
        if (input_pointer, output_pointer) != self._pointers:
            self._address(input_pointer, output_pointer)
        self._on_device = True
        if self._own[0]:
            self._cuda.synchronize(self.stream)  # once, when a session turns from host arrays to the card
            self._free_own()
            self.input, self.output = (np.zeros(array.shape, np.float16) for array in (self.input, self.output))

    def start(self) -> None:
        if not self._on_device and not self._pointers[0]:
            self._use_own_memory()
        begin, end = self._timing(self._started)
        if not self._on_device:
            self._cuda.copy_to_device(self._pointers[0], self.input, self.stream)
        self._cuda.record(begin, self.stream)
        self.enqueue(self.stream)
        self._cuda.record(end, self.stream)
        self._started += 1
        if not self._on_device:
            self._cuda.copy_to_host(self.output, self._pointers[1], self.stream)
            self._cuda.record(self._copied, self.stream)

    def enqueue(self, stream: int) -> None:
        if self._library.captures_graphs:
            self._execute(stream)
            return
        graph = self._met.get(self._pointers)
        if graph is None:
            self._execute(stream)
            self._remember(self._pointers, 0)
        elif graph:
            self._cuda.launch(graph, stream)
            self._met.move_to_end(self._pointers)
        else:
            with self._cuda.capturing(stream) as made:
                self._execute(stream)
            self._remember(self._pointers, made[0])
            self._cuda.launch(made[0], stream)

    def ready(self) -> bool:
        return self._on_device or not self._started or self._cuda.done(self._copied)

    def wait(self) -> float:
        if not self._started:
            return 0.0
        if not self._on_device:
            self._cuda.wait(self._copied)
        for back in range(1, min(self._started, _TIMED) + 1):
            begin, end = self._timing(self._started - back)
            if self._cuda.done(end):
                self._milliseconds = self._cuda.elapsed_ms(begin, end)
                break
        return self._milliseconds

    def release(self) -> None:
        """Waits for what is under way. Never raises: after a lost GPU nothing can be given back."""
        if self.stream:
            self._quietly(self._cuda.synchronize, self.stream)
        for graph in self._met.values():
            if graph:
                self._quietly(self._cuda.destroy_graph, graph)
        self._context = None
        for event in (*self._events, self._copied):
            if event:
                self._quietly(self._cuda.destroy_event, event)
        self._free_own()
        if self.stream:
            self._quietly(self._cuda.destroy_stream, self.stream)
        self._met.clear()
        self._events, self._copied, self.stream = [], 0, 0
        self.input = self.output = np.empty(0, np.float16)

    def _timing(self, frame: int) -> tuple[int, int]:
        first = 2 * (frame % _TIMED)
        return self._events[first], self._events[first + 1]

    def _execute(self, stream: int) -> None:
        self._library.messages.clear()
        if not self._context.execute_async_v3(stream):
            raise SuperseeError(
                f"{self._library.label}'s inference failed",
                self._library.told() or "it gives no reason",
                "Run `supersee doctor`.",
            )

    def _use_own_memory(self) -> None:
        if not self._own[0]:
            source = self._cuda.allocate(self.input_bytes)
            self._own = (source, 0)  # given back also where the second one fails
            self._own = (source, self._cuda.allocate(self.output_bytes))
            # NaN: an engine that writes nothing must not answer with what another left there.
            self._cuda.fill(self._own[1], 0xFF, self.output_bytes, self.stream)
        self._address(*self._own)
        self._on_device = False

    def _address(self, input_pointer: int, output_pointer: int) -> None:
        for name, pointer in ((INPUT_NAME, input_pointer), (OUTPUT_NAME, output_pointer)):
            if not pointer or pointer % _ALIGNMENT:
                raise SuperseeError(
                    "The network's memory cannot be used", f"its {name} lie at {pointer:#x}", "Run `supersee doctor`."
                )
            if not self._context.set_tensor_address(name, pointer):
                raise SuperseeError(f"{self._library.label} refuses the memory of {name}", self._library.told())
        self._pointers = input_pointer, output_pointer

    def _free_own(self) -> None:
        graph = self._met.pop(self._own, 0)
        if graph:
            self._quietly(self._cuda.destroy_graph, graph)
        for pointer in self._own:
            if pointer:
                self._quietly(self._cuda.free, pointer)
        self._own = (0, 0)

    def _remember(self, pointers: tuple[int, int], graph: int) -> None:
        self._met[pointers] = graph
        self._met.move_to_end(pointers)
        while len(self._met) > _KEPT_GRAPHS:
            _, oldest = self._met.popitem(last=False)
            if oldest:
                self._cuda.destroy_graph(oldest)

    @staticmethod
    def _quietly(function: Callable[..., None], *arguments: Any) -> None:
        try:
            function(*arguments)
        except CudaError as error:
            log.warning("while letting go of a network: %s", error)

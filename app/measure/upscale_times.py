"""What one neural upscale costs on a GPU: each part by itself, and the whole as it runs in the viewer.

Parts are taken with the GPU idle before each one, so that none pays for another: passes by GL timer queries, map and
unmap by CUDA events, the network by its session's own events. The whole is one timer query around an upscale in which
nothing waits for anything but the order of the GPU's own queues. The same frame is upscaled over and over: cost does
not depend on what is in it, and drawing the next one would give the GPU time to lower its clocks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import moderngl

from app.inference.cuda_gl_exchange import CudaGlExchange
from app.measure.percentiles import percentiles
from app.measure.stages import STAGES
from app.render.frame import FrameInputs
from app.upscale.neural import NeuralUpscaler

PARTS = ("pre", "map", "network", "unmap", "post", "whole", "calls")
"""`calls`: the CPU's time to issue a whole upscale, which must stay below the GPU's."""


class PartClock:
    """A StageClock for one upscale at a time: waits for everything before and after each stage. `idle` waits for work
    that GL does not know of. Switched off it costs nothing."""

    software = False

    def __init__(self, context: moderngl.Context, idle: Callable[[], None] = lambda: None) -> None:
        self._context, self._idle = context, idle
        self.query = context.query(time=True)
        self._taken: dict[str, float] = {}
        self.on = True

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        assert name in STAGES, name
        if not self.on:
            yield
            return
        self.settle()
        if name == "exchange":  # calls and copies, not passes: the CPU's clock
            begun = time.perf_counter()
            yield
            self.add(name, (time.perf_counter() - begun) * 1e3)
            return
        with self.query:
            yield
        self.settle()
        self.add(name, self.query.elapsed * 1e-6)

    def add(self, name: str, milliseconds: float) -> None:
        if self.on:
            self._taken[name] = self._taken.get(name, 0.0) + milliseconds

    def take(self) -> dict[str, float]:
        taken, self._taken = self._taken, {}
        return taken

    def settle(self) -> None:
        self._context.finish()
        self._idle()


def measure_upscale(
    upscaler: NeuralUpscaler, clock: PartClock, frame: FrameInputs, count: int, warm_up: int
) -> dict[str, Any]:
    """`upscaler` must have been made with `clock`. Percentiles in ms by part (None where a part does not exist), the
    bytes that reached the host for a frame, and how tensors crossed."""
    frame = replace(frame, reset=False)
    upscaler.resize(frame.render_size, frame.display_size)
    targets = upscaler.targets
    assert targets is not None
    if isinstance(targets.exchange, CudaGlExchange):
        targets.exchange.take_times()
    series: dict[str, list[float]] = {part: [] for part in PARTS}
    crossings: list[float] = []
    for index in range(warm_up + count):
        found = _parts(upscaler, clock, frame)
        if index >= warm_up:
            crossings.append(found.pop("exchange"))
            for part, milliseconds in found.items():
                series[part].append(milliseconds)
    clock.on = False
    try:
        for index in range(warm_up + count):
            whole, calls = _whole(upscaler, clock, frame)
            if index >= warm_up:
                series["whole"].append(whole)
                series["calls"].append(calls)
    finally:
        clock.on = True
    return {
        "parts_ms": {part: percentiles(values) for part, values in series.items()},
        "exchange_calls_ms": percentiles(crossings),
        "bytes_to_host": upscaler.frame_bytes_to_host,
        "exchange": targets.exchange.name,
        "notice": targets.exchange.notice,
    }


def _parts(upscaler: NeuralUpscaler, clock: PartClock, frame: FrameInputs) -> dict[str, float]:
    """One upscale. "exchange" is the CPU's time for both crossings; "network" is missing while none was timed."""
    upscaler.upscale(frame)
    clock.settle()
    found = clock.take()
    assert upscaler.targets is not None
    exchange = upscaler.targets.exchange
    if isinstance(exchange, CudaGlExchange):
        found["map"], found["unmap"] = exchange.span_ms()
    if not found.get("network"):
        found.pop("network", None)
    return found


def _whole(upscaler: NeuralUpscaler, clock: PartClock, frame: FrameInputs) -> tuple[float, float]:
    """(the GPU's, the CPU's) milliseconds of one upscale."""
    clock.settle()
    begun = time.perf_counter()
    with clock.query:
        upscaler.upscale(frame)
    calls = (time.perf_counter() - begun) * 1e3
    return clock.query.elapsed * 1e-6, calls

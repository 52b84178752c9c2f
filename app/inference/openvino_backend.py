"""OpenVINO on the CPU: the backend wherever there is no NVIDIA GPU."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import numpy as np

from app.conventions import Size
from app.errors import SuperseeError
from app.paths import cache_folder

_KEPT = 8
"""Compiled sizes that are kept: switching quality modes back and forth compiles each only once."""


class OpenVinoBackend:
    """Compiles networks for low latency, in bfloat16 where the CPU computes in it and float32 elsewhere.

    threads    inference threads; None for half of the cores, so that drawing (and a software renderer) keeps the others
               and the window stays responsive; 0 leaves the choice to OpenVINO
    precision  "bf16" or "f32" to force one; in "f32" nothing is computed in integers either
    cache      folder for compiled models, None for the user's; "" for none
    """

    name = "OpenVINO"

    def __init__(
        self, *, threads: int | None = None, precision: str | None = None, cache: Path | str | None = None
    ) -> None:
        self._core = _core()
        self.precision = precision or self._best_precision()
        self.device = f"CPU {self.precision}"
        self._properties: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": self.precision,
            # A viewer's frames are short bursts: pinning threads to cores would fight with the rasteriser's.
            "ENABLE_CPU_PINNING": False,
        }
        if self.precision == "f32":
            # What a model rounds to eight bits is then computed in float32: a processor without VNNI adds the integers
            # up in 16 bits, which overflow without a word.
            self._properties["LP_TRANSFORMS_MODE"] = False
        threads = max(1, (os.cpu_count() or 2) // 2) if threads is None else threads
        if threads:
            self._properties["INFERENCE_NUM_THREADS"] = threads
        if cache != "":
            self._properties["CACHE_DIR"] = str(cache or cache_folder() / "openvino")
        self._compiled: dict[tuple[str, float, Size], Any] = {}
        self._lock = threading.Lock()

    def prepare(self, model: Path, size: Size) -> None:
        """Compiles `model` for padded LR `size` (width, height) ahead of `compile`; may run on any thread."""
        self._compiled_model(model, size)

    def compile(self, model: Path, size: Size) -> OpenVinoSession:
        return OpenVinoSession(self._compiled_model(model, size))

    def _compiled_model(self, model: Path, size: Size) -> Any:
        key = (str(model), model.stat().st_mtime if model.exists() else 0.0, size)
        # Looked up without the lock first: a size that is ready must not wait for another that is being compiled.
        compiled = self._compiled.get(key)
        if compiled is not None:
            return compiled
        with self._lock:
            if key not in self._compiled:
                compiled = self._build(model, size)
                while len(self._compiled) >= _KEPT:
                    del self._compiled[next(iter(self._compiled))]
                self._compiled[key] = compiled
            return self._compiled[key]

    def _build(self, model: Path, size: Size) -> Any:
        import openvino
        from openvino.preprocess import PrePostProcessor

        try:
            graph = self._core.read_model(str(model))
            channels = graph.input(0).get_partial_shape()[3].get_length()
            graph.reshape([1, size[1], size[0], channels])
            boundary = PrePostProcessor(graph)
            boundary.input().tensor().set_element_type(openvino.Type.f16)
            boundary.output().tensor().set_element_type(openvino.Type.f16)
            return self._core.compile_model(boundary.build(), "CPU", self._properties)
        except RuntimeError as error:  # OpenVINO's only exception
            raise SuperseeError(
                f"OpenVINO cannot compile {model.name} for {size[0]}x{size[1]}",
                str(error).strip().splitlines()[-1],
                "Export the network again, or run `supersee doctor`.",
            ) from error

    def _best_precision(self) -> str:
        capabilities = self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        return "bf16" if "BF16" in capabilities else "f32"


class OpenVinoSession:
    """One infer request with its tensors, kept for the life of a size."""

    def __init__(self, compiled: Any) -> None:
        self._request: Any = compiled.create_infer_request()
        shapes = [tuple(port.shape) for port in (compiled.input(0), compiled.output(0))]
        self.input, self.output = (np.zeros(shape, np.float16) for shape in shapes)
        self.bind(self.input, self.output)

    def bind(self, input: np.ndarray, output: np.ndarray) -> None:  # noqa: A002
        import openvino

        for array, own in ((input, self.input), (output, self.output)):
            assert array.shape == own.shape, f"{array.shape} is not {own.shape}"
            assert array.dtype == np.float16
            assert array.flags.c_contiguous
        self.input, self.output = input, output
        # The tensors borrow the arrays' memory: both live as long as the session.
        self._tensors = [openvino.Tensor(array, shared_memory=True) for array in (input, output)]
        self._request.set_input_tensor(self._tensors[0])
        self._request.set_output_tensor(self._tensors[1])

    def start(self) -> None:
        self._request.start_async()

    def ready(self) -> bool:
        return self._request.wait_for(0)

    def wait(self) -> float:
        try:
            self._request.wait()
        except RuntimeError as error:
            raise SuperseeError(
                "The network's inference failed", str(error).strip().splitlines()[-1], "Run `supersee doctor`."
            ) from error
        return float(self._request.latency)

    def release(self) -> None:
        self._request = None
        self._tensors = []
        # What was bound may be memory that is about to go away.
        self.input = self.output = np.empty(0, np.float16)


def _core() -> Any:
    try:
        import openvino
    except ImportError as error:
        raise SuperseeError(
            "OpenVINO cannot be loaded", str(error), "Install it with `pip install openvino`."
        ) from error
    return openvino.Core()

"""What runs the network: one protocol for OpenVINO, TensorRT and, in the lab, torch."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np

from app.conventions import Size


class InferenceSession(Protocol):
    """A compiled network at one LR size; keeps its request and its tensors for the life of the size.

    Tensors are NHWC float16 at the boundary: `input` (1, h, w, input channels), `output` (1, h, w, output
    channels), h and w padded to the manifest's size multiple.
    """

    input: np.ndarray
    output: np.ndarray

    def bind(self, input: np.ndarray, output: np.ndarray) -> None:  # noqa: A002
        """Uses these arrays (C-contiguous float16, of the same shapes) in place of its own, without copies."""
        ...

    def start(self) -> None:
        """Begins the inference of what `input` holds; returns at once."""
        ...

    def ready(self) -> bool: ...

    def wait(self) -> float:
        """Blocks until `output` holds the answer; returns the network's own milliseconds."""
        ...

    def release(self) -> None: ...


class InferenceBackend(Protocol):
    @property
    def name(self) -> str:
        """As people know it: "OpenVINO"."""
        ...

    @property
    def device(self) -> str:
        """Where it runs and in which precision: "CPU bf16"."""
        ...

    def compile(self, model: Path, size: Size) -> InferenceSession:
        """Raises SuperseeError where the model cannot be compiled."""
        ...

"""What runs the network: one protocol for OpenVINO, TensorRT and, in the lab, torch."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np

from app.conventions import Size
from app.errors import SuperseeError
from app.inference.channels import INPUT_CHANNELS, OUTPUT_CHANNELS


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


def check_tensors(session: InferenceSession, model: Path, size: Size) -> None:
    """Raises SuperseeError where `session` does not take and give what the passes write and read at padded LR `size`:
    a file whose manifest fits may still hold another network, and shaders do not notice the end of a buffer."""
    width, height = size
    tensors = (("takes", session.input, INPUT_CHANNELS), ("gives", session.output, OUTPUT_CHANNELS))
    for what, found, channels in tensors:
        if found.shape != (1, height, width, len(channels)):
            raise SuperseeError(
                f"{model.name} is not the network that its manifest describes",
                f"it {what} {found.shape}, and {(1, height, width, len(channels))} is needed",
                "Export it again with `python -m models export`, or choose another with --network.",
            )


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

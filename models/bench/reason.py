"""Why torch cannot run a network here, in words."""

from __future__ import annotations

import torch

_LIBRARIES = ("cuDNN error", "CUDA error", "CUDA driver error", "GET was unable to find an engine")
"""How the messages of plain RuntimeErrors begin that come from the GPU's libraries."""


def reason(error: RuntimeError) -> str | None:
    """One line; None where the error says nothing of the runtime, and so is the program's."""
    from torch._dynamo.exc import TorchDynamoException  # seconds to import, and only what has failed needs it

    kinds: tuple[tuple[type[RuntimeError], str], ...] = (
        (torch.OutOfMemoryError, "the GPU has too little free memory for this size"),
        (torch.AcceleratorError, "the GPU or its driver failed"),
        (TorchDynamoException, "torch.compile cannot compile the network here"),
        (NotImplementedError, "torch has no kernel for this precision on this device"),
    )
    for kind, words in kinds:
        if isinstance(error, kind):
            return f"{words}: {first_line(getattr(error, 'inner_exception', error))}"
    return f"the GPU's libraries failed: {first_line(error)}" if str(error).startswith(_LIBRARIES) else None


def first_line(error: BaseException) -> str:
    """Of its message; its kind where it has none."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)

"""CUDA's return codes as messages for people: what happened, why, and what to do.

The codes are those of `cudaError_t` (CUDA Runtime API, "Data types used by CUDA Runtime"); they keep their numbers
from release to release.
"""

from __future__ import annotations

import os

from app.errors import SuperseeError

SUCCESS, OUT_OF_MEMORY, INSUFFICIENT_DRIVER, DEVICES_UNAVAILABLE, NO_DEVICE, INVALID_DEVICE = 0, 2, 35, 46, 100, 101
NO_KERNEL_IMAGE, INVALID_GRAPHICS_CONTEXT, OPERATING_SYSTEM, NOT_READY, UNKNOWN = 209, 219, 304, 600, 999
NULL_HANDLE = -1
"""Not a code of CUDA's: success was reported and the handle that came with it is null (cuda-bindings 12.9.3 did so)."""

LOST = frozenset({214, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 721})
"""After these the process can do no more CUDA work: every later call answers with the same code."""

_MOVE_GL = (
    "On a machine with two GPUs start with `__NV_PRIME_RENDER_OFFLOAD=1 __GLX_VENDOR_LIBRARY_NAME=nvidia`; without a "
    "screen set `__EGL_VENDOR_LIBRARY_FILENAMES` to NVIDIA's 10_nvidia.json, or choose another GPU with "
    "`GLCONTEXT_DEVICE_INDEX` (EGL's numbers: CUDA_VISIBLE_DEVICES does not change them). `supersee doctor` checks it."
)
_GL_ELSEWHERE = "the OpenGL context is not on the NVIDIA GPU that CUDA uses"
_GL_CODES = (NO_DEVICE, INVALID_DEVICE, INVALID_GRAPHICS_CONTEXT, OPERATING_SYSTEM, UNKNOWN)
_DRIVER = "Install or update NVIDIA's driver; `supersee doctor` says which one is here."

_MEANINGS: dict[int, tuple[str, str]] = {
    OUT_OF_MEMORY: (
        "the GPU has no memory left",
        "Close other programs that use the GPU, or choose a smaller display size or a higher ratio.",
    ),
    INSUFFICIENT_DRIVER: ("there is no NVIDIA driver, or one too old for this CUDA runtime", _DRIVER),
    DEVICES_UNAVAILABLE: (
        "another program holds the GPU for itself",
        "Close it, or set the compute mode back with `nvidia-smi -c DEFAULT`.",
    ),
    NO_DEVICE: ("no CUDA device can be used", _DRIVER),
    INVALID_DEVICE: ("there is no CUDA device of that number", "See `nvidia-smi -L`."),
    NO_KERNEL_IMAGE: (
        "nothing in this build was made for this GPU's compute capability",
        "`supersee engines list` shows for which GPUs engines are here.",
    ),
    NULL_HANDLE: (
        "CUDA reported success and handed out nothing",
        "Update the CUDA bindings: pip install --upgrade cuda-bindings",
    ),
}
_LOST_MEANING = "the GPU stopped in the middle of its work", "Start the program again; if it stays so, restart."


class CudaError(SuperseeError):
    """`code` is the `cudaError_t`; `lost` says that this process can use CUDA no more."""

    def __init__(self, call: str, code: int, name: str = "", *, hint: str = "") -> None:
        self.code = code
        self.gl_elsewhere = code in _GL_CODES and ("GL" in call or "Graphics" in call)
        """True where the cause is an OpenGL context that CUDA cannot share buffers with."""
        why, do = (_GL_ELSEWHERE, _MOVE_GL) if self.gl_elsewhere else _meaning(code)
        self.lost = code in LOST
        label = f"error {code}" + (f", {name}" if name else "") if code != NULL_HANDLE else "null handle"
        why = f"{hint or why} ({label})"
        super().__init__(f"CUDA's {call} failed", why + _visible_devices(code), do)


def _meaning(code: int) -> tuple[str, str]:
    if code in LOST:
        return _LOST_MEANING
    return _MEANINGS.get(code, ("an error that is not expected here", "Run `supersee doctor`."))


def _visible_devices(code: int) -> str:
    """A GPU that was hidden looks like one that is missing."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None or code not in (NO_DEVICE, INVALID_DEVICE):
        return ""
    return f"; CUDA_VISIBLE_DEVICES is {visible!r}, which hides the others"

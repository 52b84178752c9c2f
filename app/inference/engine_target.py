"""Which engines this machine needs: its GPU, driver and TensorRT, as engines are keyed by them."""

from __future__ import annotations

import re
from pathlib import Path

from app.conventions import Size, render_size
from app.errors import SuperseeError
from app.inference.cuda_runtime import CudaDevice, CudaRuntime
from app.inference.engine_supply import EngineTarget
from app.inference.manifest import Network
from app.inference.tensorrt_library import LABELS, PORTABLE_SINCE, Kind, TensorRtLibrary, first_library, installed

DISPLAYS: dict[Size, tuple[int, ...]] = {
    (3840, 2160): (720, 1080, 1440),
    (1920, 1080): (540, 720),
    (2560, 1440): (720, 960),
}
"""The pairs that engines are built for ahead: LR rows for each display size."""

_DRIVER_FILE = Path("/proc/driver/nvidia/version")


def common_sizes() -> list[Size]:
    """Padded LR sizes of the common pairs, the smallest first."""
    pairs = (render_size(display, display[1] / rows) for display, counts in DISPLAYS.items() for rows in counts)
    return sorted({Network.padded(size) for size in pairs})


def gpu_device(runtime: CudaRuntime, device: int = 0) -> CudaDevice:
    """The GPU that CUDA counts as `device` (CUDA_VISIBLE_DEVICES is obeyed). Raises SuperseeError where there is none,
    or the driver is too old for the CUDA runtime."""
    driver, needed = runtime.driver_version(), runtime.runtime_version()
    if driver == (0, 0):
        raise SuperseeError("There is no NVIDIA driver", "", "With an NVIDIA GPU here, install its driver.")
    if driver[0] < needed[0]:
        raise SuperseeError(
            "The NVIDIA driver is too old",
            f"it speaks CUDA {driver[0]}.{driver[1]}, and {needed[0]}.0 or newer is needed",
            "Update the driver.",
        )
    if runtime.device_count() == 0:
        raise SuperseeError(
            "CUDA sees no GPU", "none is there, or CUDA_VISIBLE_DEVICES hides it", "`supersee doctor` tells more."
        )
    return runtime.device(device)


def present_target(library: TensorRtLibrary, runtime: CudaRuntime, gpu: CudaDevice) -> EngineTarget:
    """Raises SuperseeError where `library` does not run on the GPU."""
    target = library.target_for(gpu.capability)
    name = f"{gpu.name} ({gpu.capability[0]}.{gpu.capability[1]})"
    driver = driver_name(runtime)
    return EngineTarget(library.kind, library.version, target, name, driver, gpu.index, gpu.capability)


def target_here() -> EngineTarget:
    """For this machine's GPU and the first TensorRT that is installed. Raises SuperseeError where either is missing."""
    try:
        runtime = CudaRuntime()
        gpu = gpu_device(runtime)
    except SuperseeError as error:
        raise SuperseeError(
            "There is no GPU here to build engines for", str(error), "Name one: `supersee engines build --target sm89`."
        ) from error
    return present_target(first_library(), runtime, gpu)


def ahead_target(target: str, kind: Kind = "tensorrt_rtx") -> EngineTarget:
    """For a GPU that is not here, by the version that is installed. Raises SuperseeError where none is."""
    version = installed().get(kind)
    if version is None:
        TensorRtLibrary(kind)  # says what is missing
        raise SuperseeError(f"{LABELS[kind]} has no version", "", "Install it again.")
    named = re.fullmatch(r"sm(\d+)(\d)", target)
    capability = (int(named[1]), int(named[2])) if named else PORTABLE_SINCE
    return EngineTarget(kind, version, target, capability=capability)


def driver_name(runtime: CudaRuntime) -> str:
    """NVIDIA's version and CUDA's: "580.65.06, CUDA 13.0"; the second alone where the first is not told."""
    speaks = "CUDA {}.{}".format(*runtime.driver_version())
    try:
        found = re.search(r"\s(\d+\.\d+(?:\.\d+)?)\s", _DRIVER_FILE.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        found = None
    return f"{found[1]}, {speaks}" if found else speaks

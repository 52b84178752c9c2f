"""TensorRT-RTX, TensorRT, OpenVINO: the first that can run the network runs it, and what was passed over is said."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from app.conventions import Size
from app.errors import SuperseeError
from app.inference.backend import InferenceSession
from app.inference.tensorrt_backend import AUTO, Activity, TensorRtBackend
from app.inference.tensorrt_library import LABELS, installed

log = logging.getLogger(__name__)

_DRIVER_TRACES = ("/proc/driver/nvidia/version", "/dev/nvidiactl", "/dev/dxg")


class PreparedBackend(Protocol):
    """What a chain is made of; `activity`, `remarks`, `cancel` and `close` where a backend has them."""

    @property
    def name(self) -> str: ...

    @property
    def device(self) -> str: ...

    def prepare(self, model: Path, size: Size) -> None: ...

    def compile(self, model: Path, size: Size) -> InferenceSession: ...


Maker = Callable[[], PreparedBackend]


class BackendChain:
    """An `InferenceBackend` (its name and device are those of the one in use). `makers` by label, in the order of
    preference; the last is the way out.

    A backend that cannot be made, or that was given up, is not tried again; one that fails at one network and size is
    for that network and size.
    """

    def __init__(self, makers: Sequence[tuple[str, Maker]]) -> None:
        self._makers = list(makers)
        self._made: dict[str, PreparedBackend] = {}
        self._dead: dict[str, SuperseeError] = {}
        self._failed: dict[tuple[str, Path, Size], SuperseeError] = {}
        self._in_use: PreparedBackend | None = None
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return self._in_use.name if self._in_use is not None else self._makers[0][0]

    @property
    def device(self) -> str:
        return self._in_use.device if self._in_use is not None else ""

    @property
    def notice(self) -> str:
        """What was passed over and why, what runs instead, and what to do; "" where the first choice runs."""
        failures = {**self._dead, **{label: error for (label, _, _), error in self._failed.items()}}
        in_use = self._in_use
        remarks = [*getattr(in_use, "remarks", ())]
        if in_use is None or not failures:
            return "; ".join(remarks)
        # What comes after the one in use was never tried.
        passed = [str(failures[label]) for label, _ in self._before(in_use) if label in failures]
        if passed:
            sentences = " ".join(f"{said.rstrip('.')}." for said in passed)
            remarks.append(f"{sentences} Running on {in_use.name} ({in_use.device})")
        return "; ".join(remarks)

    @property
    def activity(self) -> Activity | None:
        """What takes its time now."""
        found = (getattr(backend, "activity", None) for backend in list(self._made.values()))
        return next((activity for activity in found if activity is not None), None)

    def prepare(self, model: Path, size: Size) -> None:
        """Raises SuperseeError where not even the last can run the network."""
        self._try(model, size, lambda backend: backend.prepare(model, size))

    def compile(self, model: Path, size: Size) -> InferenceSession:
        return self._try(model, size, lambda backend: backend.compile(model, size))

    def give_up(self, error: SuperseeError) -> bool:
        """After the one in use failed at work (a lost GPU): True where another can take its place."""
        for label, backend in self._made.items():
            if backend is self._in_use and label != self._makers[-1][0]:
                log.warning("%s is given up: %s", label, error)
                self._dead[label] = error
                return True
        return False

    def retry(self) -> None:
        """Forgets what failed, so that it is tried again."""
        self._dead.clear()
        self._failed.clear()

    def cancel(self) -> bool:
        """Ends the building of an engine, so that the next backend takes over; False where none is built."""
        return any(getattr(backend, "cancel", lambda: False)() for backend in list(self._made.values()))

    def close(self) -> None:
        for backend in list(self._made.values()):
            getattr(backend, "close", lambda: None)()

    def _try(self, model: Path, size: Size, work: Callable[[PreparedBackend], Any]) -> Any:
        last = self._makers[-1][0]
        for label, maker in self._makers:
            if label in self._dead or (label, model, size) in self._failed:
                continue
            try:
                backend = self._opened(label, maker)
            except SuperseeError as error:
                if label == last:
                    raise
                log.warning("%s", error)
                self._dead[label] = error
                continue
            try:
                result = work(backend)
            except SuperseeError as error:
                if label == last:
                    raise
                log.warning("%s is passed over for %s at %dx%d: %s", label, model.parent.name, *size, error)
                self._failed[label, model, size] = error
                continue
            self._in_use = backend
            return result
        raise AssertionError("the last backend is always tried")

    def _opened(self, label: str, maker: Maker) -> PreparedBackend:
        with self._lock:
            if label not in self._made:
                self._made[label] = maker()
            return self._made[label]

    def _before(self, in_use: PreparedBackend) -> list[tuple[str, Maker]]:
        used = next(label for label, backend in self._made.items() if backend is in_use)
        labels = [label for label, _ in self._makers]
        return self._makers[: labels.index(used)]


def nvidia_driver_here() -> bool:
    """A guess that loads nothing: where it is wrong the chain finds out."""
    return shutil.which("nvidia-smi") is not None or any(Path(trace).exists() for trace in _DRIVER_TRACES)


def drawing_gpu() -> int:
    """CUDA's number of the GPU that draws, for the thread whose GL context is current: buffers can be shared with no
    other. 0 where that cannot be told; what shares the buffers then finds out."""
    if not nvidia_driver_here():
        return 0
    from app.inference.cuda_runtime import CudaRuntime

    try:
        return CudaRuntime().device_of_gl_context()
    except SuperseeError as error:
        log.info("which GPU draws is not known: %s", error)
        return 0


def make_backend(device: int = 0, precision: str = AUTO) -> PreparedBackend:
    """The chain, on CUDA's GPU `device`, where there is an NVIDIA driver; OpenVINO by itself elsewhere. Raises
    SuperseeError where that is missing, too."""
    from app.inference.openvino_backend import OpenVinoBackend

    if not nvidia_driver_here():
        return OpenVinoBackend()
    makers: list[tuple[str, Maker]] = [
        (LABELS["tensorrt_rtx"], lambda: TensorRtBackend("tensorrt_rtx", precision=precision, device=device))
    ]
    if "tensorrt" in installed():  # nobody has to install both
        makers.append((LABELS["tensorrt"], lambda: TensorRtBackend("tensorrt", precision=precision, device=device)))
    return BackendChain([*makers, ("OpenVINO", OpenVinoBackend)])

"""TensorRT on an NVIDIA GPU: an engine is found or built, tried out in another process, loaded, asked the stored
question, and only then used."""

from __future__ import annotations

import logging
import statistics
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.conventions import Size
from app.errors import SuperseeError
from app.inference.cuda_runtime import CudaRuntime
from app.inference.engine_build import INPUT_NAME, OUTPUT_NAME
from app.inference.engine_key import EngineKey
from app.inference.engine_process import BuildCancelled, WorkerDied, WorkerRequest, try_in_process
from app.inference.engine_supply import EngineSupply, SuppliedEngine
from app.inference.engine_target import gpu_device, present_target
from app.inference.gate import check_session, load_gate, refusal
from app.inference.manifest import Network, load_network
from app.inference.tensorrt_library import PORTABLE, Kind, TensorRtLibrary
from app.inference.tensorrt_session import TensorRtSession, tensor_shapes

log = logging.getLogger(__name__)

DEFAULT_PRECISION = "fp16"
AUTO = "auto"
"""The precision that was measured to be the best for a size (`supersee engines build --precision auto`), and float16
where nothing was measured."""

_TIMED_FRAMES, _WARM_UP_FRAMES = 200, 30
_KEPT = 8
"""Engines that stay loaded: switching quality modes back and forth loads each only once."""


@dataclass(frozen=True, slots=True)
class Activity:
    """What is being done for `size` since `since` (time.monotonic); shown while the picture waits for it."""

    what: str
    size: Size
    since: float
    can_cancel: bool = False

    def said(self) -> str:
        return f"{self.what}, {time.monotonic() - self.since:.0f} s"


@dataclass(slots=True)
class _Loaded:
    """An engine that passed its gate. `session`: the one that it passed with, until it is handed out. `kernels`: the
    runtime cache, for further contexts."""

    engine: Any
    session: TensorRtSession | None
    kernels: bytes
    gate_db: float
    precision: str


class TensorRtBackend:
    """`prepare` does everything that takes long, on any thread; `compile` then takes milliseconds. `device` is CUDA's
    number of the GPU. Raises SuperseeError where the library, the driver or the GPU is missing or does not fit."""

    def __init__(
        self,
        kind: Kind = "tensorrt_rtx",
        *,
        precision: str = DEFAULT_PRECISION,
        device: int = 0,
        supply: EngineSupply | None = None,
        runtime: CudaRuntime | None = None,
        library: TensorRtLibrary | None = None,
        trial: Callable[..., bytes] | None = None,
    ) -> None:
        """`trial`: engine_process.try_in_process or what behaves like it."""
        self._library = library or TensorRtLibrary(kind)
        self._cuda = runtime or CudaRuntime()
        gpu = gpu_device(self._cuda, device)
        self._gpu = gpu
        self._target = present_target(self._library, self._cuda, gpu)
        self._supply = supply or EngineSupply()
        self._trial = trial or try_in_process
        self.name = self._library.label
        self.precision = precision
        """As asked for; what a size runs in is part of `device`."""
        self.device = f"{gpu.name} {DEFAULT_PRECISION if precision == AUTO else precision}"
        self.activity: Activity | None = None
        self.remarks: tuple[str, ...] = ()
        """What went wrong while preparing and did not stop it: an engine that was damaged, a disk that is full."""
        self._loaded: OrderedDict[tuple[str, float, Size], _Loaded] = OrderedDict()
        self._lock = threading.Lock()
        self._cancelled = threading.Event()

    def prepare(self, model: Path, size: Size) -> None:
        """Finds or builds, loads and checks the engine of the network in `model`'s folder for padded LR `size`."""
        with self._lock:
            self._prepared(model, size)

    def compile(self, model: Path, size: Size) -> TensorRtSession:
        self._cuda.use(self._gpu.index)  # of the thread that will run the session
        # Looked up without the lock first: a size that is ready must not wait for another that is being built.
        loaded = self._loaded.get(_key(model, size))
        if loaded is None:
            with self._lock:
                loaded = self._prepared(model, size)
        session, loaded.session = loaded.session, None
        return session or self._session(loaded.engine, size, loaded.kernels)[0]

    def gate_db(self, model: Path, size: Size) -> float:
        """PSNR of the worst output channel against the float32 network, of what was prepared."""
        return self._loaded[_key(model, size)].gate_db

    def network_ms(self, model: Path, size: Size) -> float:
        """Median milliseconds of the network alone, by CUDA events, over tensors that stay on the card."""
        session = self.compile(model, size)
        pointers: list[int] = []
        try:
            for length in (session.input_bytes, session.output_bytes):
                pointers.append(self._cuda.allocate(length))
                self._cuda.fill(pointers[-1], 0, length, session.stream)
            session.bind_device(*pointers)
            times = []
            for _ in range(_WARM_UP_FRAMES + _TIMED_FRAMES):
                session.start()
                self._cuda.synchronize(session.stream)
                times.append(session.wait())
            return statistics.median(times[_WARM_UP_FRAMES:])
        finally:
            session.release()
            for pointer in pointers:
                self._cuda.free(pointer)

    def cancel(self) -> bool:
        """Ends a build that is under way or waited for: `prepare` raises BuildCancelled. False where there is none."""
        activity = self.activity
        if activity is None or not activity.can_cancel:
            return False
        self._cancelled.set()
        return True

    def close(self) -> None:
        """Gives back what was prepared and never used."""
        self.cancel()
        with self._lock:
            for loaded in self._loaded.values():
                if loaded.session is not None:
                    loaded.session.release()
            self._loaded.clear()

    def _prepared(self, model: Path, size: Size) -> _Loaded:
        key = _key(model, size)
        if key not in self._loaded:
            self._cancelled.clear()
            self.activity = Activity("loading the engine", size, time.monotonic())
            try:
                self._loaded[key] = self._load(load_network(model.parent), size)
            finally:
                self.activity = None
            while len(self._loaded) > _KEPT:
                _, oldest = self._loaded.popitem(last=False)
                if oldest.session is not None:
                    oldest.session.release()
        self._loaded.move_to_end(key)
        self.device = f"{self._gpu.name} {self._loaded[key].precision}"
        return self._loaded[key]

    def _load(self, network: Network, size: Size) -> _Loaded:
        self._cuda.use(self._gpu.index)
        precision = self._chosen(network, size)
        supplied, engine, tried = self._engine(network, size, precision)
        key = supplied.key
        self._doing("compiling kernels for this GPU", size)
        stored = self._stored_kernels(key)
        given = tried or stored
        try:
            session, cache = self._session(engine, size, given)
            decibels = self._checked_answer(session, network, precision)
        except SuperseeError as error:
            raise self._explained(error) from error
        kernels = given if cache is None or cache.warm else cache.serialized()
        self._keep(key, decibels, kernels if kernels != stored else b"")
        self.remarks = supplied.remarks
        return _Loaded(engine, session, kernels, decibels, precision)

    def _chosen(self, network: Network, size: Size) -> str:
        if self.precision != AUTO:
            return self.precision
        for precision in network.typed:
            key = self._supply.key(network, size, self._target, precision)
            if self._details(key).get("chosen") is True:
                return precision
        return DEFAULT_PRECISION

    def _engine(self, network: Network, size: Size, precision: str) -> tuple[SuppliedEngine, Any, bytes]:
        """Loaded, with the kernels of its trial. One from the store that does not load is built again before it is
        given up."""
        supplied = self._supplied(network, size, precision)
        try:
            return self._loaded_engine(network, size, precision, supplied)
        except BuildCancelled:
            raise
        except SuperseeError as error:
            if supplied.built or isinstance(error, WorkerDied):
                raise self._explained(error) from error
            said = f"The stored engine of {supplied.key.said()} is built again: {error}"
            log.warning("%s", said)
        self._supply.forget(network, size, self._target, precision)
        supplied = replace(again := self._supplied(network, size, precision), remarks=(said, *again.remarks))
        try:
            return self._loaded_engine(network, size, precision, supplied)
        except BuildCancelled:
            raise
        except SuperseeError as error:
            raise self._explained(error) from error

    def _loaded_engine(
        self, network: Network, size: Size, precision: str, supplied: SuppliedEngine
    ) -> tuple[SuppliedEngine, Any, bytes]:
        """Tried out in another process first, unless it has answered rightly on this GPU and driver before."""
        tried = b""
        if "gate_db" not in self._details(supplied.key):
            self._doing("trying the engine out", size, can_cancel=True)
            model, target = network.typed_model(precision), self._target
            request = WorkerRequest(model, size, target.library, target.target, target.device)
            tried = self._trial(request, supplied.plan, cancelled=self._cancelled.is_set)
        self._doing("loading the engine", size)
        return supplied, self._checked(self._library.load(supplied.plan), size), tried

    def _supplied(self, network: Network, size: Size, precision: str) -> SuppliedEngine:
        return self._supply.provide(
            network,
            size,
            self._target,
            precision,
            cancelled=self._cancelled.is_set,
            on_build=lambda: self._doing("building the engine", size, can_cancel=True),
        )

    def _explained(self, error: SuperseeError) -> SuperseeError:
        """Of a GPU that the library does not list, that may be all that is wrong."""
        if self._target.target != PORTABLE:
            return error
        major, minor = self._gpu.capability
        listed = ", ".join(f"{name[2:-1]}.{name[-1]}" for name in self._library.targets() if name != PORTABLE)
        known = f"{self.name} {self._library.version} lists {listed}"
        return SuperseeError(
            f"{self.name} does not run on {self._gpu.name}",
            f"its compute capability is {major}.{minor}, and {known} ({error.what}: {error.why})",
            "Install the full TensorRT (`tensorrt`), which runs there; until then the network runs on the CPU.",
        )

    def _session(self, engine: Any, size: Size, kernels: bytes) -> tuple[TensorRtSession, Any]:
        context, cache = self._library.create_context(engine, kernels)
        shapes = tensor_shapes(size)
        return TensorRtSession(self._library, self._cuda, context, *shapes), cache

    def _checked_answer(self, session: TensorRtSession, network: Network, precision: str) -> float:
        """The gate; decibels of the worst channel. Raises SuperseeError where it is not passed, and lets go of the
        session."""
        try:
            if network.gate is None:
                raise SuperseeError(
                    f"{self.name} cannot be checked with the network {network.name}",
                    "its folder has no stored answer",
                    "Export it again with `python -m models export`.",
                )
            result = check_session(session, load_gate(network.gate), precision)
            if not result.passed:
                raise refusal(self.name, result)
        except SuperseeError:
            session.release()
            raise
        return result.worst_db

    def _checked(self, engine: Any, size: Size) -> Any:
        """An engine that does not take what the shaders write must not be given it."""
        api = self._library.api
        wanted = dict(zip((INPUT_NAME, OUTPUT_NAME), tensor_shapes(size)))
        names = [engine.get_tensor_name(i) for i in range(engine.num_io_tensors)]
        if sorted(names) != sorted(wanted):
            raise SuperseeError("The engine is another network's", f"its tensors are {', '.join(names)}")
        for name, (_, height, width, channels) in wanted.items():
            shape, kind = tuple(engine.get_tensor_shape(name)), engine.get_tensor_dtype(name)
            layout = engine.get_tensor_format(name)
            if shape != (1, channels, height, width) or kind != api.DataType.HALF or layout != api.TensorFormat.HWC8:
                raise SuperseeError("The engine is another network's", f"{name} is {shape}, {kind}, {layout}")
        return engine

    def _details(self, key: EngineKey) -> dict[str, Any]:
        try:
            return self._supply.store.details(key)
        except SuperseeError as error:
            log.warning("%s", error)
            return {}

    def _stored_kernels(self, key: EngineKey) -> bytes:
        try:
            return self._supply.store.find(key, "runtime").data or b""
        except SuperseeError as error:
            log.warning("%s", error)
            return b""

    def _keep(self, key: EngineKey, decibels: float, kernels: bytes) -> None:
        """What the next start is faster by; that it cannot be kept stops nothing."""
        try:
            if kernels:
                self._supply.store.put(key, kernels, {}, "runtime")
            self._supply.store.annotate(key, gate_db=round(decibels, 1))
        except SuperseeError as error:
            log.warning("%s", error)

    def _doing(self, what: str, size: Size, *, can_cancel: bool = False) -> None:
        since = self.activity.since if self.activity is not None else time.monotonic()
        self.activity = Activity(what, size, since, can_cancel)


def _key(model: Path, size: Size) -> tuple[str, float, Size]:
    return str(model), model.stat().st_mtime if model.exists() else 0.0, size

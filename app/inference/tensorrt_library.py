"""TensorRT in its two shapes, and all that differs between them.

`tensorrt_rtx` (TensorRT for RTX, from PyPI) builds for a named compute capability without a GPU, compiles kernels when
an execution context is made, keeps those in a runtime cache and captures CUDA graphs by itself. `tensorrt` (the full
library, installed by the user) builds for the GPU it finds and leaves graphs to its user. Neither raises when
something fails: they answer None or False and tell their logger why.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from app.errors import SuperseeError
from app.inference.paused_collector import paused_collector

log = logging.getLogger(__name__)

Kind = Literal["tensorrt_rtx", "tensorrt"]
KINDS: tuple[Kind, ...] = ("tensorrt_rtx", "tensorrt")
"""In the order in which they are tried."""

LABELS: dict[str, str] = {"tensorrt_rtx": "TensorRT-RTX", "tensorrt": "TensorRT"}
PORTABLE = "portable"
"""A target of TensorRT-RTX: no compute capability is named, and the engine runs on 8.0, 8.6, 8.9, 12.0 "and later"."""
PORTABLE_SINCE = (8, 0)
PRESENT = "present"
"""The full library's only target: the GPU in the machine."""

_OLDEST: dict[str, tuple[int, int]] = {"tensorrt_rtx": (1, 2), "tensorrt": (10, 0)}  # RTX: since 1.2 with CUDA graphs
_INSTALL = {
    "tensorrt_rtx": 'Install it with `pip install "supersee[gpu]"`.',
    "tensorrt": "Install it as NVIDIA's TensorRT guide says; TensorRT-RTX needs only `pip install tensorrt_rtx`.",
}


@dataclass(frozen=True, slots=True)
class RuntimeCache:
    """Kernels that TensorRT-RTX compiled for this GPU; `warm` where all or part of them came from `stored`."""

    handle: Any
    warm: bool

    def serialized(self) -> bytes:
        """What to store; b"" where TensorRT gives nothing."""
        memory = self.handle.serialize()
        return b"" if memory is None else bytes(memory)


class TensorRtLibrary:
    """One of the two libraries, loaded. Messages of a call that failed are collected for its error."""

    def __init__(self, kind: Kind, api: Any = None) -> None:
        """Raises SuperseeError where it is missing, broken or too old. `api`: the module, imported by default."""
        self.kind: Kind = kind
        self.label = LABELS[kind]
        self.api = api if api is not None else _imported(kind)
        self.version = str(self.api.__version__)
        if _version_numbers(self.version) < _OLDEST[kind]:
            oldest = ".".join(map(str, _OLDEST[kind]))
            raise SuperseeError(
                f"{self.label} {self.version} is too old", f"{oldest} or newer is needed", _INSTALL[kind]
            )
        self.messages: list[str] = []
        self.logger = _make_logger(self.api, self.messages)
        self._runtime: Any = None

    @property
    def builds_without_gpu(self) -> bool:
        return self.kind == "tensorrt_rtx"

    # --- targets --------------------------------------------------------------------------------------------------

    def targets(self) -> tuple[str, ...]:
        """Names of what engines can be built for: "sm75" and so on, the oldest first, then "portable"; "present" for
        the full library."""
        if self.kind != "tensorrt_rtx":
            return (PRESENT,)
        named = [name for name in dir(self.api.ComputeCapability) if re.fullmatch(r"SM\d+", name)]
        return (*(name.lower() for name in sorted(named, key=lambda name: int(name[2:]))), PORTABLE)

    def target_for(self, capability: tuple[int, int]) -> str:
        """The target for a GPU. Raises SuperseeError where it is too old for this library. A GPU that is newer than
        Turing and not listed gets the portable engine: whether that runs there is for the GPU to say."""
        if self.kind != "tensorrt_rtx":
            return PRESENT
        name = f"sm{capability[0]}{capability[1]}"
        if name in self.targets():
            return name
        if capability < PORTABLE_SINCE:
            raise SuperseeError(
                f"{self.label} does not run on this GPU",
                f"its compute capability is {capability[0]}.{capability[1]}, and 7.5, 8.0 or newer is needed",
                "The network runs on the CPU instead.",
            )
        return PORTABLE

    def set_target(self, config: Any, target: str) -> None:
        """Raises SuperseeError for a target that this library does not build for."""
        if target not in self.targets():
            raise SuperseeError(
                f"{self.label} {self.version} does not build for {target}",
                f"its targets are {', '.join(self.targets())}",
            )
        if target in (PORTABLE, PRESENT):
            return
        config.num_compute_capabilities = 1
        if not config.set_compute_capability(getattr(self.api.ComputeCapability, target.upper()), 0):
            raise SuperseeError(f"{self.label} refuses the target {target}", self.told())

    # --- building -------------------------------------------------------------------------------------------------

    def create_network(self, builder: Any) -> Any:
        """Strongly typed: precision comes from the model file. TensorRT-RTX and TensorRT 11 know nothing else."""
        flags = getattr(self.api, "NetworkDefinitionCreationFlag", None)
        typed = getattr(flags, "STRONGLY_TYPED", None)
        if self.kind == "tensorrt_rtx" or typed is None or _version_numbers(self.version) >= (11, 0):
            return builder.create_network(0)
        return builder.create_network(1 << int(typed))

    # --- running --------------------------------------------------------------------------------------------------

    @property
    def captures_graphs(self) -> bool:
        """Whether contexts capture CUDA graphs by themselves, for every pair of addresses they meet."""
        return self.kind == "tensorrt_rtx"

    @paused_collector()
    def load(self, plan: bytes) -> Any:
        """An engine from `plan`; needs the GPU. Raises SuperseeError with TensorRT's reason."""
        self.messages.clear()
        self._runtime = self._runtime or self.api.Runtime(self.logger)
        engine = self._runtime.deserialize_cuda_engine(plan)
        if engine is None:
            raise SuperseeError(f"{self.label} {self.version} cannot load the engine", self._why_not(plan))
        return engine

    @paused_collector()
    def create_context(self, engine: Any, stored: bytes = b"") -> tuple[Any, RuntimeCache | None]:
        """An execution context, CUDA graphs switched on where the library does them, with its runtime cache where it
        has one. Compiles kernels, for seconds where `stored` is empty or foreign; a CUDA context must be current."""
        self.messages.clear()
        if self.kind == "tensorrt_rtx":
            config = engine.create_runtime_config()
            cache = config.create_runtime_cache()
            warm = bool(stored) and bool(cache.deserialize(stored))
            if stored and not warm:
                log.info("the runtime cache was made on another GPU, driver or version: kernels are compiled again")
            config.set_runtime_cache(cache)
            config.cuda_graph_strategy = self.api.CudaGraphStrategy.WHOLE_GRAPH_CAPTURE
            context, kept = engine.create_execution_context(config), RuntimeCache(cache, warm)
        else:
            context, kept = engine.create_execution_context(), None
        if context is None:
            raise SuperseeError(
                f"{self.label} cannot prepare the network on this GPU",
                self.told() or "no reason was given; often the GPU's memory is full",
                "Close other programs that use the GPU, or choose a smaller display size.",
            )
        return context, kept

    def told(self) -> str:
        """The first thing that the library complained about since the last call, in one line."""
        return _plain(self.messages[0]) if self.messages else ""

    def _why_not(self, plan: bytes) -> str:
        """TensorRT's own diagnosis of a plan that does not load, where it has one."""
        validity = getattr(self._runtime, "get_engine_validity", None)
        if validity is None:
            return self.told() or "it gives no reason"
        _, diagnosis = validity(plan)
        known = getattr(self.api, "EngineInvalidityDiagnostics", None)
        found = [said for name, said in _DIAGNOSES.items() if int(diagnosis) & int(getattr(known, name, 0))]
        return "; ".join(found) or self.told() or "it gives no reason"


_DIAGNOSES = {
    "VERSION_MISMATCH": "it was built by another version",
    "UNSUPPORTED_CC": "it does not run on GPUs of this compute capability",
    "OLD_CUDA_DRIVER": "the NVIDIA driver is too old",
    "OLD_CUDA_RUNTIME": "the CUDA runtime is too old",
    "INSUFFICIENT_GPU_MEMORY": "the GPU's memory is full",
    "MALFORMED_ENGINE": "it is damaged",
    "CUDA_ERROR": "the NVIDIA driver or CUDA is not installed properly",
}


def installed() -> dict[str, str]:
    """Versions of the libraries that are installed, by kind, without loading them."""
    found = {}
    for kind in KINDS:
        version = _installed_version(kind)
        if version:
            found[kind] = version
    return found


def first_library(kinds: tuple[Kind, ...] = KINDS) -> TensorRtLibrary:
    """The first that can be used. Raises SuperseeError, with every reason, where none can."""
    reasons = []
    for kind in kinds:
        try:
            return TensorRtLibrary(kind)
        except SuperseeError as error:
            reasons.append(f"{error.what}: {error.why}" if error.why else error.what)
    raise SuperseeError("No TensorRT can be used", "; ".join(reasons), _INSTALL["tensorrt_rtx"])


def _installed_version(kind: Kind) -> str:
    try:
        return importlib.metadata.version(kind)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _imported(kind: Kind) -> Any:
    try:
        return importlib.import_module(kind)
    except ModuleNotFoundError as error:
        if error.name == kind:
            raise SuperseeError(f"{LABELS[kind]} is not installed", "", _INSTALL[kind]) from error
        raise _broken(kind, error) from error
    except (ImportError, OSError, RuntimeError, FileNotFoundError) as error:
        raise _broken(kind, error) from error


def _broken(kind: Kind, error: Exception) -> SuperseeError:
    return SuperseeError(f"{LABELS[kind]} cannot be loaded", str(error), _INSTALL[kind])


def _version_numbers(version: str) -> tuple[int, ...]:
    return tuple(_leading_numbers(version))


def _leading_numbers(version: str) -> Iterator[int]:
    for part in version.split("."):
        if not part.isdigit():
            return
        yield int(part)


def _make_logger(api: Any, messages: list[str]) -> Any:
    """A logger for `api` that passes everything on to ours and keeps complaints for the next error."""
    worst = api.ILogger.Severity

    class Logger(api.ILogger):  # type: ignore[name-defined]
        def __init__(self) -> None:
            api.ILogger.__init__(self)

        def log(self, severity: Any, message: str) -> None:
            if severity in (worst.ERROR, worst.INTERNAL_ERROR):
                messages.append(message)
                log.warning("%s", _plain(message))
            elif severity == worst.WARNING:
                log.info("%s", _plain(message))

    return Logger()


def _plain(message: str) -> str:
    """Without the source positions that TensorRT puts around what it has to say."""
    text = re.sub(r"\(In \S+ at \S+:\d+\s*(\(.*\))\)", r"\1", message)
    text = re.sub(r"In \S+ at \S+:\d+\s*|^\[?\S+::\S+::\d+\]?\s*|^I[A-Z]\w+::\w+: ", "", text)
    return " ".join(text.split())

"""A stand-in for TensorRT's run-time side that records calls and answers as the network does, by OpenVINO in float32.

"Device" pointers are host addresses, as those of recorded_cuda are. A plan is JSON that names the network's folder and
size; the stand-in for the builder writes it. Refuses as TensorRT does: None or False,
and a word to the logger.
"""

from __future__ import annotations

import ctypes
import enum
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from app.inference.channels import INPUT_CHANNELS, OUTPUT_CHANNELS
from app.inference.engine_process import WorkerAnswer, WorkerRequest
from app.inference.openvino_backend import OpenVinoBackend

_SESSIONS: dict[tuple[str, tuple[int, int]], Any] = {}
Answer = Callable[[np.ndarray], np.ndarray | None]


class Severity(enum.IntEnum):
    INTERNAL_ERROR = 0
    ERROR = 1
    WARNING = 2
    INFO = 3
    VERBOSE = 4


class ILogger:
    Severity = Severity


class DataType(enum.Enum):
    HALF = 1
    FLOAT = 2


class TensorFormat(enum.IntEnum):
    LINEAR = 0
    HWC8 = 5


@dataclass
class Faults:
    """What goes wrong. `answer` changes what the network says (None: it writes nothing)."""

    load: str = ""
    diagnosis: int = 0
    context: str = ""
    execute: str = ""
    address: bool = False
    foreign_cache: bool = False
    format: TensorFormat = TensorFormat.HWC8
    names: tuple[str, str] = ("features", "parameters")
    answer: Answer = field(default=lambda output: output)


class RecordedTensorRt:
    """What `import tensorrt_rtx` or `import tensorrt` gives. `calls` are the names of what was done, in order."""

    ILogger = ILogger
    DataType = DataType
    TensorFormat = TensorFormat
    CudaGraphStrategy = SimpleNamespace(DISABLED=0, WHOLE_GRAPH_CAPTURE=1)
    ComputeCapability = SimpleNamespace(NONE=0, CURRENT=1, SM75=75, SM80=80, SM86=86, SM89=89, SM120=120)
    EngineInvalidityDiagnostics = SimpleNamespace(VERSION_MISMATCH=1, UNSUPPORTED_CC=2, MALFORMED_ENGINE=32)

    def __init__(self, version: str = "1.7.1.116") -> None:
        self.__version__ = version
        self.faults = Faults()
        self.calls: list[str] = []
        self.contexts: list[Context] = []
        self.strategies: list[int] = []

    def Runtime(self, logger: Any) -> RecordedRuntime:
        return RecordedRuntime(self, logger)


@dataclass
class RecordedRuntime:
    api: RecordedTensorRt
    logger: Any

    def deserialize_cuda_engine(self, plan: bytes) -> Engine | None:
        self.api.calls.append("load")
        if self.api.faults.load:
            self.logger.log(Severity.ERROR, self.api.faults.load)
            return None
        try:
            content = json.loads(plan)
        except ValueError:
            self.logger.log(Severity.ERROR, "Serialization assertion failed")
            return None
        return Engine(self.api, self.logger, Path(content["folder"]), tuple(content["size"]))

    def get_engine_validity(self, plan: bytes) -> tuple[int, int]:
        return 2, self.api.faults.diagnosis


@dataclass
class Engine:
    api: RecordedTensorRt
    logger: Any
    folder: Path
    size: tuple[int, int]
    num_io_tensors: int = 2

    def get_tensor_name(self, index: int) -> str:
        return self.api.faults.names[index]

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return 1, len(INPUT_CHANNELS if name == "features" else OUTPUT_CHANNELS), self.size[1], self.size[0]

    def get_tensor_dtype(self, name: str) -> DataType:
        return DataType.HALF

    def get_tensor_format(self, name: str) -> TensorFormat:
        return self.api.faults.format

    def create_runtime_config(self) -> RuntimeConfig:
        return RuntimeConfig(self.api)

    def create_execution_context(self, config: Any = None) -> Context | None:
        self.api.calls.append("create context")
        if config is not None:
            self.api.strategies.append(config.cuda_graph_strategy)
        if self.api.faults.context:
            self.logger.log(Severity.ERROR, self.api.faults.context)
            return None
        context = Context(self)
        self.api.contexts.append(context)
        return context


@dataclass
class RuntimeConfig:
    api: RecordedTensorRt
    cuda_graph_strategy: int = 0
    cache: RecordedCache | None = None

    def create_runtime_cache(self) -> RecordedCache:
        return RecordedCache(self.api)

    def set_runtime_cache(self, cache: RecordedCache) -> bool:
        self.cache = cache
        return True


@dataclass
class RecordedCache:
    api: RecordedTensorRt
    content: bytes = b""

    def deserialize(self, blob: bytes) -> bool:
        if self.api.faults.foreign_cache:
            return False
        self.content = blob
        return True

    def serialize(self) -> bytes:
        return self.content or b"kernels for this GPU"


@dataclass
class Context:
    engine: Engine
    addresses: dict[str, int] = field(default_factory=dict)
    runs: int = 0

    def set_tensor_address(self, name: str, pointer: int) -> bool:
        self.addresses[name] = pointer
        return not self.engine.api.faults.address

    def execute_async_v3(self, stream: int) -> bool:
        api = self.engine.api
        api.calls.append("execute")
        assert stream, "never the default stream"
        if api.faults.execute:
            self.engine.logger.log(Severity.ERROR, api.faults.execute)
            return False
        self.runs += 1
        width, height = self.engine.size
        features = _halves(self.addresses["features"], (height, width, len(INPUT_CHANNELS)))
        answer = api.faults.answer(_network(self.engine.folder, self.engine.size, features))
        if answer is not None:
            _halves(self.addresses["parameters"], (height, width, len(OUTPUT_CHANNELS)))[:] = answer
        return True


def built_plan(request: WorkerRequest, **_options: object) -> WorkerAnswer:
    """The stand-in for engine_process.build_in_process."""
    plan = json.dumps({"folder": str(request.model.parent), "size": request.size, "target": request.target}).encode()
    return WorkerAnswer(plan, {"bytes": len(plan), "boundary": ""}, 0.5)


def tried_plan(_request: WorkerRequest, _plan: bytes, **_options: object) -> bytes:
    """The stand-in for engine_process.try_in_process: nothing crashed, and nothing was compiled."""
    return b""


def _halves(address: int, shape: tuple[int, ...]) -> np.ndarray:
    count = int(np.prod(shape))
    return np.frombuffer((ctypes.c_uint16 * count).from_address(address), np.float16).reshape(shape)


def _network(folder: Path, size: tuple[int, int], features: np.ndarray) -> np.ndarray:
    key = str(folder), size
    if key not in _SESSIONS:
        backend = OpenVinoBackend(precision="f32", threads=1, cache="")
        _SESSIONS[key] = backend.compile(folder / "model.onnx", size)
    session = _SESSIONS[key]
    session.input[0] = features
    session.start()
    session.wait()
    return session.output[0].copy()

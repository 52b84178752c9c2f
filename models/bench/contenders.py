"""The network in torch and onnxruntime: one callable each, which queues one inference and returns the tensor with its
answer. Built anew for each size, torn down with the last reference."""

from __future__ import annotations

import copy
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from app.errors import SuperseeError
from app.inference.manifest import Network
from app.measure.network_times import TORCH_EAGER
from models.bench.reason import first_line
from models.network.config import NetworkConfig, read_settings
from models.network.unet import TemporalUNet
from models.train.start import start_from

Inference = Callable[[], Tensor]
EAGER, COMPILED, ONNXRUNTIME = TORCH_EAGER, "torch.compile, CUDA graphs", "onnxruntime CUDA"


def load_module(network: Network) -> TemporalUNet:
    """The shipped network as a torch module, its weights read back from model.onnx."""
    module = TemporalUNet(read_settings(NetworkConfig, network.architecture))
    start_from(module, network.folder)
    return module.eval()


def eager(module: TemporalUNet, features: Tensor) -> Inference:
    """`features` (1, 40, h, w), channels last in memory, in the precision and on the device that is to be used."""
    ready = _like(module, features)
    return lambda: ready(features)


def compiled(module: TemporalUNet, features: Tensor) -> Inference:
    """Inductor's kernels in one CUDA graph ("reduce-overhead"); the first calls compile."""
    torch._dynamo.reset()  # or sizes that came before make this one "dynamic"
    ready = torch.compile(_like(module, features), mode="reduce-overhead", fullgraph=True, dynamic=False)
    return lambda: ready(features)


def onnxruntime_cuda(model: Path, features: Tensor) -> Inference:
    """`model` float16 NCHW. Bound to torch's memory and stream, so that nothing is copied or waited for. Raises
    SuperseeError where the CUDA provider is not there; the callable does where it fails."""
    onnxruntime = _onnxruntime()
    failures = _failures(onnxruntime)
    given = features.contiguous()
    answer = torch.empty((1, 16, *given.shape[2:]), dtype=torch.float16, device=given.device)
    provider = ("CUDAExecutionProvider", {"user_compute_stream": str(torch.cuda.current_stream().cuda_stream)})
    try:
        session = onnxruntime.InferenceSession(str(model), providers=[provider])
    except failures as error:
        raise SuperseeError("onnxruntime cannot load the network on this GPU", first_line(error)) from error
    if "CUDAExecutionProvider" not in session.get_providers():
        raise SuperseeError("onnxruntime does not run on this GPU", "its CUDA provider could not be loaded")
    binding = session.io_binding()
    for bind, name, tensor in ((binding.bind_input, "features", given), (binding.bind_output, "parameters", answer)):
        bind(name, "cuda", tensor.device.index or 0, "float16", tuple(tensor.shape), tensor.data_ptr())
    options = onnxruntime.RunOptions()
    options.add_run_config_entry("disable_synchronize_execution_providers", "1")

    def infer() -> Tensor:
        try:
            session.run_with_iobinding(binding, options)
        except failures as error:
            raise SuperseeError("onnxruntime cannot run the network on this GPU", first_line(error)) from error
        return answer

    return infer


def _failures(onnxruntime: Any) -> tuple[type[Exception], ...]:
    """What it raises where a provider, a kernel or the GPU fails: classes of its own, which are no RuntimeErrors."""
    state = onnxruntime.capi._pybind_state
    return state.EPFail, state.Fail, state.RuntimeException, state.NotImplemented


def _like(module: TemporalUNet, features: Tensor) -> TemporalUNet:
    """A copy in the precision, on the device and in the layout of `features`."""
    ready = copy.deepcopy(module).to(features.device, features.dtype)
    return ready.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _onnxruntime() -> Any:
    try:
        onnxruntime = importlib.import_module("onnxruntime")
    except ImportError as error:
        raise SuperseeError("onnxruntime is not installed", "", "pip install onnxruntime-gpu") from error
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise SuperseeError("This onnxruntime has no CUDA provider", "", "pip install onnxruntime-gpu")
    return onnxruntime

"""Times one runtime at one size and holds its answer against the stored one."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from app.conventions import Size
from app.errors import SuperseeError
from app.inference.gate import Gate, compare
from app.measure.network_times import NetworkTime
from app.measure.percentiles import percentiles
from models.bench.contenders import Inference
from models.bench.reason import reason


def stored_features(gate: Gate, size: Size, device: torch.device) -> Tensor:
    """The stored question repeated over (1, 40, h, w) float16, channels last: what an engine is asked too."""
    width, height = size
    rows, columns = (-(-n // side) for n, side in zip((height, width), gate.features.shape))
    tiled = np.tile(gate.features, (rows, columns, 1))[:height, :width]
    return torch.from_numpy(np.ascontiguousarray(tiled)).to(device).permute(2, 0, 1)[None]


def timed(
    runtime: str, precision: str, size: Size, make: Callable[[], Inference], gate: Gate, count: int, warm_up: int
) -> NetworkTime:
    """A runtime that cannot run here gives a row that says why; an error of ours, such as a wrong shape, is raised."""
    try:
        with torch.inference_mode():
            infer = make()
            answer = infer()
            device = answer.device
            result = compare(answer[0].permute(1, 2, 0).cpu().numpy(), gate, "fp16")
            milliseconds = percentiles(_series(infer, device, count, warm_up))
    except SuperseeError as error:
        return NetworkTime(runtime, precision, size, None, None, str(error))
    except RuntimeError as error:  # the one kind that torch raises, for a GPU that is too small as for a bug
        if (why := reason(error)) is None:
            raise
        return NetworkTime(runtime, precision, size, None, None, why)
    return NetworkTime(runtime, precision, size, milliseconds, round(result.worst_db, 2), result.problem)


def _series(infer: Inference, device: torch.device, count: int, warm_up: int) -> list[float]:
    """Milliseconds of each inference: on a GPU by CUDA events, all queued, then waited for; on a CPU by its clock."""
    for _ in range(warm_up):
        infer()
    if device.type != "cuda":
        times = []
        for _ in range(count):
            begun = time.perf_counter()
            infer()
            times.append((time.perf_counter() - begun) * 1e3)
        return times
    events = [[torch.cuda.Event(enable_timing=True) for _ in range(2)] for _ in range(count)]
    torch.cuda.synchronize()
    for begin, end in events:
        begin.record()
        infer()
        end.record()
    torch.cuda.synchronize()
    return [begin.elapsed_time(end) for begin, end in events]

"""Data parallel training: every process has the whole network and its share of each batch; gradients are averaged.

Started by `torchrun --nproc-per-node N -m -- models train ...`; without it there is one process, nothing is exchanged.
The average is taken here, in one exchange a step, and not by DistributedDataParallel: a window calls the network once a
frame between passes of its own, so that its gradients are complete only at the window's beginning, where the backward
pass ends, and there is nothing left to overlap with.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn

from app.errors import SuperseeError


@dataclass(frozen=True, slots=True)
class Ranks:
    """Which of how many processes this one is."""

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        return self.rank == 0

    def share(self, batch: int) -> slice:
        """This process's items of a batch."""
        size = batch // self.count
        return slice(self.rank * size, (self.rank + 1) * size)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Every process must call it, for the same parameters; one without a gradient counts as 0."""
        if self.count == 1:
            return
        held = list(parameters)
        gradients = [p.grad if p.grad is not None else torch.zeros_like(p) for p in held]
        flat = torch.cat([g.flatten() for g in gradients])
        torch.distributed.all_reduce(flat)
        for parameter, part in zip(held, (flat / self.count).split([p.numel() for p in held])):
            parameter.grad = part.view_as(parameter)

    def everywhere(self, fine: bool, device: torch.device) -> bool:
        """Whether all processes say so."""
        if self.count == 1:
            return fine
        answer = torch.tensor(float(fine), device=device)
        torch.distributed.all_reduce(answer, torch.distributed.ReduceOp.MIN)
        return bool(answer)

    def wait(self) -> None:
        if self.count > 1:
            torch.distributed.barrier()


def join(device: str) -> tuple[Ranks, torch.device]:
    """This process's place among those that torchrun started, and its device: with "cuda" each has a GPU of its own.

    Raises SuperseeError where there is no such device.
    """
    chosen = _device(device)
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count > 1 and not torch.distributed.is_initialized():
        torch.distributed.init_process_group("nccl" if chosen.type == "cuda" else "gloo")
    rank = torch.distributed.get_rank() if count > 1 else 0
    return Ranks(rank, count), chosen


def leave() -> None:
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise SuperseeError(f"{name!r} is not a device", str(error).splitlines()[0], "Use cpu or cuda.") from error
    if device.type not in ("cpu", "cuda"):
        raise SuperseeError(f"Nothing is trained on {name!r}", "there is no code for it here", "Use cpu or cuda.")
    if device.type != "cuda":
        return device
    if not torch.cuda.is_available():
        raise SuperseeError(
            "There is no CUDA device", f"torch {torch.__version__} finds none", "Train with --device cpu."
        )
    if device.index is None:
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    torch.cuda.set_device(device)
    return device

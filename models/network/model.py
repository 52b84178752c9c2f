"""What training, scoring and export share of every network: frames in, scene-linear pictures out, state in between."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, Self, cast

import torch
from torch import Tensor, nn

from models.network.config import NetworkConfig
from models.network.image_model import IMAGE_KINDS, ImageModel
from models.network.rgb_model import RgbModel
from models.network.unet import TemporalUNet
from models.temporal import Frame, Kernels, State, step


class RecurrentState(Protocol):
    """What one frame hands to the next; networks without a memory hand on an empty one."""

    def detach(self) -> Self:
        """Cuts the gradient, for truncated back-propagation."""
        ...

    def as_leaves(self) -> Self:
        """The same values, detached and taking gradients: where back-propagation through a window ends."""
        ...


class Model(Protocol):
    """A network with what stands around it. `step` reaches every weight through `network`'s own call, so that a
    wrapper (DistributedDataParallel, an average of weights) may be put in its place."""

    kind: str
    network: nn.Module

    def initial(self, frame: Frame) -> Any:
        """The RecurrentState before `frame`, the first one of a sequence: nothing is remembered."""
        ...

    def step(self, frame: Frame, state: Any) -> tuple[Tensor, Any]:
        """`frame` with what the frame before left: colour (B, 3, H, W) at `frame.display_size`, scene-linear Rec.709
        before exposure, and the RecurrentState for the next frame. Items with `frame.reset` set forget theirs."""
        ...


class KernelModel:
    """The production network: it predicts filters and blend weights that models.temporal's post-pass applies."""

    kind = "kernel"

    def __init__(self, config: NetworkConfig) -> None:
        self.network: nn.Module = TemporalUNet(config)
        self._history_scale = config.history_scale
        self.kernels: Kernels | None = None
        """The passes in C++, where somebody has loaded them; torch's otherwise."""

    def initial(self, frame: Frame) -> State:
        return State.initial(replace(frame, history_scale=self._history_scale))

    def step(self, frame: Frame, state: State) -> tuple[Tensor, State]:
        return step(self.network, replace(frame, history_scale=self._history_scale), state, self.kernels)


def _kernel(settings: Mapping[str, object]) -> Model:
    return KernelModel(NetworkConfig.from_dict(settings))


KINDS: dict[str, Callable[[Mapping[str, object]], Model]] = {
    "kernel": _kernel,
    "rgb-unet": RgbModel,
    **{kind: partial(ImageModel, kind) for kind in IMAGE_KINDS},
}
"""Builds a model from the settings without their `kind`; refuses what it does not know with a ValueError."""


def build_model(settings: Mapping[str, object], seed: int | None = None) -> Model:
    """The model that the [network] table of a training configuration describes, with fresh weights.

    `settings["kind"]` is one of KINDS ("kernel" where it is missing); the other keys belong to the kind. `seed` makes
    the weights reproducible and leaves torch's own random state alone. Raises ValueError for unknown kinds and keys
    and for values that cannot be.
    """
    rest = dict(settings)
    kind = rest.pop("kind", "kernel")
    if kind not in KINDS:
        raise ValueError(f"the kind {kind!r} is not one of {', '.join(KINDS)}")
    build = KINDS[cast(str, kind)]
    if seed is None:
        return build(rest)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build(rest)

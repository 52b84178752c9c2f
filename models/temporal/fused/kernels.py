"""The C++ passes as torch functions with gradients. On a CPU, in float32."""

from __future__ import annotations

import ctypes
from typing import Any

import torch
from torch import Tensor

from models.temporal.frame import Frame, State
from models.temporal.fused.library import load_library
from models.temporal.prepass import Prepared


class _Sizes(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_int) for name in ("batch", "width", "height", "display_width", "display_height", "scale")
    )


_INPUTS = (
    "parameters", "samples", "mean", "deviation", "motion", "bare", "jitter", "history", "exposure_ratio", "reset",
)  # fmt: skip


class _Inputs(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_void_p) for name in _INPUTS)


def load_kernels() -> Kernels:
    """Raises models.temporal.fused.library.NoCompilerError."""
    return Kernels(load_library())


class Kernels:
    """Stands in for `bilinear` (of images with four channels) and for the part of the post-pass behind `activate`."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        for name in ("resolve_forward", "resolve_backward", "sample_forward", "sample_backward"):
            getattr(library, name).restype = None
        library.resolve_kept.restype = ctypes.c_int64

    def __deepcopy__(self, memo: dict[int, Any]) -> Kernels:
        """A copied model runs the same code."""
        return self

    def sample(self, image: Tensor, position: Tensor) -> Tensor:
        """`image` (B, 4, h, w) at `position` (B, 2, H, W) in its pixels: (B, 4, H, W); no gradient for positions."""
        return _Sample.apply(self._library, image, position)

    def resolve(self, frame: Frame, prepared: Prepared, parameters: Tensor, state: State) -> tuple[Tensor, Tensor]:
        """`parameters` (B, 12, h, w) are activated. Answers the next history (B, 4, H', W') and the exposed picture
        (B, 3, H, W); gradients for `parameters` and `state.history`."""
        width, height = frame.render_size
        sizes = _Sizes(len(frame.colour), width, height, *frame.display_size, frame.history_scale)
        fixed = (
            prepared.samples[:, 4],
            prepared.memory.mean,
            prepared.memory.deviation,
            prepared.motion,
            prepared.bare,
            frame.jitter,
            frame.exposure / state.exposure,
            frame.reset,
        )
        return _Resolve.apply(self._library, sizes, parameters, state.history, *fixed)


def _pixels(image: Tensor) -> Tensor:
    """The channels of a pixel side by side in memory, where they are not already."""
    return image.float().contiguous(memory_format=torch.channels_last)


def _empty_pixels(*shape: int) -> Tensor:
    return torch.zeros(shape).to(memory_format=torch.channels_last)


def _at(tensor: Tensor) -> ctypes.c_void_p:
    return ctypes.c_void_p(tensor.data_ptr())


class _Sample(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, library: ctypes.CDLL, image: Tensor, position: Tensor) -> Tensor:
        image, position = _pixels(image), position.float().contiguous()
        batch, _, height, width = image.shape
        rows, columns = position.shape[-2:]
        out = _empty_pixels(batch, 4, rows, columns)
        library.sample_forward(_at(image), batch, height, width, _at(position), rows * columns, _at(out))
        ctx.library, ctx.shape = library, image.shape
        ctx.save_for_backward(position)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        (position,) = ctx.saved_tensors
        batch, _, height, width = ctx.shape
        gradient, d_image = _pixels(gradients[0]), _empty_pixels(*ctx.shape)
        count = position.shape[-2] * position.shape[-1]
        ctx.library.sample_backward(_at(gradient), batch, height, width, _at(position), count, _at(d_image))
        return None, d_image, None


class _Resolve(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, library: ctypes.CDLL, sizes: _Sizes, parameters: Tensor, history: Tensor, *fixed: Tensor
    ) -> tuple[Tensor, Tensor]:
        *images, reset = fixed
        parameters, history = parameters.float().contiguous(), _pixels(history)
        images = [image.float().contiguous() for image in images]
        answer = _empty_pixels(*history.shape)
        output = torch.zeros(sizes.batch, 3, sizes.display_height, sizes.display_width)
        ctx.library, ctx.sizes = library, sizes
        inputs = (parameters, history, *images, reset.contiguous())
        kept = torch.empty(library.resolve_kept(ctypes.byref(sizes)))
        ctx.save_for_backward(kept, *inputs)
        library.resolve_forward(ctypes.byref(sizes), _inputs(*inputs), _at(answer), _at(output), _at(kept))
        return answer, output

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        kept, *inputs = ctx.saved_tensors
        parameters, history = inputs[:2]
        d_answer, d_output = _pixels(gradients[0]), gradients[1].float().contiguous()
        d_parameters, d_history = torch.zeros_like(parameters), _empty_pixels(*history.shape)
        ctx.library.resolve_backward(
            ctypes.byref(ctx.sizes), _inputs(*inputs), _at(kept),
            _at(d_answer), _at(d_output), _at(d_parameters), _at(d_history),
        )  # fmt: skip
        return None, None, d_parameters, d_history, *[None] * 8


def _inputs(parameters: Tensor, history: Tensor, *fixed: Tensor) -> Any:
    samples, mean, deviation, motion, bare, jitter, ratio, reset = fixed
    ordered = (parameters, samples, mean, deviation, motion, bare, jitter, history, ratio, reset)
    return ctypes.byref(_Inputs(*(_at(tensor) for tensor in ordered)))

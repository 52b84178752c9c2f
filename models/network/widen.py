"""A narrower network's weights in a wider one of the same levels: it begins as what the narrower one has learned.

The function stays what it was (Chen et al. 2016, "Net2Net", whose new channels are copies; here they are fresh, and
nobody listens to them yet): the first channels of every layer are the narrower network's, and ignore the new ones.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn


def widened(network: nn.Module, weights: Mapping[str, Tensor]) -> dict[str, Tensor] | None:
    """`weights` (state_dict of the narrower one) as those of `network`, with its own fresh values in the new channels;
    None where it is not a wider one: other layers, fewer channels, or a kernel that the old one does not fit into."""
    fresh = network.state_dict()
    if fresh.keys() != weights.keys() or not all(_fits(weights[name], value) for name, value in fresh.items()):
        return None
    return {name: _placed(weights[name], value) for name, value in fresh.items()}


def _fits(old: Tensor, new: Tensor) -> bool:
    if old.dim() != new.dim() or any(a > b for a, b in zip(old.shape, new.shape)):
        return False
    return old.dim() < 4 or all((b - a) % 2 == 0 for a, b in zip(old.shape[2:], new.shape[2:]))


def _placed(old: Tensor, new: Tensor) -> Tensor:
    placed = new.clone()
    if old.dim() != 4:  # a bias
        placed[: len(old)] = old
        return placed
    outputs, inputs, rows, columns = old.shape
    # A smaller kernel is the middle of a larger one.
    top, left = (new.shape[2] - rows) // 2, (new.shape[3] - columns) // 2
    placed[:outputs] = 0.0
    placed[:outputs, :inputs, top : top + rows, left : left + columns] = old
    return placed

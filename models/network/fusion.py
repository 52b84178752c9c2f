"""How a temporal U-Net mixes what it sees with what it remembers, at its coarsest level.

Every fusion takes features (B, C, h, w) and its memory, `memories` tensors of the same shape that were warped to this
frame, and returns the fused features and the memory for the next frame.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Memories = tuple[Tensor, ...]


class NoFusion(nn.Module):
    memories = 0

    def __init__(self, width: int) -> None:
        super().__init__()

    def forward(self, x: Tensor, memory: Memories) -> tuple[Tensor, Memories]:
        return x, memory


class ConvLstm(nn.Module):
    """Shi et al. 2015, "Convolutional LSTM Network", without the peephole connections. Memory: output and cell."""

    memories = 2

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gates = nn.Conv2d(2 * width, 4 * width, 3, padding=1)

    def forward(self, x: Tensor, memory: Memories) -> tuple[Tensor, Memories]:
        output, cell = memory
        enter, forget, leave, new = self.gates(torch.cat((x, output), 1)).chunk(4, 1)
        # One is added so that an untrained cell remembers (Jozefowicz et al. 2015).
        cell = torch.sigmoid(forget + 1.0) * cell + torch.sigmoid(enter) * torch.tanh(new)
        output = torch.sigmoid(leave) * torch.tanh(cell)
        return output, (output, cell)


class ConvGru(nn.Module):
    """Ballas et al. 2016, "Delving Deeper into Convolutional Networks for Learning Video Representations"."""

    memories = 1

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gates = nn.Conv2d(2 * width, 2 * width, 3, padding=1)
        self.candidate = nn.Conv2d(2 * width, width, 3, padding=1)

    def forward(self, x: Tensor, memory: Memories) -> tuple[Tensor, Memories]:
        (remembered,) = memory
        update, reset = torch.sigmoid(self.gates(torch.cat((x, remembered), 1))).chunk(2, 1)
        candidate = torch.tanh(self.candidate(torch.cat((x, reset * remembered), 1)))
        fused = remembered + update * (candidate - remembered)
        return fused, (fused,)


class LocalAttention(nn.Module):
    """Each position asks its 3x3 neighbourhood in the current and in the remembered features: multi-head attention
    (Vaswani et al. 2017) over 18 places, so that it takes any image size. Memory: the fused features."""

    memories = 1
    heads = 4
    _PLACES = 9

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.query = nn.Conv2d(width, width, 1)
        self.key_value = nn.Conv2d(width, 2 * width, 1)
        self.out = nn.Conv2d(width, width, 1)
        self.position = nn.Parameter(torch.zeros(self.heads, 2 * self._PLACES))

    def own_macs(self, pixels: int) -> int:
        """Multiply-adds outside of the convolutions: scores and weighted sums."""
        return 2 * 2 * self._PLACES * self.width * pixels

    def own_activations(self, pixels: int) -> int:
        """Numbers besides the output: keys and values, unfolded to every place that looks at them, and the weights. Two
        products as large as keys and values are freed at once and not in it."""
        return 2 * 2 * self._PLACES * self.width * pixels + 2 * self._PLACES * self.heads * pixels

    def forward(self, x: Tensor, memory: Memories) -> tuple[Tensor, Memories]:
        batch, width, height, columns = x.shape
        shape = (batch, self.heads, width // self.heads, -1, height * columns)
        query = self.query(x).view(shape)
        pairs = [self.key_value(image).chunk(2, 1) for image in (x, *memory)]
        key, value = (torch.cat([self._around(pair[i]).view(shape) for pair in pairs], 3) for i in (0, 1))
        scores = (query * key).sum(2, keepdim=True) * (width // self.heads) ** -0.5
        weights = torch.softmax(scores + self.position.view(1, self.heads, 1, -1, 1), 3)
        fused = x + self.out((weights * value).sum(3).view(x.shape))
        return fused, (fused,)

    def _around(self, image: Tensor) -> Tensor:
        """The 3x3 neighbours, (B, C * 9, h * w); zeros beyond the edge."""
        return F.unfold(image, 3, padding=1)


FUSIONS: dict[str, type[NoFusion | ConvLstm | ConvGru | LocalAttention]] = {
    "none": NoFusion,
    "convlstm": ConvLstm,
    "convgru": ConvGru,
    "attention": LocalAttention,
}

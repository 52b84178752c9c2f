"""Where the error of a kernel-predicting network lies: how much of it a better history could take away.

Each clip is played as the network plays it, with nothing remembered, and with a history that is replaced by the
previous frame's reference before every frame: all that lies between the last two is what reprojecting, clipping and
blending cannot win back, however well a network chooses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from models.data.clip import Clip
from models.data.crops import to_batch
from models.evaluate.tally import WARM_UP, check_length
from models.network.model import KernelModel
from models.temporal import Frame, State
from models.temporal.colour import compress
from models.temporal.postpass import display_grid
from models.temporal.prepass import dilated
from models.temporal.sampling import catmull_rom, gather
from models.train.losses import screen
from models.train.rollout import frame_of


@dataclass(frozen=True, slots=True)
class Limits:
    """PSNR in dB over the frames that count, of display images (exposed, sRGB curve, clipped at white).

    played     the network as it is
    forgetful  every frame a reset one: the current samples alone
    perfect    the history's colours replaced by the previous reference, its weights by the network's own
    warped     no network: the previous reference at the better one of the two motions of each display pixel
    """

    played: float
    forgetful: float
    perfect: float
    warped: float

    def as_row(self) -> list[str]:
        return [f"{getattr(self, f.name):.2f}" for f in fields(self)]


def mean_limits(limits: Iterable[Limits]) -> Limits:
    rows = list(limits)
    return Limits(**{f.name: sum(getattr(row, f.name) for row in rows) / len(rows) for f in fields(Limits)})


@torch.no_grad()
def clip_limits(model: KernelModel, clip: Clip) -> Limits:
    """Frames after a cut have no history in any column. Raises SuperseeError for a clip that is all warm-up."""
    check_length(clip.frames, "A clip")
    model.network.eval()
    batch = to_batch([clip])
    errors: Mapping[str, list[Tensor]] = {f.name: [] for f in fields(Limits)}
    played = perfect = model.initial(frame_of(batch, 0))
    for index in range(batch.frames):
        frame, reference = frame_of(batch, index), batch.reference[index]
        if index:
            perfect = _with_history(perfect, batch.reference[index - 1])
        outputs = {}
        outputs["played"], played = model.step(frame, played)
        outputs["perfect"], perfect = model.step(frame, perfect)
        outputs["forgetful"], _ = model.step(replace(frame, reset=torch.ones_like(frame.reset)), model.initial(frame))
        if index < WARM_UP:
            continue
        target = screen(reference, frame.exposure)
        for name, output in outputs.items():
            errors[name].append((screen(output, frame.exposure) - target).square().mean())
        errors["warped"].append(_warp_error(frame, batch.reference[index - 1], target))
    return Limits(**{name: -10.0 * float(torch.stack(values).mean().log10()) for name, values in errors.items()})


def _with_history(state: State, reference: Tensor) -> State:
    """`reference` (B, 3, H, W) is scene-linear, of the frame that left `state`. A finer history gets it enlarged
    bicubically: more than a display pixel the reference does not tell apart."""
    colour = compress(reference.clamp_min(0.0) * state.exposure.view(-1, 1, 1, 1))
    size = state.history.shape[-2:]
    if colour.shape[-2:] != size:
        colour = F.interpolate(colour, size, mode="bicubic", align_corners=False).clamp_min(0.0)
    return replace(state, history=torch.cat((colour, state.history[:, 3:]), 1))


def _warp_error(frame: Frame, reference: Tensor, target: Tensor) -> Tensor:
    """Mean squared error of the previous `reference` (B, 3, H, W) against `target`, this frame's in display space."""
    grid = display_grid(frame)
    _, nearest, _, _ = dilated(frame.depth, frame.motion)
    motions = gather(torch.cat((nearest, frame.motion), 1), grid.nearest_columns, grid.nearest_rows)
    width, height = frame.display_size
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    here = (torch.stack((columns, rows)) + 0.5).to(target)
    before = screen(reference, frame.exposure)
    sharp = torch.ones_like(before[:, :1])
    squares = []
    for motion in motions.split(2, 1):
        position = here + motion * frame.scale
        warped, _, _ = catmull_rom(before, position, sharp, position)
        squares.append((warped - target).square().sum(1))
    return torch.minimum(*squares).mean() / 3.0

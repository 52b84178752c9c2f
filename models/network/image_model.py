"""Single-image networks as models: one frame in, one picture out, nothing remembered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from app.conventions import render_size
from app.errors import SuperseeError
from app.inference.image_space import IMAGE_KNEE, IMAGE_LIMIT
from models.network.config import read_settings
from models.network.image_networks import Edsr, EdsrConfig, Espcn, EspcnConfig, Srcnn, SrcnnConfig
from models.network.resample import bicubic
from models.temporal.colour import compress, expand
from models.temporal.frame import Frame
from models.temporal.postpass import display_grid

ImageNetwork = Srcnn | Espcn | Edsr

_NETWORKS: dict[str, Callable[[Mapping[str, object]], ImageNetwork]] = {
    "srcnn": lambda settings: Srcnn(read_settings(SrcnnConfig, settings)),
    "espcn": lambda settings: Espcn(read_settings(EspcnConfig, settings)),
    "edsr": lambda settings: Edsr(read_settings(EdsrConfig, settings)),
}
IMAGE_KINDS = tuple(_NETWORKS)


@dataclass(frozen=True, slots=True)
class NoState:
    def detach(self) -> NoState:
        return self

    def as_leaves(self) -> NoState:
        return self


class ImageModel:
    """Brings the jittered samples and the display's pixel grid together by bicubic interpolation in image space: before
    the network for SRCNN, which refines an enlarged picture as in its paper, and after it for ESPCN and EDSR, whose
    output lies around the jittered samples. The paper's networks have one ratio, and so do these.
    """

    def __init__(self, kind: str, settings: Mapping[str, object]) -> None:
        self.kind = kind
        network = _NETWORKS[kind](settings)
        self.ratio = network.config.ratio
        self._enlarges = network.enlarges
        self.network: nn.Module = network

    def initial(self, frame: Frame) -> NoState:
        return NoState()

    def step(self, frame: Frame, state: NoState) -> tuple[Tensor, NoState]:
        """Raises SuperseeError where the frame's ratio is not the network's."""
        if render_size(frame.display_size, self.ratio) != frame.render_size:
            (width, height), (display_width, display_height) = frame.render_size, frame.display_size
            raise SuperseeError(
                f"{self.kind} cannot turn {width}x{height} into {display_width}x{display_height}",
                f"its network enlarges {self.ratio} times and does no other ratio",
                f"Use it at {self.ratio}x.",
            )
        exposure = frame.exposure.view(-1, 1, 1, 1)
        image = compress(frame.colour.clamp_min(0.0) * exposure, IMAGE_KNEE).sqrt()
        grid = display_grid(frame)
        columns, rows = grid.columns * self._enlarges, grid.rows * self._enlarges
        if self._enlarges == 1:
            image = self.network(bicubic(image, columns, rows))
        else:
            image = bicubic(self.network(image), columns, rows)
        return expand(image.clamp(0.0, IMAGE_LIMIT).square(), IMAGE_KNEE) / exposure, state

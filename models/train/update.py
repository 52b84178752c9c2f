"""One step of an optimiser, with everything that keeps it safe: averaged over processes, limited, finite or refused."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.train.parallel import Ranks

_MOST_SKIPPED = 20
"""float16 gradients overflow now and then: the scaler skips the step and scales less. So many in a row are a fault."""


class NotFiniteError(Exception):
    """`what` (loss or gradient) is not a number; the weights are those of the last good step."""

    def __init__(self, what: str, value: float, here: bool) -> None:
        super().__init__(f"the {what} is {value:g}" if here else f"the {what} of another process is not finite")


class Update:
    """Adam for one module. `scaler` scales the loss where the network calculates in float16."""

    def __init__(
        self,
        module: nn.Module,
        rate: float,
        *,
        gradient_norm: float,
        ranks: Ranks,
        scaler: torch.amp.GradScaler | None = None,
        betas: tuple[float, float] = (0.9, 0.999),
    ) -> None:
        self._module = module
        self._norm = gradient_norm
        self._ranks = ranks
        self._scaler = scaler or torch.amp.GradScaler(enabled=False)
        self._skipped = 0
        self.optimiser = torch.optim.Adam(module.parameters(), lr=rate, betas=betas)

    def step(self, loss: Tensor, rate: float | None = None) -> None:
        """Raises NotFiniteError, in every process at once, and leaves the weights alone."""
        if rate is not None:
            for group in self.optimiser.param_groups:
                group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        self._check("loss", loss.detach())  # before backward: grid_sample's crashes on NaN positions
        self._scaler.scale(loss).backward()
        self._ranks.average_gradients(self._module.parameters())
        self._scaler.unscale_(self.optimiser)
        norm = nn.utils.clip_grad_norm_(self._module.parameters(), self._norm)
        if self._overflowed(norm):
            self._skipped += 1
        else:
            self._check("gradient", norm)
            self._skipped = 0
        self._scaler.step(self.optimiser)
        self._scaler.update()

    def _overflowed(self, norm: Tensor) -> bool:
        return self._scaler.is_enabled() and self._skipped < _MOST_SKIPPED and not bool(torch.isfinite(norm))

    def _check(self, what: str, value: Tensor) -> None:
        fine = bool(torch.isfinite(value))
        if not self._ranks.everywhere(fine, value.device):
            raise NotFiniteError(what, float(value), here=not fine)

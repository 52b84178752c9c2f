"""The training loop: episodes of random crops, windows of back-propagation, checkpoints between episodes."""

from __future__ import annotations

import copy
import sys
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from app.errors import SuperseeError
from models.data.crops import Batch, save_batch
from models.data.sampler import EpisodeSampler
from models.export.live import write_live
from models.network import NetworkConfig, build
from models.train.checkpoint import (
    Checkpoint,
    Progress,
    flat_optimiser,
    load_checkpoint,
    restore_optimiser,
    save_checkpoint,
)
from models.train.config import StageConfig, TrainConfig, parse_config
from models.train.ema import WeightAverage
from models.train.rollout import Carried, WindowLoss, frame_loss, run_window
from models.train.schedule import learning_rate

LATEST = "latest.safetensors"
BAD_BATCH = "bad-batch.safetensors"
"""What a run that met NaN or infinity leaves beside its last good checkpoint: models.data.crops.Batch as tensors."""
_PRINT_EVERY = 20  # iterations


def network_config(config: TrainConfig) -> NetworkConfig:
    try:
        return NetworkConfig.from_dict(config.network)
    except (ValueError, TypeError) as error:
        raise SuperseeError(
            "The training settings at network cannot be used", str(error), "Correct the TOML file."
        ) from error


class Trainer:
    """A run in a folder. Two runs with the same settings and data give the same weights; so does a resumed one."""

    def __init__(self, config_text: str, run: Path, *, resume: bool = False) -> None:
        self.config: TrainConfig = parse_config(config_text)
        self._text = config_text
        self._run = run
        self._path = run / LATEST
        torch.set_num_threads(self.config.threads)
        data = self.config.data
        self._sampler = EpisodeSampler([Path(f) for f in data.folders], data.ratio_weights, self.config.seed)
        self.network: nn.Module = build(network_config(self.config), self.config.seed)
        settings = self.config.optimiser
        self._optimiser = torch.optim.Adam(self.network.parameters(), lr=settings.learning_rate)
        self.average = WeightAverage(self.network, settings.ema)
        self.progress = Progress()
        if resume:
            self._restore()
        elif self._path.exists():
            raise SuperseeError(
                f"{run} already holds a run",
                "it would be overwritten",
                "Go on with --resume, or choose another folder.",
            )
        self._started = time.monotonic() - self.progress.seconds
        self._recent: list[WindowLoss] = []
        # Shapes differ between ratios only: one compilation for each is cheaper than one for all sizes.
        self._compiled = torch.compile(frame_loss, dynamic=False) if self.config.compile_ratios else frame_loss

    def _restore(self) -> None:
        saved = load_checkpoint(self._path)
        if parse_config(saved.config).network != self.config.network:
            raise SuperseeError(
                f"{self._run} cannot be resumed", "its network has other settings", "Use the settings it began with."
            )
        self.network.load_state_dict(saved.network)
        restore_optimiser(self._optimiser, saved.optimiser)
        self.average.weights = saved.average
        self.average.updates = saved.average_updates
        self.progress = saved.progress

    def save(self) -> None:
        self.progress.seconds = time.monotonic() - self._started
        checkpoint = Checkpoint(
            dict(self.network.state_dict()),
            self.average.weights,
            flat_optimiser(self._optimiser),
            self.progress,
            self.average.updates,
            self._text,
        )
        save_checkpoint(checkpoint, self._path)
        averaged = copy.deepcopy(self.network)
        averaged.load_state_dict(self.average.weights)
        write_live(averaged.eval(), self._run, self.config.name, self.progress.iteration)

    def train(self, until: int | None = None) -> None:
        """Runs to the end of the schedule, or to the first episode boundary at or after iteration `until`."""
        last = min(self.config.iterations, until if until is not None else self.config.iterations)
        saved_at = time.monotonic()
        while self.progress.iteration < last:
            stage = self._stage()
            batch = self._sampler.batch(
                self.progress.episode, size=stage.batch, frames=stage.frames, display_crop=stage.display_crop
            )
            self._episode(batch, stage)
            self.progress.episode += 1
            if time.monotonic() - saved_at > 60.0 * self.config.checkpoint_minutes:
                self.save()
                saved_at = time.monotonic()
        self.save()

    def _stage(self) -> StageConfig:
        begun = 0
        for stage in self.config.stages:
            begun += stage.iterations
            if self.progress.iteration < begun:
                return stage
        return self.config.stages[-1]

    def _episode(self, batch: Batch, stage: StageConfig) -> None:
        carried: Carried | None = None
        one_frame = self._compiled if round(batch.ratio, 3) in self.config.compile_ratios else frame_loss
        for start in range(0, batch.frames - stage.window + 1, stage.window):
            loss, carried = run_window(
                self.network, batch, range(start, start + stage.window), carried, self.config.loss, one_frame
            )
            self._update(loss, batch)

    def _update(self, loss: WindowLoss, batch: Batch) -> None:
        settings = self.config.optimiser
        for group in self._optimiser.param_groups:
            group["lr"] = learning_rate(self.progress.iteration, self.config.iterations, settings)
        self._optimiser.zero_grad(set_to_none=True)
        # Before backward: grid_sample's crashes on NaN positions.
        self._check_finite("loss", loss.total.detach(), batch)
        loss.total.backward()
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), settings.gradient_norm)
        self._check_finite("gradient", norm, batch)
        self._optimiser.step()
        self.average.update(self.network)
        self.progress.iteration += 1
        self._report(loss)

    def _check_finite(self, what: str, value: Tensor, batch: Batch) -> None:
        if torch.isfinite(value):
            return
        path = self._run / BAD_BATCH
        save_batch(batch, path)
        raise SuperseeError(
            f"Training stopped at iteration {self.progress.iteration}",
            f"the {what} is {float(value):g}; the batch that did it is in {path}",
            f"The last good checkpoint is {self._path}; lower the learning rate and go on with --resume.",
        )

    def _report(self, loss: WindowLoss) -> None:
        self._recent.append(loss)
        if self.progress.iteration % _PRINT_EVERY:
            return
        seconds = time.monotonic() - self._started
        count = len(self._recent)
        record = {
            "iteration": float(self.progress.iteration),
            "seconds": round(seconds, 1),
            "l1": sum(r.l1 for r in self._recent) / count,
            "temporal": sum(r.temporal for r in self._recent) / count,
            "psnr": sum(r.psnr for r in self._recent) / count,
        }
        self._recent.clear()
        self.progress.history.append(record)
        rate = seconds / self.progress.iteration
        left = rate * (self.config.iterations - self.progress.iteration)
        print(  # noqa: T201 (this is the command's output)
            f"{self.progress.iteration:6d}/{self.config.iterations}  l1 {record['l1']:.4f}  "
            f"temporal {record['temporal']:.4f}  psnr {record['psnr']:.2f} dB  {rate:.2f} s/it  "
            f"{left / 60:.0f} min left",
            file=sys.stdout,
            flush=True,
        )

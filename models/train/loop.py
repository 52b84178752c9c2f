"""The training loop: episodes of random crops, windows of back-propagation, checkpoints between episodes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn

from app.errors import SuperseeError
from models.data.crops import Batch
from models.data.sampler import Crop, EpisodeSampler, Hard, read_batch
from models.export.live import write_live
from models.network.model import Model, build_model
from models.train.bad_batch import BAD_BATCH, not_finite, save_bad_batch, stopped
from models.train.checkpoint import (
    Checkpoint,
    Progress,
    flat_optimiser,
    load_checkpoint,
    load_weights,
    rescued,
    restore_optimiser,
    save_checkpoint,
)
from models.train.config import StageConfig, TrainConfig, parse_config
from models.train.ema import WeightAverage
from models.train.fused import use_kernels
from models.train.hard import load_hard, mine, save_hard
from models.train.interrupt import Interrupt
from models.train.losses.adversarial import telling_loss
from models.train.losses.objective import build_objective
from models.train.parallel import Ranks
from models.train.precision import chosen_precision, gradient_scaler, use_precision
from models.train.prefetch import Plan, Prefetch
from models.train.resume import check_settings
from models.train.rollout import Carried, frame_loss, run_window
from models.train.schedule import learning_rate
from models.train.start import LATEST, start_from
from models.train.update import NotFiniteError, Update
from models.train.watch import Watch, held_out_clips, say

__all__ = ["BAD_BATCH", "LATEST", "Trainer"]

_CPU = torch.device("cpu")
_ALONE = Ranks()
_ADVERSARY_BETAS = (0.5, 0.9)  # of the discriminator's Adam: short memory, for what it looks at keeps changing


class Trainer:
    """A run in a folder. Two runs with the same settings and data give the same weights; so does a resumed one."""

    def __init__(
        self,
        config_text: str,
        run: Path,
        *,
        resume: bool = False,
        device: torch.device = _CPU,
        ranks: Ranks = _ALONE,
    ) -> None:
        self.config: TrainConfig = parse_config(config_text)
        self._text = config_text
        self._run = run
        self._path = run / LATEST
        self._device, self._ranks = device, ranks
        self._check_shares()
        torch.set_num_threads(self.config.threads)
        data = self.config.data
        self._sampler = EpisodeSampler([Path(f) for f in data.folders], data.ratio_weights, self.config.seed)
        for i, stage in enumerate(self.config.stages):
            self._sampler.check_crops(stage.frames, stage.display_crop, f"stages[{i}]")
        self.model = self._build(self.config.seed)
        self._averaged = self._build(None)
        precision = chosen_precision(self.config.precision, device)
        use_precision(self.network, precision, device)
        self._scaler = gradient_scaler(precision, device)
        self._objective = build_objective(self.config.loss, self.config.seed, device)
        self._update, self._adversary = self._updates()
        self.progress = Progress()
        self._begin(resume)
        self._started = time.monotonic() - self.progress.seconds
        self._interrupt = Interrupt()
        self._pool: Hard | None = None  # of the stage in hand
        use_kernels((self.model, self._averaged), self.config, device)
        # Shapes differ between ratios only: one compilation for each is cheaper than one for all sizes.
        self._compiled = torch.compile(frame_loss, dynamic=False) if self.config.compile_ratios else frame_loss

    @property
    def network(self) -> nn.Module:
        return self.model.network

    def _build(self, seed: int | None) -> Model:
        try:
            model = build_model(self.config.network, seed)
        except (ValueError, TypeError) as error:
            raise SuperseeError(
                "The training settings at network cannot be used", str(error), "Correct the TOML file."
            ) from error
        model.network.to(self._device)
        return model

    def _check_shares(self) -> None:
        for i, stage in enumerate(self.config.stages):
            if stage.batch % self._ranks.count:
                raise SuperseeError(
                    f"The batch of stages[{i}] cannot be shared",
                    f"{stage.batch} crops for {self._ranks.count} processes",
                    "Choose a multiple of the number of processes.",
                )

    def _updates(self) -> tuple[Update, Update | None]:
        settings = self.config.optimiser
        update = Update(
            self.network, settings.learning_rate,
            gradient_norm=settings.gradient_norm, ranks=self._ranks, scaler=self._scaler,
        )  # fmt: skip
        if self._objective.discriminator is None:
            return update, None
        adversary = Update(
            self._objective.discriminator, self.config.loss.discriminator_rate,
            gradient_norm=settings.gradient_norm, ranks=self._ranks, betas=_ADVERSARY_BETAS,
        )  # fmt: skip
        return update, adversary

    def _begin(self, resume: bool) -> None:
        if not resume and self._path.exists():
            raise SuperseeError(
                f"{self._run} already holds a run",
                "it would be overwritten",
                "Go on with --resume, or choose another folder.",
            )
        if not resume and self.config.start_from:
            start_from(self.network, Path(self.config.start_from))
        self.average = WeightAverage(self.network, self.config.optimiser.ema)
        if resume:
            self._restore()

    def _restore(self) -> None:
        saved = load_checkpoint(self._path)
        load_weights(self.network, saved.network, f"The checkpoint {self._path}")
        changed = check_settings(parse_config(saved.config), self.config, self._run)
        if self._ranks.first:
            stands = f"{saved.progress.iteration} of {self.config.iterations} iterations"
            done = saved.progress.iteration >= self.config.iterations
            told = ", which is its end" * done + f" ({', '.join(changed)})" * bool(changed)
            say(f"{self._run} is at {stands}{told}")
        restore_optimiser(self._update.optimiser, saved.optimiser)
        if self._adversary is not None and saved.discriminator:
            assert self._objective.discriminator is not None
            load_weights(self._objective.discriminator, saved.discriminator, f"The discriminator of {self._path}")
            restore_optimiser(self._adversary.optimiser, saved.discriminator_optimiser)
        if saved.scaler:
            self._scaler.load_state_dict(saved.scaler)
        self.average.restore(saved.average, saved.average_updates)
        self.progress = saved.progress

    def save(self) -> None:
        """The checkpoint, and the averaged network for whoever follows the run. Raises SuperseeError where the
        checkpoint cannot be written."""
        if not self._ranks.first:
            return
        self.progress.seconds = time.monotonic() - self._started
        self.progress.device, self.progress.processes = self._device.type, self._ranks.count
        save_checkpoint(self._checkpoint(), self._path)
        write_live(self._averaged_model().network, self._run, self.config.name, self.progress.iteration)

    def _checkpoint(self) -> Checkpoint:
        checkpoint = Checkpoint(
            network=dict(self.network.state_dict()),
            average=self.average.weights,
            optimiser=flat_optimiser(self._update.optimiser),
            progress=self.progress,
            average_updates=self.average.updates,
            config=self._text,
            scaler=self._scaler.state_dict(),
        )
        if self._adversary is not None:
            assert self._objective.discriminator is not None
            checkpoint.discriminator = dict(self._objective.discriminator.state_dict())
            checkpoint.discriminator_optimiser = flat_optimiser(self._adversary.optimiser)
        return checkpoint

    def _averaged_model(self) -> Model:
        self._averaged.network.load_state_dict(self.average.weights)
        return self._averaged

    def train(self, until: int | None = None) -> None:
        """Runs to the end of the schedule, or to the first episode boundary at or after iteration `until`. On Ctrl+C
        and SIGTERM it saves at the next episode boundary and raises KeyboardInterrupt."""
        last = min(self.config.iterations, until if until is not None else self.config.iterations)
        first = self._ranks.first
        board = self._run if self.config.tensorboard and first else None
        self._watch = Watch(self.progress, self.config.iterations, board) if first else None
        self._held_out = held_out_clips(self.config.data, self.config.held_out_clips) if first else None
        self._saved_at = self._scored_at = time.monotonic()
        begun = self.progress.iteration
        try:
            with self._interrupt:
                while self.progress.iteration < last and not self._stopping():
                    self._run_stage(last)
            if self.progress.iteration > begun and not self._interrupt.asked:
                self._score()
        finally:
            if self._watch is not None:
                self._watch.close()
        self._save_at_last()
        if self._interrupt.asked:
            raise KeyboardInterrupt

    def _stopping(self) -> bool:
        """Whether any process was asked to stop: all then do, at the same boundary."""
        self._interrupt.asked = not self._ranks.everywhere(not self._interrupt.asked, self._device)
        return self._interrupt.asked

    def _save_at_last(self) -> None:
        """Hours may lie behind: where the run's folder takes nothing more, the checkpoint goes where there is room."""
        try:
            self.save()
        except SuperseeError as error:
            elsewhere = rescued(self._path, self._checkpoint())
            raise SuperseeError(error.what, error.why, elsewhere) from error

    def _run_stage(self, last: int) -> None:
        """From where the run stands to the end of its stage, or to `last`."""
        index, end = self._stage()
        stage = self.config.stages[index]
        self._pool = self._hard(index, stage) if stage.kind == "hard" else None

        def load(episode: int, stage: StageConfig) -> Batch:
            return read_batch(self._crops(episode, stage)).to(self._device)

        end = min(end, last)
        prefetch = Prefetch(load, self._plans(stage, end), self.config.data.loader_threads)
        try:
            while self.progress.iteration < end and not self._stopping():
                batch, waited = prefetch.next()
                if self._watch is not None:
                    self._watch.loading(waited)
                self._episode(batch, stage)
                self.progress.episode += 1
                self._between_episodes()
        finally:
            prefetch.close()

    def _crops(self, episode: int, stage: StageConfig) -> list[Crop]:
        """This process's share."""
        crops = self._sampler.crops(
            episode, size=stage.batch, frames=stage.frames, display_crop=stage.display_crop,
            hard=self._pool, fresh=self.config.hard.fresh,
        )  # fmt: skip
        return crops[self._ranks.share(stage.batch)]

    def _stage(self) -> tuple[int, int]:
        """The current stage's number and the iteration at which it ends."""
        end = 0
        for index, stage in enumerate(self.config.stages):
            end += stage.iterations
            if self.progress.iteration < end:
                return index, end
        return len(self.config.stages) - 1, end

    def _plans(self, stage: StageConfig, end: int) -> Iterator[Plan]:
        episode, iteration = self.progress.episode, self.progress.iteration
        while iteration < end:
            yield episode, stage
            episode, iteration = episode + 1, iteration + stage.frames // stage.window

    def _hard(self, index: int, stage: StageConfig) -> Hard:
        """Mined once a stage; a resumed run goes on with the crops that it had."""
        path = self._run / f"hard-{index}.json"
        if self._ranks.first and not path.exists():
            say(f"looking for hard samples among {self.config.hard.candidates} crops")
            kept = mine(self._averaged_model(), self._sampler, stage, self.config.hard, self._device)
            save_hard(kept, path)
            say(f"{len(kept)} hard samples are in {path}")
        self._ranks.wait()
        return load_hard(path, self._sampler)

    def _between_episodes(self) -> None:
        now = time.monotonic()
        if now - self._scored_at > 60.0 * self.config.held_out_minutes:
            self._score()
            self._scored_at = time.monotonic()
        if now - self._saved_at > 60.0 * self.config.checkpoint_minutes:
            try:
                self.save()
            except SuperseeError as error:
                say(f"{error.what}: {error.why}. Training goes on and tries again later.")
            self._saved_at = time.monotonic()
        if self._watch is not None:
            self._watch.leave_out(time.monotonic() - now)

    def _score(self) -> None:
        if self._held_out is not None and self._watch is not None:
            self._watch.held_out(self._held_out.figures(self._averaged_model()))

    def _episode(self, batch: Batch, stage: StageConfig) -> None:
        carried: Carried | None = None
        compiled = round(batch.ratio, 3) in self.config.compile_ratios
        for start in range(0, batch.frames - stage.window + 1, stage.window):
            frames = range(start, start + stage.window)
            carried = self._window(batch, stage, frames, carried, compiled)

    def _window(
        self, batch: Batch, stage: StageConfig, frames: range, carried: Carried | None, compiled: bool
    ) -> Carried:
        one_frame = self._compiled if compiled else frame_loss
        loss, carried = run_window(self.model, batch, frames, carried, self._objective, one_frame)
        rate = learning_rate(self.progress.iteration, self.config.iterations, self.config.optimiser)
        try:
            self._update.step(loss.total, rate)
            if self._adversary is not None:
                assert self._objective.discriminator is not None
                shown, target = (torch.cat(pictures) for pictures in zip(*loss.pictures))
                telling = telling_loss(self._objective.discriminator, shown, target)
                self._adversary.step(telling)
                loss.figures["discriminator"] = telling.detach()
        except NotFiniteError as error:
            raise self._stopped(error, batch, stage, frames) from error
        self.average.update(self.network)
        self.progress.iteration += 1
        if self._watch is not None:
            self._watch.window(loss.figures, time.monotonic() - self._started)
        return carried

    def _stopped(self, error: NotFiniteError, batch: Batch, stage: StageConfig, frames: range) -> SuperseeError:
        clips = [str(crop.reader.path) for crop in self._crops(self.progress.episode, stage)]
        where = save_bad_batch(batch, clips, frames, self.progress, self._run, self._ranks)
        last_good = self._path if self._path.exists() else None
        return stopped(f"{error}; {where}", not_finite(batch, clips), self.progress.iteration, last_good)

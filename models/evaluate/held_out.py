"""Scores of a torch model on held-out clips, without OpenGL: what a training looks at, and any checkpoint's figures."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace

import numpy as np
import torch

from models.data.clip import Clip, ClipReader
from models.data.crops import to_batch
from models.evaluate.tally import FLIP_FRAMES, OnFrame, Scores, Tally, mean_scores
from models.network.model import Model
from models.temporal import Frame
from models.train.rollout import frame_of


def score_model(model: Model, clips: Iterable[Clip | ClipReader], *, flip: bool = False) -> Scores:
    """Means over the clips, each of them played from its first frame on the device of the model's weights.

    The same figures and the same warm-up as `models.evaluate.score` takes of the app's upscalers. `flip` costs more
    than everything else. There must be a clip. Raises SuperseeError for one that is all warm-up.
    """
    scores = [
        score_clip(model, clip.read() if isinstance(clip, ClipReader) else clip, flip_frames=FLIP_FRAMES * flip)
        for clip in clips
    ]
    assert scores, "there are no clips to score"
    return mean_scores(scores)


def score_clip(model: Model, clip: Clip, *, flip_frames: int = FLIP_FRAMES, on_frame: OnFrame | None = None) -> Scores:
    """One clip from its first frame; the network is left in the mode (training or evaluation) in which it came."""
    training = model.network.training
    model.network.eval()
    try:
        return _score(model, clip, Tally(clip.frames, flip_frames), on_frame)
    finally:
        model.network.train(training)


@torch.no_grad()
def _score(model: Model, clip: Clip, tally: Tally, on_frame: OnFrame | None) -> Scores:
    state = None
    for index, frame in enumerate(_frames(model, clip)):
        state = model.initial(frame) if state is None else state
        output, state = model.step(frame, state)
        images = tally.add(
            output[0].permute(1, 2, 0).float().cpu().numpy(),
            clip.reference[index],
            clip.motion[index].astype(np.float32),
            exposure=float(clip.exposure[index]),
            reset=bool(clip.reset[index]),
        )
        if on_frame:
            on_frame(index, *images)
    return tally.scores()


@torch.no_grad()
def frame_times(model: Model, clip: Clip) -> list[float]:
    """Milliseconds of each frame's step by the CPU's clock, reading and copying the frame left out."""
    state, times = None, []
    model.network.eval()
    for frame in _frames(model, clip):
        state = model.initial(frame) if state is None else state
        _wait(frame)
        begun = time.perf_counter()
        _, state = model.step(frame, state)
        _wait(frame)
        times.append((time.perf_counter() - begun) * 1e3)
    return times


def _wait(frame: Frame) -> None:
    if frame.colour.is_cuda:
        torch.cuda.synchronize()


def _frames(model: Model, clip: Clip) -> Iterator[Frame]:
    device = next((weight.device for weight in model.network.parameters()), torch.device("cpu"))
    batch = to_batch([clip])
    for index in range(clip.frames):
        yield _on(frame_of(batch, index), device)


def _on(frame: Frame, device: torch.device) -> Frame:
    tensors = {f.name: getattr(frame, f.name) for f in fields(frame)}
    return replace(frame, **{n: t.to(device) for n, t in tensors.items() if isinstance(t, torch.Tensor)})

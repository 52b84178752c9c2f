"""Measures the pictures of a recording's frames against its references while they are shown.

PSNR is summed on the GPU and read back a frame later, when it is done. FLIP runs in a process of its own; a frame that
comes while that is busy is left for another time.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from concurrent.futures import Future
from dataclasses import dataclass

import moderngl
import numpy as np

from app.conventions import Size
from app.errors import SuperseeError
from app.measure.image_metrics import PEAK_DB
from app.present.comparison import Comparison
from app.present.flip_process import FlipProcess
from app.present.method_run import MethodRun
from app.present.scores import Scores
from app.render.fullscreen import FullscreenPass
from app.upscale.target import Target

_BLOCK = 8


def score_key(run: MethodRun, comparison: Comparison) -> Hashable:
    """A method as it draws now: another network or size has another curve."""
    return run.name, run.title, run.detail, comparison.render_size, comparison.display_size


@dataclass(frozen=True, slots=True, eq=False)
class _Sum:
    """Squared errors on their way from the GPU."""

    target: Target
    size: Size
    key: Hashable
    index: int


class Scorer:
    """Call with the GL context current; `release` it."""

    def __init__(self, context: moderngl.Context, scores: Scores) -> None:
        self.scores = scores
        self.metric = "psnr"
        self._flip_note = ""
        self._context = context
        self._error = FullscreenPass(context, "present/squared_error.frag", {"BLOCK": _BLOCK})
        self._sums: list[_Sum] = []
        self._spare: list[Target] = []
        self._flip = FlipProcess()
        self._differences: dict[tuple[Hashable, int], Future[float]] = {}

    @property
    def note(self) -> str:
        """What keeps it from measuring; "" where nothing does."""
        return self._flip_note if self.metric == "flip" else ""

    @property
    def busy(self) -> bool:
        """Whether a frame that came now would have to be left out."""
        return bool(self._differences)

    def look(self, comparison: Comparison) -> None:
        """Begins to measure what the comparison shows, as far as it is not measured yet."""
        recorded, state = comparison.recorded, comparison.shown_state
        if recorded is None or state is None or not comparison.complete or not recorded.has_reference:
            return
        index = recorded.index_at(state.time)
        runs = [run for run in comparison.shown_runs() if self._to_measure(run, comparison, index)]
        reference = recorded.reference_texture(state) if runs else None
        if reference is None or comparison.frame is None:
            return
        for run in runs:
            key, exposure = score_key(run, comparison), comparison.frame.exposure
            assert run.texture is not None
            if self.metric == "psnr":
                self._sum_up(run.texture, reference, exposure, key, index)
            elif len(self._differences) < len(runs):
                pixels = recorded.reference_pixels(index)
                if pixels is not None:
                    self._compare(run.texture, pixels, exposure, key, index)

    def collect(self) -> None:
        """Takes what is done into the scores; waits for the GPU at most."""
        for each in self._sums:
            total = float(np.frombuffer(each.target.texture.read(alignment=1), np.float32).sum(dtype=np.float64))
            mean = total / (3 * each.size[0] * each.size[1])
            decibels = min(PEAK_DB, -10.0 * math.log10(mean)) if mean > 0.0 else PEAK_DB
            self.scores.put("psnr", each.key, each.index, decibels)
            self._spare.append(each.target)
        self._sums.clear()
        for what, future in list(self._differences.items()):
            if not future.done():
                continue
            del self._differences[what]
            try:
                self.scores.put("flip", *what, future.result())
            except SuperseeError as error:
                self._flip_note = str(error)

    def release(self) -> None:
        for target in (*self._spare, *(each.target for each in self._sums)):
            target.release()
        self._spare, self._sums = [], []
        self._error.release()
        self._flip.close()

    def _to_measure(self, run: MethodRun, comparison: Comparison, index: int) -> bool:
        """What is really the method's, with its history, and not known yet."""
        unwarmed = comparison.previews and run.info.temporal
        if run.info.kind != "upscaler" or run.stands_in or run.texture is None or unwarmed or self.note:
            return False
        key = score_key(run, comparison)
        begun = any((each.key, each.index) == (key, index) for each in self._sums) or (key, index) in self._differences
        busy = self.metric == "flip" and any(at != index for _, at in self._differences)
        return not begun and not busy and self.scores.at(self.metric, key, index) is None

    def _sum_up(
        self, picture: moderngl.Texture, reference: moderngl.Texture, exposure: float, key: Hashable, index: int
    ) -> None:
        width, height = picture.size
        blocks = -(-width // _BLOCK), -(-height // _BLOCK)
        target = self._target(blocks)
        self._error.draw(target.framebuffer, {"picture": picture, "reference": reference}, exposure=exposure)
        self._sums.append(_Sum(target, (width, height), key, index))

    def _target(self, size: Size) -> Target:
        for place, target in enumerate(self._spare):
            if target.texture.size == size:
                return self._spare.pop(place)
        while self._spare:
            self._spare.pop().release()
        return Target(self._context, size, ((1, "f4"),))

    def _compare(
        self, picture: moderngl.Texture, reference: np.ndarray, exposure: float, key: Hashable, index: int
    ) -> None:
        width, height = picture.size
        dtype = np.float16 if picture.dtype == "f2" else np.float32
        pixels = np.frombuffer(picture.read(alignment=1), dtype).reshape(height, width, -1)[..., :3]
        self._differences[key, index] = self._flip.submit(pixels, reference, exposure)

"""What a live recording costs the loop that draws: a scene drawn over and over, with a recorder beside it and without.

Three things are told apart. Readback is what the driver takes to begin copying pixels (on a software renderer: to copy
them). The cost outside it is all else that recording does in the loop: looking after copies that have arrived and
handing them to the encoder's thread. And frames may take longer because the encoder needs the same cores.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import moderngl
import numpy as np

from app.capture.provenance import busy_note
from app.capture.recorder import Recorder
from app.conventions import Size, render_size
from app.render.fullscreen import FullscreenPass
from app.render.gl_context import headless_context, renderer_name, unbind_framebuffer
from app.render.live_source import LiveSource
from app.scene.builtin import load_scene
from app.scene.evaluate import evaluate
from app.upscale.registry import create_upscaler

SIZE: Size = (1280, 720)
COST_LIMIT_MS = 1.0
_RATE = 60.0
_RATIO = 2.0
_WARM_UP = 8  # frames of each kind that do not count
_BLOCK = 12  # frames of one kind in a row: load by other programs hits both kinds


def measure_live_encoding(
    size: Size = SIZE, frames: int = 36, scene: str = "court", codec: str = "h264"
) -> dict[str, float | int | str | bool]:
    """Draws `frames` frames of `scene` at `size` with a live recording and as many without; all times are medians in
    milliseconds unless their name says otherwise. The loop runs at 60 frames/s at most, as a window does.

    outside_readback_ms, _p95_ms   what recording adds to the loop besides the readback
    outside_readback_cpu_ms        the processor time of it, which other programs do not lengthen
    readback_ms                    see above
    frame_ms, frame_recorded_ms    drawing a frame, alone and with all that recording adds
    kept, dropped                  frames in the video, and those that found no room
    within_limit                   whether outside_readback_ms is under 1 ms

    Raises SuperseeError where nothing can be drawn or encoded here.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        drawing = stack.enter_context(_drawing(scene, size))
        recorder = Recorder(drawing.context, folder / "live.mp4", size, _RATE, codec=codec)
        stack.callback(lambda: recorder.ended or recorder.close())  # after an error
        times = _timed(drawing, recorder, frames)
        recorder.finish()
        recorder.close()
        cost = float(np.median(times.cost))
        notes = "; ".join(note for note in (recorder.note, busy_note()) if note)
        return {
            "size": f"{size[0]}x{size[1]}",
            "encoder": recorder.encoder,
            "renderer": renderer_name(drawing.context),
            "outside_readback_ms": round(cost, 4),
            "outside_readback_p95_ms": round(float(np.percentile(times.cost, 95)), 4),
            "outside_readback_cpu_ms": round(float(np.median(times.cost_cpu)), 4),
            "readback_ms": round(float(np.median(times.readback)), 4),
            "frame_ms": round(float(np.median(times.alone)), 2),
            "frame_recorded_ms": round(float(np.median(times.recorded)), 2),
            "kept": recorder.grabbed,
            "dropped": recorder.dropped,
            "within_limit": "yes" if cost < COST_LIMIT_MS else f"no: {COST_LIMIT_MS:g} ms is the limit",
            **({"note": notes} if notes else {}),
        }


class _Drawing:
    """A scene, upscaled and tone-mapped into an 8-bit target, a step of time further with each frame."""

    def __init__(self, context: moderngl.Context, scene: str, size: Size) -> None:
        self.context = context
        self._model = load_scene(scene)
        self._source = LiveSource(context, self._model)
        self._source.resize(render_size(size, _RATIO), size)
        self._upscaler = create_upscaler("bilinear", context)
        self._upscaler.resize(render_size(size, _RATIO), size)
        self._tone_map = FullscreenPass(context, "present/tone_map.frag")
        self._texture = context.texture(size, 4)
        self.target = context.framebuffer([self._texture])
        self._frame = 0

    def draw(self) -> None:
        """The next frame, drawn to its end."""
        path = self._model.camera_paths[0] if self._model.camera_paths else None
        state = evaluate(self._model, self._frame / _RATE, path)
        self._upscaler.begin(self._source.render_frame(state, frame_index=self._frame))
        colour = self._upscaler.finish()
        self._tone_map.draw(self.target, {"colour": colour}, exposure=self._model.exposure, filmic=1)
        self.context.finish()
        self._frame += 1

    def release(self) -> None:
        unbind_framebuffer(self.context)
        for owner in (self.target, self._texture, self._tone_map, self._upscaler, self._source):
            owner.release()


@contextmanager
def _drawing(scene: str, size: Size) -> Iterator[_Drawing]:
    with headless_context() as context:
        drawing = _Drawing(context, scene, size)
        try:
            yield drawing
        finally:
            drawing.release()


@dataclass(frozen=True, slots=True)
class _Times:
    """Milliseconds a frame. `cost`: of recording outside the readback, by the clock and by the loop's thread."""

    cost: list[float] = field(default_factory=list)
    cost_cpu: list[float] = field(default_factory=list)
    readback: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)
    recorded: list[float] = field(default_factory=list)

    def warmed_up(self) -> _Times:
        kept = (values[min(_WARM_UP, len(values) - 1) :] for values in asdict(self).values())
        return _Times(*kept)


def _timed(drawing: _Drawing, recorder: Recorder, frames: int) -> _Times:
    times = _Times()
    begun = time.perf_counter()
    for number in range(2 * (frames + _WARM_UP)):
        recording = number // _BLOCK % 2 == 1
        start = time.perf_counter()
        drawing.draw()
        drawn, cpu = time.perf_counter(), time.thread_time()
        if recording:
            recorder.add(drawing.target, drawn - begun)
        end, cpu = time.perf_counter(), time.thread_time() - cpu
        (times.recorded if recording else times.alone).append((end - start) * 1e3)
        if recording:
            times.readback.append(recorder.readback_ms)
            times.cost.append((end - drawn) * 1e3 - recorder.readback_ms)
            times.cost_cpu.append(max(cpu * 1e3 - recorder.readback_cpu_ms, 0.0))
        time.sleep(max(0.0, 1.0 / _RATE - (end - start)))
    return times.warmed_up()

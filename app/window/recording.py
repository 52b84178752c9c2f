"""Recording the window's composition, or one pane, as a video: live beside the presenting, or exact.

The recording is drawn once more for itself, at the size it was begun with: what the window shows on top (selection,
messages, the red mark) is not in it, the measurements only if wanted, and resizing the window does not matter.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import moderngl
from PySide6.QtCore import QTimer

from app.capture.encoders import CODECS, choose_encoder
from app.capture.recorder import Recorder
from app.capture.screenshot import free_path, shot_name
from app.capture.video import even
from app.conventions import Size
from app.errors import SuperseeError
from app.present.composition import Composition
from app.present.decoration import Decoration
from app.present.layout import View
from app.present.presenter import STEP_SECONDS
from app.render.gl_context import unbind_framebuffer
from app.window.background import Background
from app.window.shots import capture_folder

if TYPE_CHECKING:
    from app.window import Video
    from app.window.main_window import MainWindow

log = logging.getLogger(__name__)

LIVE_RATE = 60.0
"""What players are told of a live recording; its frames have times of their own."""
_POLL_MS = 40


class Recording:
    """`codec`, `burn_in` (the measurements are in the picture) and `of_pane` (the selected pane alone, at display
    resolution) hold for the next recording. Call everything in the GUI thread; it makes the GL context current."""

    def __init__(self, window: MainWindow, wanted: Video) -> None:
        self._window = window
        self._wanted: Video | None = wanted if wanted.path is not None else None
        self.codec = wanted.codec
        self.burn_in = wanted.burn_in
        self.of_pane = False
        self.saved: Path | None = None  # the last recording that is whole
        self._recorder: Recorder | None = None
        self._target: moderngl.Framebuffer | None = None
        self._pane: int | None = None
        self._rate = LIVE_RATE
        self._begun = 0.0  # perf_counter, s
        self._last_frame = -1
        self._then_close = False
        self._finishing = False
        self._failure: SuperseeError | None = None  # of `_recorder`, until events have their turn
        self._background = Background(window)  # its own: scenes and screenshots do not hold a recording up
        self._preparing: object | None = None  # a recording that begins as soon as its encoder has been tried
        self._poll = QTimer(window)
        self._poll.setInterval(_POLL_MS)
        self._poll.timeout.connect(self._close_if_ended)

    @property
    def running(self) -> bool:
        return self._recorder is not None and not self._finishing and self._failure is None

    @property
    def exact(self) -> bool:
        return self._recorder is not None and not self._recorder.live

    @property
    def mark(self) -> str:
        """What stands beside the red dot in the window; "" while nothing is recorded."""
        recorder = self._recorder
        if recorder is None:
            return "preparing the video…" if self._preparing is not None else ""
        if self._finishing:
            return "finishing the video…"
        seconds = int(time.perf_counter() - self._begun) if recorder.live else int(recorder.seconds)
        text = f"{'REC' if recorder.live else 'REC exact'}  {seconds // 60}:{seconds % 60:02d}"
        return text + (f"  ·  {recorder.dropped} frames dropped" if recorder.dropped else "")

    @property
    def fact(self) -> str:
        """One line for the measurements."""
        recorder = self._recorder
        if recorder is None:
            return ""
        kind = "live" if recorder.live else "exact"
        return f"recording {kind}, {recorder.encoder}: {recorder.grabbed} frames kept, {recorder.dropped} dropped"

    def toggle(self, exact: bool = False) -> None:
        """Begins a recording, as soon as its encoder has been tried, or ends the one that is running."""
        if self.running:
            self.stop()
        elif self._preparing is not None:
            self._preparing = None
        elif self._recorder is None:
            self._prepare(exact)

    def toggle_burn_in(self) -> None:
        self.burn_in = not self.burn_in
        self._window.hud.say(f"The measurements will {'be' if self.burn_in else 'not be'} in the video")

    def toggle_of_pane(self) -> None:
        self.of_pane = not self.of_pane
        shown = "the selected pane alone" if self.of_pane else "all that the window shows"
        self._window.hud.say(f"Videos show {shown}")

    def next_codec(self) -> None:
        names = list(CODECS)
        self.codec = names[(names.index(self.codec) + 1) % len(names)]
        self._window.hud.say(f"Videos are written as {CODECS[self.codec].label}")

    def _prepare(self, exact: bool) -> None:
        """Trying encoders takes from 20 ms (x264) to half a second (x265 at 3840x2160, a driver that wakes up), and
        loading them 200 the first time: in a thread, while the show goes on. Their answers are kept."""
        composition, codec = self._window.rig.composition, self.codec
        if composition is None or not composition.panes:
            self._window.hud.say("There is nothing to record yet")
            return
        size = even(self._size(composition))
        self._preparing = this = object()

        def begin(_encoder: object) -> None:
            if self._preparing is this:
                self._preparing = None
                self._started(exact)

        def failed(error: Exception) -> None:
            if self._preparing is this:
                self._preparing = None
                self._window.banner.tell(error)
                self._window.canvas.update()

        self._background.run(lambda: choose_encoder(codec, size), begin, failed)

    def _started(self, exact: bool) -> None:
        try:
            self.start(exact)
        except SuperseeError as error:
            self._tell(error)
        self._window.canvas.update()

    def _size(self, composition: Composition) -> Size:
        return (composition.picture_size if self.of_pane else None) or self._window.canvas.pixel_size

    def start(self, exact: bool = False, path: Path | None = None) -> None:
        """Raises SuperseeError where no such video can be written. The frame on show is the first."""
        window = self._window
        rig = window.rig
        if rig.composition is None or rig.context is None or rig.comparison is None or not rig.composition.panes:
            window.hud.say("There is nothing to record yet")
            return
        recorded = rig.comparison.recorded
        self._pane = min(window.presenter.state.selected, len(rig.composition.panes) - 1) if self.of_pane else None
        self._rate = (recorded.recording.fps if recorded is not None else 1.0 / STEP_SECONDS) if exact else LIVE_RATE
        size = self._size(rig.composition)
        with window.canvas.current():
            self._target = rig.context.framebuffer([rig.context.texture(size, 4)])
            try:
                self._recorder = Recorder(
                    rig.context, path or self._free_path(), size, self._rate, codec=self.codec, live=not exact,
                    record=self._record(exact),
                )  # fmt: skip
            except SuperseeError:
                self._release_target()
                raise
        self._begun, self._last_frame, self.saved = time.perf_counter(), -1, None
        window.playback.fixed_step = 1.0 / self._rate if exact else None
        if self._recorder.note:
            window.hud.say(self._recorder.note)
        window.canvas.update()

    def frame_done(self) -> None:
        """A complete frame is on show: an exact recording's next one."""
        if self._wanted is not None:
            self._start_wanted(self._wanted)
        comparison = self._window.rig.comparison
        if not self.running or not self.exact or comparison is None or comparison.frame_index == self._last_frame:
            return  # the same instant of the scene, looked at again, is not recorded again
        self._last_frame = comparison.frame_index
        with self._window.canvas.current():
            self._add(self._window.hud.decoration())

    def painted(self, screen: moderngl.Framebuffer, shown: Decoration) -> bool:
        """The window is about to be painted: a live recording's next frame. Returns True where that has brought the
        same picture to `screen`, with `shown` over it: composing it a second time would cost the show its time."""
        recorder, composition = self._recorder, self._window.rig.composition
        if recorder is None or not self.running or self.exact or composition is None or not self._add(shown):
            return False
        canvas, view = self._window.canvas.pixel_size, self._window.presenter.state.view
        burnt = self.burn_in and shown.overlay is not None
        if self._pane is not None or recorder.size != canvas or (self.burn_in and not burnt):
            return False
        if not burnt and not composition.leaves_panes(canvas, view, shown):
            return False
        assert self._target is not None
        assert self._window.rig.context is not None
        self._window.rig.context.copy_framebuffer(screen, self._target)
        over = replace(shown, overlay=None, sheet=None, message="") if burnt else replace(shown, sheet=None, message="")
        composition.draw_over(screen, canvas, view, over, flip=True)
        return True

    def must_wait(self) -> bool:
        """Whether the next frame of an exact recording has no room yet. The GL context must be current."""
        recorder = self._recorder
        if recorder is None or recorder.live or not self.running:
            return False
        try:
            recorder.pump()
        except SuperseeError as error:
            self._fail_soon(error)
            return False
        return recorder.full

    def stop(self, then_close: bool = False) -> None:
        """Ends the recording; the encoder finishes beside the window, which then closes if that is wanted."""
        recorder = self._recorder
        self._then_close = self._then_close or then_close
        if recorder is None or not self.running:
            return
        self._window.playback.fixed_step = None
        try:
            with self._window.canvas.current():
                if recorder.live and not self._add(self._window.hud.decoration()):  # the last picture stands until now
                    return
                recorder.finish()
        except SuperseeError as error:
            self._fail(error)
            return
        self._finishing = True
        self._poll.start()

    def close_down(self) -> None:
        """Before the window goes: nothing begins any more."""
        self._preparing = None
        self._background.close()

    def end_now(self) -> None:
        """Ends it and waits: the GL context goes, and is current."""
        self._preparing = None
        recorder = self._recorder
        if recorder is None:
            return
        try:
            if not self._finishing:
                recorder.finish()
        except SuperseeError as error:
            log.warning("%s", error)
        self._close(recorder)

    def _start_wanted(self, video: Video) -> None:
        """What the command line asks for; where that cannot be had, a run that was started for it ends."""
        self._wanted = None
        methods = self._window.presenter.state.methods
        self._then_close = self._window.closes_itself
        try:
            if video.method is not None and video.method not in methods:
                raise SuperseeError(f"There is no pane {video.method} to record", f"there are {', '.join(methods)}")
            if video.method is not None:
                self._window.presenter.select(methods.index(video.method))
                self.of_pane = True
            self.start(video.exact, video.path)
        except SuperseeError as error:
            self._fail(error)

    def _add(self, shown: Decoration) -> bool:
        """Draws the recording's next frame and hands it on; False where that failed. The GL context is current."""
        recorder = self._recorder
        assert recorder is not None
        assert self._target is not None
        seconds = time.perf_counter() - self._begun if recorder.live else recorder.grabbed / self._rate
        self._draw(recorder.size, shown)
        try:
            recorder.add(self._target, seconds, bottom_up=True)
        except SuperseeError as error:
            self._fail_soon(error)
            return False
        return True

    def _draw(self, size: Size, shown: Decoration) -> None:
        """Rows from the bottom, as the window has them."""
        composition = self._window.rig.composition
        assert composition is not None
        assert self._target is not None
        overlay = (shown.overlay or self._window.hud.overlay_content()) if self.burn_in else None
        if self._pane is None:
            decoration = replace(shown, toast="", selected=None, recording="", overlay=overlay)
            composition.draw(self._target, size, self._window.presenter.state.view, decoration, flip=True)
        else:
            pane = View(single=min(self._pane, len(composition.panes) - 1))
            composition.draw(self._target, size, pane, Decoration(labels=self.burn_in, overlay=overlay), flip=True)

    def _close_if_ended(self) -> None:
        recorder = self._recorder
        if recorder is not None and recorder.ended:
            with self._window.canvas.current():
                self._close(recorder)
            if self._then_close:
                self._window.close()

    def _close(self, recorder: Recorder) -> None:
        """The GL context is current."""
        self._poll.stop()
        self._recorder, self._finishing, self._failure = None, False, None
        self._window.playback.fixed_step = None
        try:
            self.saved = recorder.close()
            lost = f", {recorder.dropped} dropped" if recorder.live else ""
            self._window.hud.say(f"Saved {self.saved}: {recorder.grabbed} frames{lost}, {recorder.encoder}")
        except SuperseeError as error:
            self._tell(error)
        finally:
            self._release_target()

    def _fail_soon(self, error: SuperseeError) -> None:
        """In the middle of a frame or of painting, where the GL context must stay as it is."""
        self._failure = error
        QTimer.singleShot(0, lambda: self._failure and self._fail(self._failure))

    def _fail(self, error: SuperseeError) -> None:
        """The show goes on without the recording."""
        recorder, self._recorder, self._failure = self._recorder, None, None
        self._poll.stop()
        self._finishing = False
        self._window.playback.fixed_step = None
        self._tell(error)
        if recorder is not None:
            try:
                with self._window.canvas.current():
                    recorder.close()
            except SuperseeError:
                pass  # said already
        with self._window.canvas.current():
            self._release_target()
        if self._then_close:
            self._window.close()

    def _tell(self, error: SuperseeError) -> None:
        log.warning("%s", error)
        self._window.banner.tell(error)
        if self._then_close:
            self._window.failure = error

    def _release_target(self) -> None:
        target, context = self._target, self._window.rig.context
        self._target = None
        if target is not None and context is not None:
            unbind_framebuffer(context)
            texture = target.color_attachments[0]
            target.release()
            texture.release()

    def _free_path(self) -> Path:
        state, comparison = self._window.presenter.state, self._window.rig.comparison
        assert comparison is not None
        from app.present.shot import shown_frame

        name = shot_name(datetime.now(), state.scene, shown_frame(comparison), state.ratio)
        return free_path(capture_folder("videos"), name, CODECS[self.codec].endings[0])

    def _record(self, exact: bool) -> dict[str, object]:
        from app.capture.provenance import portable, provenance

        comparison, state = self._window.rig.comparison, self._window.presenter.state
        assert comparison is not None
        shown = [state.methods[self._pane]] if self._pane is not None else list(state.methods)
        return provenance(
            scene=portable(state.scene), methods=shown, ratio=state.ratio, size=list(comparison.display_size),
            path=comparison.path.name if comparison.path else None, time=comparison.time, exact=exact,
            renderer=self._window.rig.renderer, backends=list(comparison.backends()),
        )  # fmt: skip

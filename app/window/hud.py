"""What stands over the picture: measurements, messages, and the line at its foot."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer

from app.present.decoration import Decoration
from app.present.figures import overlay_content
from app.present.keys import help_sheet
from app.present.overlay import OverlayContent
from app.present.recorded import RecordedScene
from app.window.playback import LONGEST_STEP

if TYPE_CHECKING:
    from app.window.main_window import MainWindow

_TOAST_MS = 4000


class Hud:
    """`message` stands in the middle while there is no picture. `still`: a pause is not said, for a picture is taken
    of it."""

    def __init__(self, window: MainWindow, message: str, still: bool) -> None:
        self._window = window
        self._still = still
        self.message = message
        self.toast = ""
        self._timer = QTimer(window)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_TOAST_MS)
        self._timer.timeout.connect(lambda: self.say(""))

    def say(self, text: str, stays: bool = False) -> None:
        """A line at the foot of the picture, for some seconds unless it stays."""
        self.toast = text
        self._timer.stop()
        if text and not stays:
            self._timer.start()
        self._window.canvas.update()

    def decoration(self) -> Decoration:
        state = self._window.presenter.state
        overlay = self.overlay_content() if state.overlay and not state.help else None
        toast = self.toast or ("Paused" if state.paused and not self._still else "")
        return Decoration(
            labels=not state.help,
            selected=state.selected,
            overlay=overlay,
            sheet=help_sheet() if state.help else None,
            message="" if state.help else self.message,
            toast=toast,
            recording=self._window.recording.mark,
        )

    def overlay_content(self) -> OverlayContent | None:
        """The measurements; None before there are any."""
        state, comparison = self._window.presenter.state, self._window.rig.comparison
        if comparison is None or not comparison.runs:
            return None
        playback = self._window.playback
        summary, window = playback.figures.summary(), playback.frames.window
        overlay = overlay_content(comparison, summary, window, state.graph_ms, self._facts(), self._notes())
        if not state.graph_ms and overlay.frames.count > 5:
            state.graph_ms = overlay.graph_ms  # fixed from here on
        return overlay

    def close_down(self) -> None:
        """Before the window goes."""
        self._timer.stop()

    def _facts(self) -> tuple[str, ...]:
        window, recording = self._window, self._window.recording
        facts = (*([recording.fact] if recording.fact else []), window.rig.renderer)
        p50 = window.playback.figures.summary().p50
        recorded = window.rig.comparison.recorded if window.rig.comparison is not None else None
        if recorded is not None:
            speed = window.presenter.player.speed if window.presenter.player is not None else 1.0
            step = recorded.time_of(1) * 1e3 / speed
            facts += (f"frame {recorded.index_at(window.presenter.time) + 1} of {len(recorded.recording)}",)
            if math.isfinite(p50) and p50 > 1.1 * step:
                facts += (f"the recording plays at {speed * step / p50:.2f} of its speed: every frame is shown",)
            return facts
        if math.isfinite(p50) and p50 > LONGEST_STEP * 1e3:
            share = LONGEST_STEP * 1e3 / p50
            facts += (f"the scene runs at {share:.2f} of its speed: a frame moves on 1/20 s at most",)
        return facts

    def _notes(self) -> tuple[str, ...]:
        composition, model = self._window.rig.composition, self._window.desk.model
        notes = (composition.atlas.note,) if composition is not None and composition.atlas.note else ()
        if model is not None and model.notes:
            what = "the recording is read as" if isinstance(model, RecordedScene) else "the scene file"
            notes += (f"{what}: {model.notes[0]}" + (" …" if len(model.notes) > 1 else ""),)
        return notes

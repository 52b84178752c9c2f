"""The self-test of conventions, of a recording or a live scene: its button, progress and verdict, and for a recording
the button that applies the fix."""

from __future__ import annotations

import threading
from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.sequence.convention import CorrectedSource
from app.sequence.selftest import SelfTest, self_test
from app.sequence.source import FrameSource
from app.window.background import Background
from app.window.scene_test import SceneTest, SceneVerdict


class _CalledOff(Exception):
    pass


class SelfTestPanel(QWidget):
    """Part of the dock, hidden while nothing is shown. `replace(source)` puts another source in a recording's place,
    `ratio` is that at which a scene is drawn."""

    _progressed = Signal(int)

    def __init__(
        self,
        replace: Callable[[FrameSource], None],
        failed: Callable[[Exception], None],
        ratio: Callable[[], float],
    ) -> None:
        super().__init__()
        self._replace = replace
        self._failed = failed
        self._ratio = ratio
        self._background = Background(self)  # its own: scenes and screenshots need not wait for it
        self._called_off: threading.Event | None = None
        self._shown: FrameSource | str | None = None
        self._scene_test: SceneTest | None = None
        self._found: SelfTest | SceneVerdict | None = None
        self.heading = QLabel("Motion and jitter")
        self.heading.setObjectName("heading")
        tip = "Do motion and jitter mean what they should?  (Ctrl+T)"
        self.start = self._button("Self-test", tip, self.toggle)
        self.fix = self._button("", "Reads this recording so, here; its files are not touched", self._apply)
        self.undo = self._button("As declared", "Reads the recording as it says again", self._undo)
        self.verdict = QLabel()
        self.verdict.setObjectName("status")
        self.verdict.setWordWrap(True)
        self.verdict.setTextFormat(Qt.TextFormat.PlainText)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(5)
        column.addWidget(self.heading)
        row = QHBoxLayout()
        row.addWidget(self.start)
        row.addWidget(self.undo)
        column.addLayout(row)
        column.addWidget(self.verdict)
        column.addWidget(self.fix)
        self._progressed.connect(self._show_progress)
        self.turn_to(None)

    @property
    def running(self) -> bool:
        return self._called_off is not None

    def turn_to(self, shown: FrameSource | str | None) -> None:
        """A recording, a live scene's name, or nothing: what is running on another is called off."""
        if shown is None or shown != self._shown:
            self.call_off()
            self._shown, self._found = shown, None
            self.verdict.setText("")
        self.setVisible(shown is not None)
        self._refresh()

    def toggle(self) -> None:
        """Starts the test, or calls it off."""
        shown = self._shown
        if self.running or shown is None:
            self.call_off()
            self._refresh()
            return
        self._called_off = called_off = threading.Event()
        self._found = None
        self.verdict.setText(f"{'Drawing' if isinstance(shown, str) else 'Reading'} ten frames…")
        work = self._work(shown, called_off)
        self._refresh()
        self._background.run(
            work,
            lambda found: self._done(called_off, found),
            lambda error: self._ended(called_off, error),
        )

    def _work(self, shown: FrameSource | str, called_off: threading.Event) -> Callable[[], SelfTest | SceneVerdict]:
        if isinstance(shown, str):
            self._scene_test = SceneTest(shown, self._ratio())
            return self._scene_test.run

        def progress(part: float) -> None:
            if called_off.is_set():
                raise _CalledOff
            self._progressed.emit(round(100 * part))

        return lambda: self_test(shown, progress)

    def call_off(self) -> None:
        if self._called_off is not None:
            self._called_off.set()
            self._called_off = None
            self.verdict.setText("")
        if self._scene_test is not None:
            self._scene_test.end()
            self._scene_test = None

    def close_down(self) -> None:
        """Before the window goes."""
        self.call_off()
        self._background.close()

    def _done(self, of: threading.Event, found: SelfTest | SceneVerdict) -> None:
        if of is not self._called_off:
            return
        self._called_off, self._scene_test, self._found = None, None, found
        self.verdict.setText("\n".join(found.sentences))
        self._refresh()

    def _ended(self, of: threading.Event, error: Exception) -> None:
        if of is not self._called_off:
            return
        self._called_off = self._scene_test = None
        self.verdict.setText("")
        self._refresh()
        self._failed(error)

    def _apply(self) -> None:
        found, recording = self._found, self._shown
        if isinstance(found, SelfTest) and found.label and recording is not None and not isinstance(recording, str):
            self._replace(CorrectedSource(recording, found.convention, found.label))

    def _undo(self) -> None:
        recording = self._shown
        while isinstance(recording, CorrectedSource):
            recording = recording.original
        if recording is not None and not isinstance(recording, str):
            self._replace(recording)

    def _show_progress(self, percent: int) -> None:
        if self.running:
            self.start.setText(f"Cancel  {percent} %")

    def _refresh(self) -> None:
        found = self._found
        if not self.running:
            self.start.setText("Self-test")
        elif self._scene_test is not None:
            self.start.setText("Cancel")
        corrects = isinstance(found, SelfTest) and found.tells and bool(found.label)
        self.fix.setVisible(corrects)
        if isinstance(found, SelfTest) and corrects:
            self.fix.setText("Apply the fix")
            self.fix.setToolTip(f"Reads this recording with {found.label}; its files are not touched")
        self.undo.setVisible(isinstance(self._shown, CorrectedSource))
        self.verdict.setVisible(bool(self.verdict.text()))
        self.verdict.setObjectName("warning" if found is not None and not found.fits else "status")
        self.verdict.style().unpolish(self.verdict)
        self.verdict.style().polish(self.verdict)

    @staticmethod
    def _button(text: str, tip: str, pressed: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.clicked.connect(lambda _checked=False: pressed())
        return button

"""The self-test of a recording's conventions: its button, progress and verdict, and the button that applies the fix."""

from __future__ import annotations

import threading
from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.sequence.convention import CorrectedSource
from app.sequence.selftest import SelfTest, self_test
from app.sequence.source import FrameSource
from app.window.background import Background


class _CalledOff(Exception):
    pass


class SelfTestPanel(QWidget):
    """Part of the dock, hidden where no recording is shown. `replace(source)` puts another source in its place."""

    _progressed = Signal(int)

    def __init__(self, replace: Callable[[FrameSource], None], failed: Callable[[Exception], None]) -> None:
        super().__init__()
        self._replace = replace
        self._failed = failed
        self._background = Background(self)  # its own: scenes and screenshots need not wait for it
        self._called_off: threading.Event | None = None
        self._recording: FrameSource | None = None
        self._found: SelfTest | None = None
        self.heading = QLabel("Recording")
        self.heading.setObjectName("heading")
        tip = "Do motion and jitter mean what the recording says?  (Ctrl+T)"
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
        self.show_recording(None)

    @property
    def running(self) -> bool:
        return self._called_off is not None

    def show_recording(self, recording: FrameSource | None) -> None:
        """Another recording, or none: what is running is called off."""
        if recording is not self._recording or recording is None:
            self.call_off()
            self._recording, self._found = recording, None
            self.verdict.setText("")
        self.setVisible(recording is not None)
        self._refresh()

    def toggle(self) -> None:
        """Starts the test, or calls it off."""
        recording = self._recording
        if self.running or recording is None:
            self.call_off()
            self._refresh()
            return
        self._called_off = called_off = threading.Event()
        self._found = None
        self.verdict.setText("Reading ten frames…")
        self._refresh()

        def progress(part: float) -> None:
            if called_off.is_set():
                raise _CalledOff
            self._progressed.emit(round(100 * part))

        self._background.run(
            lambda: self_test(recording, progress),
            lambda found: self._done(called_off, found),
            lambda error: self._ended(called_off, error),
        )

    def call_off(self) -> None:
        if self._called_off is not None:
            self._called_off.set()
            self._called_off = None
            self.verdict.setText("")

    def close_down(self) -> None:
        """Before the window goes."""
        self.call_off()
        self._background.close()

    def _done(self, of: threading.Event, found: SelfTest) -> None:
        if of is not self._called_off:
            return
        self._called_off, self._found = None, found
        self.verdict.setText("\n".join(found.sentences))
        self._refresh()

    def _ended(self, of: threading.Event, error: Exception) -> None:
        if of is not self._called_off:
            return
        self._called_off = None
        self.verdict.setText("")
        self._refresh()
        self._failed(error)

    def _apply(self) -> None:
        if self._found is not None and self._recording is not None and self._found.label:
            self._replace(CorrectedSource(self._recording, self._found.convention, self._found.label))

    def _undo(self) -> None:
        recording = self._recording
        while isinstance(recording, CorrectedSource):
            recording = recording.original
        if recording is not None:
            self._replace(recording)

    def _show_progress(self, percent: int) -> None:
        if self.running:
            self.start.setText(f"Cancel  {percent} %")

    def _refresh(self) -> None:
        found = self._found
        if not self.running:
            self.start.setText("Self-test")
        corrects = found is not None and found.tells and bool(found.label)
        self.fix.setVisible(corrects)
        if corrects and found is not None:
            self.fix.setText("Apply the fix")
            self.fix.setToolTip(f"Reads this recording with {found.label}; its files are not touched")
        self.undo.setVisible(isinstance(self._recording, CorrectedSource))
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

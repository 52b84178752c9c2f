"""Screenshots and recording among the controls beside the picture."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.capture.encoders import CODECS
from app.window.recording import Recording


class CaptureControls(QWidget):
    """They show what holds for the next recording, and change it; they keep nothing themselves."""

    def __init__(
        self, recording: Recording, screenshot: Callable[[bool], None], record: Callable[[bool], None]
    ) -> None:
        super().__init__()
        self._recording = recording
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(5)
        self.codec = QComboBox()
        self.codec.addItems([f"Video: {codec.label}{', lossless' * codec.lossless}" for codec in CODECS.values()])
        self.codec.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.codec.activated.connect(lambda index: setattr(recording, "codec", list(CODECS)[index]))
        self.pane = _button("Pane alone", recording.toggle_of_pane, checkable=True)
        self.burn_in = _button("With times", recording.toggle_burn_in, checkable=True)
        self.live = _button("Record live", lambda: record(False), checkable=True)
        self.exact = _button("Record exactly", lambda: record(True), checkable=True)
        still = _button("Screenshot", lambda: screenshot(False))
        buffers = _button("With buffers", lambda: screenshot(True))
        for left, right in ((still, buffers), (self.pane, self.burn_in), (self.live, self.exact)):
            row = QHBoxLayout()
            row.addWidget(left)
            row.addWidget(right)
            column.addLayout(row)
        column.insertWidget(1, self.codec)

    def refresh(self) -> None:
        recording = self._recording
        with QSignalBlocker(self.codec):
            self.codec.setCurrentIndex(list(CODECS).index(recording.codec))
        self.pane.setChecked(recording.of_pane)
        self.burn_in.setChecked(recording.burn_in)
        for button, exact in ((self.live, False), (self.exact, True)):
            mine = recording.running and recording.exact == exact
            button.setChecked(mine)
            button.setText("Stop" if mine else "Record exactly" if exact else "Record live")
            button.setEnabled(mine or not recording.mark)


def _button(text: str, pressed: Callable[[], None], checkable: bool = False) -> QPushButton:
    button = QPushButton(text)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    button.setCheckable(checkable)
    button.clicked.connect(lambda _checked=False: pressed())
    return button

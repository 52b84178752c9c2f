"""What went wrong, over the top of the picture: what, why, what to do. It stops nothing and closes on a click."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.errors import SuperseeError

_MARGIN = 16
_WIDEST = 760


class Banner(QFrame):
    """A child of the canvas's parent; hidden until `tell`."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self.what, self.why, self.do = QLabel(), QLabel(), QLabel()
        self.what.setObjectName("what")
        texts = QVBoxLayout()
        texts.setSpacing(3)
        for label in (self.what, self.why, self.do):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            texts.addWidget(label)
        close = QPushButton("Close")
        close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        close.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 12, 12, 12)
        row.addLayout(texts, 1)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    def tell(self, error: Exception) -> None:
        """Shows the newest error in place of the one before."""
        if isinstance(error, SuperseeError):
            what, why, do = error.what, error.why, error.do
        else:
            what = "Something went wrong inside the program"
            why = f"{type(error).__name__}: {error}"
            do = "The picture may be incomplete. The log has the details."
        for label, text in ((self.what, what), (self.why, why), (self.do, do)):
            label.setText(text if len(text) < 1200 else text[:1200] + "…")
            label.setVisible(bool(text))
        self.place()
        self.show()
        self.raise_()

    def place(self) -> None:
        """At the top, in the middle, as wide as is needed."""
        parent = self.parentWidget()
        assert parent is not None
        width = min(parent.width() - 2 * _MARGIN, _WIDEST)
        self.setFixedWidth(max(width, 200))
        self.adjustSize()
        self.move((parent.width() - self.width()) // 2, _MARGIN)

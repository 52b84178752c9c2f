"""The widget that holds the GL context and shows the composition; pointer events go out as signals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtOpenGLWidgets import QOpenGLWidget

from app.conventions import Size


class Canvas(QOpenGLWidget):
    """Pointer positions in signals are device pixels, y down, as app/present/layout.py counts them."""

    opened = Signal()  # a new context is current
    closing = Signal()  # the context is current for the last time
    painting = Signal()  # the widget's framebuffer is bound
    resized = Signal()
    pressed = Signal(QPointF, object)
    moved = Signal(QPointF, QPointF, object)  # position, distance since the last event, buttons
    released = Signal()
    double_clicked = Signal(QPointF)
    wheeled = Signal(QPointF, float)
    dropped = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(320, 180)
        self.setMouseTracking(True)
        self.setUpdateBehavior(QOpenGLWidget.UpdateBehavior.NoPartialUpdate)
        self.looking = False  # the right button is held: letters steer instead of switching
        self.held_keys: set[int] = set()
        self._last = QPointF()

    @property
    def pixel_size(self) -> Size:
        ratio = self.devicePixelRatioF()
        return max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))

    @contextmanager
    def current(self) -> Iterator[None]:
        """The widget's context is current inside."""
        self.makeCurrent()
        try:
            yield
        finally:
            self.doneCurrent()

    def initializeGL(self) -> None:
        # A reparented widget gets a new context, and calls this again.
        self.context().aboutToBeDestroyed.connect(self._on_closing, Qt.ConnectionType.DirectConnection)
        self.opened.emit()

    def resizeGL(self, w: int, h: int) -> None:
        self.resized.emit()

    def paintGL(self) -> None:
        self.painting.emit()

    def _on_closing(self) -> None:
        with self.current():
            self.closing.emit()

    # Pointer

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._last = event.position()
        self.looking = event.button() == Qt.MouseButton.RightButton
        self.pressed.emit(self._pixels(event.position()), event.button())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        step = event.position() - self._last
        self._last = event.position()
        self.moved.emit(self._pixels(event.position()), self._pixels(step), event.buttons())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.RightButton:
            self.looking = False
            self.held_keys.clear()
        self.released.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.double_clicked.emit(self._pixels(event.position()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        steps = event.angleDelta().y() / 120.0
        if steps:
            self.wheeled.emit(self._pixels(event.position()), steps)
        event.accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        for url in event.mimeData().urls()[:1]:
            self.dropped.emit(url.toLocalFile() or url.toString())
        event.acceptProposedAction()

    # Keys that steer the fly camera while the right button is held

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and self.looking:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.looking:
            self.held_keys.add(event.key())
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if not event.isAutoRepeat():
            self.held_keys.discard(event.key())
        super().keyReleaseEvent(event)

    def _pixels(self, point: QPointF) -> QPointF:
        return point * self.devicePixelRatioF()

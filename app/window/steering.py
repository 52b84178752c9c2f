"""Mouse and held keys to what they do: zoom and pan, the wipe's divider, and the user's own camera."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPointF, Qt

from app.present.composition import Composition
from app.present.presenter import Presenter
from app.scene.camera import CameraPose
from app.scene.orbit import FlyCamera, OrbitCamera
from app.window.canvas import Canvas

_GRIP = 14.0
"""Device pixels (at 1x) on each side of the divider that take hold of it."""
_CLICK = 6.0
"""Device pixels that a press may move and still be a click."""
_WHEEL_FACTOR = 1.25
_MOVES = {
    Qt.Key.Key_W: (0, 0, 1),
    Qt.Key.Key_S: (0, 0, -1),
    Qt.Key.Key_A: (-1, 0, 0),
    Qt.Key.Key_D: (1, 0, 0),
    Qt.Key.Key_E: (0, 1, 0),
    Qt.Key.Key_Q: (0, -1, 0),
}


class Steering(QObject):
    """Keeps the orbit and the fly camera, and gives the comparison the pose of the one in use."""

    def __init__(self, canvas: Canvas, presenter: Presenter) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._presenter = presenter
        self.composition: Composition | None = None
        self._camera: OrbitCamera | FlyCamera | None = None
        self._mode = "path"
        self._on_divider = False
        self._pressed_at = QPointF()
        self._dragging = False
        canvas.pressed.connect(self._press)
        canvas.moved.connect(self._move)
        canvas.released.connect(self._release)
        canvas.double_clicked.connect(self._double_click)
        canvas.wheeled.connect(self._wheel)

    def pose(self, on_path: CameraPose, seconds: float) -> CameraPose | None:
        """The own camera's pose after `seconds` more of held keys; None while the camera is on its path. A camera
        starts where the last one was (`on_path` from the path), so that taking it over is no jump."""
        mode = self._presenter.state.camera_mode
        if mode != self._mode:
            start = on_path if self._camera is None else self._camera.pose
            self._camera = self._made(mode, start)
            self._mode = mode
        if self._camera is None:
            return None
        if isinstance(self._camera, FlyCamera):
            right, up, forward = (float(sum(_MOVES[key][axis] for key in self._held())) for axis in range(3))
            self._camera.walk(right, up, forward)
        self._camera.advance(seconds)
        return self._camera.pose

    def forget(self) -> None:
        """Another scene: its cameras start from its own path."""
        self._mode, self._camera = "path", None

    def _held(self) -> list[Qt.Key]:
        return [key for key in _MOVES if int(key) in self._canvas.held_keys]

    @staticmethod
    def _made(mode: str, start: CameraPose) -> OrbitCamera | FlyCamera | None:
        if mode == "orbit":
            return OrbitCamera.from_pose(start)
        return FlyCamera.from_pose(start) if mode == "fly" else None

    def _press(self, at: QPointF, button: Qt.MouseButton) -> None:
        self._pressed_at = at
        view = self._presenter.state.view
        if button == Qt.MouseButton.LeftButton and view.wipe is not None:
            x = view.divider * self._canvas.pixel_size[0]
            self._on_divider = abs(at.x() - x) <= _GRIP * self._canvas.devicePixelRatioF()
        if button == Qt.MouseButton.LeftButton and not self._on_divider and self.composition is not None:
            hit = self.composition.pane_at(self._canvas.pixel_size, view, at.x(), at.y())
            if hit is not None and view.wipe is None:
                self._presenter.select(hit[0])

    def _move(self, at: QPointF, by: QPointF, buttons: Qt.MouseButton) -> None:
        self._show_grip(at)
        if not buttons:
            return
        view = self._presenter.state.view
        if self._on_divider:
            self._presenter.move_divider(at.x() / self._canvas.pixel_size[0])
        elif buttons & Qt.MouseButton.LeftButton and view.zoom > 1.001:
            self._presenter.drag(by.x(), by.y())
        elif not self._dragging and (at - self._pressed_at).manhattanLength() < _CLICK:
            return  # a click that trembles does not take the camera off its path
        elif buttons & Qt.MouseButton.MiddleButton:
            self._pan_camera(by)
        else:
            self._dragging = True
            self._turn(by)

    def _release(self) -> None:
        self._on_divider = self._dragging = False

    def _double_click(self, at: QPointF) -> None:
        if self.composition is None:
            return
        hit = self.composition.pane_at(self._canvas.pixel_size, self._presenter.state.view, at.x(), at.y())
        if hit is not None:
            self._presenter.select(hit[0])
            self._presenter.toggle_single()

    def _wheel(self, at: QPointF, steps: float) -> None:
        if self.composition is None:
            return
        view = self._presenter.state.view
        if self._presenter.state.camera_mode != "path" and self._canvas.looking:
            self._zoom_camera(steps)
            return
        hit = self.composition.pane_at(self._canvas.pixel_size, view, at.x(), at.y())
        if hit is not None:
            self._presenter.zoom_by(_WHEEL_FACTOR**steps, (at.x(), at.y()), hit[1])

    def _turn(self, by: QPointF) -> None:
        if self._presenter.state.camera_mode == "path":
            self._presenter.set_camera_mode("orbit")
        dx, dy = self._view_heights(by)
        if isinstance(self._camera, OrbitCamera):
            self._camera.orbit(dx, dy)
        elif isinstance(self._camera, FlyCamera):
            self._camera.look(dx, dy)
        self._presenter.changed()

    def _view_heights(self, by: QPointF) -> tuple[float, float]:
        height = max(self._presenter.cell.height, 1.0)
        return by.x() / height, by.y() / height

    def _pan_camera(self, by: QPointF) -> None:
        if isinstance(self._camera, OrbitCamera):
            self._camera.pan(*self._view_heights(by))
            self._presenter.changed()

    def _zoom_camera(self, steps: float) -> None:
        if isinstance(self._camera, OrbitCamera):
            self._camera.dolly(steps)
        elif isinstance(self._camera, FlyCamera):
            self._camera.faster(steps)
        self._presenter.changed()

    def _show_grip(self, at: QPointF) -> None:
        view = self._presenter.state.view
        over = False
        if view.wipe is not None:
            over = abs(at.x() - view.divider * self._canvas.pixel_size[0]) <= _GRIP * self._canvas.devicePixelRatioF()
        shape = Qt.CursorShape.SplitHCursor if over or self._on_divider else Qt.CursorShape.ArrowCursor
        if self._canvas.cursor().shape() != shape:
            self._canvas.setCursor(shape)

"""The controls beside the picture. They show the presenter's state and call the presenter; they keep none."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDockWidget,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from app.conventions import MAX_RATIO, MIN_RATIO, QUALITY_MODES, mode_name
from app.present.presenter import MAX_PANES, Presenter
from app.present.state import CAMERA_MODES, DISPLAY_SIZES, MAX_EXPOSURE_STEPS, SHADING_LOADS
from app.upscale.registry import METHODS
from app.window.capture_controls import CaptureControls

_WIDTH = 292


class ControlDock(QDockWidget):
    """`refresh` brings every control up to the presenter's state."""

    def __init__(
        self,
        presenter: Presenter,
        open_file: Callable[[], None],
        reload_shaders: Callable[[], None],
        self_test: QWidget,
    ) -> None:
        super().__init__("Controls   (C hides)")
        self.setObjectName("controls")
        self.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
        self._presenter = presenter
        self.capture: CaptureControls | None = None
        body = QWidget()
        body.setObjectName("dock")
        self._column = QVBoxLayout(body)
        self._column.setContentsMargins(12, 2, 12, 12)
        self._column.setSpacing(5)
        self._scene_controls(open_file)
        self._column.addWidget(self_test)
        self._pane_controls()
        self._quality_controls()
        self._picture_controls(reload_shaders)
        self.status = QLabel()
        self.status.setObjectName("status")
        self.warning = QLabel()
        self.warning.setObjectName("warning")
        for label in (self.warning, self.status):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            self._column.addWidget(label)
        self._column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(body)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFixedWidth(_WIDTH)
        self.setWidget(scroll)

    def _scene_controls(self, open_file: Callable[[], None]) -> None:
        self._heading("Scene")
        self.scene = self._combo(lambda index: self._presenter.open_scene(self.scene.itemData(index)))
        self.path = self._combo(self._presenter.set_path)
        self.camera = self._combo(lambda index: self._presenter.set_camera_mode(CAMERA_MODES[index]))
        self.camera.addItems([mode.capitalize() for mode in CAMERA_MODES])
        grid = QGridLayout()
        for row, (name, widget) in enumerate((("Scene", self.scene), ("Path", self.path), ("Camera", self.camera))):
            grid.addWidget(QLabel(name), row, 0)
            grid.addWidget(widget, row, 1)
        grid.setColumnStretch(1, 1)
        self._column.addLayout(grid)
        row = QHBoxLayout()
        row.addWidget(self._button("Open…", open_file))
        self.pause = self._button("Pause", self._presenter.toggle_pause, checkable=True)
        row.addWidget(self.pause)
        self._column.addLayout(row)

    def _pane_controls(self) -> None:
        self._heading("Panes")
        grid = QGridLayout()
        self.methods: list[QComboBox] = []
        self.method_labels: list[QLabel] = []
        for pane in range(MAX_PANES):
            combo = self._combo(lambda index, pane=pane: self._set_method(pane, index))
            combo.addItems([info.label for info in METHODS.values()])
            label = QLabel(str(pane + 1))
            grid.addWidget(label, pane, 0)
            grid.addWidget(combo, pane, 1)
            self.methods.append(combo)
            self.method_labels.append(label)
        grid.setColumnStretch(1, 1)
        self._column.addLayout(grid)
        row = QHBoxLayout()
        row.addWidget(self._button("−", lambda: self._presenter.change_panes(-1)))
        row.addWidget(self._button("+", lambda: self._presenter.change_panes(1)))
        self.wipe = self._button("Wipe", self._presenter.toggle_wipe, checkable=True)
        self.overlay = self._button("Times", self._presenter.toggle_overlay, checkable=True)
        row.addWidget(self.wipe)
        row.addWidget(self.overlay)
        self._column.addLayout(row)

    def _quality_controls(self) -> None:
        self._heading("Quality")
        self.mode = self._combo(self._set_mode)
        self.mode.addItems([f"{mode.name}  {mode.ratio:g}×" for mode in QUALITY_MODES] + ["Custom"])
        self.ratio, self.ratio_value = self._slider(
            "Ratio", round(MIN_RATIO * 20), round(MAX_RATIO * 20), lambda v: self._presenter.set_ratio(v / 20.0)
        )
        self._column.insertWidget(self._column.count() - 1, self.mode)
        self.display = self._combo(self._set_display)
        self.display.addItem("Picture size: automatic")
        self.display.addItems([f"Picture size: {w}×{h}" for w, h in DISPLAY_SIZES])
        self._column.addWidget(self.display)

    def _picture_controls(self, reload_shaders: Callable[[], None]) -> None:
        self._heading("Picture")
        self.exposure, self.exposure_value = self._slider(
            "Exposure", -MAX_EXPOSURE_STEPS, MAX_EXPOSURE_STEPS, self._presenter.set_exposure
        )
        self.load, self.load_value = self._slider(
            "Shading load", 0, len(SHADING_LOADS) - 1, lambda v: self._presenter.set_shading_load(SHADING_LOADS[v])
        )
        self.bias, self.bias_value = self._slider(
            "LOD bias", -16, 16, lambda v: self._presenter.set_lod_bias(v / 4.0)
        )
        row = QHBoxLayout()
        self.filmic = self._button("Filmic", self._presenter.toggle_tone_curve, checkable=True)
        row.addWidget(self.filmic)
        row.addWidget(self._button("Reload shaders", reload_shaders))
        self._column.addLayout(row)

    def add_capture(self, controls: CaptureControls) -> None:
        """Screenshots and recording, under the picture's controls."""
        self.capture = controls
        place = self._column.indexOf(self.warning)
        heading = QLabel("Capture")
        heading.setObjectName("heading")
        self._column.insertWidget(place, heading)
        self._column.insertWidget(place + 1, controls)

    def refresh(self, status: tuple[str, ...] = (), warnings: tuple[str, ...] = ()) -> None:
        state, presenter = self._presenter.state, self._presenter
        names = [*presenter.scenes]
        if state.scene not in names:
            names.append(state.scene)
        self._fill(self.scene, [(_scene_label(name), name) for name in names], names.index(state.scene))
        paths = presenter.path_names or ("none",)
        self._fill(self.path, [(name, name) for name in paths], min(state.path, len(paths) - 1))
        self._choose(self.camera, CAMERA_MODES.index(state.camera_mode))
        for pane, combo in enumerate(self.methods):
            present = pane < len(state.methods)
            combo.setVisible(present)
            self.method_labels[pane].setVisible(present)
            if present:
                self._choose(combo, list(METHODS).index(state.methods[pane]))
                mark = " ▸" if pane == state.selected else ""
                self.method_labels[pane].setText(f"{pane + 1}{mark}")
        modes = [mode.name for mode in QUALITY_MODES] + ["Custom"]
        self._choose(self.mode, modes.index(mode_name(state.ratio)))
        self._choose(self.display, 1 + DISPLAY_SIZES.index(state.display) if state.display in DISPLAY_SIZES else 0)
        self._slide(self.ratio, round(state.ratio * 20), self.ratio_value, f"{state.ratio:.2f}×")
        self._slide(self.exposure, state.exposure_steps, self.exposure_value, f"{state.exposure_steps / 3:+.2f} stops")
        nearest = min(range(len(SHADING_LOADS)), key=lambda i: abs(SHADING_LOADS[i] - state.shading_load))
        self._slide(self.load, nearest, self.load_value, f"{state.shading_load:g}×")
        self._slide(self.bias, round(state.lod_bias * 4), self.bias_value, f"{state.lod_bias:+.2f}")
        for button, on in (
            (self.pause, state.paused),
            (self.wipe, state.view.wipe is not None),
            (self.overlay, state.overlay),
            (self.filmic, state.filmic),
        ):
            button.setChecked(on)
        if self.capture is not None:
            self.capture.refresh()
        self._say(self.status, status)
        self._say(self.warning, warnings)

    @staticmethod
    def _say(label: QLabel, lines: tuple[str, ...]) -> None:
        text = "\n".join(lines)
        if label.text() != text:
            label.setText(text)
        label.setVisible(bool(text))

    def _set_method(self, pane: int, index: int) -> None:
        self._presenter.select(pane)
        self._presenter.set_method(list(METHODS)[index])

    def _set_mode(self, index: int) -> None:
        if index < len(QUALITY_MODES):
            self._presenter.set_ratio(QUALITY_MODES[index].ratio)

    def _set_display(self, index: int) -> None:
        self._presenter.set_display(None if index == 0 else DISPLAY_SIZES[index - 1])

    def _heading(self, text: str) -> None:
        label = QLabel(text)
        label.setObjectName("heading")
        self._column.addWidget(label)

    def _combo(self, chosen: Callable[[int], None]) -> QComboBox:
        combo = QComboBox()
        combo.activated.connect(chosen)
        # Keys belong to the presenter, wherever the mouse was last.
        combo.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumContentsLength(8)
        return combo

    def _button(self, text: str, pressed: Callable[[], None], checkable: bool = False) -> QPushButton:
        button = QPushButton(text)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setCheckable(checkable)
        button.clicked.connect(lambda _checked=False: pressed())
        return button

    def _slider(self, name: str, low: int, high: int, moved: Callable[[int], None]) -> tuple[QSlider, QLabel]:
        slider, value = QSlider(Qt.Orientation.Horizontal), QLabel()
        slider.setRange(low, high)
        slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        slider.valueChanged.connect(moved)
        value.setObjectName("value")
        row = QHBoxLayout()
        row.addWidget(QLabel(name))
        row.addStretch(1)
        row.addWidget(value)
        self._column.addLayout(row)
        self._column.addWidget(slider)
        return slider, value

    @staticmethod
    def _fill(combo: QComboBox, items: list[tuple[str, str]], index: int) -> None:
        with QSignalBlocker(combo):
            if [(combo.itemText(i), combo.itemData(i)) for i in range(combo.count())] != items:
                combo.clear()
                for text, data in items:
                    combo.addItem(text, data)
            combo.setCurrentIndex(index)

    @staticmethod
    def _choose(combo: QComboBox, index: int) -> None:
        with QSignalBlocker(combo):
            combo.setCurrentIndex(index)

    @staticmethod
    def _slide(slider: QSlider, position: int, label: QLabel, text: str) -> None:
        with QSignalBlocker(slider):
            slider.setValue(position)
        label.setText(text)


def _scene_label(name: str) -> str:
    """A built-in scene's name, or a file's without its folder."""
    _, slash, file = name.replace("\\", "/").rpartition("/")
    return file if slash else name.capitalize()

"""Everything a presenter can switch, as one plain value that settings files keep."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from app.conventions import MAX_RATIO, MIN_RATIO, Size
from app.present.layout import View
from app.upscale.registry import METHODS

DEFAULT_METHODS = ("native", "bilinear", "neural")
DISPLAY_SIZES: tuple[Size, ...] = (
    (480, 270), (640, 360), (960, 540), (1280, 720), (1920, 1080), (2560, 1440), (3840, 2160),
)
SOFTWARE_DISPLAY_SIZES: tuple[Size, ...] = ((480, 270), (640, 360))
"""What "automatic" chooses from where the CPU draws."""
SHADING_LOADS = (1.0, 2.0, 4.0, 8.0, 16.0)
"""About how many times as long the lighting of a pixel takes."""
CAMERA_MODES = ("path", "orbit", "fly")
MAX_EXPOSURE_STEPS = 24


@dataclass
class ViewerState:
    """`display`: size of every picture, None to follow the pane. `exposure_steps`: thirds of a stop on top of the
    scene's own exposure. `path` is an index into the scene's camera paths. `lod_bias` is added to the ratio's own."""

    scene: str = "court"
    path: int = 0
    methods: list[str] = field(default_factory=lambda: list(DEFAULT_METHODS))
    selected: int = 0
    ratio: float = 2.0
    display: Size | None = None
    exposure_steps: int = 0
    filmic: bool = True
    shading_load: float = 1.0
    lod_bias: float = 0.0
    camera_mode: str = "path"
    overlay: bool = True
    graph_ms: float = 0.0  # 0: chosen once from the first figures
    dock: bool = True
    paused: bool = False
    help: bool = False
    view: View = field(default_factory=View)

    def saved(self) -> dict[str, Any]:
        """What survives a restart: not where it was looked at, nor pause and help."""
        data = asdict(self)
        for name in _NOT_SAVED:
            del data[name]
        return data

    @classmethod
    def restored(cls, data: dict[str, Any]) -> ViewerState:
        """The state from a settings file, written by anyone: ValueError, TypeError or KeyError where it is wrong."""
        known = {f.name for f in fields(cls)} - set(_NOT_SAVED)
        if unknown := set(data) - known:
            raise ValueError(f"unknown entries {', '.join(sorted(unknown))}")
        state = cls(**data)
        _check(isinstance(state.scene, str) and bool(state.scene), "scene")
        _check(isinstance(state.path, int) and state.path >= 0, "path")
        _check(1 <= len(state.methods) <= 4 and all(name in METHODS for name in state.methods), "methods")
        _check(isinstance(state.selected, int) and 0 <= state.selected < len(state.methods), "selected")
        _check(_number(state.ratio) and MIN_RATIO <= state.ratio <= MAX_RATIO, "ratio")
        if state.display is not None:
            width, height = state.display
            _check(0 < int(width) <= 8192 and 0 < int(height) <= 8192, "display")
            state.display = (int(width), int(height))
        _check(isinstance(state.exposure_steps, int) and abs(state.exposure_steps) <= MAX_EXPOSURE_STEPS, "exposure")
        _check(_number(state.shading_load) and 1 <= state.shading_load <= 100, "shading_load")
        _check(_number(state.lod_bias) and abs(state.lod_bias) <= 4, "lod_bias")
        _check(state.camera_mode in CAMERA_MODES, "camera_mode")
        _check(_number(state.graph_ms) and state.graph_ms >= 0, "graph_ms")
        state.overlay, state.dock, state.filmic = bool(state.overlay), bool(state.dock), bool(state.filmic)
        return state


_NOT_SAVED = ("view", "paused", "help")


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _check(right: bool, name: str) -> None:
    if not right:
        raise ValueError(f"{name} is out of range")

"""What every key, click and control does: the viewer's state and the rules for changing it. No Qt, no drawing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from app.conventions import MAX_RATIO, MIN_RATIO, QUALITY_MODES, Size
from app.present.layout import Rect, View, clamped, next_zoom, panned, zoomed_at
from app.present.overlay import GRAPH_SCALES
from app.present.player import Player
from app.present.state import CAMERA_MODES, MAX_EXPOSURE_STEPS, SHADING_LOADS, ViewerState
from app.upscale.registry import METHODS, method_info

MAX_PANES = 4
STEP_SECONDS = 1.0 / 30.0
_PAN_STEP = 0.08  # of the pane's size per key press
_DIVIDER_STEP = 0.02
_NEW_PANES = ("taau", "neural", "bilinear", "native", "reference")


class Presenter:
    """Changes `state` and tells `changed`. Things that need the scene or the GL side are left as requests, which the
    window takes up: `wanted_scene`, `seek_to`, `steps`."""

    def __init__(
        self, state: ViewerState, scenes: Sequence[str] = (), changed: Callable[[], None] = lambda: None
    ) -> None:
        self.state = state
        self.scenes = tuple(scenes)
        self.changed = changed
        self.path_names: tuple[str, ...] = ()
        self.wanted_scene: str | None = None
        self.seek_to: float | None = None
        self.steps = 0  # frames to go on (back) from where the comparison stands
        self.time = 0.0
        self.player: Player | None = None  # where a recording is shown
        # Where the selected pane is, for zoom and pan; the window keeps it up to date.
        self.cell = Rect(0, 0, 640, 360)
        self.picture: Size = (640, 360)

    # Panes

    def select(self, index: int) -> None:
        if index < len(self.state.methods):
            self.state.selected = index
            view = self.state.view
            if view.single is not None:
                self._look(replace(view, single=index))
            if view.wipe is not None and index not in view.wipe:
                self._look(replace(view, wipe=(index, view.wipe[1])))
            self.changed()

    def set_method(self, name: str) -> None:
        method_info(name)
        self.state.methods[self.state.selected] = name
        self.changed()

    def cycle_method(self, step: int) -> None:
        names = list(METHODS)
        at = names.index(self.state.methods[self.state.selected])
        self.set_method(names[(at + step) % len(names)])

    def change_panes(self, step: int) -> None:
        count = min(max(len(self.state.methods) + step, 1), MAX_PANES)
        while len(self.state.methods) > count:
            self.state.methods.pop()
        unused = [name for name in _NEW_PANES if name not in self.state.methods]
        while len(self.state.methods) < count:
            self.state.methods.append(unused.pop(0) if unused else "bilinear")
        self.state.selected = min(self.state.selected, count - 1)
        view = self.state.view
        if view.single is not None and view.single >= count:
            view = replace(view, single=self.state.selected)
        if view.wipe is not None and max(view.wipe) >= count:
            view = replace(view, wipe=(0, 1) if count > 1 else None)
        self._look(view)

    # Quality

    def set_ratio(self, ratio: float) -> None:
        self.state.ratio = round(min(max(ratio, MIN_RATIO), MAX_RATIO), 3)
        self.changed()

    def change_ratio(self, by: float) -> None:
        self.set_ratio(self.state.ratio + by)

    def step_quality(self, step: int) -> None:
        """The next named mode above or below the ratio in force; stops at the ends."""
        ratios = [mode.ratio for mode in QUALITY_MODES]
        if step > 0:
            self.set_ratio(next((r for r in ratios if r > self.state.ratio + 1e-3), ratios[-1]))
        else:
            self.set_ratio(next((r for r in reversed(ratios) if r < self.state.ratio - 1e-3), ratios[0]))

    def set_display(self, size: Size | None) -> None:
        self.state.display = size
        self.changed()

    # View

    def toggle_wipe(self) -> None:
        count = len(self.state.methods)
        if self.state.view.wipe is not None or count < 2:
            self._look(replace(self.state.view, wipe=None))
        else:
            pair = sorted((self.state.selected, (self.state.selected + 1) % count))
            self._look(replace(self.state.view, wipe=(pair[0], pair[1]), single=None))

    def next_wipe_partner(self) -> None:
        """Wipes the left pane against the next of the others."""
        if self.state.view.wipe is None:
            self.toggle_wipe()
            return
        left, right = self.state.view.wipe
        others = [i for i in range(len(self.state.methods)) if i != left]
        at = others.index(right) if right in others else -1
        self._look(replace(self.state.view, wipe=(left, others[(at + 1) % len(others)])))

    def move_divider(self, part: float) -> None:
        self._look(replace(self.state.view, divider=min(max(part, 0.0), 1.0)))

    def toggle_single(self) -> None:
        single = None if self.state.view.single is not None else self.state.selected
        self._look(replace(self.state.view, single=single, wipe=None))

    def zoom_step(self) -> None:
        zoom = next_zoom(self.cell, self.picture, self.state.view)
        self._look(clamped(replace(self.state.view, zoom=zoom), self.cell, self.picture))

    def zoom_out(self) -> None:
        self._look(replace(self.state.view, zoom=1.0, centre=(0.5, 0.5)))

    def zoom_by(self, factor: float, point: tuple[float, float], cell: Rect) -> None:
        """Zooms about a canvas point inside `cell`."""
        view = self.state.view
        self._look(zoomed_at(view, cell, self.picture, point, view.zoom * factor))

    def drag(self, dx: float, dy: float) -> None:
        self._look(panned(self.state.view, self.cell, self.picture, dx, dy))

    def pan(self, direction: tuple[int, int]) -> None:
        """An arrow key: moves the picture, or in a wipe that is not zoomed the divider."""
        view = self.state.view
        if view.wipe is not None and view.zoom <= 1.001:
            self.move_divider(view.divider - direction[0] * _DIVIDER_STEP)
            return
        self.drag(direction[0] * _PAN_STEP * self.cell.width, direction[1] * _PAN_STEP * self.cell.height)

    def toggle_overlay(self) -> None:
        self.state.overlay = not self.state.overlay
        self.changed()

    def next_graph_scale(self) -> None:
        larger = [scale for scale in GRAPH_SCALES if scale > self.state.graph_ms]
        self.state.graph_ms = larger[0] if larger else GRAPH_SCALES[0]
        self.changed()

    def toggle_help(self) -> None:
        self.state.help = not self.state.help
        self.changed()

    # Time and camera

    def toggle_pause(self) -> None:
        self.state.paused = not self.state.paused
        if self.player is not None and not self.state.paused:
            self.player.play_again()
        self.changed()

    def step_time(self, step: int) -> None:
        """Pauses; forwards is one frame with history, backwards is a seek."""
        self.state.paused = True
        self.steps += step
        self.changed()

    def restart(self) -> None:
        if self.player is not None:
            self.player.seek_first()
            return
        self.seek_to = 0.0
        self.changed()

    def playing(self, what: str, *arguments: object) -> None:
        """Does `what` of a recording's player, by its name there; of a live scene there is none."""
        if self.player is not None:
            getattr(self.player, what)(*arguments)

    def step_path(self, step: int) -> None:
        if self.path_names:
            self.set_path((self.state.path + step) % len(self.path_names))

    def set_path(self, index: int) -> None:
        self.state.path = index
        self.state.camera_mode = "path"
        self.changed()

    def next_camera_mode(self) -> None:
        at = CAMERA_MODES.index(self.state.camera_mode)
        self.set_camera_mode(CAMERA_MODES[(at + 1) % len(CAMERA_MODES)])

    def set_camera_mode(self, mode: str) -> None:
        assert mode in CAMERA_MODES, mode
        self.state.camera_mode = mode
        self.changed()

    def step_scene(self, step: int) -> None:
        if not self.scenes:
            return
        at = self.scenes.index(self.state.scene) if self.state.scene in self.scenes else -1 if step > 0 else 0
        self.open_scene(self.scenes[(at + step) % len(self.scenes)])

    def open_scene(self, name: str) -> None:
        """Asks for a scene; `state.scene` changes only when it has been loaded."""
        self.wanted_scene = name
        self.changed()

    # Picture

    def change_exposure(self, steps: int) -> None:
        self.set_exposure(self.state.exposure_steps + steps)

    def set_exposure(self, steps: int) -> None:
        self.state.exposure_steps = min(max(steps, -MAX_EXPOSURE_STEPS), MAX_EXPOSURE_STEPS)
        self.changed()

    @property
    def exposure(self) -> float:
        """Multiplier on top of the scene's own."""
        return 2.0 ** (self.state.exposure_steps / 3.0)

    def toggle_tone_curve(self) -> None:
        self.state.filmic = not self.state.filmic
        self.changed()

    def next_shading_load(self) -> None:
        larger = [load for load in SHADING_LOADS if load > self.state.shading_load]
        self.set_shading_load(larger[0] if larger else SHADING_LOADS[0])

    def set_shading_load(self, load: float) -> None:
        self.state.shading_load = load
        self.changed()

    def change_lod_bias(self, by: float) -> None:
        self.set_lod_bias(self.state.lod_bias + by)

    def set_lod_bias(self, bias: float) -> None:
        self.state.lod_bias = min(max(round(bias, 2), -4.0), 4.0)
        self.changed()

    def step_back(self) -> bool:
        """Escape: leaves help, then the wipe or the single pane, then the zoom; False if there is nothing to leave."""
        view = self.state.view
        if self.state.help:
            self.toggle_help()
        elif view.wipe is not None or view.single is not None:
            self._look(replace(view, wipe=None, single=None))
        elif view.zoom > 1.001:
            self.zoom_out()
        else:
            return False
        return True

    def _look(self, view: View) -> None:
        self.state.view = view
        self.changed()

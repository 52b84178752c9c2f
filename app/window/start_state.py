"""The state that a window starts with: the saved one, and what the command line says on top."""

from __future__ import annotations

import math

from app.conventions import checked_ratio
from app.errors import SuperseeError
from app.present.presenter import MAX_PANES
from app.present.state import MAX_EXPOSURE_STEPS, ViewerState
from app.upscale.registry import method_info
from app.window import Options


def with_options(state: ViewerState, options: Options) -> ViewerState:
    """The settings with what the command line says on top. Raises SuperseeError for what it may not say."""
    if options.scene is not None and options.scene != state.scene:
        state.scene, state.path = options.scene, 0
    if options.methods is not None:
        names = list(options.methods)
        if not 1 <= len(names) <= MAX_PANES:
            raise SuperseeError(f"{len(names)} panes cannot be shown", "the window has one to four")
        state.methods = [method_info(name).name for name in names]
        state.selected = 0
    if options.ratio is not None:
        state.ratio = checked_ratio(options.ratio)
    if options.display_size is not None:
        state.display = options.display_size
    if options.exposure is not None:
        if not (math.isfinite(options.exposure) and options.exposure > 0):
            raise SuperseeError(f"The exposure {options.exposure:g} cannot be used", "it is a factor above 0")
        state.exposure_steps = max(-MAX_EXPOSURE_STEPS, min(MAX_EXPOSURE_STEPS, round(3 * math.log2(options.exposure))))
    return state

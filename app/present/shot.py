"""What a screenshot says of itself: all that drawing the same picture again takes, as plain values for a file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from app.conventions import Size, jitter_phase_count, mode_name
from app.measure.frame_times import FrameSummary
from app.present.comparison import Comparison
from app.present.composition import Composition
from app.present.decoration import Decoration
from app.present.keys import help_sheet
from app.present.layout import View
from app.present.overlay import MethodTimes, OverlayContent
from app.present.trail import finite
from app.render.gl_context import renderer_name

_LARGEST_SIDE = 8192
_LARGEST_PIXEL_RATIO = 8.0
"""Of records from anywhere: letters must fit into memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """How a comparison is looked at. `exposure` multiplies the scene's own; `canvas` in pixels."""

    canvas: Size
    view: View = field(default_factory=View)
    decoration: Decoration = field(default_factory=Decoration)
    exposure: float = 1.0
    filmic: bool = True
    pixel_ratio: float = 1.0


def shot_record(comparison: Comparison, composition: Composition, scene: str, looks: Looks) -> dict[str, Any]:
    """The record of the comparison's last complete frame, as the composition shows it. `scene`: what `supersee` opens
    under that name. Version, digests and the date are added where it is written (capture.provenance)."""
    frame = comparison.frame
    assert frame is not None, "there is no picture yet"
    recorded = comparison.recorded
    phases = jitter_phase_count(comparison.ratio)
    return {
        "scene": scene,
        "recording": None if recorded is None else _recording_facts(comparison),
        "frame": shown_frame(comparison),
        "time": comparison.time,
        "path": comparison.path.name if comparison.path is not None else None,
        "camera": asdict(comparison.pose),
        "own_camera": comparison.camera is not None,
        "ratio": comparison.ratio,
        "mode": mode_name(comparison.ratio),
        "render_size": list(comparison.render_size),
        "display_size": list(comparison.display_size),
        "jitter": {
            "offset": list(frame.jitter),
            "phase": None if recorded is not None else frame.frame_index % phases,
            "phases": None if recorded is not None else phases,
        },
        "panes": [
            {"method": p.method, "title": p.title, "detail": p.detail, "warning": p.warning} for p in composition.panes
        ],
        "reference_samples": comparison.reference_done,
        "exposure": looks.exposure,
        "filmic": looks.filmic,
        "view": asdict(looks.view),
        "canvas": list(looks.canvas),
        "pixel_ratio": looks.pixel_ratio,
        "labels": looks.decoration.labels,
        "help": looks.decoration.sheet is not None,
        "overlay": None if looks.decoration.overlay is None else _overlay_data(looks.decoration.overlay),
        "networks": _network_facts(comparison),
        "backends": list(comparison.backends()),
        "renderer": renderer_name(comparison.context),
        "opengl": str(comparison.context.info["GL_VERSION"]),
        "trail": comparison.trail.packed(),
    }


def shown_frame(comparison: Comparison) -> int:
    """The frame's number: of a recording from 1, of a scene as many as were drawn since it was opened."""
    recorded = comparison.recorded
    if recorded is not None:
        return recorded.index_at(comparison.time) + 1
    return comparison.frame.frame_index if comparison.frame is not None else 0


def looks_from(data: Mapping[str, Any]) -> Looks:
    """The looks of a record from a file: ValueError, TypeError or KeyError where it is none."""
    view = data["view"]
    wipe, single = view["wipe"], view["single"]
    return Looks(
        _size(data["canvas"]),
        View(
            _positive(view["zoom"]),
            (finite(view["centre"][0]), finite(view["centre"][1])),
            None if single is None else int(single),
            None if wipe is None else (int(wipe[0]), int(wipe[1])),
            finite(view["divider"]),
        ),
        Decoration(
            labels=bool(data["labels"]),
            overlay=None if data["overlay"] is None else _overlay_from(data["overlay"]),
            sheet=help_sheet() if data["help"] else None,
        ),
        _positive(data["exposure"]),
        bool(data["filmic"]),
        min(_positive(data["pixel_ratio"]), _LARGEST_PIXEL_RATIO),
    )


def display_size_from(data: Mapping[str, Any]) -> Size:
    return _size(data["display_size"])


def _recording_facts(comparison: Comparison) -> dict[str, Any]:
    assert comparison.recorded is not None
    recording = comparison.recorded.recording
    return {"name": recording.name, "frames": len(recording), "fps": recording.fps}


def _network_facts(comparison: Comparison) -> dict[str, dict[str, str]]:
    """By method, of those that run one."""
    facts = {}
    for name in dict.fromkeys(comparison.shown):
        run = comparison.runs[name]
        network = None if run.stands_in else run.network
        if network is not None:
            facts[name] = {"name": network.name, "folder": network.folder.name, "sha256": network.sha256}
    return facts


def _overlay_data(content: OverlayContent) -> dict[str, Any]:
    methods = [
        {"method": m.method, "label": m.label, "summary": _finite(asdict(m.summary)), "series": m.series.tolist()}
        for m in content.methods
    ]
    return {
        "frames": _finite(asdict(content.frames)),
        "methods": methods,
        "window": content.window,
        "graph_ms": content.graph_ms,
        "facts": list(content.facts),
        "warnings": list(content.warnings),
    }


def _overlay_from(data: Mapping[str, Any]) -> OverlayContent:
    methods = tuple(
        MethodTimes(
            str(m["method"]), str(m["label"]), _summary_from(m["summary"]), np.array(m["series"], float).reshape(-1)
        )
        for m in data["methods"]
    )
    return OverlayContent(
        _summary_from(data["frames"]),
        methods,
        int(data["window"]),
        _positive(data["graph_ms"]),
        tuple(map(str, data["facts"])),
        tuple(map(str, data["warnings"])),
    )


def _summary_from(data: Mapping[str, Any]) -> FrameSummary:
    stages = {str(name): float(value) for name, value in data["stages"].items()}
    figures = {name: math.nan if data[name] is None else float(data[name]) for name in ("p50", "p95", "p99", "low_fps")}
    return FrameSummary(int(data["count"]), **figures, stages=stages)


def _finite(data: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no NaN."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in data.items()
    }


def _size(pair: Any) -> Size:
    width, height = int(pair[0]), int(pair[1])
    if not (0 < width <= _LARGEST_SIDE and 0 < height <= _LARGEST_SIDE):
        raise ValueError(f"a size of {width}x{height}")
    return width, height


def _positive(value: Any) -> float:
    number = finite(value)
    if number <= 0:
        raise ValueError(f"{number} where a number above 0 belongs")
    return number

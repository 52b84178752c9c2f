"""The overlay's figures, put together from a comparison."""

from __future__ import annotations

from app.measure.frame_times import FrameSummary
from app.present.comparison import Comparison
from app.present.method_run import STAND_IN
from app.present.overlay import MethodTimes, OverlayContent, graph_scale


def overlay_content(
    comparison: Comparison,
    frames: FrameSummary,
    window: int,
    graph_ms: float,
    facts: tuple[str, ...] = (),
    warnings: tuple[str, ...] = (),
) -> OverlayContent:
    """`frames`: times from one shown frame to the next, over `window` of them.
    `graph_ms` 0: a scale is chosen from what methods cost."""
    methods = []
    for name in dict.fromkeys(comparison.methods):
        run = comparison.runs.get(name)
        if run is not None and name != "reference" and (comparison.recorded is None or run.info.kind == "upscaler"):
            method = STAND_IN if run.stands_in else name
            label = f"{run.info.label} ({STAND_IN})" if run.stands_in else run.info.label
            methods.append(MethodTimes(method, label, run.figures.summary(), run.times.series()))
    if not graph_ms:
        graph_ms = graph_scale(max([m.summary.p95 for m in methods if m.summary.count], default=float("nan")))
    software = ("times from software rendering: the CPU draws, glFinish and its clock measure",)
    return OverlayContent(
        frames,
        tuple(methods),
        window,
        graph_ms,
        (*comparison.backends(), *facts),
        (*(software if comparison.software else ()), *comparison.warnings(), *warnings),
    )

"""What panes say of their methods: how each is drawn, at which sizes, what it costs, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable

from app.conventions import Size, mode_name
from app.present.method_run import STAND_IN, MethodRun
from app.present.pane_label import PaneContent
from app.present.recorded import RecordedSource


def pane_content(
    run: MethodRun,
    render_size: Size,
    display_size: Size,
    ratio: float,
    *,
    costs: bool = True,
    recorded: RecordedSource | None = None,
    preview: bool = False,
) -> PaneContent:
    """The pane of a method's last picture. Without `costs` nothing in it differs between two runs of the same frames;
    `preview`: it was drawn without its history."""
    width, height = display_size
    parts = [f"{width}×{height}"]
    if run.info.kind == "upscaler":
        parts = [f"{render_size[0]}×{render_size[1]} to {width}×{height}", f"{ratio:.3g}× {mode_name(ratio)}"]
    if run.name == "reference" and run.samples:
        parts.append(f"{run.samples} samples")
    cost = run.figures.summary().p50 if run.times.count else sum(run.stage_ms.values())
    if costs and cost > 0 and run.name != "reference" and (recorded is None or run.info.kind == "upscaler"):
        parts.append(f"{cost:.1f} ms")
    method, title, remarks = STAND_IN if run.stands_in else run.name, run.title, run.remarks
    if recorded is not None:
        title = title if run.info.kind == "upscaler" else recorded.native_title
        unwarmed = "preview: no history yet" if preview and run.info.temporal else ""
        remarks = "; ".join(part for part in (recorded.missing, unwarmed, remarks) if part)
    return PaneContent(method, title, "  ·  ".join(parts), remarks, run.texture)


def warnings(runs: Iterable[MethodRun]) -> tuple[str, ...]:
    """Every fallback in force, once."""
    return tuple(f"{run.title}: {run.remarks}" for run in runs if run.remarks)


def backends(runs: Iterable[MethodRun]) -> tuple[str, ...]:
    """What upscalers say of themselves (backend, precision)."""
    return tuple(f"{run.info.label}: {run.detail}" for run in runs if run.detail and not run.stands_in)

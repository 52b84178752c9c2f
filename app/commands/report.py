"""What a headless run found, as plain data: report.json. report_page.py and report_picture.py show it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app import __version__
from app.capture.provenance import machine, versions
from app.conventions import mode_name, render_size
from app.errors import SuperseeError
from app.measure.quality import QUALITY

SCHEMA = 1
_PACKAGES = ("numpy", "moderngl", "openvino", "av", "OpenEXR", "pillow", "scikit-image", "flip-evaluator")


def build_report(
    settings: Mapping[str, Any], methods: Mapping[str, Mapping[str, Any]], facts: Mapping[str, Any]
) -> dict[str, Any]:
    """The whole report as plain data. `settings` needs "size" and "ratio"; `facts` name renderer, backends and
    whatever fell back."""
    size = settings["size"]
    return {
        "schema": SCHEMA,
        "program": "Supersee",
        "version": __version__,
        "settings": {
            **settings,
            "render_size": list(render_size(tuple(size), settings["ratio"])),
            "mode": mode_name(settings["ratio"]),
        },
        "machine": {**machine(), **facts},
        "versions": versions(*_PACKAGES),
        "definitions": {
            **{name: f"{figure.unit}: {figure.definition}".lstrip(": ") for name, figure in QUALITY.items()},
            "stage_ms": "median over frames, warm-up dropped, in milliseconds",
        },
        "methods": {name: dict(entry) for name, entry in methods.items()},
    }


def write_json(path: Path, document: Mapping[str, Any]) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise SuperseeError(f"{path} cannot be written", str(error)) from error
    return path


def best_methods(methods: Mapping[str, Mapping[str, Any]], figure: str) -> set[str]:
    """The upscaler(s) with the best value; "native" takes no part, it is not upscaled."""
    known = {n: m[figure] for n, m in methods.items() if m.get(figure) is not None and n != "native"}
    if not known:
        return set()
    best = max(known.values()) if QUALITY[figure].higher_is_better else min(known.values())
    return {name for name, value in known.items() if value == best}


def headline(report: Mapping[str, Any]) -> tuple[str, str]:
    """A title and a line of settings for people."""
    s = report["settings"]
    low, size = s["render_size"], s["size"]
    line = (
        f"{low[0]}×{low[1]} to {size[0]}×{size[1]}  ·  {s['mode']} {s['ratio']:g}×  ·  {s['frames']} frames"
        f"  ·  path {s['path']}"
    )
    if s["reference"]:
        line += f"  ·  reference {s['reference']}" + (" samples a pixel" if isinstance(s["reference"], int) else "")
    return s["scene"], line


def machine_line(report: Mapping[str, Any]) -> str:
    m = report["machine"]
    parts = [f"{m['processor']}, {m['cores']} cores", str(m["renderer"])]
    if m.get("software_renderer"):
        parts.append("times come from software rendering")
    return "  ·  ".join(parts)

"""What a headless run leaves besides its pictures: report.json, and report.html to look at."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
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


def write_html(path: Path, report: Mapping[str, Any], labels: Mapping[str, str], stills: Sequence[str]) -> Path:
    """A page that stands beside report.png, the video and the stills, and needs nothing from outside."""
    title, line = headline(report)
    rows = []
    for name, entry in report["methods"].items():
        cells = "".join(
            f"<td class='{'best' if name in best_methods(report['methods'], key) else ''}'>"
            f"{figure.formatted(entry[key])}</td>"
            for key, figure in QUALITY.items()
        )
        total = entry["stage_ms"].get("total")
        rows.append(f"<tr><th>{html.escape(labels[name])}</th>{cells}<td>{_ms(total)}</td></tr>")
    heads = "".join(f"<th title='{html.escape(f.definition)}'>{f.heading}</th>" for f in QUALITY.values())
    pictures = "".join(f"<img src='{html.escape(still)}' alt='{html.escape(still)}'>" for still in stills)
    notes = "".join(f"<p>{html.escape(str(note))}</p>" for note in report["machine"].get("notes", ()))
    text = _PAGE.format(
        title=html.escape(title),
        line=html.escape(line),
        heads=heads,
        rows="".join(rows),
        pictures=pictures,
        notes=notes,
        machine=html.escape(machine_line(report)),
        version=html.escape(str(report["version"])),
    )
    path.write_text(text, encoding="utf-8")
    return path


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Supersee: {title}</title>
<style>
body {{ background: #0c0d10; color: #f1f3f5; font: 16px/1.5 Inter, system-ui, sans-serif; margin: 2rem auto;
  max-width: 1200px; padding: 0 1rem }}
p, td, thead th {{ color: #a7aeb8 }} td, th {{ padding: .35rem 1.2rem .35rem 0; text-align: right }}
tbody th {{ text-align: left }} .best {{ color: #4fe0a0; font-weight: 600 }}
img, video {{ max-width: 100%; margin-top: 1rem }}
</style>
<h1>{title}</h1><p>{line}</p>
<video src="side-by-side.mp4" controls loop muted></video>
<table><thead><tr><th></th>{heads}<th>ms a frame</th></tr></thead><tbody>{rows}</tbody></table>
{notes}<p>{machine}  ·  Supersee {version}</p>
<img src="report.png" alt="timings and quality">{pictures}
</html>
"""

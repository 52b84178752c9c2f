"""report.html: the whole report in one file, with the pictures in it, that needs nothing from outside."""

from __future__ import annotations

import base64
import html
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from app.commands.report import best_methods, headline, machine_line
from app.conventions import Size
from app.errors import SuperseeError
from app.measure.image_metrics import heat_picture
from app.measure.quality import QUALITY
from app.measure.stages import STAGES
from app.paths import ASSETS
from app.present import theme

_LOSSLESS_PIXELS = 4 << 20
"""Beyond it a picture is written with losses that nobody sees: five of 3840x2160 would be 60 MB without."""
_FONTS = (
    ("Inter", 400, "Inter-Regular"),
    ("Inter", 600, "Inter-SemiBold"),
    ("JetBrains Mono", 400, "JetBrainsMono-Regular"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A frame with pictures: `pictures` by method, (height, width, 3) uint8 sRGB as the figures compare them; `maps`,
    FLIP by method, (height, width) in [0, 1]. `number` counts from 1; `why` says what is special about it."""

    number: int
    pictures: Mapping[str, np.ndarray]
    maps: Mapping[str, np.ndarray]
    why: str = ""


def write_page(path: Path, report: Mapping[str, Any], labels: Mapping[str, str], shots: Sequence[Shot]) -> Path:
    """`labels` by method, in the order in which they are shown. Raises SuperseeError where it cannot be written."""
    title, line = headline(report)
    parts = {
        "title": html.escape(title),
        "line": html.escape(line),
        "heads": _heads(),
        "rows": _rows(report["methods"]),
        "legend": "" if report["settings"]["reference"] else "There is no reference: only times were measured.",
        "cost_note": f"median, ms{', drawn by the CPU' if report['machine'].get('software_renderer') else ''}",
        "cost": _cost(report["methods"]),
        "pictures": "".join(_figures(shot, labels) for shot in shots),
        "notes": _notes(report["machine"].get("notes", ())),
        "definitions": _terms(report["definitions"]),
        "made": _terms({**report["settings"], **report["machine"], **report["versions"]}),
        "machine": html.escape(machine_line(report)),
        "version": html.escape(str(report["version"])),
        "data": _data(report, labels, shots),
        "fonts": _fonts(),
        "style": (ASSETS / "report" / "report.css").read_text(encoding="utf-8"),
        "script": (ASSETS / "report" / "report.js").read_text(encoding="utf-8"),
    }
    page = (ASSETS / "report" / "page.html").read_text(encoding="utf-8")
    for name, text in parts.items():
        page = page.replace("{{" + name + "}}", text)
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise SuperseeError(f"{path} cannot be written", str(error), "Check the free space.") from error
    return path


def picture_url(pixels: np.ndarray, lossless: bool) -> str:
    """(height, width, 3) uint8 as a data: URL of WebP, which is smaller than PNG and which every browser shows."""
    from PIL import Image

    data = io.BytesIO()
    # Of a lossless one `quality` is the effort.
    image = Image.fromarray(np.ascontiguousarray(pixels))
    image.save(data, "WEBP", lossless=lossless, quality=30 if lossless else 92, method=3)
    return "data:image/webp;base64," + base64.b64encode(data.getvalue()).decode("ascii")


def shots_for(frames: int, size: Size) -> int:
    """How many frames get pictures, so that the page stays one that a browser opens at once."""
    pixels = size[0] * size[1]
    return min(frames, 4 if pixels <= 1 << 20 else 2 if pixels <= _LOSSLESS_PIXELS else 1)


def _heads() -> str:
    heads = "".join(
        f'<th title="{html.escape(each.definition)}">{each.heading}'
        f"<small>{'higher' if each.higher_is_better else 'lower'} is better</small></th>"
        for each in QUALITY.values()
    )
    return f"{heads}<th>ms a frame<small>lower is better</small></th>"


def _rows(methods: Mapping[str, Mapping[str, Any]]) -> str:
    best = {key: best_methods(methods, key) for key in QUALITY}
    rows = []
    for name, entry in methods.items():
        cells = "".join(
            f'<td{" class=best" if name in best[key] else ""}>{each.formatted(entry[key])}</td>'
            for key, each in QUALITY.items()
        )
        rows.append(f"<tr><th>{_named(name, entry)}</th>{cells}<td>{_total(entry)}</td></tr>")
    return "".join(rows)


def _cost(methods: Mapping[str, Mapping[str, Any]]) -> str:
    longest = max([entry["stage_ms"].get("total", 0.0) for entry in methods.values()] + [1e-6])
    used = [stage for stage in STAGES if any(stage in entry["stage_ms"] for entry in methods.values())]
    rows = []
    for name, entry in methods.items():
        stages = entry["stage_ms"]
        parts = []
        for stage in used:
            share = 86.0 * stages.get(stage, 0.0) / longest  # per cent of the row; the rest is the figure's
            if share > 0.05:
                text = f"{stages[stage]:.1f}" if share > 5.0 else ""
                style = f"width:{share:.2f}%;background:{_css(theme.STAGE_COLOURS[stage])}"
                parts.append(f'<i style="{style}" title="{stage} {stages[stage]:.2f} ms">{text}</i>')
        bar = f'<div class="stack">{"".join(parts)}<span class="ms">{_total(entry)}</span></div>'
        rows.append(f'<div class="name">{_named(name, entry)}</div>{bar}')
    swatches = "".join(f'<span><i style="background:{_css(theme.STAGE_COLOURS[s])}"></i>{s}</span>' for s in used)
    return f'<div class="cost">{"".join(rows)}</div><div class="swatches">{swatches}</div>'


def _figures(shot: Shot, labels: Mapping[str, str]) -> str:
    found = []
    for name, pixels in shot.pictures.items():
        lossless = pixels.shape[0] * pixels.shape[1] <= _LOSSLESS_PIXELS
        found.append(_figure("picture", shot, name, labels[name], picture_url(pixels, lossless)))
    for name, error in shot.maps.items():
        found.append(_figure("flip", shot, name, f"{labels[name]}, FLIP", picture_url(heat_picture(error), False)))
    return "".join(found)


def _figure(kind: str, shot: Shot, name: str, label: str, url: str) -> str:
    caption = f"{html.escape(label)}, frame {shot.number}"
    return (
        f'<figure><img id="{kind}-{shot.number}-{name}" src="{url}" alt="{caption}">'
        f"<figcaption>{caption}</figcaption></figure>\n"
    )


def _data(report: Mapping[str, Any], labels: Mapping[str, str], shots: Sequence[Shot]) -> str:
    methods = []
    for name, label in labels.items():
        series = report["methods"].get(name, {}).get("frames")
        methods.append({"name": name, "label": label, "colour": _css(theme.method_colour(name)), "series": series})
    data = {
        "size": report["settings"]["size"],
        "frames": report["settings"]["frames"],
        "methods": methods,
        "shots": [
            {
                "frame": shot.number, "why": shot.why,
                "flip": {name: round(float(error.mean()), 4) for name, error in shot.maps.items()},
            }
            for shot in shots
        ],
        "figures": {
            key: {
                "label": each.label, "unit": each.unit, "higher": each.higher_is_better, "decimals": each.decimals,
                "sparse": key == "flip",
            }
            for key, each in QUALITY.items()
        },
    }  # fmt: skip
    # "</script>" in a scene's name must not end the script.
    return json.dumps(data, allow_nan=False).replace("<", "\\u003c")


def _named(name: str, entry: Mapping[str, Any]) -> str:
    colour = _css(theme.method_colour(name))
    return f'<span class="ink" style="--ink:{colour}"><span class="dot"></span></span>{html.escape(entry["label"])}'


def _total(entry: Mapping[str, Any]) -> str:
    total = entry["stage_ms"].get("total")
    return "–" if total is None else f"{total:.1f}"


def _notes(notes: Sequence[object]) -> str:
    return "".join(f'<p class="note">{html.escape(str(note))}</p>' for note in notes)


def _terms(entries: Mapping[str, Any]) -> str:
    def text(value: Any) -> str:
        return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)

    return "".join(
        f"<dt>{html.escape(str(name))}</dt><dd>{html.escape(text(value))}</dd>"
        for name, value in entries.items()
        if name != "notes"
    )


def _css(colour: theme.Colour) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in colour[:3])


def _fonts() -> str:
    """Latin subsets of some 40 kB each, so that the page looks the same everywhere."""
    faces = []
    for family, weight, name in _FONTS:
        data = base64.b64encode((ASSETS / "fonts" / f"{name}.ttf").read_bytes()).decode("ascii")
        faces.append(
            f'@font-face {{ font-family: "{family}"; font-weight: {weight}; '
            f'src: url("data:font/ttf;base64,{data}") format("truetype") }}'
        )
    return "\n".join(faces)

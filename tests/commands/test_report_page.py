"""report.html as a browser would find it: everything in one file, and every picture one that can be decoded."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.capture.image_files import read_exr
from app.commands.figures import Figures
from app.commands.headless import FrameResult
from app.commands.report_page import Shot, picture_url, shots_for, write_page
from app.commands.report_shots import Shots
from app.measure.image_metrics import display_image, flip, heat_picture
from app.paths import ASSETS
from app.scene.builtin import load_scene

METHODS = ("native", "bilinear", "taau", "neural")


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.images: dict[str, str] = {}
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids += [found["id"] or ""] if "id" in found else []
        self.links += [str(found[name]) for name in ("src", "href") if name in found]
        if tag == "img":
            self.images[str(found["id"])] = str(found["src"])


def decoded(url: str) -> np.ndarray:
    with Image.open(io.BytesIO(base64.b64decode(url.partition("base64,")[2]))) as image:
        return np.asarray(image.convert("RGB"))


@pytest.fixture(scope="module")
def page(rendered: Path) -> tuple[Page, str, dict[str, Any]]:
    text = (rendered / "report.html").read_text()
    data = re.search(r'<script type="application/json" id="report">(.*?)</script>', text, re.DOTALL)
    assert data
    return Page(text), text, json.loads(data[1])


def test_nothing_comes_from_outside(page: tuple[Page, str, dict[str, Any]]) -> None:
    found, text, _ = page
    assert found.links
    assert all(link.startswith("data:") for link in found.links)
    assert not re.search(r"https?://|@import|url\((?!\"data:)|{{", text)
    assert len(found.ids) == len(set(found.ids))


def test_every_shot_has_a_picture_and_a_map_a_method(page: tuple[Page, str, dict[str, Any]], rendered: Path) -> None:
    found, _, data = page
    numbers = [shot["frame"] for shot in data["shots"]]
    assert numbers == sorted(set(numbers))
    assert sum(bool(shot["why"]) for shot in data["shots"]) == 1
    wanted = {f"picture-{n}-{m}" for n in numbers for m in (*METHODS, "reference")}
    wanted |= {f"flip-{n}-{m}" for n in numbers for m in METHODS}
    assert set(found.images) == wanted
    number = numbers[0]
    linear = {m: read_exr(rendered / "frames" / m / f"{number:04d}.exr") for m in ("taau", "reference")}
    exposure = load_scene("court").exposure
    shown = {name: display_image(each, exposure) for name, each in linear.items()}
    difference = np.abs(decoded(found.images[f"picture-{number}-taau"]) / 255.0 - shown["taau"])
    assert difference.max() < 0.01  # lossless: what is left is eight bits, and halves in the file
    measured = data["shots"][0]["flip"]["taau"]
    assert measured == pytest.approx(flip(shown["taau"], shown["reference"]), abs=0.01)


def test_curves_have_a_value_a_frame(page: tuple[Page, str, dict[str, Any]]) -> None:
    _, _, data = page
    assert [each["name"] for each in data["methods"]] == [*METHODS, "reference"]
    for each in data["methods"][:-1]:
        assert len(each["series"]["psnr"]) == data["frames"] == 4
    assert data["methods"][-1]["series"] is None


def test_the_script_parses_and_finds_its_elements(page: tuple[Page, str, dict[str, Any]], tmp_path: Path) -> None:
    found, _, _ = page
    script = (ASSETS / "report" / "report.js").read_text()
    made = {"tip"}
    assert set(re.findall(r'byId\("([\w-]+)"\)', script)) - made <= set(found.ids)
    node = shutil.which("node") or shutil.which("node", path=str(Path(sys.executable).parent))
    if node is None:
        pytest.skip("there is no node to parse the script")
    (tmp_path / "report.js").write_text(script)
    subprocess.run([node, "--check", str(tmp_path / "report.js")], check=True)


def test_a_scenes_name_stays_text(tmp_path: Path) -> None:
    name = "</script><script>alert(1)</script>"
    entry = {"label": name, **dict.fromkeys(("psnr", "ssim", "flip", "tpsnr", "flicker")), "stage_ms": {}, "frames": {}}
    report = {
        "settings": {"scene": name, "path": name, "size": [4, 4], "render_size": [2, 2], "ratio": 2.0, "mode": "M",
                     "frames": 1, "reference": 0},
        "machine": {"processor": "", "cores": 1, "renderer": "", "notes": [name]},
        "versions": {}, "version": "0", "definitions": {}, "methods": {"taau": entry},
    }  # fmt: skip
    shot = Shot(1, {"taau": np.zeros((4, 4, 3), np.uint8)}, {})
    text = write_page(tmp_path / "a.html", report, {"taau": name}, [shot]).read_text()
    assert "alert(1)</script>" not in text


def test_large_pictures_are_fewer_and_smaller() -> None:
    assert [shots_for(48, size) for size in ((640, 360), (1920, 1080), (3840, 2160))] == [4, 2, 1]
    assert shots_for(2, (640, 360)) == 2
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    assert np.array_equal(decoded(picture_url(noise, lossless=True)), noise)
    assert len(picture_url(noise, lossless=False)) < len(picture_url(noise, lossless=True))


def test_the_worst_frame_is_among_the_shots() -> None:
    rng = np.random.default_rng(2)
    reference = rng.random((16, 16, 3), np.float32)
    figures, shots = Figures(("bilinear", "taau"), 20), Shots(("bilinear", "taau"), 20, (16, 16), {"taau": "TAAU"})
    for index in range(20):
        wrong = reference * (0.5 if index == 13 else 0.1 if index == 2 else 0.9)  # frame 2 is at the start
        linear = {"bilinear": reference, "taau": wrong, "reference": reference}
        frame = FrameResult(index, index / 30, 1.0, index == 0, np.zeros((8, 8, 2), np.float32), linear, {},
                            np.zeros((1, 1, 3), np.uint8))  # fmt: skip
        figures.add(frame)
        shots.add(frame, figures)
    found = shots.shots()
    assert {shot.number: shot.why for shot in found if shot.why} == {14: "least PSNR of TAAU"}
    assert [shot.number for shot in found] == [6, 11, 14, 16]


def test_errors_get_magmas_colours() -> None:
    colours = heat_picture(np.array([[0.0, 0.5, 1.0]]))[0].astype(int)
    assert np.abs(colours - [(0, 0, 4), (183, 55, 121), (252, 253, 191)]).max() <= 6

"""A screenshot, drawn again from what it says of itself."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.capture.image_files import read_png, write_png
from app.capture.screenshot import read_record
from app.cli import main
from app.commands.reproduce import differences, recipe_from
from app.errors import SuperseeError

SMALL = ["--size", "64x36"]


@pytest.fixture(scope="module")
def shot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A screenshot that was taken without a window."""
    path = tmp_path_factory.mktemp("shot") / "shot.png"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("app.commands.view.has_display", lambda: False)
        options = ["--methods", "native,taau", "--frames", "4", "--screenshot", str(path)]
        assert main(["view", "court", *SMALL, *options]) == 0
    return path


@pytest.mark.parametrize("name", ["shot.png", "shot-2-taau.png"])
def test_a_screenshot_is_drawn_again_pixel_for_pixel(
    shot: Path, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["render", "--from", str(shot.with_name(name)), "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("pixel for pixel") == 3
    for file in ("shot.png", "shot-1-native.png", "shot-2-taau.png"):
        assert np.array_equal(read_png(tmp_path / file)[0], read_png(shot.with_name(file))[0])
    assert read_record(tmp_path / "shot.png")["trail"] == read_record(shot)["trail"]


def test_a_still_of_a_render_is_drawn_again(rendered: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    still = rendered / "stills" / "frame-0003.png"
    assert main(["render", "--from", str(still), "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("pixel for pixel") == 6  # view, four methods, the reference


def test_a_recordings_picture_is_drawn_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = tmp_path / "clip"
    assert main(["record", "court", *SMALL, "--frames", "3", "--out", str(clip)]) == 0
    out = tmp_path / "out"
    options = ["--methods", "bilinear,taau", "--frames", "2", "--format", "none", "--out", str(out)]
    assert main(["render", str(clip), *options]) == 0
    capsys.readouterr()
    assert main(["render", "--from", str(out / "stills" / "frame-0002.png"), "--out", str(tmp_path / "again")]) == 0
    assert capsys.readouterr().out.count("pixel for pixel") == 4  # with the recorded reference
    shutil.rmtree(clip)
    assert main(["render", "--from", str(out / "stills" / "frame-0002.png"), "--out", str(tmp_path / "again")]) == 2
    assert "is missing" in capsys.readouterr().err


def test_a_picture_that_differs_is_called_so(shot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pixels, _ = read_png(shot)
    changed = pixels.copy()
    changed[0, :10] ^= 4
    write_png(tmp_path / "shot.png", changed, read_record(shot))
    assert main(["render", "--from", str(tmp_path / "shot.png"), "--out", str(tmp_path / "again")]) == 0
    said = capsys.readouterr().out
    assert said.count("differs from shot.png") == 1
    assert "by 4 at most" in said


def test_what_is_not_the_same_here_is_said_in_a_sentence_each(shot: Path) -> None:
    here = read_record(shot)
    here["networks"] = {"neural": {"name": "lite", "folder": "lite", "sha256": "ff"}}
    assert differences(here, here) == []
    there = json.loads(json.dumps(here)) | {
        "version": "0.0.1", "renderer": "Voodoo 2", "scene_digest": "beef", "libraries": {"openvino": "1"},
        "networks": {"neural": {"name": "lite", "sha256": "00"}}, "trail": {**here["trail"], "whole": False},
    }  # fmt: skip
    said = "\n".join(differences(there, here))
    for part in ("longer than", "another build of Supersee", "has changed since", "other weights", "not Voodoo 2"):
        assert part in said
    assert len(differences(there, here)) == 6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scene": "/nowhere/scene.glb"}, "is missing"),
        ({"networks": {"neural": {"folder": "no-such-network"}}}, "no-such-network drew it"),
        ({"networks": {"neural": "lite"}}, "cannot be used"),
        ({"panes": []}, "cannot be used"),
        ({"panes": [{"method": "magic", "title": "", "detail": "", "warning": ""}]}, 'no method "magic"'),
        ({"canvas": [10**9, 10**9]}, "cannot be used"),
        ({"display_size": [10**9, 4]}, "cannot be used"),
        ({"display_size": None}, "cannot be used"),
        ({"ratio": 40.0}, "cannot be used"),
        ({"exposure": float("nan")}, "cannot be used"),
        ({"reference_samples": 10**9}, "cannot be used"),
        ({"view": {"zoom": "large"}}, "cannot be used"),
        ({"trail": {"whole": True, "frames": [{}] * 10**4}}, "cannot be used"),
        ({"overlay": {"frames": 3}}, "cannot be used"),
    ],
)
def test_a_damaged_record_is_a_plain_message(shot: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(SuperseeError, match=message):
        recipe_from(read_record(shot) | change, shot)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_record_that_anyone_wrote_is_used_or_refused(shot: Path, data: st.DataObject) -> None:
    good = read_record(shot)
    record = json.loads(json.dumps(good))
    place: Any = record
    while True:
        name = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
        inside = place[name]
        if not isinstance(inside, dict | list) or not inside or data.draw(st.booleans()):
            break
        place = inside
    place[name] = data.draw(_VALUES)
    try:
        recipe = recipe_from(record, shot)
    except SuperseeError:
        return
    assert recipe.trail
    assert isinstance(differences(record, good), list)


def test_a_picture_without_a_trail_and_a_folder_with_the_screenshot_are_plain_messages(
    shot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SuperseeError, match="which frames led up to it"):
        recipe_from({"program": "Supersee"}, shot)
    assert main(["render", "--from", str(shot), "--out", str(shot.parent)]) == 2
    assert "holds the screenshot itself" in capsys.readouterr().err
    assert main(["render", "court", "--from", str(shot), "--out", str(tmp_path)]) == 2
    assert "its scene is the screenshot's" in capsys.readouterr().err

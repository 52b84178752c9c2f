"""What looks wrong in a recording is said, and what does not is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.errors import SuperseeError
from app.sequence.discover import open_sequence
from app.sequence.inspection import inspect
from tests.sequence import wall
from tests.sequence.test_selftest import Altered


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Altered:
    """With a camera that is known."""
    source = open_sequence(wall.write_arm(tmp_path_factory.mktemp("wall") / "data"))
    return Altered(source, [source.read(index) for index in range(len(source))])


def changed(good: Altered, **arrays: object) -> Altered:
    return Altered(good, [replace(good.read(index), **arrays) for index in range(len(good))])  # type: ignore[arg-type]


def test_a_good_sequence_has_ranges_and_no_warnings(good: Altered) -> None:
    found = inspect(good)
    assert not found.warnings
    assert found.explained == pytest.approx(1.0, abs=0.01)
    ranges = {each.name: each for each in found.ranges}
    assert set(ranges) == {
        "colour R", "colour G", "colour B", "depth", "motion x", "motion y", "jitter x", "jitter y", "exposure",
    }  # fmt: skip
    motion = np.stack([good.read(index).motion for index in range(8)])
    assert ranges["motion x"].least == pytest.approx(motion[..., 0].min())
    assert ranges["motion y"].most == pytest.approx(motion[..., 1].max())
    assert ranges["depth"].least == 0.0
    assert ranges["exposure"].mean == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("arrays", "warning"),
    [
        ({"motion": np.zeros((64, 96, 2), np.float32)}, "Motion is 0 everywhere while the camera moves"),
        ({"motion": np.full((64, 96, 2), 500.0, np.float32)}, "further than the screen"),
        ({"motion": np.full((64, 96, 2), 9.0, np.float32)}, "explain the motion of 0% of the pixels only"),
        ({"depth": np.full((64, 96), 30.0, np.float32)}, "must lie in 0 to 1"),
        ({"depth": np.zeros((64, 96), np.float32)}, "infinitely far"),
        ({"depth": np.ones((64, 96), np.float32)}, "at the near plane"),
        ({"colour": np.zeros((64, 96, 4), np.float16)}, "black everywhere"),
        ({"colour": np.full((64, 96, 4), -1.0, np.float16)}, "negative light"),
        ({"colour": np.full((64, 96, 4), 5000.0, np.float16)}, "scene-linear"),
        ({"jitter": (0.25, 3.0)}, "exceeds half a pixel"),
        ({"jitter": (0.25, 0.25)}, "the same in every frame"),
    ],
)
def test_what_looks_wrong_is_said(good: Altered, arrays: dict, warning: str) -> None:
    assert any(warning in said for said in inspect(changed(good, **arrays)).warnings)


def test_motion_that_is_zero_while_only_the_pictures_change(good: Altered) -> None:
    camera = replace(good.read(0).camera, previous_view=good.read(0).camera.view)
    still = changed(good, motion=np.zeros((64, 96, 2), np.float32), camera=camera)
    assert inspect(still).explained is None
    assert any("while the pictures change" in said for said in inspect(still).warnings)
    frozen = changed(good, motion=np.zeros((64, 96, 2), np.float32), camera=camera, colour=good.read(0).colour)
    assert not any("Motion" in said for said in inspect(frozen).warnings)


def test_frames_that_cannot_be_read_are_listed(tmp_path: Path) -> None:
    folder = wall.write_blender_layers(tmp_path / "shot")
    (folder / "0002.exr").unlink()
    warnings = inspect(open_sequence(folder)).warnings
    assert any("frame 2:" in said and "0002.exr is missing" in said for said in warnings)
    for path in folder.glob("*.exr"):
        path.write_bytes(path.read_bytes()[:2000])
    source = open_sequence(folder)
    with pytest.raises(SuperseeError, match="no frame that can be read"):
        inspect(source)

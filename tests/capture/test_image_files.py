import json
from pathlib import Path

import numpy as np
import pytest

from app.capture.image_files import read_exr, read_png, write_exr, write_png
from app.capture.provenance import provenance
from app.capture.screenshot import free_name, save_screenshot
from app.errors import SuperseeError


def _picture(height: int = 20, width: int = 31) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_a_png_comes_back_pixel_for_pixel_with_its_provenance(tmp_path: Path) -> None:
    image = _picture()
    write_png(tmp_path / "a" / "still.png", image, provenance(ratio=2.0, scene="court"))
    pixels, text = read_png(tmp_path / "a" / "still.png")
    assert np.array_equal(pixels, image)
    assert json.loads(text)["scene"] == "court"


def test_the_same_picture_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        write_png(tmp_path / name, _picture(), provenance(scene="court"))
    for name in ("a.exr", "b.exr"):
        write_exr(tmp_path / name, _picture().astype("f4"), provenance(scene="court"))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a.exr").read_bytes() == (tmp_path / "b.exr").read_bytes()


@pytest.mark.parametrize("view", [np.s_[:, :, :], np.s_[::-1], np.s_[:, ::-1], np.s_[1::2, 3:17]])
def test_an_exr_of_any_view_of_an_array_holds_that_views_pixels(tmp_path: Path, view: object) -> None:
    linear = np.random.default_rng(2).random((24, 32, 4)).astype(np.float32)[view]  # type: ignore[index]
    write_exr(tmp_path / "x.exr", linear)
    assert np.array_equal(read_exr(tmp_path / "x.exr"), linear[..., :3].astype(np.float16).astype(np.float32))


def test_an_exr_never_holds_values_that_are_not_finite(tmp_path: Path) -> None:
    linear = np.array([[[np.nan, np.inf, -np.inf], [1e9, 1.0, 0.5]]], np.float32)
    write_exr(tmp_path / "x.exr", linear)
    assert read_exr(tmp_path / "x.exr").tolist() == [[[0.0, 65504.0, 0.0], [65504.0, 1.0, 0.5]]]


def test_a_place_that_takes_no_file_is_a_plain_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SuperseeError, match="cannot be written"):
        write_png(tmp_path / "file" / "still.png", _picture())
    with pytest.raises(SuperseeError, match="cannot be written"):
        write_exr(tmp_path / "file" / "still.exr", _picture().astype("f4"))
    with pytest.raises(SuperseeError, match="cannot be read"):
        read_exr(tmp_path / "none.exr")


def test_a_screenshot_is_the_composition_and_each_pane(tmp_path: Path) -> None:
    panes = {"native": _picture(), "taau": _picture(8, 8)}
    written = save_screenshot(tmp_path / "shot.png", _picture(40, 62), panes, provenance())
    assert [path.name for path in written] == ["shot.png", "shot-1-native.png", "shot-2-taau.png"]
    assert np.array_equal(read_png(written[2])[0], panes["taau"])
    assert json.loads(read_png(written[2])[1])["method"] == "taau"
    with pytest.raises(SuperseeError, match="only PNG"):
        save_screenshot(tmp_path / "shot.jpg", _picture(), {})


def test_screenshots_do_not_overwrite_each_other(tmp_path: Path) -> None:
    first = free_name(tmp_path)
    save_screenshot(first, _picture(), {})
    assert free_name(tmp_path) not in (first, None)

import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from app.capture.image_files import read_exr, read_png, write_exr, write_png
from app.capture.provenance import portable, provenance, scene_digest, traced
from app.capture.screenshot import Layer, free_path, read_record, save_screenshot, shot_name
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
    written = save_screenshot(tmp_path / "shot.png", _picture(40, 62), panes.items(), provenance())
    assert [path.name for path in written] == ["shot.png", "shot-1-native.png", "shot-2-taau.png"]
    assert np.array_equal(read_png(written[2])[0], panes["taau"])
    assert json.loads(read_png(written[2])[1])["method"] == "taau"
    with pytest.raises(SuperseeError, match="only PNG"):
        save_screenshot(tmp_path / "shot.jpg", _picture(), [])


def test_screenshots_are_named_by_date_scene_frame_and_mode_and_never_overwrite(tmp_path: Path) -> None:
    taken = datetime(2026, 11, 25, 9, 5, 7)
    assert shot_name(taken, "court", 123, 2.0) == "2026-11-25_09-05-07_court_f00123_performance-2x"
    assert shot_name(taken, "/some/where/my scene.glb", 7, 1.85) == "2026-11-25_09-05-07_my-scene_f00007_custom-1.85x"
    first = free_path(tmp_path, "a")
    save_screenshot(first, _picture(), [])
    assert free_path(tmp_path, "a").name == "a-2.png"


def test_the_same_method_in_two_panes_is_two_pictures(tmp_path: Path) -> None:
    panes = [("taau", _picture(8, 8)), ("taau", _picture(9, 9))]
    written = save_screenshot(tmp_path / "shot.png", _picture(), panes)
    assert [read_png(path)[0].shape[0] for path in written[1:]] == [8, 9]


def test_layers_keep_every_bit_and_a_json_holds_the_record(tmp_path: Path) -> None:
    depth = np.random.default_rng(3).random((12, 17, 1)).astype(np.float32)
    motion = np.full((12, 17, 2), np.inf, np.float16)
    layers = {"depth": Layer(("Z",), depth), "motion": Layer(("motion.X", "motion.Y"), motion)}
    record = provenance(scene="court", trail=[1, 2])
    written = save_screenshot(tmp_path / "shot.png", _picture(), [], record, layers)
    assert [path.name for path in written] == ["shot.png", "shot-depth.exr", "shot-motion.exr", "shot.json"]
    import OpenEXR

    with OpenEXR.File(str(written[1])) as file:
        assert np.array_equal(file.channels()["Z"].pixels, depth[..., 0])
        assert "trail" not in json.loads(file.header()["supersee"])
    with OpenEXR.File(str(written[2])) as file:
        assert np.isinf(file.channels()["motion.Y"].pixels).all()
    assert read_record(written[3]) == read_record(written[0])
    assert read_record(written[3])["trail"] == [1, 2]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"program": "other"}', b"\xff\xfe"])
def test_a_file_without_a_record_is_a_plain_message(tmp_path: Path, content: bytes) -> None:
    for name in ("shot.json", "shot.png"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SuperseeError):
            read_record(tmp_path / name)
    with pytest.raises(SuperseeError, match="missing"):
        read_record(tmp_path / "none.png")
    write_png(tmp_path / "plain.png", _picture())
    with pytest.raises(SuperseeError, match="does not say how it was made"):
        read_record(tmp_path / "plain.png")


def test_paths_in_records_do_not_name_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    scene = tmp_path / "scenes" / "thing.glb"
    scene.parent.mkdir()
    scene.write_bytes(b"one")
    record = traced({"frame": 3}, str(scene))
    assert record["scene"] == "~/scenes/thing.glb"
    assert record["scene_digest"] == scene_digest("~/scenes/thing.glb") != ""
    scene.write_bytes(b"two")
    assert scene_digest(str(scene)) != record["scene_digest"]
    assert portable("court") == "court"
    assert traced({}, "court")["scene_digest"] == ""

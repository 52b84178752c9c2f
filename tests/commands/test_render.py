import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from app.capture.image_files import read_exr, read_png
from app.cli import main
from app.commands import frame_files
from app.commands.figures import Figures
from app.commands.headless import FrameResult, canvas_size
from app.measure.image_metrics import display_image, psnr
from app.measure.quality import QUALITY

METHODS = ("native", "bilinear", "taau", "neural")


def _report(out: Path) -> dict[str, Any]:
    return json.loads((out / "report.json").read_text())


def test_a_run_leaves_frames_video_stills_and_report_and_nothing_else(rendered: Path) -> None:
    names = {path.name for path in rendered.iterdir()}
    assert names == {"frames", "stills", "side-by-side.mp4", "report.json", "report.png", "report.html"}
    for method in (*METHODS, "reference"):
        files = sorted(path.name for path in (rendered / "frames" / method).iterdir())
        assert files == [f"{n:04d}.exr" for n in range(1, 5)]
    assert len(list((rendered / "stills").glob("frame-????.png"))) == 3


def test_the_report_has_an_entry_a_method_with_figures_and_stage_times(rendered: Path) -> None:
    report = _report(rendered)
    assert tuple(report["methods"]) == METHODS
    for entry in report["methods"].values():
        assert all(math.isfinite(entry[figure]) for figure in QUALITY)
        assert len(entry["frames"]["psnr"]) == 4
        assert entry["frames"]["tpsnr"][0] is None
        assert entry["frames"]["flicker"][0] is None  # nothing came before the first frame
        assert entry["stage_ms"]["render"] > 0
        assert entry["stage_ms"]["total"] >= entry["stage_ms"]["render"]
    assert {"pre", "post"} <= set(report["methods"]["taau"]["stage_ms"])
    assert report["settings"]["render_size"] == [48, 32]
    assert report["settings"]["mode"] == "Performance"
    assert report["machine"]["renderer"]
    assert "numpy" in report["versions"]


@pytest.mark.parametrize(("frames", "measured"), [(1, [0]), (5, [0, 1, 2, 3, 4]), (36, list(range(2, 36, 3)))])
def test_flip_is_taken_of_a_dozen_frames_spread_over_the_run(frames: int, measured: list[int]) -> None:
    image = np.full((12, 12, 3), 0.5, np.float32)
    figures = Figures(("bilinear",), frames)
    for index in range(frames):
        linear = {"bilinear": image, "reference": image}
        motion = np.zeros((6, 6, 2), np.float32)
        figures.add(FrameResult(index, index / 30, 1.0, index == 0, motion, linear, {}, np.zeros((1, 1, 3), np.uint8)))
    entry: Any = figures.method("bilinear")
    assert [i for i, value in enumerate(entry["frames"]["flip"]) if value is not None] == measured
    assert entry["flip"] == 0.0
    assert entry["psnr"] == 100.0


def test_figures_are_those_of_the_frames_on_disk(rendered: Path) -> None:
    images = {
        name: display_image(read_exr(rendered / "frames" / name / "0003.exr"), 1.0) for name in ("taau", "reference")
    }
    measured = psnr(images["taau"], images["reference"])
    reported = _report(rendered)["methods"]["taau"]["frames"]["psnr"][2]
    assert measured == pytest.approx(reported, abs=0.5)  # the scene's exposure is near 1; halves round


def test_the_video_shows_every_frame_side_by_side_and_is_tagged(rendered: Path) -> None:
    av = pytest.importorskip("av")
    with av.open(str(rendered / "side-by-side.mp4")) as container:
        codec = container.streams.video[0].codec_context
        assert (codec.color_primaries, codec.colorspace, codec.color_range) == (1, 1, 1)
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) == 4
    width, height = canvas_size((96, 64), len(METHODS) + 1)
    assert frames[0].shape == (height + height % 2, width + width % 2, 3)
    assert frames[0].std() > 5


def test_stills_say_how_they_were_made(rendered: Path) -> None:
    pixels, text = read_png(next((rendered / "stills").glob("frame-0003.png")))
    assert pixels.shape[:2] == canvas_size((96, 64), len(METHODS) + 1)[::-1]
    record = json.loads(text)
    assert record["scene"] == "court"
    assert record["ratio"] == 2.0


def test_the_report_picture_is_drawn(rendered: Path) -> None:
    pixels, _ = read_png(rendered / "report.png")
    assert pixels.shape[1] == 1600
    assert len(np.unique(pixels.astype(np.uint32) @ np.array([65536, 256, 1], np.uint32))) > 100


def test_the_same_command_gives_the_same_pixels(rendered: Path, tmp_path: Path) -> None:
    again = ["--size", "96x64", "--reference", "2", "--methods", ",".join(METHODS), "--frames", "3"]
    assert main(["render", "court", *again, "--out", str(tmp_path)]) == 0
    for method in (*METHODS, "reference"):
        for number in (1, 3):
            name = Path("frames") / method / f"{number:04d}.exr"
            assert np.array_equal(read_exr(tmp_path / name), read_exr(rendered / name)), name
    assert (tmp_path / "side-by-side.mp4").stat().st_size > 0


def test_without_a_reference_there_are_times_and_no_figures(tmp_path: Path) -> None:
    options = ["--size", "64x48", "--frames", "1", "--reference", "0", "--methods", "bilinear", "--format", "png"]
    assert main(["render", "court", *options, "--mode", "quality", "--out", str(tmp_path)]) == 0
    entry = _report(tmp_path)["methods"]["bilinear"]
    assert all(entry[figure] is None for figure in QUALITY)
    assert entry["stage_ms"]["total"] > 0
    assert read_png(tmp_path / "frames" / "bilinear" / "0001.png")[0].shape == (48, 64, 3)


def test_a_run_that_fails_midway_leaves_the_folder_as_it_was(
    rendered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.json").write_text("{}")
    (tmp_path / "mine.txt").write_text("keep")

    def broken(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(frame_files, "_write", broken)
    with pytest.raises(OSError, match="full"):
        main(["render", "court", "--size", "64x48", "--frames", "2", "--reference", "0", "--methods", "nearest",
              "--out", str(tmp_path)])  # fmt: skip
    assert {path.name for path in tmp_path.iterdir()} == {"report.json", "mine.txt"}
    assert (tmp_path / "report.json").read_text() == "{}"


def test_a_disk_without_room_is_found_out_before_anything_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(frame_files.shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    assert main(["render", "court", "--size", "64x48", "--out", str(tmp_path / "new")]) == 2
    assert "new has too little room: single frames take about 3 MB, and 0 MB are free" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_single_frames_in_the_report(rendered: Path) -> None:
    size = sum(path.stat().st_size for path in (rendered / "frames").rglob("*.exr"))
    assert _report(rendered)["machine"]["single_frames"].startswith("EXR, scene-linear half floats, ")
    assert frame_files.in_words(size) in _report(rendered)["machine"]["single_frames"]


@pytest.mark.parametrize(("count", "grid"), [(1, (1, 1)), (2, (2, 1)), (3, (3, 1)), (4, (2, 2)), (5, (3, 2))])
def test_pictures_in_the_video_keep_their_size(count: int, grid: tuple[int, int]) -> None:
    width, height = canvas_size((640, 360), count)
    assert grid[0] * 640 <= width < grid[0] * 640 + 16
    assert grid[1] * 360 <= height < grid[1] * 360 + 16

"""`--video` of `supersee render` and of `supersee` without a display."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.capture.encoders import CODECS
from app.capture.image_files import read_png
from app.cli import main
from app.commands.headless import canvas_size
from app.commands.video_options import CODEC_NAMES

av = pytest.importorskip("av")
TINY = ["--size", "95x54", "--frames", "3"]


def _decoded(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_a_lossless_video_of_one_pane_holds_the_single_frames(tmp_path: Path) -> None:
    out, file = tmp_path / "out", tmp_path / "taau.mkv"
    options = ["--methods", "bilinear,taau", "--reference", "0", "--format", "png", "--out", str(out)]
    video = ["--video", str(file), "--video-of", "taau", "--codec", "ffv1"]
    assert main(["render", "court", *TINY, *options, *video]) == 0
    pictures = _decoded(file)
    assert len(pictures) == 3
    for number, picture in enumerate(pictures, start=1):
        assert np.array_equal(picture[:54, :95], read_png(out / "frames" / "taau" / f"{number:04d}.png")[0])
    assert len(_decoded(out / "side-by-side.mkv")) == 3
    assert not (out / "side-by-side.mp4").exists()


def test_without_a_display_every_frame_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("app.commands.view.has_display", lambda: False)
    file = tmp_path / "all.mp4"
    assert main(["view", "court", *TINY, "--methods", "bilinear,taau", "--video", str(file), "--exact"]) == 0
    assert capsys.readouterr().out.strip() == str(file)
    width, height = canvas_size((95, 54), 2)
    pictures = _decoded(file)
    assert len(pictures) == 3
    assert pictures[0].shape == (height + height % 2, width + width % 2, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--video", "x.avi"], "h264 is written as .mp4 or .mkv"),
        (["--video", "x.mp4", "--codec", "ffv1"], "ffv1 is written as .mkv"),
        (["--video", "x.mp4", "--video-of", "neural", "--methods", "taau"], "no pane neural"),
        (["--video-of", "taau"], "needs a file"),
    ],
)
def test_wrong_wishes_are_refused_before_anything_is_drawn(
    options: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (["render", "court", "--reference", "0", *TINY], ["view", "court", "--frames", "2"]):
        assert main([*command, *options]) == 2
        assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_render_refuses_measurements_without_a_video(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "court", *TINY, "--out", str(tmp_path / "out"), "--burn-in"]) == 2
    assert "--burn-in needs a file: none is named. Add --video FILE." in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("of", [None, "taau"])
def test_measurements_are_burned_in_on_demand(of: str | None, tmp_path: Path) -> None:
    """The same frames with and without; figures come in once the first ten frames are drawn."""
    taken = {}
    for burn_in in (False, True):
        file = tmp_path / f"{burn_in}.mkv"
        options = ["--methods", "bilinear,taau", "--reference", "0", "--format", "none", "--out", str(tmp_path / "out")]
        video = ["--video", str(file), "--codec", "ffv1", *(["--video-of", of] if of else []), *["--burn-in"] * burn_in]
        assert main(["render", "court", "--size", "320x180", "--frames", "12", *options, *video]) == 0
        taken[burn_in] = _decoded(file)
    assert len(taken[True]) == len(taken[False]) == 12
    plain, burnt = taken[False][-1].astype(int), taken[True][-1].astype(int)
    assert plain.shape == burnt.shape
    changed = np.abs(plain - burnt).max(axis=2) > 8
    assert changed[changed.shape[0] // 2 :].mean() > 0.3  # along the foot, or as a panel
    assert np.abs(taken[True][1].astype(int) - burnt).max() > 100  # the first frames are not measured yet
    side = np.stack(_decoded(tmp_path / "out" / "side-by-side.mkv"))
    assert side.shape[0] == 12  # the video of the report stays without


def test_the_options_name_every_codec() -> None:
    assert tuple(CODECS) == CODEC_NAMES

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from app.errors import SuperseeError
from models.data.clip import FRAME_ARRAYS, ClipReader, save_clip
from models.data.index import read_index
from tests.models.synthetic import synthetic_clip


def test_a_clip_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    clip = synthetic_clip(3, frames=3, display=(36, 24), ratio=1.5)
    save_clip(clip, tmp_path / "a.safetensors")
    again = ClipReader(tmp_path / "a.safetensors").read()
    for name in FRAME_ARRAYS:
        np.testing.assert_array_equal(getattr(again, name), getattr(clip, name), err_msg=name)
    assert not list(tmp_path.glob("*.part"))


def test_a_part_is_the_same_window_at_both_sizes(tmp_path: Path) -> None:
    clip = synthetic_clip(4, frames=4, display=(48, 32))
    save_clip(clip, tmp_path / "a.safetensors")
    part = ClipReader(tmp_path / "a.safetensors").read_part(
        slice(1, 3), (slice(2, 10), slice(4, 16)), (slice(4, 20), slice(8, 32))
    )
    np.testing.assert_array_equal(part.colour, clip.colour[1:3, 2:10, 4:16])
    np.testing.assert_array_equal(part.reference, clip.reference[1:3, 4:20, 8:32])
    np.testing.assert_array_equal(part.jitter, clip.jitter[1:3])


def test_a_file_that_is_no_clip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.safetensors").write_bytes(b"not a clip at all")
    with pytest.raises(SuperseeError, match="cannot be read"):
        ClipReader(tmp_path / "bad.safetensors")


def test_an_index_of_another_version_is_refused(clip_folder: Path, tmp_path: Path) -> None:
    text = (clip_folder / "index.json").read_text()
    (tmp_path / "index.json").write_text(text.replace('"schema": 3', '"schema": 99'))
    with pytest.raises(SuperseeError, match="schema 99"):
        read_index(tmp_path)
    assert [entry.split for entry in read_index(clip_folder).clips] == ["train", "train", "test"]


def test_an_index_of_version_1_is_still_read(tmp_path: Path) -> None:
    clip = {
        "name": "00000", "split": "train", "scene": "court", "motion": "pan", "seed": 3, "ratio": 2.0,
        "render_size": [160, 90], "display_size": [320, 180], "frames": 24,
    }  # fmt: skip
    old = {"seed": 3, "reference_samples": 16, "scenes": ["court"], "held_out": [], "clips": [clip], "seconds": 4.0}
    for unfiltered, bias in ((True, -8.0), (False, -2.0)):
        text = json.dumps({"schema": 1, "unfiltered": unfiltered, **old})
        (tmp_path / "index.json").write_text(text)
        index = read_index(tmp_path)
        assert index.unfiltered == unfiltered
        assert index.clips[0].lod_bias == bias
        assert index.clips[0].render_size == (160, 90)


def test_motion_of_synthetic_clips_leads_to_the_previous_frame() -> None:
    """Otherwise training on them would teach the wrong sign."""
    from app.measure.image_metrics import display_image, psnr
    from app.measure.reprojection import along_motion

    clip = synthetic_clip(1, frames=3, display=(96, 64))
    before, now = (display_image(clip.reference[i].astype(np.float32)) for i in (1, 2))
    warped, on_screen = along_motion(before, clip.motion[2].astype(np.float32))
    error = np.mean((warped - now)[on_screen] ** 2)
    assert error < 0.5 * np.mean((before - now)[on_screen] ** 2)
    assert psnr(before, now) < 35  # the clip does move

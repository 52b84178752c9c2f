"""Any ratio, samples by split, checking a folder and looking at it."""

from __future__ import annotations

import json
import logging
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.conventions import render_size
from app.errors import SuperseeError
from models.__main__ import main
from models.data.clip import ClipReader, save_clip
from models.data.crops import crop_size, random_place, read_crop
from models.data.index import DataIndex, read_index, write_index
from models.data.plan import plan_clips
from models.data.ratios import checked_ratios, ratio_chances, ratio_span, ratio_weight
from models.data.render import render_data
from models.data.sampler import EpisodeSampler
from tests.models.synthetic import synthetic_clip


def test_ratios_of_a_range_are_all_drawn_and_cover_whole_pixels() -> None:
    plan = plan_clips(600, 18, 1, ratios="1.3-3")
    train = [entry for entry in plan if entry.split == "train"]
    drawn = {entry.ratio for entry in train}
    assert drawn == {round(n * 0.05, 3) for n in range(26, 61)}
    assert {entry.ratio for entry in plan if entry.split == "test"} == {1.5, 2.0, 3.0}, "figures stay comparable"
    for entry in plan:
        assert entry.render_size == render_size(entry.display_size, entry.ratio)
        for display, render in zip(entry.display_size, entry.render_size):
            assert display == pytest.approx(render * entry.ratio)
        width, height = entry.display_size
        assert 0.8 < width * height / (320 * 180) < 1.2
        columns, rows = entry.render_size
        crop = crop_size(entry.ratio, 120, (rows, columns))
        assert 78 <= crop[0] * entry.ratio <= 160, "crops come in steps of 40 LR pixels at the worst"


def test_ratios_change_nothing_else_of_a_plan() -> None:
    usual, other = plan_clips(40, 18, 5, ("court",)), plan_clips(40, 18, 5, ("court",), ratios="2.35")
    assert {entry.ratio for entry in other if entry.split == "train"} == {2.35}
    for a, b in zip(usual, other):
        assert (a.name, a.split, a.scene, a.motion, a.seed) == (b.name, b.split, b.scene, b.motion, b.seed)
    longer = plan_clips(80, 18, 5, ("court",), ratios="1.3-3")
    assert longer[:40] == plan_clips(40, 18, 5, ("court",), ratios="1.3-3")


def test_a_crop_at_an_odd_ratio_is_whole(tmp_path: Path) -> None:
    entry = next(e for e in plan_clips(60, 4, 1, ratios="2.35") if e.split == "train")
    clip = synthetic_clip(1, frames=2, display=entry.display_size, ratio=entry.ratio)
    save_clip(clip, tmp_path / "a.safetensors")
    reader = ClipReader(tmp_path / "a.safetensors")
    crop = read_crop(reader, random_place(reader, 2, 100, np.random.default_rng(0)))
    assert crop.colour.shape[1:3] == (40, 40)
    assert crop.reference.shape[1:3] == (94, 94)


def test_clips_of_sizes_that_give_crops_of_two_sizes_are_named(tmp_path: Path) -> None:
    plan = [e for e in plan_clips(3, 4, 1, ratios="2") if e.split == "train"]
    index = DataIndex(seed=1, reference_samples=4, scenes=(), held_out=())
    for entry, display in zip(plan, ((96, 64), (64, 64))):
        entry = replace(entry, display_size=display, render_size=render_size(display, 2.0))
        save_clip(synthetic_clip(1, frames=4, display=display), tmp_path / entry.file)
        index.clips.append(entry)
    write_index(index, tmp_path)
    sampler = EpisodeSampler([tmp_path], {"2.0": 1.0}, 1)
    sampler.check_crops(4, 64, "stages[0]")
    with pytest.raises(SuperseeError, match=r"at 2x would have these LR sizes: 48x32 of .*, 32x32 of .*display_crop"):
        sampler.check_crops(4, 96, "stages[0]")


@pytest.mark.parametrize("text", ["1.2", "1.3-3.1", "2.33", "3-2", "", "fast"])
def test_ratios_that_clips_are_not_drawn_at_are_refused(text: str) -> None:
    with pytest.raises(SuperseeError, match="ratio"):
        checked_ratios(text)


def test_a_range_shares_its_weight_over_its_clips() -> None:
    clips = {1.3: 2, 1.5: 6, 2.0: 4, 2.5: 1, 3.0: 3}
    chances = ratio_chances({"2.0": 0.6, "1.3-1.75": 0.4}, clips)
    assert chances == pytest.approx({1.3: 0.1, 1.5: 0.3, 2.0: 0.6})
    assert ratio_chances({"2": 1.0}, clips) == {2.0: 1.0}
    both = ratio_chances({"1.3-3": 1.0, "2.0": 1.0}, clips)
    assert both[2.0] == pytest.approx(0.5 + 0.5 * 4 / 16), "weights of one ratio add up"
    assert ratio_chances({"1.8": 1.0}, clips) == {}
    assert ratio_weight({"1.3-1.75": 0.4, "2.0": 0.0}, 1.7) == 0.4
    with pytest.raises(SuperseeError, match="not a ratio"):
        ratio_span("two")


def _folder(folder: Path, clip_folder: Path, ratios: tuple[float, ...]) -> Path:
    index = read_index(clip_folder)
    first = index.clips[0]
    index.clips = []
    for number, ratio in enumerate(ratios):
        render = (40, 40)
        display = (round(40 * ratio), round(40 * ratio))
        entry = replace(
            first, name=f"{number:05d}", ratio=ratio, render_size=render, display_size=display, frames=2, split="train"
        )
        save_clip(synthetic_clip(number, frames=2, display=display, ratio=ratio), folder / entry.file)
        index.clips.append(entry)
    write_index(index, folder)
    return folder


def test_the_sampler_weighs_ranges_and_says_what_it_leaves_out(
    tmp_path: Path, clip_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = _folder(tmp_path, clip_folder, (1.35, 1.6, 2.0, 2.95))
    with caplog.at_level(logging.WARNING):
        sampler = EpisodeSampler([folder], {"1.3-1.7": 0.75, "2.0": 0.25}, seed=1)
    assert "1 clip is not trained on: ratio_weights has no 2.95" in caplog.text
    seen = [sampler.crops(i, size=1, frames=1, display_crop=48)[0].ratio for i in range(200)]
    assert {round(ratio, 3) for ratio in seen} == {1.35, 1.6, 2.0}
    assert 0.65 < sum(ratio < 1.7 for ratio in seen) / 200 < 0.85
    with pytest.raises(SuperseeError, match=r"nothing to train on.*1\.8"):
        EpisodeSampler([folder], {"1.8": 1.0}, seed=1)


def test_test_clips_have_samples_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, int] = {}

    def quick(_context: object, entry, samples: int):
        asked[entry.name] = samples
        return synthetic_clip(1, frames=2, display=(32, 16))

    monkeypatch.setattr("models.data.render.render_clip", quick)
    arguments = ["render-data", "--out", str(tmp_path), "--clips", "9", "--frames", "2", "--samples", "4"]
    assert main([*arguments, "--test-samples", "32", "--ratios", "1.5,2.5-3"]) == 0
    index = read_index(tmp_path)
    filtered, unfiltered = ([e for e in index.clips if e.unfiltered == without] for without in (False, True))
    assert {(e.split, asked[e.name]) for e in filtered} == {("train", 4), ("test", 32)}
    assert {(e.split, asked[e.name]) for e in unfiltered} == {("train", 8)}, "aliasing takes twice as many"
    assert {entry.ratio for entry in index.of("train")} <= {1.5, *(round(n * 0.05, 3) for n in range(50, 61))}
    assert main(arguments) == 2, "another number of samples is another set"


def test_an_index_of_version_2_has_the_same_samples_for_all(clip_folder: Path, tmp_path: Path) -> None:
    data = json.loads((clip_folder / "index.json").read_text())
    for name in ("ratios", "test_samples"):
        del data[name]
    (tmp_path / "index.json").write_text(json.dumps(data | {"schema": 2}))
    index = read_index(tmp_path)
    assert index.samples("test") == index.samples("train") == index.reference_samples
    assert index.settings == read_index(clip_folder).settings


def test_check_names_what_is_damaged(clip_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "data"
    shutil.copytree(clip_folder, folder)
    check = ["render-data", "--check", "--out", str(folder)]
    assert main(check) == 0
    assert "3 clips in" in capsys.readouterr().out
    whole = (folder / "clips" / "00000.safetensors").read_bytes()
    (folder / "clips" / "00000.safetensors").write_bytes(whole[: len(whole) // 2])
    (folder / "clips" / "00001.safetensors").write_bytes(whole.replace(b'"clip_version":"2"', b'"clip_version":"1"'))
    (folder / "clips" / "00002.safetensors").unlink()
    (folder / "clips" / "00009.safetensors.part").write_bytes(b"")
    assert main(check) == 2
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert "cut short" in lines[0]
    assert "the file says 1" in lines[1]
    assert lines[2] == "00002: its file is missing"
    assert "no index names it" in lines[3]
    assert "3 of 3 clips" in said.err


def test_check_finds_other_sizes_and_values_that_are_not_finite(
    clip_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(clip_folder, folder)
    save_clip(synthetic_clip(1, frames=4, display=(96, 64)), folder / "clips" / "00000.safetensors")
    broken = synthetic_clip(1, frames=6, display=(96, 64))
    broken.reference[2, 3, 4, 0] = np.nan
    save_clip(broken, folder / "clips" / "00001.safetensors")
    assert main(["render-data", "--check", "--out", str(folder)]) == 2
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "00000: its frames 4 is not the 6 of the index",
        "00001: its reference holds values that are not finite",
    ]


def test_a_clip_that_was_deleted_is_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []

    def quick(_context: object, entry, _samples: int):
        drawn.append(entry.name)
        return synthetic_clip(1, frames=2, display=(32, 16))

    monkeypatch.setattr("models.data.render.render_clip", quick)
    settings = {"clips": 3, "frames": 2, "seed": 3, "samples": 16}
    first = render_data(tmp_path, **settings)  # type: ignore[arg-type]
    (tmp_path / first.clips[1].file).unlink()
    drawn.clear()
    again = render_data(tmp_path, **settings)  # type: ignore[arg-type]
    assert drawn == ["00001"]
    assert again.clips == first.clips


def test_the_sheet_shows_every_clip(clip_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from PIL import Image

    out = tmp_path / "new" / "sheet.png"
    assert main(["render-data", "--sheet", str(out), "--out", str(clip_folder)]) == 0
    picture = np.asarray(Image.open(out))
    assert picture.shape == (180, 3 * 320, 3)
    for tile in range(3):
        assert picture[20:, tile * 320 : tile * 320 + 90].std() > 5
    assert main(["render-data", "--sheet", str(tmp_path / "sheet.xyz"), "--out", str(clip_folder)]) == 2
    assert main(["render-data", "--sheet", str(out), "--out", str(tmp_path)]) == 2
    assert "cannot be written" in capsys.readouterr().err

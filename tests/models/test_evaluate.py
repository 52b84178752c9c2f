from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from models.__main__ import main
from models.data.clip import save_clip
from models.data.index import read_index, write_index
from models.evaluate import command
from models.evaluate.checkpoints import named_runs
from models.evaluate.clip_player import ClipPlayer
from models.evaluate.evaluation import evaluate
from models.evaluate.report import as_text
from models.evaluate.results import read_evaluations
from models.evaluate.score import score
from models.evaluate.sequences import held_out_clips
from models.evaluate.tally import WARM_UP, Scores
from models.network import NetworkConfig, build, build_model
from models.network.export_image import save_image_network
from models.network.save import save_network
from models.train.learning_curve import write_learning_curve
from models.train.loop import Trainer
from tests.models.synthetic import synthetic_clip

SMALL = {"widths": (8, 8, 8), "blocks": (0, 0, 0), "up_blocks": (0, 0)}


class _Perfect:
    """Hands back the reference."""

    def __init__(self, context, player: ClipPlayer, frames) -> None:
        self._textures = [context.texture(player.display_size, 3, f.tobytes(), alignment=1, dtype="f2") for f in frames]

    def resize(self, render_size, display_size) -> None: ...

    def reset(self) -> None: ...

    def upscale(self, frame):
        return self._textures[frame.frame_index]


def test_a_perfect_upscaler_scores_perfectly(gl) -> None:
    clip = synthetic_clip(1, frames=WARM_UP + 2, display=(64, 48))
    player = ClipPlayer(gl, clip)
    result = score(_Perfect(gl, player, clip.reference), player)  # type: ignore[arg-type]
    assert result.psnr == 100.0
    assert result.ssim == pytest.approx(1.0)
    assert result.flip == pytest.approx(0.0, abs=1e-6)
    assert result.flicker == pytest.approx(0.0, abs=1e-6)
    assert result.frames == 2
    player.release()


def test_a_clip_reaches_the_upscalers_as_it_is(gl) -> None:
    import numpy as np

    clip = synthetic_clip(2, frames=2, display=(48, 32))
    player = ClipPlayer(gl, clip)
    frame = player.frame(1)
    colour = np.frombuffer(frame.colour.read(), "f2").reshape(16, 24, 4)
    np.testing.assert_array_equal(colour[..., :3], clip.colour[1])
    np.testing.assert_array_equal(np.frombuffer(frame.motion.read(), "f2").reshape(16, 24, 2), clip.motion[1])
    assert frame.ratio == 2.0
    assert not frame.reset
    player.release()


def test_the_command_scores_everything_and_writes_json(clip_folder: Path, config_text: str, tmp_path: Path, capsys):
    save_network(build(NetworkConfig(**SMALL), seed=1), tmp_path / "net", "net")
    write_learning_curve([{"iteration": 20.0 * i, "seconds": i, "psnr": 20.0 + i} for i in (1, 2)], tmp_path / "net")
    Trainer(config_text, tmp_path / "run").train(until=2)
    out = tmp_path / "scores.json"
    options = ["--data", str(clip_folder), "--network", str(tmp_path / "net"), "--run", str(tmp_path / "run")]
    assert main(["evaluate", *options, "--timed-frames", "2", "--out", str(out), "--docs", str(tmp_path / "page")]) == 0
    said = capsys.readouterr()
    data = json.loads(out.read_text())
    methods = ["nearest", "bilinear", "lanczos", "taau", "net", "tiny @2"]
    assert [m["method"] for m in data["means"]] == methods
    assert all(10 < m["psnr"] < 60 and m["tpsnr"] > 10 for m in data["means"])
    assert list(data["milliseconds"]) == methods
    assert all(value > 0 for value in data["milliseconds"].values())
    assert all(f"| {name} " in said.out for name in methods)
    assert "net against taau: 2x" in said.out
    assert "The bar: tiny @2 reaches" in said.out
    assert "[1/1" in said.err
    written = {path.name: path.stat().st_size for path in (tmp_path / "page").iterdir()}
    assert {"crops-2x.jpg", "quality-against-time.png", "learning-curves.png"} <= set(written)
    assert {"README.md", "evaluation.json"} <= set(written)
    assert all(size < 300_000 for size in written.values())
    page = (tmp_path / "page" / "README.md").read_text()
    assert all(f"]({name})" in page for name in written if name.endswith(("jpg", "png")))
    assert read_evaluations([out]).rows[0].as_dict() == data["rows"][0]


def test_runs_of_one_name_are_told_apart(config_text: str, tmp_path: Path) -> None:
    for run, text in (("a", config_text), ("b", config_text), ("c", config_text.replace('"tiny"', '"other"'))):
        Trainer(text, tmp_path / run).train(until=2)
    names = list(named_runs([tmp_path / run for run in "abc"]))
    assert names == [f"{tmp_path / 'a'} @2", f"{tmp_path / 'b'} @2", "other @2"]


def test_what_nobody_named_and_does_not_fit_is_left_out_and_said(clip_folder, tmp_path, capsys, monkeypatch) -> None:
    old = tmp_path / "weights" / "old"
    old.mkdir(parents=True)
    (old / "manifest.json").write_text('{"schema_version": 1, "formulation": 1}')
    monkeypatch.setattr(command, "WEIGHTS_FOLDER", tmp_path / "weights")
    options = [
        "evaluate",
        "--data",
        str(clip_folder),
        "--methods",
        "bilinear",
        "--flip-frames",
        "0",
        "--timed-frames",
        "0",
    ]
    assert main(options) == 0
    said = capsys.readouterr().out
    assert "its formulation is 1" in said.split("Not in these figures")[1]
    assert "FLIP was not taken" in said
    assert main([*options, "--network", str(old)]) == 2
    assert "its formulation is 1" in capsys.readouterr().err


def test_a_broken_clip_is_left_out_and_the_rest_is_scored(clip_folder: Path, tmp_path: Path, capsys) -> None:
    folder = tmp_path / "data"
    shutil.copytree(clip_folder, folder)
    index = read_index(folder)
    index.clips.append(replace(index.clips[2], name="cut"))
    write_index(index, folder)
    whole = (folder / index.clips[2].file).read_bytes()
    (folder / index.clips[-1].file).write_bytes(whole[: len(whole) // 2])
    assert main(["evaluate", "--data", str(folder), "--methods", "bilinear", "--network", "--timed-frames", "0"]) == 0
    said = capsys.readouterr().out
    assert "cut.safetensors cannot be read" in said.split("Not in these figures")[1]
    assert said.count("| bilinear") == 2  # one clip and one mean


def test_clips_that_are_all_warm_up_are_left_out_and_said(clip_folder: Path, tmp_path: Path, capsys) -> None:
    folder = tmp_path / "data"
    shutil.copytree(clip_folder, folder)
    index = read_index(folder)
    short = replace(index.clips[2], name="short", frames=WARM_UP)
    save_clip(synthetic_clip(5, frames=WARM_UP, display=(96, 64)), folder / short.file)
    index.clips.append(short)
    write_index(index, folder)
    options = ["evaluate", "--data", str(folder), "--methods", "bilinear", "--network", "--timed-frames", "0"]
    assert main(options) == 0
    said = capsys.readouterr().out
    assert "short.safetensors cannot be scored: its 5 frames are all warm-up" in said.split("Not in these figures")[1]
    assert said.count("| bilinear") == 2  # one clip and one mean
    index.clips[:] = [short]
    write_index(index, folder)
    assert main(options) == 2
    complaint = capsys.readouterr().err
    assert "its 5 frames are all warm-up. Give it more than 5 frames" in complaint
    assert "Nothing was scored: each of the 1 clips and recordings was left out" in complaint


def test_a_recording_that_is_all_warm_up_is_left_out_and_said(clip_folder: Path, tmp_path: Path, capsys) -> None:
    recorded = tmp_path / "recordings" / "brief"
    (recorded / "ref2x").mkdir(parents=True)
    camera = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    frames = [{"file": f"{i:04d}.exr", "jitter_px": [0, 0], "camera_to_world": camera} for i in range(WARM_UP)]
    meta = {"lr_size": [48, 32], "near": 0.1, "fov_y_rad": 0.8, "fps": 24, "frames": frames}
    (recorded / "meta.json").write_text(json.dumps(meta))
    options = ["evaluate", "--sequences", str(recorded.parent), "--methods", "bilinear", "--network"]
    assert main([*options, "--data", str(clip_folder), "--ratios", "2", "--timed-frames", "0"]) == 0
    said = capsys.readouterr().out.split("Not in these figures")[1]
    assert "brief cannot be scored: its 5 frames are all warm-up" in said
    assert main([*options, "--data"]) == 2
    assert "There is nothing to score: no test clip was found; brief" in capsys.readouterr().err


def test_stopping_keeps_what_is_finished(clip_folder: Path) -> None:
    class Stops:
        name, kind, ratio = "stops", "classic", None
        scores = iter([Scores(20.0, 0.5, None, 20.0, 1.0, 1)])

        def score(self, item, flip_frames, on_frame=None):
            for scores in self.scores:
                return scores
            raise KeyboardInterrupt

    items = [*held_out_clips([clip_folder], [2.0])] * 2
    result = evaluate(items, [Stops()], flip_frames=0)  # type: ignore[list-item]
    assert result.stopped
    assert len(result.rows) == 1
    assert "stopped before the end" in as_text(result)


def test_nothing_to_score_and_wrong_names_are_said_plainly(tmp_path: Path, capsys) -> None:
    assert main(["evaluate", "--data", "--methods", "bilinear"]) == 2
    assert "nothing to score" in capsys.readouterr().err
    assert main(["evaluate", "--data", str(tmp_path)]) == 2
    assert "not an index of training data" in capsys.readouterr().err
    assert main(["evaluate", "--sequences", str(tmp_path / "none"), "--data"]) == 2
    assert "no recordings in" in capsys.readouterr().err
    assert main(["evaluate", "--data", "--run", str(tmp_path)]) == 2
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main(["evaluate", "--methods", "bicubic"])
    assert "no such classic method: bicubic" in capsys.readouterr().err


def test_a_single_image_network_is_scored_at_its_ratio_and_said_to_be_missing_elsewhere(
    clip_folder: Path, tmp_path: Path, capsys
) -> None:
    for ratio in (2, 3):
        model = build_model({"kind": "espcn", "ratio": ratio, "widths": [8, 8]}, seed=1)
        save_image_network(model, tmp_path / f"espcn-{ratio}x", f"espcn-{ratio}x")  # type: ignore[arg-type]
    out = tmp_path / "scores.json"
    arguments = ["evaluate", "--data", str(clip_folder), "--network", *(str(tmp_path / f"espcn-{r}x") for r in (2, 3))]
    assert (
        main([*arguments, "--methods", "bilinear", "--flip-frames", "0", "--timed-frames", "1", "--out", str(out)]) == 0
    )
    data = json.loads(out.read_text())
    assert [row["method"] for row in data["rows"]] == ["bilinear", "espcn-2x"]
    assert [row["kind"] for row in data["rows"]] == ["classic", "peer"]
    assert set(data["milliseconds"]) == {"bilinear", "espcn-2x"}
    assert "espcn-3x at 2x: it does 3x only" in data["left_out"]
    assert data["bar"] == {}
    assert "espcn-2x against bilinear" in capsys.readouterr().out

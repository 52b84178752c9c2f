from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import SuperseeError
from app.inference.image_manifest import load_image_network
from app.inference.manifest import load_network
from models.evaluate.results import Evaluation, write_evaluation
from models.evaluate.sequences import SequenceName
from models.evaluate.table import Row
from models.evaluate.tally import Scores
from models.export.command import export_run
from models.train.loop import Trainer


@pytest.fixture
def run(config_text: str, tmp_path: Path) -> Path:
    Trainer(config_text, tmp_path / "run").train(until=2)
    return tmp_path / "run"


def _row(method: str, kind: str, scores: Scores, sequence: str = "courtyard") -> Row:
    return Row(method, kind, SequenceName("courtyard", sequence, "recorded", 2.0, True), scores)


def _rows() -> list[Row]:
    return [
        _row("taau", "classic", Scores(19.1, 0.473, 0.236, 25.0, 10.9, 20)),
        _row("tiny", "network", Scores(18.6, 0.5, 0.24, 24.0, 12.0, 20)),
    ]


def test_exporting_twice_gives_the_same_bytes(run: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        export_run(run, tmp_path / name)
    for file in ("model.onnx", "manifest.json", "card.md", "training.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file


def test_the_app_accepts_what_was_exported(run: Path, tmp_path: Path) -> None:
    export_run(run, tmp_path / "out")
    assert load_network(tmp_path / "out").name == "tiny"


def test_the_card_says_where_the_network_is_behind_and_that_it_misses_the_bar(run: Path, tmp_path: Path) -> None:
    write_evaluation(Evaluation(_rows(), flip_frames=6), tmp_path / "scores.json")
    export_run(run, tmp_path / "out", [tmp_path / "scores.json"])
    card = (tmp_path / "out" / "card.md").read_text()
    assert "tiny against taau: 2x 0 won, 1 lost" in card
    assert "MISSED: courtyard at 2x: PSNR 18.60, SSIM 0.500" in card
    assert "2 of 24 iterations" in card


def test_notes_of_a_run_go_into_its_card(run: Path, tmp_path: Path) -> None:
    (run / "notes.md").write_text("* The data changed half-way.\n")
    export_run(run, tmp_path / "out")
    assert "* The data changed half-way." in (tmp_path / "out" / "card.md").read_text()


def test_missing_scores_and_runs_are_named(run: Path, tmp_path: Path) -> None:
    with pytest.raises(SuperseeError, match=r"scores in .* cannot be read"):
        export_run(run, tmp_path / "out", [tmp_path / "nothing.json"])
    (tmp_path / "old.json").write_text('{"schema": 1, "means": []}')
    with pytest.raises(SuperseeError, match="schema 1, and 2"):
        export_run(run, tmp_path / "out", [tmp_path / "old.json"])
    with pytest.raises(SuperseeError, match="checkpoint"):
        export_run(tmp_path / "no run", tmp_path / "out")


def test_the_card_shows_known_failures_and_the_precision_check(run: Path, tmp_path: Path) -> None:
    (tmp_path / "failures-tiny.jpg").write_bytes(b"picture")
    (tmp_path / "precision.json").write_text('{"schema": 1, "psnr_db": 51.5, "passed": true}')
    export_run(run, tmp_path / "out", pictures=tmp_path, precision=tmp_path / "precision.json")
    card = (tmp_path / "out" / "card.md").read_text()
    assert "](failures.jpg)" in card
    assert "* psnr db: 51.5" in card
    assert (tmp_path / "out" / "failures.jpg").read_bytes() == b"picture"
    with pytest.raises(SuperseeError, match="no picture of the failures"):
        export_run(run, tmp_path / "out", pictures=run)
    (tmp_path / "precision.json").write_text("[]")
    with pytest.raises(SuperseeError, match="precision check"):
        export_run(run, tmp_path / "out", precision=tmp_path / "precision.json")


@pytest.fixture
def peer_run(config_text: str, tmp_path: Path) -> Path:
    network = 'kind = "espcn"\nwidths = [8, 8]'
    kernel = "widths = [8, 8, 8]\nblocks = [0, 0, 0]\nup_blocks = [0, 0]"
    single = config_text.replace(kernel, network).replace("frames = 4\nwindow = 2", "frames = 1\nwindow = 1")
    Trainer(single.replace('name = "tiny"', 'name = "espcn"'), tmp_path / "peer").train(until=2)
    return tmp_path / "peer"


def test_a_single_image_network_is_exported_twice_with_the_same_bytes(peer_run: Path, tmp_path: Path) -> None:
    rows = [*_rows(), _row("espcn", "peer", Scores(18.8, 0.48, 0.24, 24.0, 12.0, 20))]
    write_evaluation(Evaluation(rows, flip_frames=6), tmp_path / "scores.json")
    for name in ("a", "b"):
        export_run(peer_run, tmp_path / name, [tmp_path / "scores.json"])
    for file in ("model.onnx", "image_manifest.json", "card.md"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file
    found = load_image_network(tmp_path / "a")
    assert (found.name, found.kind, found.ratio, found.enlarges) == ("espcn", "espcn", 2, 2)
    card = (tmp_path / "a" / "card.md").read_text()
    assert "2x only" in card
    assert "espcn against taau: 2x 0 won, 1 lost" in card
    assert "MISSED" not in card, "a peer has no bar"
    assert "one frame each" in card


def test_a_folder_keeps_its_kind_of_network(run: Path, peer_run: Path, tmp_path: Path) -> None:
    for first, second in ((run, peer_run), (peer_run, run)):
        export_run(first, tmp_path / first.name)
        with pytest.raises(SuperseeError, match="another kind of network"):
            export_run(second, tmp_path / first.name)


def test_an_rgb_unet_is_written_for_other_runtimes_and_its_card_says_so(config_text: str, tmp_path: Path) -> None:
    kernel = "widths = [8, 8, 8]\nblocks = [0, 0, 0]\nup_blocks = [0, 0]"
    Trainer(config_text.replace(kernel, 'kind = "rgb-unet"\nwidths = [8, 8, 8]'), tmp_path / "rgb").train(until=1)
    for name in ("a", "b"):
        export_run(tmp_path / "rgb", tmp_path / name)
    for file in ("model.onnx", "rgb_manifest.json", "card.md"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file
    assert "The viewer does not run it" in (tmp_path / "a" / "card.md").read_text()
    with pytest.raises(SuperseeError, match="There is no network"):
        load_network(tmp_path / "a")

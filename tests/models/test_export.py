from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.errors import SuperseeError
from app.inference.manifest import load_network
from models.evaluate.table import Row, as_json, as_text
from models.evaluate.tally import Scores
from models.export.command import export_run
from models.train.loop import Trainer


@pytest.fixture
def run(config_text: str, tmp_path: Path) -> Path:
    Trainer(config_text, tmp_path / "run").train(until=2)
    return tmp_path / "run"


def _rows() -> list[Row]:
    return [
        Row("taau", "courtyard", "courtyard", 2.0, Scores(19.1, 0.473, 0.236, 25.0, 10.9, 20)),
        Row("tiny", "courtyard", "courtyard", 2.0, Scores(18.6, 0.5, 0.24, 24.0, 12.0, 20)),
    ]


def test_exporting_twice_gives_the_same_bytes(run: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        export_run(run, tmp_path / name)
    for file in ("model.onnx", "manifest.json", "card.md"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file


def test_the_app_accepts_what_was_exported(run: Path, tmp_path: Path) -> None:
    export_run(run, tmp_path / "out")
    assert load_network(tmp_path / "out").name == "tiny"


def test_the_card_says_when_the_network_is_behind(run: Path, tmp_path: Path) -> None:
    scores = tmp_path / "scores.json"
    scores.write_text(json.dumps(as_json(_rows())))
    export_run(run, tmp_path / "out", [scores])
    card = (tmp_path / "out" / "card.md").read_text()
    assert "courtyard, 2x: 0.50 dB PSNR BEHIND TAAU" in card
    assert "2 of 24 iterations" in card


def test_notes_of_a_run_go_into_its_card(run: Path, tmp_path: Path) -> None:
    (run / "notes.md").write_text("* The data changed half-way.\n")
    export_run(run, tmp_path / "out")
    assert "* The data changed half-way." in (tmp_path / "out" / "card.md").read_text()


def test_missing_scores_and_runs_are_named(run: Path, tmp_path: Path) -> None:
    with pytest.raises(SuperseeError, match=r"scores in .* cannot be read"):
        export_run(run, tmp_path / "out", [tmp_path / "nothing.json"])
    with pytest.raises(SuperseeError, match="checkpoint"):
        export_run(tmp_path / "no run", tmp_path / "out")


def test_tables_hold_means_per_ratio_and_group() -> None:
    rows = [*_rows(), Row("taau", "courtyard", "again", 2.0, Scores(21.1, 0.5, 0.2, 27.0, 9.0, 20))]
    tables = as_json(rows)["means"]
    assert isinstance(tables, list)
    taau = next(t for t in tables if t["method"] == "taau")
    assert taau["psnr"] == pytest.approx(20.1)
    assert taau["sequences"] == 2
    assert "| taau | 20.10 |" in as_text(tables)

"""What a card says is measured: whose figures they are, and whether what was scored was kept from training."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import SuperseeError
from app.inference.manifest import load_network
from models.__main__ import main
from models.data.index import ClipEntry, DataIndex, write_index
from models.evaluate.results import Evaluation, write_evaluation
from models.evaluate.sequences import SequenceName
from models.evaluate.table import Row
from models.evaluate.tally import Scores
from models.export.command import export_run
from models.export.separation import separation_lines
from models.train.loop import Trainer


def _rows(taau: float, tiny: float, name: str = "held/00000") -> list[Row]:
    sequence = SequenceName("random scenes", name, "pan", 2.0, False)
    return [
        Row("taau", "classic", sequence, Scores(taau, 0.5, 0.2, 25.0, 10.0, 20)),
        Row("tiny", "network", sequence, Scores(tiny, 0.6, 0.1, 26.0, 9.0, 20)),
    ]


def _folder(folder: Path, *scenes: tuple[str, str]) -> Path:
    index = DataIndex(seed=1, reference_samples=16, scenes=(), held_out=())
    for number, (split, scene) in enumerate(scenes):
        index.clips.append(ClipEntry(f"{number:05d}", split, scene, "pan", 1, 2.0, (48, 32), (96, 64), 8))  # type: ignore[arg-type]
    write_index(index, folder)
    return folder


def test_a_card_looks_whether_what_was_scored_was_trained_on(tmp_path: Path) -> None:
    training = _folder(tmp_path / "train", ("train", "random:1"), ("test", "random:2"))
    held = _folder(tmp_path / "held", ("test", "random:3"), ("test", "random:1"))
    (kept,) = separation_lines([training], _rows(20.0, 21.0))
    assert kept.startswith("* none of the scenes of the 1 rendered clips")
    (shared,) = separation_lines([training], [*_rows(20.0, 21.0), *_rows(20.0, 21.0, "held/00001")])
    assert shared == "* TRAINED ON: the scenes of `held/00001` in the tables below"
    (held / "index.json").unlink()
    (unknown,) = separation_lines([training], _rows(20.0, 21.0))
    assert "could not be checked without" in unknown
    assert str(held) in unknown
    assert separation_lines([training], []) == []


@pytest.fixture
def exported(config_text: str, tmp_path: Path) -> Path:
    Trainer(config_text, tmp_path / "run").train(until=2)
    write_evaluation(Evaluation(_rows(20.0, 21.0), flip_frames=6), tmp_path / "first.json")
    export_run(tmp_path / "run", tmp_path / "out", [tmp_path / "first.json"])
    return tmp_path / "out"


def test_new_figures_replace_the_old_ones_and_nothing_else(exported: Path, tmp_path: Path) -> None:
    before = (exported / "card.md").read_text()
    mine = {"tiny": load_network(exported).sha256}
    write_evaluation(Evaluation(_rows(20.0, 23.5), flip_frames=6, weights=mine), tmp_path / "second.json")
    command = ["update-card", "--network", str(exported), "--scores", str(tmp_path / "second.json")]
    assert main(command) == 0
    after = (exported / "card.md").read_text()
    assert "23.50" in after
    assert "21.00" not in after
    for text in (before, after):
        assert text.count("## Held-out figures") == text.count("## Known failures") == 1
    assert before.split("## Held-out figures")[0] == after.split("## Held-out figures")[0]
    assert before.split("## Known failures")[1] == after.split("## Known failures")[1]
    assert main(command) == 0
    assert (exported / "card.md").read_text() == after


def test_figures_of_other_weights_are_refused(exported: Path, tmp_path: Path) -> None:
    write_evaluation(Evaluation(_rows(20.0, 23.5), weights={"tiny": "ab" * 32}), tmp_path / "other.json")
    assert main(["update-card", "--network", str(exported), "--scores", str(tmp_path / "other.json")]) == 2
    with pytest.raises(SuperseeError, match="The scores are not of this tiny: they were taken of the weights abab"):
        export_run(tmp_path / "run", tmp_path / "again", [tmp_path / "other.json"])
    assert not (tmp_path / "again").exists(), "nothing is written for scores that are refused"

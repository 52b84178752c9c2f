"""Equal trainings of variants: what differs between them, that they go on where they were, and what the table says."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

from app.errors import SuperseeError
from app.inference.channels import INPUT_CHANNELS, OUTPUT_CHANNELS
from models.ablate import run as ablation
from models.ablate.results import FIGURES, Result
from models.ablate.run import Plan, ablate
from models.ablate.table import BEGIN, END, markdown, put_into
from models.ablate.toml_text import toml_text
from models.ablate.variants import BASE, VARIANTS, changed, planned, seeded
from models.network.model import build_model
from models.train.config import parse_config

SHIPPED = Path(__file__).parents[2] / "models" / "configs" / "ablation.toml"


def test_every_variant_is_a_valid_configuration_that_differs_from_the_base_in_what_it_says() -> None:
    base = tomllib.loads(SHIPPED.read_text())
    plain = parse_config(toml_text(changed(base, seeded(0), 50)))
    assert plain.iterations == 50
    seen = set()
    for variant in VARIANTS:
        text = toml_text(changed(base, variant, 50))
        config = parse_config(text)
        build_model(config.network, 1)
        assert config.name == variant.name
        assert config.iterations == 50
        assert config.data == plain.data
        differing = {name for name in ("network", "loss", "seed") if getattr(config, name) != getattr(plain, name)}
        assert len(differing) == 1, variant.name
        seen.add(text)
    assert len(seen) == len(VARIANTS)
    without = {name for v in VARIANTS for name in v.changes.get("network", {}).get("without", ())}
    assert set(INPUT_CHANNELS) - without == {
        "colour_r", "colour_g", "colour_b", "history_r", "history_g", "history_b", "reactive", "log_ratio",
        "motion_length",
    }  # fmt: skip
    fixed = {name for v in VARIANTS for name in v.changes.get("network", {}).get("fixed", ())}
    assert set(OUTPUT_CHANNELS) - fixed == {"cholesky_xx", "cholesky_yy", "keep"}


def test_channel_lists_add_up_and_stages_keep_their_shares() -> None:
    stage = {"batch": 1, "display_crop": 16, "frames": 2, "window": 2}
    base = {"network": {"without": ["reactive"]}, "stages": [{"iterations": 10, **stage}, {"iterations": 30, **stage}]}
    settings = changed(base, next(v for v in VARIANTS if v.name == "without-innovation"), 21)
    assert settings["network"]["without"] == ["reactive", "innovation", "innovation_size"]
    assert [s["iterations"] for s in settings["stages"]] == [5, 16]
    assert base["network"]["without"] == ["reactive"], "the base is not touched"


def test_settings_survive_being_written(config_text: str) -> None:
    data = tomllib.loads(config_text)
    data["note"] = 'quotes " and \\ and ü'
    assert tomllib.loads(toml_text(data)) == data


@pytest.fixture
def plan(config_text: str, tmp_path: Path) -> Plan:
    only = ("without-innovation", "loss-no-temporal")
    return Plan(config_text, 4, tmp_path / "out", seeds=2, only=only, docs=tmp_path / "docs" / "ablation.md")


def test_a_small_ablation_trains_scores_and_writes_its_tables(
    plan: Plan, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    results = ablate(plan)
    names = ["base", "base-seed-2", "without-innovation", "loss-no-temporal"]
    assert [result.name for result in results] == names
    assert all(set(clip) == set(FIGURES) for result in results for clip in result.clips.values())
    assert len({result.mean("psnr") for result in results}) == 4, "no two trainings end alike"
    text = (plan.out / "ablation.md").read_text()
    assert "budget: 4 iterations" in text
    assert all(f"| {name} |" in text for name in names)
    assert "within noise" in text or "worse in" in text or "better in" in text
    assert plan.docs is not None
    assert text.strip() in plan.docs.read_text()
    data = json.loads((plan.out / "ablation.json").read_text())
    assert data["variants"][2]["means"]["psnr"] == pytest.approx(results[2].mean("psnr"))
    assert "3/4" in capsys.readouterr().out
    monkeypatch.setattr(ablation, "Trainer", None)  # nothing is trained a second time
    assert ablate(plan) == results
    assert capsys.readouterr().out.count("(kept)") == 4


def test_what_was_stopped_goes_on_and_ends_as_if_it_had_not_been(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ablate(Plan(plan.config_text, 6, tmp_path / "whole", seeds=1, only=("without-innovation",)))
    trainer = ablation.Trainer

    class Stopped(trainer):
        def train(self, until: int | None = None) -> None:
            super().train(until=2)
            raise KeyboardInterrupt

    parts = Plan(plan.config_text, 6, tmp_path / "parts", seeds=1, only=("without-innovation",))
    monkeypatch.setattr(ablation, "Trainer", Stopped)
    with pytest.raises(KeyboardInterrupt):
        ablate(parts)
    monkeypatch.setattr(ablation, "Trainer", trainer)
    for a, b in zip(whole, ablate(parts), strict=True):
        assert a.clips == b.clips, a.name


def test_other_settings_are_not_mixed_in(plan: Plan) -> None:
    one = Plan(plan.config_text, 2, plan.out, seeds=1, only=("loss-no-temporal",))
    ablate(one)
    with pytest.raises(SuperseeError, match="other settings"):
        ablate(Plan(plan.config_text, 4, plan.out, seeds=1, only=("loss-no-temporal",)))


def test_a_training_that_fails_is_named_and_the_others_go_on(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = ablation.Trainer

    class Failing(trainer):
        def train(self, until: int | None = None) -> None:
            if self.config.name == "without-innovation":
                raise SuperseeError("Training stopped at iteration 3", "the loss is nan")
            super().train(until)

    monkeypatch.setattr(ablation, "Trainer", Failing)
    results = ablate(plan)
    assert [result.name for result in results if result.failure] == ["without-innovation"]
    assert "the loss is nan" in (plan.out / "ablation.md").read_text()
    monkeypatch.setattr(ablation, "Trainer", trainer)
    assert not any(result.failure for result in ablate(plan))


def test_unknown_variants_are_refused() -> None:
    with pytest.raises(SuperseeError, match="without-everything"):
        planned(1, ("without-everything",))


def _result(name: str, group: str, psnr: float, tpsnr: float = 30.0) -> Result:
    clip = {"psnr": psnr, "ssim": 0.8, "tpsnr": tpsnr, "flicker": 5.0}
    return Result(name, group, f"what of {name}", clips={"a": clip})


def test_the_table_tells_chance_from_effect() -> None:
    results = [
        _result("base", BASE, 27.0),
        _result("base-seed-2", BASE, 27.2),
        _result("slightly", "inputs", 27.0),
        _result("much", "inputs", 26.5, tpsnr=30.5),
        _result("somewhat", "inputs", 26.8),
        Result("broken", "inputs", "", failure="it broke"),
    ]
    text = markdown(results, ["budget: little"])
    rows = {row.split("|")[1].strip(): row for row in text.splitlines() if row.startswith("| ")}
    assert "within noise" in rows["slightly"]
    assert "perhaps worse in PSNR" in rows["somewhat"]
    assert "-0.60" in rows["much"]
    assert "| worse in PSNR, better in tPSNR |" in rows["much"]
    assert "PSNR 0.20" in text
    assert list(rows)[1:] == ["base", "base-seed-2", "much", "somewhat", "slightly", "broken"]
    assert "no telling" in markdown([results[0], results[3]], [])


def test_figures_are_replaced_and_the_words_around_them_stay(tmp_path: Path) -> None:
    page = tmp_path / "ablation.md"
    page.write_text(f"# Words\n\n{BEGIN}\nold\n{END}\n\nMore words.\n")
    put_into(page, "new")
    text = page.read_text()
    assert text == f"# Words\n\n{BEGIN}\n\nnew\n{END}\n\nMore words.\n"
    page.write_text("no marks")
    with pytest.raises(SuperseeError, match="no place for the figures"):
        put_into(page, "new")
    assert page.read_text() == "no marks"

"""bfloat16 against float32 through the app's path: the figures, and what becomes of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("openvino")

from app.errors import SuperseeError
from app.inference.manifest import Network, load_network
from models.__main__ import main
from models.evaluate.sequences import held_out_clips
from models.export import precision
from models.export.precision import check_precision, compared, milliseconds, native_bf16
from models.network.save import save_network
from tests.models import golden


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("network")
    save_network(golden.lively_network(), path, "lively")
    return path


@pytest.fixture(scope="module")
def network(folder: Path) -> Network:
    return load_network(folder)


@pytest.mark.parametrize("native", [True, False], ids=["through the app", "through torch"])
def test_rounding_shows_in_the_output_and_costs_little(gl, network: Network, clip_folder: Path, native: bool) -> None:
    (item,) = held_out_clips([clip_folder], [2.0])
    row = compared(gl, network, item, native=native)
    if native_bf16() or not native:
        assert 30.0 < row.agreement < 99.0, "two precisions that agree exactly are one"
        assert row.worst_levels > 0.0
    assert abs(row.loss) < 0.5
    assert 1.0 < row.float32_psnr < 99.0


def test_a_precision_against_itself_agrees_exactly(
    gl, network: Network, clip_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = precision.OpenVinoBackend
    monkeypatch.setattr(
        precision, "OpenVinoBackend", lambda *, cache, **_options: backend(precision="f32", cache=cache)
    )
    (item,) = held_out_clips([clip_folder], [2.0])
    row = compared(gl, network, item, native=True)
    assert row.agreement == 100.0
    assert row.worst_levels == 0.0
    assert row.loss == 0.0


def test_times_are_of_the_network_alone(network: Network) -> None:
    assert milliseconds(network, "f32", 1, frames=5) > 0.0


def test_nothing_to_compare_on_is_said(gl, network: Network) -> None:
    with pytest.raises(SuperseeError, match="no test clip"):
        check_precision(gl, network, [])


def test_the_command_writes_what_the_card_takes(
    folder: Path, clip_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], config_text: str
) -> None:
    from models.export.command import export_run
    from models.train.loop import Trainer

    out = tmp_path / "precision.json"
    assert main(["check-precision", "--network", str(folder), "--data", str(clip_folder), "--out", str(out)]) == 0
    data = json.loads(out.read_text())
    assert data["network"] == "lively"
    assert [row["clip"] for row in data["clips"]] == [f"{clip_folder.name}/00002"]
    timed = ("bf16", "f32") if native_bf16() else ("f32",)
    assert all(data[f"network_alone_at_480x270,_{kind},_{count},_ms"] > 0 for kind in timed
               for count in ("1_thread", "2_threads"))  # fmt: skip
    assert "held-out clips: 1" in capsys.readouterr().out
    Trainer(config_text, tmp_path / "run").train(until=2)
    export_run(tmp_path / "run", tmp_path / "exported", precision=out)
    assert "bf16 on this processor" in (tmp_path / "exported" / "card.md").read_text()


def test_a_missing_network_is_a_plain_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-precision", "--network", str(tmp_path)]) == 2
    assert "There is no network" in capsys.readouterr().err

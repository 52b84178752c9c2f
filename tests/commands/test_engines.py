"""`supersee engines`: real engines for GPUs that are not here, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import main
from app.inference.engine_target import common_sizes
from tests.inference.quantized_network import LOSS_DB, quantized_network
from tests.inference.recorded_cuda import RecordedCuda
from tests.inference.recorded_tensorrt import RecordedTensorRt, built_plan, tried_plan


def engines(folder: Path, *arguments: str) -> int:
    return main(["engines", "--folder", str(folder), *arguments])


def test_an_engine_is_built_without_a_gpu_listed_verified_and_cleared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build = ("build", "--target", "sm89", "--size", "960x540", "--precision", "fp16")
    assert engines(tmp_path, *build) == 0
    out = capsys.readouterr().out
    assert out.startswith("lite 960x540 fp16 for sm89: built in ")
    assert out.strip().endswith(" MB")
    assert engines(tmp_path, *build) == 0
    assert "was here already" in capsys.readouterr().out
    assert engines(tmp_path, *build, "--rebuild") == 0
    assert "built in" in capsys.readouterr().out
    assert engines(tmp_path, "list") == 0
    listed = capsys.readouterr().out.splitlines()
    assert [word in listed[1] for word in ("lite", "960x540", "fp16", "sm89", "tensorrt_rtx 1.", "built in")] == [
        True
    ] * 6
    assert listed[-1].startswith("1 files, ")
    assert engines(tmp_path, "verify") == 0
    assert "1 files, 0 damaged" in capsys.readouterr().out
    (data,) = tmp_path.glob("*.engine")
    data.write_bytes(data.read_bytes()[:-1])
    assert engines(tmp_path, "verify") == 1
    assert "DAMAGED" in capsys.readouterr().out
    assert engines(tmp_path, *build) == 0
    assert "it is built again" in capsys.readouterr().out
    assert engines(tmp_path, "clear") == 0
    assert "2 files removed" in capsys.readouterr().out
    assert engines(tmp_path, "list") == 0


def test_several_targets_and_networks_in_one_go(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = ("--network", "lite", "--network", "standard", "--target", "sm75", "--target", "portable", "--size", "66x38")
    assert engines(tmp_path, "build", *more) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        f"{name} 68x40 fp16 for {target}" for name in ("lite", "standard") for target in ("sm75", "portable")
    ]


def test_the_common_pairs_are_the_default() -> None:
    assert common_sizes() == [(960, 540), (1280, 720), (1708, 960), (1920, 1080), (2560, 1440)]


def test_a_target_that_tensorrt_does_not_have_is_named_and_the_rest_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert engines(tmp_path, "build", "--target", "sm61", "--target", "sm86", "--size", "64x36") == 1
    out = capsys.readouterr().out
    assert "sm61: FAILED: TensorRT-RTX" in out
    assert "its targets are sm75" in out
    assert "for sm86: built in" in out
    assert "1 could not be built or kept" in out


def test_an_engine_that_cannot_be_kept_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "engines").write_text("no folder")
    assert engines(tmp_path / "engines", "build", "--target", "sm89", "--size", "64x36") == 1
    out = capsys.readouterr().out
    assert "built in" in out
    assert "There is no place for engines in" in out
    assert "1 could not be built or kept" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("build", "--size", "960by540"), "is not a size such as 960x540"),
        (("build", "--size", "1x1"), "is not a size"),
        (("build", "--target", "4090"), "is not a target such as sm89"),
        (("build", "--precision", "fp4"), "invalid choice"),
        (("build", "--network", "nothing"), 'There is no network "nothing"'),
        ((), "required"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert engines(tmp_path, *arguments) == 2
    err = capsys.readouterr().err
    assert said in err
    assert len(err.strip().splitlines()) == 1


def test_a_network_without_a_model_of_that_precision_says_how_to_make_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from models.network import NETWORKS, build, save_network

    save_network(build(NETWORKS["tiny"], seed=1), tmp_path / "tiny", "tiny")
    arguments = ("build", "--network", str(tmp_path / "tiny"), "--target", "sm89", "--precision", "fp8")
    assert engines(tmp_path / "engines", *arguments) == 2
    said = capsys.readouterr().err
    assert "tiny has no fp8 model for TensorRT: its manifest lists fp16" in said
    assert "python -m models quantize --precision fp8" in said


def test_fp8_is_built_where_the_target_has_it_and_named_where_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = quantized_network(tmp_path / "lite")
    targets = ("sm75", "sm86", "sm89", "sm120", "portable")
    named = [word for target in targets for word in ("--target", target)]
    arguments = ("build", "--network", str(network.folder), "--size", "960x540", "--precision", "fp8", *named)
    assert engines(tmp_path / "engines", *arguments) == 1
    refused = capsys.readouterr().out.splitlines()[:3]
    for line, target, own in zip(refused, ("sm75", "sm86", "portable"), ("7.5", "8.6", "8.0")):
        said = f"There is no fp8 for {target}: that begins at compute capability 8.9, and this is {own}. "
        assert line.startswith(f"{target}: FAILED: {said}")
    assert engines(tmp_path / "engines", *arguments[:-10], "--target", "sm89", "--target", "sm120") == 0
    built = capsys.readouterr().out.splitlines()
    assert [line.split(":")[:2] for line in built] == [
        [f"lite 960x540 fp8 for {target}", " was here already, " + line.rpartition(", ")[2]]
        for target, line in zip(("sm89", "sm120"), built)
    ]
    assert engines(tmp_path / "engines", "verify") == 0


def test_without_a_gpu_the_target_has_to_be_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.inference.cuda_runtime.load_api", lambda: RecordedCuda(driver=0))
    assert engines(tmp_path, "build") == 2
    err = capsys.readouterr().err
    assert "There is no NVIDIA driver" in err
    assert "--target sm89" in err


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordedTensorRt]:
    """One of compute capability 8.9, with TensorRT-RTX: all stand-ins."""
    cuda, api = RecordedCuda(), RecordedTensorRt()
    monkeypatch.setattr("app.inference.cuda_runtime.load_api", lambda: cuda)
    monkeypatch.setattr("app.inference.tensorrt_library._imported", lambda _kind: api)
    monkeypatch.setattr("app.inference.tensorrt_backend.try_in_process", tried_plan)
    monkeypatch.setattr(
        "app.inference.engine_supply.EngineSupply.__init__.__kwdefaults__", {"limit": 9.0, "build": built_plan}
    )
    yield api
    assert not cuda.alive


def test_on_a_gpu_the_engine_is_tried_out_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], gpu: RecordedTensorRt
) -> None:
    assert engines(tmp_path, "build", "--size", "64x36") == 0
    built, ran = capsys.readouterr().out.splitlines()
    assert built.startswith("lite 64x36 fp16 for Recorded GPU (8.9): built in ")
    assert ran.startswith("  runs here, ")
    assert engines(tmp_path, "list") == 0
    assert "dB against float32" in capsys.readouterr().out
    gpu.faults.answer = lambda output: output * 0
    assert engines(tmp_path, "build", "--size", "64x36") == 1
    assert "FAILED: TensorRT-RTX answers wrongly" in capsys.readouterr().out


def test_auto_measures_every_precision_here_and_the_list_says_which_was_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, gpu: RecordedTensorRt
) -> None:
    network = quantized_network(tmp_path / "lite")
    times = {"fp16": 0.3, "int8": 0.4, "fp8": 0.2}
    monkeypatch.setattr(
        "app.inference.tensorrt_backend.TensorRtBackend.network_ms", lambda self, *_: times[self.precision]
    )
    arguments = ("build", "--network", str(network.folder), "--size", "64x36", "--precision", "auto")
    assert engines(tmp_path / "engines", *arguments) == 0
    name = "lite 64x36 for Recorded GPU (8.9)"
    assert capsys.readouterr().out.splitlines() == [
        f"{name}: fp16 0.300 ms, loses 0.000 dB",
        f"{name}: int8 0.400 ms, loses {LOSS_DB:.3f} dB",
        f"{name}: fp8 0.200 ms, loses {LOSS_DB:.3f} dB",
        f"{name}: fp8 is taken",
    ]
    assert engines(tmp_path / "engines", "list") == 0
    listed = capsys.readouterr().out
    assert "taken: fp16 0.300 ms, loses 0.000 dB; int8 0.400 ms, loses 0.010 dB; fp8 0.200 ms" in listed
    gpu.faults.answer = lambda output: output * 0
    assert engines(tmp_path / "other", *arguments) == 1
    said = capsys.readouterr().out
    assert said.count("TensorRT-RTX answers wrongly") == 6, "each by itself, and all where nothing runs"
    assert "lite runs in no precision at 64x36" in said

"""`bench --gpu` over CUDA's stand-in on software OpenGL: rows, aims, the lab's figures beside; `gpu`: for real."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import moderngl
import pytest

from app.cli import main
from app.commands import bench_gpu, doctor
from app.commands.bench_gpu import Setting, document, measure_settings
from app.inference.cuda_errors import CudaError
from app.inference.cuda_runtime import CudaRuntime
from app.inference.manifest import Network, load_network
from app.inference.openvino_backend import OpenVinoBackend
from app.measure.network_times import TORCH_EAGER, NetworkTime, NetworkTimes
from tests.inference.recorded_cuda import RecordedCuda
from tests.upscale.shared_session import SharedBackend

SETTINGS = [Setting((96, 64), 2.0), Setting((96, 64), 1.5)]
HOW = {"scene": "court", "frames": 3, "warm_up": 1}
TIMES = {"median": 0.3, "p95": 0.4, "p99": 0.5}


@pytest.fixture
def loaded(network: Path) -> Network:
    return load_network(network)


def measured(gl: moderngl.Context, cuda: RecordedCuda, network: Network) -> list[dict[str, Any]]:
    runtime = CudaRuntime(cuda)
    backend = SharedBackend(OpenVinoBackend(precision="f32", threads=1, cache=""), runtime)
    return measure_settings(gl, runtime, network, backend, SETTINGS, **HOW)


def machine(name: str = "NVIDIA H100 80GB HBM3") -> dict[str, Any]:
    return {"gpu": {"name": name}}


def test_a_row_for_each_setting_with_every_part(
    gl: moderngl.Context, cuda: RecordedCuda, loaded: Network, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = measured(gl, cuda, loaded)
    assert [(row["mode"], row["render"]) for row in rows] == [("Performance", [48, 32]), ("Quality", [64, 43])]
    assert rows[1]["padded"] == [64, 44]
    for row in rows:
        assert row["bytes_to_host"] == 0
        assert row["exchange"] == "CUDA, shared"
        assert row["parts_ms"]["map"] == {"median": 0.25, "p95": 0.25, "p99": 0.25}
        assert all(row["parts_ms"][part] for part in ("pre", "network", "post", "whole", "calls"))
    said = capsys.readouterr().out
    assert "96x64 Performance 2x" in said
    assert "bytes to host" in said


def test_a_setting_that_does_not_fit_is_a_row_that_says_why(
    gl: moderngl.Context, cuda: RecordedCuda, loaded: Network
) -> None:
    cuda.fails["cudaGraphicsGLRegisterBuffer"] = [2]
    rows = measured(gl, cuda, loaded)
    assert "no memory left" in rows[0]["problem"]
    assert rows[1]["parts_ms"]


def test_a_lost_gpu_ends_it(gl: moderngl.Context, cuda: RecordedCuda, loaded: Network) -> None:
    cuda.fails["cudaGraphicsMapResources"] = 719
    with pytest.raises(CudaError, match="Start the program again"):
        measured(gl, cuda, loaded)


def upscale_row(display: tuple[int, int], whole: float, interop: float = 0.02) -> dict[str, Any]:
    half = dict.fromkeys(TIMES, interop / 2)
    parts = {"network": TIMES, "map": half, "unmap": half, "whole": {"median": whole, "p95": whole, "p99": whole}}
    render = [n // 2 for n in display]
    return {
        "display": list(display), "mode": "Performance", "ratio": 2.0, "render": render, "padded": render,
        "runtime": "TensorRT-RTX", "precision": "fp16", "parts_ms": parts, "bytes_to_host": 0,
    }  # fmt: skip


def test_aims_are_those_of_the_gpu_that_was_measured(loaded: Network, tmp_path: Path) -> None:
    rows = [upscale_row((1920, 1080), 0.34), upscale_row((3840, 2160), 1.2, 0.06)]
    for name, expected in (
        ("NVIDIA H100 80GB HBM3", [True, True, False, False]),
        ("NVIDIA GeForce RTX 4090", [True, True, True, False]),
        ("Another", []),
    ):
        result = document(loaded, machine(name), rows, HOW, tmp_path / "none.json", "")
        assert [verdict["reached"] for verdict in result["verdicts"]] == expected, name


def write_times(path: Path, network: Network, device: str, torch_ms: float = 1.2) -> None:
    slow = dict.fromkeys(TIMES, torch_ms)
    rows = (
        NetworkTime(TORCH_EAGER, "fp16", (960, 540), slow, 72.0),
        NetworkTime("onnxruntime CUDA", "fp16", (960, 540), None, None, "onnxruntime is not installed"),
    )
    path.write_text(json.dumps(NetworkTimes(network.name, network.sha256, device, rows, {}).document()))


def test_the_labs_figures_stand_beside(loaded: Network, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, rows = tmp_path / "network-times.json", [upscale_row((1920, 1080), 0.3)]
    write_times(path, loaded, machine()["gpu"]["name"])
    result = document(loaded, machine(), rows, HOW, path, "")
    assert [row["runtime"] for row in result["networks"]] == ["TensorRT-RTX", TORCH_EAGER, "onnxruntime CUDA"]
    assert result["verdicts"][-1] == {
        "what": f"960x540, times faster than {TORCH_EAGER}", "found": 4.0, "aim": 3.0, "at": "least", "reached": True,
    }  # fmt: skip
    said = capsys.readouterr().out
    assert "not measured: onnxruntime is not installed" in said
    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_figures_of_another_gpu_or_network_are_left_out_and_named(
    loaded: Network, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, rows = tmp_path / "network-times.json", [upscale_row((1920, 1080), 0.3)]
    for network, device in ((loaded, "the CPU"), (replace(loaded, sha256="0" * 64), machine()["gpu"]["name"])):
        write_times(path, network, device)
        assert len(document(loaded, machine(), rows, HOW, path, "")["networks"]) == 1
        assert "is left out" in capsys.readouterr().out
    path.unlink()
    document(loaded, machine(), rows, HOW, path, "")
    assert "python -m models bench-gpu" in capsys.readouterr().out


def test_without_a_gpu_it_is_one_plain_line(capsys: pytest.CaptureFixture[str]) -> None:
    if doctor.nvidia_driver():
        pytest.skip("an NVIDIA driver is here")
    assert main(["bench", "--gpu"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "There is no NVIDIA GPU to measure" in said


@pytest.mark.gpu
def test_on_this_gpu_nothing_crosses_to_the_host(tmp_path: Path) -> None:
    options = ["--sizes", "1920x1080", "--ratios", "2", "--frames", "30", "--out", str(tmp_path)]
    assert main(["bench", "--gpu", *options]) == 0
    result = json.loads((tmp_path / "gpu.json").read_text())
    (row,) = result["upscales"]
    assert "problem" not in row, row
    assert row["bytes_to_host"] == 0
    assert row["exchange"] == "CUDA, shared"
    assert bench_gpu.RATIOS

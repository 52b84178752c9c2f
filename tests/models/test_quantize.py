"""INT8 with explicit Q/DQ: what is quantized, how well, that TensorRT builds it, and what the command leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from app.errors import SuperseeError
from app.inference.engine_build import BuildRequest, build_engine
from app.inference.gate import check_session, load_gate
from app.inference.manifest import load_network
from app.inference.openvino_backend import OpenVinoBackend
from app.inference.tensorrt_library import TensorRtLibrary
from app.paths import WEIGHTS
from models.evaluate.sequences import held_out_clips
from models.export.quantize import mean_loss, quantize, training_clips
from models.network import NETWORKS, build, save_network
from models.network.load import load_exported
from models.network.quantized import calibrated, convolutions, export_quantized_onnx
from models.network.unet import TemporalUNet
from tests.models import golden

SMALL = NETWORKS["tiny"]


def question() -> np.ndarray:
    """Real features, larger than the network sees."""
    path = load_network(WEIGHTS / "lite").gate
    assert path is not None
    return np.tile(load_gate(path).features, (2, 2, 1))


@pytest.fixture(scope="module")
def network() -> TemporalUNet:
    return build(SMALL, seed=3)


@pytest.fixture(scope="module")
def ranges(network: TemporalUNet) -> dict[str, float]:
    return calibrated(network, [question()])


def test_all_but_the_first_convolution_and_the_head_are_quantized(
    network: TemporalUNet, ranges: dict[str, float], tmp_path: Path
) -> None:
    assert set(ranges) == {name for name, _ in convolutions(network)}
    assert "down0_0" not in ranges
    export_quantized_onnx(network, ranges, tmp_path / "q.onnx")
    graph = onnx.load(tmp_path / "q.onnx").graph
    made = {node.output[0]: node for node in graph.node}
    for node in graph.node:
        if node.op_type == "Conv":
            kinds = {made[name].op_type for name in node.input[:2] if name in made}
            first_or_head = node.input[0] == "features" or node.output[0] == "parameters"
            assert ("DequantizeLinear" in kinds) is not first_or_head, node.name


def test_weights_come_back_within_half_a_step_of_their_own_channel(
    network: TemporalUNet, ranges: dict[str, float], tmp_path: Path
) -> None:
    export_quantized_onnx(network, ranges, tmp_path / "q.onnx")
    values = {i.name: numpy_helper.to_array(i) for i in onnx.load(tmp_path / "q.onnx").graph.initializer}
    for name, layer in convolutions(network):
        integers, scales = values[f"{name}.weight.integers"], values[f"{name}.weight.scales"].astype(np.float32)
        assert integers.dtype == np.int8
        assert values[f"{name}.scale"].shape == ()
        found = integers * scales[:, None, None, None]
        wanted = layer.weight.detach().numpy()
        assert (np.abs(found - wanted) <= 0.51 * scales[:, None, None, None] + 1e-7).all()


def test_ranges_follow_the_features_and_clip_what_is_rare() -> None:
    network = build(SMALL, seed=3)
    once, twice = (calibrated(network, [question()]) for _ in range(2))
    assert once == twice
    largest: dict[str, float] = {}
    for name, layer in convolutions(network):
        layer.register_forward_pre_hook(
            lambda _layer, inputs, name=name: largest.update({name: float(inputs[0].abs().max())})
        )
    with torch.no_grad():
        network(torch.from_numpy(question().astype(np.float32)).permute(2, 0, 1)[None])
    for name, value in once.items():
        assert 0.0 < value <= max(largest[name], 1e-3) * 1.0001


@pytest.mark.parametrize("name", ["lite", "standard"])
def test_the_shipped_integers_pass_the_gate_of_int8(name: str, tmp_path: Path) -> None:
    """In OpenVINO, with the ranges of the shipped file."""
    network = load_network(WEIGHTS / name)
    assert network.loss_db["int8"] < 0.1
    assert network.gate is not None
    constants = onnx.load(network.typed["int8"]).graph.initializer
    ranges = {i.name[:-6]: 127.0 * float(numpy_helper.to_array(i)) for i in constants if i.name.endswith(".scale")}
    export_quantized_onnx(load_exported(network), ranges, tmp_path / "model.onnx", half=False)
    session = OpenVinoBackend(precision="f32", threads=1, cache="").compile(tmp_path / "model.onnx", (96, 64))
    result = check_session(session, load_gate(network.gate), "int8")
    session.release()
    assert result.passed, result.problem
    assert result.worst_db < 60.0, "float32 reaches more: no integers were at work"


def test_the_shipped_integers_are_those_of_the_shipped_weights(tmp_path: Path) -> None:
    for name in ("lite", "standard"):
        network = load_network(WEIGHTS / name)
        constants = onnx.load(network.typed["int8"]).graph.initializer
        ranges = {i.name[:-6]: 127.0 * float(numpy_helper.to_array(i)) for i in constants if i.name.endswith(".scale")}
        export_quantized_onnx(load_exported(network), ranges, tmp_path / "again.onnx")
        again = {i.name: numpy_helper.to_array(i) for i in onnx.load(tmp_path / "again.onnx").graph.initializer}
        for constant in constants:
            np.testing.assert_array_equal(again[constant.name], numpy_helper.to_array(constant), constant.name)


@pytest.mark.parametrize("target", ["sm75", "sm86", "sm89", "sm120"])
@pytest.mark.parametrize("name", ["lite", "standard"])
def test_tensorrt_builds_it_with_nhwc_halves_at_the_boundary(
    name: str, target: str, record_property: Callable[[str, object], None]
) -> None:
    library = TensorRtLibrary("tensorrt_rtx")
    for size in ((960, 540), (1280, 720), (1708, 960), (1920, 1080), (2560, 1440)):
        built = build_engine(library, BuildRequest(load_network(WEIGHTS / name).typed["int8"], size, target))
        said = f"{name} {target} {size[0]}x{size[1]} int8: {built.seconds:.2f} s, {len(built.plan) / 1e6:.2f} MB"
        record_property("engine", said)
        assert built.boundary == ""
        assert [(t.name, t.type, t.format) for t in built.tensors] == [
            ("features", "HALF", "HWC8"),
            ("parameters", "HALF", "HWC8"),
        ]
        types = {tensor.type for layer in built.layers for tensor in layer.inputs}
        assert ("Int8" in types) is (target != "sm75"), "Turing computes this in float16"


def test_an_exported_network_comes_back_with_its_weights(tmp_path: Path) -> None:
    network = build(SMALL, seed=5)
    save_network(network, tmp_path, "small")
    again = load_exported(load_network(tmp_path))
    for name, values in network.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], values, rtol=0.0, atol=0.0)
    wrong = load_network(tmp_path)
    wrong.architecture["widths"] = [8, 8, 8]
    with pytest.raises(SuperseeError, match="not the network that its manifest describes"):
        load_exported(wrong)


def test_the_command_writes_model_card_and_loss_and_an_export_removes_them(
    gl, clip_folder: Path, tmp_path: Path
) -> None:
    network = golden.lively_network()
    save_network(network, tmp_path, "lively")
    before = load_network(tmp_path)
    with pytest.raises(SuperseeError, match="nothing to calibrate with"):
        training_clips([], 2)
    calibration = training_clips([clip_folder], 2)
    losses = quantize(gl, tmp_path, calibration, list(held_out_clips([clip_folder], [2.0])))
    after = load_network(tmp_path)
    assert after.sha256 == before.sha256
    assert after.typed["fp16"] == before.typed["fp16"]
    assert after.typed["int8"].name == "model.int8.onnx"
    assert after.loss_db["int8"] == pytest.approx(mean_loss(losses), abs=1e-4)
    assert abs(after.loss_db["int8"]) < 1.0
    assert losses[0].loss != 0.0, "integers that change nothing are none"
    card = (tmp_path / "int8.md").read_text()
    assert f"calibrated on {len(calibration)} rendered training clips" in card
    assert f"mean {mean_loss(losses):.3f} dB" in card
    data = (tmp_path / "model.int8.onnx").read_bytes()
    quantize(gl, tmp_path, calibration, list(held_out_clips([clip_folder], [2.0])))
    assert (tmp_path / "model.int8.onnx").read_bytes() == data
    save_network(network, tmp_path, "lively")
    assert "int8" not in load_network(tmp_path).typed
    assert not (tmp_path / "int8.md").exists()

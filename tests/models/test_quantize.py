"""INT8 and FP8 with explicit Q/DQ: what is quantized, how well, that TensorRT builds it, what the command leaves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import nn

from app.errors import SuperseeError
from app.inference.engine_build import BuildRequest, BuiltEngine, build_engine
from app.inference.gate import check_session, load_gate
from app.inference.manifest import load_network
from app.inference.openvino_backend import OpenVinoBackend
from app.inference.tensorrt_library import TensorRtLibrary
from app.paths import WEIGHTS
from models.__main__ import main
from models.evaluate.sequences import held_out_clips
from models.export.quantize import mean_loss, quantize, training_clips
from models.network import NETWORKS, build, save_network
from models.network.load import load_exported
from models.network.quantized import (
    FORMATS,
    Magnitudes,
    NumberFormat,
    calibrated,
    convolutions,
    export_quantized_onnx,
    magnitudes,
)
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
def sampled(network: TemporalUNet) -> Magnitudes:
    return magnitudes(network, [question()])


@pytest.fixture(params=list(FORMATS))
def number(request: pytest.FixtureRequest) -> NumberFormat:
    return FORMATS[request.param]


def stored_weights(path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Of each quantized convolution what its weights come back as, and the scale (of the tensor or of each channel)."""
    graph = onnx.load(path).graph
    values = {i.name: numpy_helper.to_array(i).astype(np.float32) for i in graph.initializer}
    found = {}
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.output[0].endswith(".weight"):
            scale = values[node.input[1]].reshape(-1, 1, 1, 1)
            found[node.output[0].removesuffix(".weight")] = values[node.input[0]] * scale, scale
    return found


def stored_ranges(path: Path, number: NumberFormat) -> dict[str, float]:
    values = {i.name: numpy_helper.to_array(i) for i in onnx.load(path).graph.initializer}
    return {name: number.largest * float(values[f"{name}.scale"]) for name in stored_weights(path)}


def assert_weights_are_those_of(module: TemporalUNet, path: Path, number: NumberFormat) -> None:
    """To half a step of an integer, to a sixteenth of what has three bits of mantissa (and half its smallest step)."""
    stored = stored_weights(path)
    assert set(stored) == {name for name, _ in convolutions(module)}
    for name, layer in convolutions(module):
        (found, scale), wanted = stored[name], layer.weight.detach().numpy()
        allowed = 0.51 * scale if number.name == "int8" else np.abs(wanted) / 15.9 + scale * 2.0**-10
        assert (np.abs(found - wanted) <= allowed + 1e-7).all(), name
        assert not np.array_equal(found, wanted), "nothing was rounded"


def test_rounding_is_to_the_nearest_number_of_the_format() -> None:
    integers = FORMATS["int8"].rounded(np.array([0.4, -1.5, 126.6, 500.0, -500.0], np.float32))
    assert integers.tolist() == [0, -2, 127, 127, -127]
    # Between 16 and 32 E4M3 has every second integer, and 2^-9 is its smallest number.
    floats = FORMATS["fp8"].rounded(np.array([17.1, 17.0, 19.0, 1000.0, -1000.0, 0.0018, 0.0009], np.float32))
    assert floats.float().tolist() == [18.0, 16.0, 20.0, 448.0, -448.0, 2.0**-9, 0.0]


def test_all_but_the_first_convolution_and_the_head_are_quantized(
    network: TemporalUNet, sampled: Magnitudes, number: NumberFormat, tmp_path: Path
) -> None:
    ranges = calibrated(sampled, number)
    assert set(ranges) == {name for name, _ in convolutions(network)}
    assert "down0_0" not in ranges
    export_quantized_onnx(network, ranges, number, tmp_path / "q.onnx")
    graph = onnx.load(tmp_path / "q.onnx").graph
    made = {node.output[0]: node for node in graph.node}
    for node in graph.node:
        if node.op_type == "Conv":
            kinds = {made[name].op_type for name in node.input[:2] if name in made}
            first_or_head = node.input[0] == "features" or node.output[0] == "parameters"
            assert ("DequantizeLinear" in kinds) is not first_or_head, node.name
    types = {i.data_type for i in graph.initializer if i.name.endswith(".zero")}
    assert types == {{"int8": onnx.TensorProto.INT8, "fp8": onnx.TensorProto.FLOAT8E4M3FN}[number.name]}


def test_weights_come_back_as_near_as_the_format_allows(
    network: TemporalUNet, sampled: Magnitudes, number: NumberFormat, tmp_path: Path
) -> None:
    export_quantized_onnx(network, calibrated(sampled, number), number, tmp_path / "q.onnx")
    assert_weights_are_those_of(network, tmp_path / "q.onnx", number)


def test_ranges_follow_the_features_and_clip_what_is_rare(number: NumberFormat) -> None:
    network = build(SMALL, seed=3)
    once, twice = (calibrated(magnitudes(network, [question()]), number) for _ in range(2))
    assert once == twice
    largest: dict[str, float] = {}

    def remember(name: str, _layer: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        largest[name] = float(inputs[0].abs().max())

    for name, layer in convolutions(network):
        layer.register_forward_pre_hook(partial(remember, name))
    with torch.no_grad():
        network(torch.from_numpy(question().astype(np.float32)).permute(2, 0, 1)[None])
    for name, value in once.items():
        assert 0.0 < value <= max(largest[name], 1e-3) * 1.0001


def test_openvino_computes_what_torch_rounds(number: NumberFormat, tmp_path: Path) -> None:
    """The loss on a card is measured in OpenVINO: it must be of these numbers. It rounds to E4M3 by way of float16, so
    that one value in some hundreds, next to a tie, goes to the other side, and what follows from it differs."""
    network = load_exported(load_network(WEIGHTS / "lite"))
    ranges = calibrated(magnitudes(network, [question()]), number)
    export_quantized_onnx(network, ranges, number, tmp_path / "q.onnx", half=False)
    session = OpenVinoBackend(precision="f32", threads=1, cache="").compile(tmp_path / "q.onnx", (64, 64))
    session.input[0] = question()
    session.start()
    session.wait()
    found = session.output[0].astype(np.float32)
    session.release()
    exact, rounded = answer(network), answer(rounding(network, ranges, number))
    noise = np.sqrt(np.mean(np.square(rounded - exact)))
    assert noise > 0.01, "nothing was rounded"
    typical, spread = (0.01, 0.05) if number.name == "int8" else (0.1, 0.5)
    assert np.median(np.abs(found - rounded)) < typical * noise
    assert np.sqrt(np.mean(np.square(found - rounded))) < spread * noise


def answer(network: TemporalUNet) -> np.ndarray:
    with torch.no_grad():
        return (
            network(torch.from_numpy(question().astype(np.float32)).permute(2, 0, 1)[None])[0].permute(1, 2, 0).numpy()
        )


def rounding(network: TemporalUNet, ranges: dict[str, float], number: NumberFormat) -> TemporalUNet:
    """The network in torch, with weights and what convolutions read rounded as the file says."""

    def rounded(values: torch.Tensor, largest: float) -> torch.Tensor:
        scale = np.float32(largest / number.largest)
        return number.rounded(values.numpy() / scale).float() * float(scale)

    copied = TemporalUNet(network.config)
    copied.load_state_dict(network.state_dict())
    for name, layer in convolutions(copied):
        with torch.no_grad():
            layer.weight.copy_(rounded(layer.weight, float(layer.weight.abs().max())))
        layer.register_forward_pre_hook(lambda _l, inputs, largest=ranges[name]: (rounded(inputs[0], largest),))
    return copied


@pytest.mark.parametrize("name", ["lite", "standard"])
def test_what_is_shipped_passes_its_gate_and_loses_little(name: str, tmp_path: Path) -> None:
    """In OpenVINO, with the ranges of the shipped files."""
    network = load_network(WEIGHTS / name)
    assert network.gate is not None
    quantized = [precision for precision in network.typed if precision in FORMATS]
    assert "int8" in quantized
    for precision in quantized:
        number, path = FORMATS[precision], network.typed[precision]
        assert network.loss_db[precision] < 0.1
        export_quantized_onnx(
            load_exported(network), stored_ranges(path, number), number, tmp_path / "model.onnx", half=False
        )
        session = OpenVinoBackend(precision="f32", threads=1, cache="").compile(tmp_path / "model.onnx", (96, 64))
        result = check_session(session, load_gate(network.gate), precision)
        session.release()
        assert result.passed, result.problem
        assert result.worst_db < 60.0, "float32 reaches more: nothing was rounded"


@pytest.mark.parametrize("name", ["lite", "standard"])
def test_what_is_shipped_was_made_of_the_shipped_weights(name: str) -> None:
    network = load_network(WEIGHTS / name)
    for precision in [precision for precision in network.typed if precision in FORMATS]:
        assert_weights_are_those_of(load_exported(network), network.typed[precision], FORMATS[precision])


@pytest.mark.parametrize("target", ["sm75", "sm86", "sm89", "sm120"])
@pytest.mark.parametrize("name", ["lite", "standard"])
def test_tensorrt_builds_integers_with_nhwc_halves_at_the_boundary(
    name: str, target: str, record_property: Callable[[str, object], None]
) -> None:
    for size in ((960, 540), (1280, 720), (1708, 960), (1920, 1080), (2560, 1440)):
        built = engine(load_network(WEIGHTS / name).typed["int8"], size, target)
        record_property("engine", f"{name} {target} {size[0]}x{size[1]} int8: {said(built)}")
        assert_boundary(built)
        assert ("Int8" in types_read(built)) is (target != "sm75"), "Turing computes this in float16"


@pytest.mark.parametrize("target", ["sm89", "sm120"])
def test_tensorrt_builds_e4m3_with_nhwc_halves_at_the_boundary(
    target: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    for name, sizes in (("lite", ((960, 540),)), ("standard", ((960, 540), (1920, 1080), (2560, 1440)))):
        module = load_exported(load_network(WEIGHTS / name))
        ranges = calibrated(magnitudes(module, [question()]), FORMATS["fp8"])
        export_quantized_onnx(module, ranges, FORMATS["fp8"], tmp_path / "model.onnx")
        for size in sizes:
            built = engine(tmp_path / "model.onnx", size, target)
            record_property("engine", f"{name} {target} {size[0]}x{size[1]} fp8: {said(built)}")
            assert_boundary(built)
            assert types_read(built) == {"FP8", "Half"}, "a convolution answers in float32"


def test_gpus_without_e4m3_refuse_it_in_words(network: TemporalUNet, sampled: Magnitudes, tmp_path: Path) -> None:
    """As the builder says it: the app asks before (tests/inference/test_engine_supply.py)."""
    export_quantized_onnx(network, calibrated(sampled, FORMATS["fp8"]), FORMATS["fp8"], tmp_path / "model.onnx")
    for target in ("sm75", "sm86"):
        with pytest.raises(SuperseeError, match="HW-specific datatypes: fp8_e4m3"):
            engine(tmp_path / "model.onnx", (64, 36), target)


def engine(model: Path, size: tuple[int, int], target: str) -> BuiltEngine:
    return build_engine(TensorRtLibrary("tensorrt_rtx"), BuildRequest(model, size, target))


def said(built: BuiltEngine) -> str:
    return f"{built.seconds:.2f} s, {len(built.plan) / 1e6:.2f} MB, {len(built.layers)} kernels"


def assert_boundary(built: BuiltEngine) -> None:
    assert built.boundary == ""
    assert [(t.name, t.type, t.format) for t in built.tensors] == [
        ("features", "HALF", "HWC8"),
        ("parameters", "HALF", "HWC8"),
    ]


def types_read(built: BuiltEngine) -> set[str]:
    return {tensor.type for layer in built.layers for tensor in layer.inputs}


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


def test_the_command_writes_models_cards_and_losses_and_an_export_removes_them(
    gl, clip_folder: Path, tmp_path: Path
) -> None:
    network = golden.lively_network()
    save_network(network, tmp_path, "lively")
    before = load_network(tmp_path)
    with pytest.raises(SuperseeError, match="nothing to calibrate with"):
        training_clips([], 2)
    calibration = training_clips([clip_folder], 2)
    held_out = list(held_out_clips([clip_folder], [2.0]))
    losses = quantize(gl, tmp_path, calibration, held_out)
    after = load_network(tmp_path)
    assert after.sha256 == before.sha256
    assert after.typed["fp16"] == before.typed["fp16"]
    assert set(after.typed) == {"fp16", "int8", "fp8"}
    written = {}
    for precision, rows in losses.items():
        assert after.typed[precision].name == f"model.{precision}.onnx"
        assert after.loss_db[precision] == pytest.approx(mean_loss(rows), abs=1e-4)
        assert abs(after.loss_db[precision]) < 1.0
        assert rows[0].loss != 0.0, "rounding that changes nothing is none"
        card = (tmp_path / f"{precision}.md").read_text()
        assert card.startswith(f"# lively in {precision.upper()}\n")
        assert f"calibrated on {len(calibration)} rendered training clips" in card
        assert f"mean {mean_loss(rows):.3f} dB" in card
        written[precision] = after.typed[precision].read_bytes()
    assert losses["int8"][0].loss != losses["fp8"][0].loss
    quantize(gl, tmp_path, calibration, held_out, ["fp8"])
    assert after.typed["fp8"].read_bytes() == written["fp8"]
    assert set(load_network(tmp_path).typed) == {"fp16", "int8", "fp8"}, "one at a time, and the others stay"
    save_network(network, tmp_path, "lively")
    assert set(load_network(tmp_path).typed) == {"fp16"}
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".md"]


def test_one_precision_can_be_asked_for(clip_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_network(golden.lively_network(), tmp_path, "lively")
    arguments = ["quantize", "--network", str(tmp_path), "--data", str(clip_folder), "--calibrate", "1"]
    assert main([*arguments, "--precision", "fp8"]) == 0
    assert "model.fp8.onnx and fp8.md are written; lost to float32: " in capsys.readouterr().out
    assert set(load_network(tmp_path).typed) == {"fp16", "fp8"}
    with pytest.raises(SystemExit):
        main([*arguments, "--precision", "fp4"])

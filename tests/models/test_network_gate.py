"""What TensorRT needs beside model.onnx: the same network in float16, and the question with its answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, numpy_helper

from app.inference.channels import INPUT_CHANNELS, OUTPUT_CHANNELS
from app.inference.gate import load_gate
from app.inference.manifest import load_network
from models.network import NETWORKS, build, save_network

SMALL = NETWORKS["tiny"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("network")
    save_network(build(SMALL, seed=3), path, "small")
    return path


def test_the_typed_model_is_the_network_in_float16_without_transposes(folder: Path) -> None:
    network = load_network(folder)
    full, half = (onnx.load(path) for path in (network.model, network.typed["fp16"]))
    weights = {i.name: numpy_helper.to_array(i) for i in full.graph.initializer}
    for constant in half.graph.initializer:
        values = numpy_helper.to_array(constant)
        assert values.dtype == (np.float32 if constant.name == "double" else np.float16)
        np.testing.assert_array_equal(values, weights[constant.name].astype(values.dtype))
    kinds = [node.op_type for node in full.graph.node]
    assert kinds[1:-1] == [node.op_type for node in half.graph.node]
    for tensor, channels in ((half.graph.input[0], INPUT_CHANNELS), (half.graph.output[0], OUTPUT_CHANNELS)):
        assert tensor.type.tensor_type.elem_type == TensorProto.FLOAT16
        assert tensor.type.tensor_type.shape.dim[1].dim_value == len(channels)


def test_the_answer_holds_beyond_its_margin_and_not_within(folder: Path) -> None:
    path = load_network(folder).gate
    assert path is not None
    gate = load_gate(path)
    features = np.tile(gate.features, (4, 4, 1)).astype(np.float32)
    with torch.no_grad():
        found = build(SMALL, seed=3)(torch.from_numpy(features).permute(2, 0, 1)[None])[0].permute(1, 2, 0).numpy()
    wrong = np.abs(found - np.tile(gate.answer, (4, 4, 1))).max(axis=-1) > 1e-3 * np.abs(gate.answer).max()
    assert not wrong[gate.margin : -gate.margin, gate.margin : -gate.margin].any()
    assert wrong[: gate.margin].any()


def test_the_question_asks_every_cue_something() -> None:
    features = np.load(Path(__file__).parents[2] / "models" / "network" / "gate_features.npy").astype(np.float32)
    constant = {"jitter_x", "jitter_y", "log_ratio", "reactive"}  # the same for a whole frame
    still = {
        name for name, values in zip(INPUT_CHANNELS, features.reshape(-1, features.shape[2]).T) if not values.std()
    }
    assert still == constant


def test_the_same_weights_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    save_network(build(SMALL, seed=3), tmp_path, "small")
    for file in ("model.onnx", "model.fp16.onnx", "gate.npz", "manifest.json"):
        assert (tmp_path / file).read_bytes() == (folder / file).read_bytes(), file

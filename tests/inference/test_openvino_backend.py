"""OpenVINO: the same numbers as torch, tensors that are borrowed and not copied, plain messages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from app.errors import SuperseeError
from app.inference.channels import INPUT_CHANNELS
from app.inference.openvino_backend import OpenVinoBackend
from models.network import NETWORKS, build, export_onnx

SIZE = (20, 12)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.onnx"
    export_onnx(build(NETWORKS["tiny"], seed=1), path)
    return path


@pytest.fixture(scope="module")
def backend() -> OpenVinoBackend:
    return OpenVinoBackend(precision="f32", threads=1, cache="")


def features(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(0).random(shape).astype(np.float16)


def test_it_answers_what_torch_answers(model: Path, backend: OpenVinoBackend) -> None:
    session = backend.compile(model, SIZE)
    session.input[:] = features(session.input.shape)
    session.start()
    assert session.wait() > 0.0
    with torch.no_grad():
        nchw = torch.from_numpy(session.input.astype(np.float32)).permute(0, 3, 1, 2)
        expected = build(NETWORKS["tiny"], seed=1)(nchw).permute(0, 2, 3, 1)
    np.testing.assert_allclose(session.output, expected.numpy(), atol=2e-3, rtol=2e-3)
    session.release()


def test_the_boundary_is_nhwc_half_floats_of_the_padded_size(model: Path, backend: OpenVinoBackend) -> None:
    session = backend.compile(model, SIZE)
    assert session.input.shape == (1, 12, 20, len(INPUT_CHANNELS))
    assert session.output.shape == (1, 12, 20, 16)
    assert session.input.dtype == session.output.dtype == np.float16
    session.release()


def test_bound_arrays_are_used_in_place(model: Path, backend: OpenVinoBackend) -> None:
    session = backend.compile(model, SIZE)
    given = features(session.input.shape), np.full(session.output.shape, 7.0, np.float16)
    session.bind(*given)
    session.start()
    session.wait()
    first = given[1].copy()
    assert not (first == 7.0).any()
    given[0][:] = 0.0  # the same memory, changed
    session.start()
    session.wait()
    assert not np.array_equal(given[1], first)
    session.release()


def test_ready_does_not_block_and_comes_true(model: Path, backend: OpenVinoBackend) -> None:
    session = backend.compile(model, SIZE)
    session.start()
    session.wait()
    assert session.ready()
    session.release()


def test_a_size_is_compiled_once(model: Path) -> None:
    backend = OpenVinoBackend(threads=1, cache="")
    backend.prepare(model, SIZE)
    prepared = backend._compiled_model(model, SIZE)
    assert backend._compiled_model(model, SIZE) is prepared


def test_the_export_gives_the_same_bytes_twice(model: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.onnx"
    export_onnx(build(NETWORKS["tiny"], seed=1), again)
    assert again.read_bytes() == model.read_bytes()
    export_onnx(build(NETWORKS["tiny"], seed=2), again)
    assert again.read_bytes() != model.read_bytes()


def test_a_broken_model_is_a_plain_error(tmp_path: Path, backend: OpenVinoBackend) -> None:
    broken = tmp_path / "model.onnx"
    broken.write_bytes(b"\x08\x08nonsense")
    with pytest.raises(SuperseeError, match="cannot compile"):
        backend.compile(broken, SIZE)

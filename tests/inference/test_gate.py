"""Nothing shows a pixel before it has answered the stored question as the float32 network does."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from app.errors import SuperseeError
from app.inference.gate import LEAST_DB, Gate, check_session, compare, load_gate, refusal
from app.inference.manifest import load_network
from app.inference.openvino_backend import OpenVinoBackend
from app.paths import WEIGHTS


@pytest.fixture(scope="module", params=["lite", "standard"])
def shipped(request: pytest.FixtureRequest) -> tuple[Path, Gate]:
    network = load_network(WEIGHTS / request.param)
    assert network.gate is not None
    return network.model, load_gate(network.gate)


@pytest.fixture
def gate(shipped: tuple[Path, Gate]) -> Gate:
    return shipped[1]


def answers(gate: Gate, height: int = 64, width: int = 96) -> np.ndarray:
    return np.tile(gate.answer, (2, 3, 1))[:height, :width].astype(np.float16)


@pytest.mark.parametrize("size", [(96, 64), (100, 52)])
def test_a_real_session_answers_the_stored_question(shipped: tuple[Path, Gate], size: tuple[int, int]) -> None:
    model, gate = shipped
    session = OpenVinoBackend(precision="f32", threads=1, cache="").compile(model, size)
    result = check_session(session, gate)
    assert result.passed, result.problem
    assert result.worst_db > 65.0  # float16 at the boundary is all that differs
    session.release()


def test_the_question_is_not_easy(shipped: tuple[Path, Gate]) -> None:
    """Bfloat16, eight bits of it, is told from float32."""
    model, gate = shipped
    session = OpenVinoBackend(precision="bf16", threads=1, cache="").compile(model, (96, 64))
    exact = OpenVinoBackend(precision="f32", threads=1, cache="").compile(model, (96, 64))
    assert check_session(session, gate).worst_db <= check_session(exact, gate).worst_db
    session.release()
    exact.release()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda a: a.__setitem__((3, 5, 0), np.nan), "1 of .* not finite"),
        (lambda a: a.__setitem__((0, 0, 15), np.inf), "not finite"),  # in the margin, too
        (lambda a: a.__setitem__(slice(None), 0.0), "zero everywhere"),
        (lambda a: a.__setitem__((..., 4), 0.0), "channel 4"),
        (lambda a: a.__setitem__(slice(None), a[:, ::-1].copy()), "dB from the float32 network"),
        (lambda a: a.__setitem__(slice(None), np.roll(a, 1, axis=1)), "dB from the float32 network"),
        (lambda a: a.__setitem__(slice(None), a[..., ::-1].copy()), "dB from the float32 network"),
        (lambda a: a.__imul__(np.float16(1.05)), "dB from the float32 network"),
        (lambda a: a.__setitem__((slice(40, None), slice(60, None)), 0.0), "dB from the float32 network"),
    ],
)
def test_wrong_answers_are_refused(gate: Gate, spoil, reason: str) -> None:
    output = answers(gate)
    assert compare(output, gate).passed
    spoil(output)
    result = compare(output, gate)
    assert not result.passed
    assert re.search(reason, result.problem), result.problem
    error = refusal("TensorRT-RTX", result)
    assert "TensorRT-RTX answers wrongly" in str(error)
    assert "engines clear" in error.do


def test_a_session_that_writes_nothing_does_not_pass(gate: Gate) -> None:
    class Idle:
        input = np.zeros((1, 64, 96, gate.features.shape[2]), np.float16)
        output = answers(gate)[None]  # the right answer, from the run before

        def start(self) -> None: ...
        def wait(self) -> float:
            return 0.0

    assert "not finite" in check_session(Idle(), gate).problem  # type: ignore[arg-type]


def test_other_channels_and_tiny_networks_are_named(gate: Gate) -> None:
    class Other:
        input = np.zeros((1, 64, 96, 8), np.float16)
        output = np.zeros((1, 64, 96, 16), np.float16)

    assert "8 input" in check_session(Other(), gate).problem  # type: ignore[arg-type]
    Other.input = np.zeros((1, 16, 96, gate.features.shape[2]), np.float16)
    with pytest.raises(SuperseeError, match="cannot be checked"):
        check_session(Other(), gate)  # type: ignore[arg-type]


@pytest.mark.parametrize("precision", LEAST_DB)
def test_each_precision_has_its_bar(gate: Gate, precision: str) -> None:
    noise = np.random.default_rng(0).standard_normal(answers(gate).shape).astype(np.float32)
    span = np.ptp(gate.answer.reshape(-1, gate.answer.shape[2]), axis=0)
    for above, passes in ((6.0, True), (-6.0, False)):
        output = answers(gate).astype(np.float32) + span * noise * 10.0 ** (-(LEAST_DB[precision] + above) / 20.0)
        assert compare(output, gate, precision).passed is passes


def test_damaged_files_are_named(gate: Gate, tmp_path: Path) -> None:
    path = tmp_path / "gate.npz"
    with pytest.raises(SuperseeError, match="cannot be used"):
        load_gate(path)
    path.write_bytes(b"PK\x03\x04 nonsense")
    with pytest.raises(SuperseeError, match="cannot be used"):
        load_gate(path)
    np.savez(path, features=gate.features, margin=3)
    with pytest.raises(SuperseeError, match="cannot be used"):
        load_gate(path)
    np.savez(path, features=gate.features, answer=gate.answer.astype(np.float64), margin=3)
    with pytest.raises(SuperseeError, match="other types"):
        load_gate(path)
    np.savez(path, features=gate.features, answer=gate.answer[:8], margin=3)
    with pytest.raises(SuperseeError, match="belong together"):
        load_gate(path)
    np.savez(path, features=gate.features, answer=gate.answer * np.float32(np.nan), margin=3)
    with pytest.raises(SuperseeError, match="cannot be an answer"):
        load_gate(path)
    np.save(path.with_suffix(".npy"), np.array([{}], object), allow_pickle=True)
    path.write_bytes(path.with_suffix(".npy").read_bytes())
    with pytest.raises(SuperseeError, match="cannot be used"):
        load_gate(path)

"""The passes exist twice, in GLSL to run and in torch to train: these tests hold them together, stage by stage.

Tolerances are those of half floats (2^-11 relative) at the boundary, a little more where a logarithm or a division
follows.
"""

from __future__ import annotations

import moderngl
import numpy as np
import pytest
import torch

from app.conventions import Size
from app.inference.channels import HISTORY_SCALES, INPUT_CHANNELS
from app.inference.manifest import Network
from models.temporal import State, postpass, prepass, run_network, step
from tests.models import golden

SIZES = [
    pytest.param((40, 24), (40, 24), 1, id="1x"),
    pytest.param((37, 21), (48, 27), 1, id="1.3x odd"),
    pytest.param((32, 20), (48, 30), 1, id="1.5x"),
    pytest.param((37, 23), (73, 45), 1, id="2x odd"),
    pytest.param((31, 19), (93, 57), 1, id="3x odd"),
    pytest.param((37, 23), (73, 45), 2, id="2x odd, finer history"),
    pytest.param((32, 20), (48, 30), 2, id="1.5x, finer history"),
]
KEPT = [pytest.param(*size.values, "f4", id=str(size.id)) for size in SIZES] + [
    pytest.param(*size.values, "f2", id=f"{size.id}, kept in half floats") for size in SIZES[1::2]
]
FRAMES = 7  # the exposure changes at frames 2 and 3, frame 4 is a cut


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Network]:
    """By history scale."""
    folder = tmp_path_factory.mktemp("networks")
    return {
        scale: golden.saved(golden.lively_network(history_scale=scale), folder / str(scale)) for scale in HISTORY_SCALES
    }


@pytest.fixture(scope="module")
def network(networks: dict[int, Network]) -> Network:
    return networks[1]


@pytest.mark.parametrize(("render", "display", "scale"), SIZES)
@torch.no_grad()
def test_the_prepass_packs_what_the_torch_prepass_computes(
    gl: moderngl.Context, networks: dict[int, Network], render: Size, display: Size, scale: int
) -> None:
    frames = golden.GoldenFrames(gl, render, display, history_scale=scale)
    upscaler = golden.upscaler(gl, networks[scale])
    module, state = golden.lively_network(history_scale=scale), None
    for index in range(FRAMES):
        both = frames.frame(index)
        upscaler.begin(both.inputs)
        packed = golden.boundary(upscaler.targets.session.input, render)
        upscaler.finish()
        state = state or State.initial(both.frame)
        expected = prepass(both.frame, state).features
        for channel, name in enumerate(INPUT_CHANNELS):
            difference = (packed[:, channel] - expected[:, channel]).abs().max().item()
            assert difference < 2e-3, f"{name} differs by {difference} in frame {index}"
        _, state = step(module, both.frame, state)
    upscaler.release()


def test_padding_repeats_the_last_row_and_column(gl: moderngl.Context, network: Network) -> None:
    frames, upscaler = golden.GoldenFrames(gl, (37, 21), (74, 42)), golden.upscaler(gl, network)
    upscaler.upscale(frames.frame(0).inputs)
    tensor = upscaler.targets.session.input[0]
    assert tensor.shape[:2] == (24, 40)
    np.testing.assert_array_equal(tensor[:, 37:], np.repeat(tensor[:, 36:37], 3, 1))
    np.testing.assert_array_equal(tensor[21:], np.repeat(tensor[20:21], 3, 0))
    upscaler.release()


def test_channels_lie_in_the_tensor_bit_for_bit_where_the_order_says(gl: moderngl.Context, network: Network) -> None:
    """Inputs that pass through unchanged must come out as the very half floats that numpy makes of them."""
    frames, upscaler = golden.GoldenFrames(gl, (36, 20), (72, 40)), golden.upscaler(gl, network)
    both = frames.frame(0)
    upscaler.upscale(both.inputs)
    tensor = upscaler.targets.session.input[0]
    reactive = np.frombuffer(both.inputs.reactive.read(alignment=1), np.uint8).reshape(20, 36)
    exact = {
        "jitter_x": np.full((20, 36), both.inputs.jitter[0], np.float32),
        "jitter_y": np.full((20, 36), both.inputs.jitter[1], np.float32),
        "reactive": reactive.astype(np.float32) / np.float32(255.0),
        "log_ratio": np.ones((20, 36), np.float32),
        "history_valid": np.zeros((20, 36), np.float32),
        "hidden_3": np.zeros((20, 36), np.float32),
    }
    for name, values in exact.items():
        found = tensor[..., INPUT_CHANNELS.index(name)]
        np.testing.assert_array_equal(found.view(np.uint16), values.astype(np.float16).view(np.uint16), name)
    upscaler.release()


def test_the_runtime_answers_what_torch_answers(gl: moderngl.Context, network: Network) -> None:
    render, module = (37, 23), golden.lively_network()
    frames, upscaler = golden.GoldenFrames(gl, render, (74, 46)), golden.upscaler(gl, network)
    for index in range(2):
        upscaler.upscale(frames.frame(index).inputs)
    features = golden.boundary(upscaler.targets.session.input, render)
    with torch.no_grad():
        expected = run_network(module, features)
    torch.testing.assert_close(golden.boundary(upscaler.targets.session.output, render), expected, atol=4e-3, rtol=2e-3)
    upscaler.release()


@pytest.mark.parametrize(("render", "display", "scale", "kept"), KEPT)
@torch.no_grad()
def test_the_postpass_agrees_with_torch_for_any_answer_of_the_network(
    gl: moderngl.Context, networks: dict[int, Network], render: Size, display: Size, scale: int, kept: str
) -> None:
    frames = golden.GoldenFrames(gl, render, display, cut=9, history_scale=scale)
    upscaler = golden.upscaler(gl, networks[scale], kept)
    state = None
    for index in range(3):
        both = frames.frame(index)
        upscaler.begin(both.inputs)
        upscaler.targets.session.wait()
        answer = golden.random_output(render, index)
        upscaler.targets.session.output[:, : render[1], : render[0]] = answer
        output = golden.tensor_of(upscaler.finish(), "f2")
        state = state or State.initial(both.frame)
        expected, state = postpass(both.frame, prepass(both.frame, state), golden.boundary(answer, render), state)
        _assert_close(output[:, :3], expected, index)
        history = golden.tensor_of(upscaler.targets.histories[upscaler.targets.turn ^ 1], kept)
        assert (history[:, 3] - state.history[:, 3]).abs().max() < 0.05, "accumulated weight"
        hidden = golden.tensor_of(upscaler.targets.hidden, kept)
        assert (hidden - state.hidden).abs().max() < 1e-3, "hidden"
    upscaler.release()


@pytest.mark.parametrize(("render", "display", "scale", "kept"), KEPT)
@torch.no_grad()
def test_the_whole_chain_agrees_with_torch_over_a_cut(
    gl: moderngl.Context, networks: dict[int, Network], render: Size, display: Size, scale: int, kept: str
) -> None:
    frames = golden.GoldenFrames(gl, render, display, history_scale=scale)
    upscaler = golden.upscaler(gl, networks[scale], kept)
    module, state = golden.lively_network(history_scale=scale), None
    for index in range(FRAMES):
        both = frames.frame(index)
        output = golden.tensor_of(upscaler.upscale(both.inputs), "f2")
        state = state or State.initial(both.frame)
        expected, state = step(module, both.frame, state)
        assert output.shape[-2:] == (display[1], display[0])
        _assert_close(output[:, :3], expected, index)
    upscaler.release()


def _assert_close(output: torch.Tensor, expected: torch.Tensor, index: int) -> None:
    """Relative to 1 + value: nearly all pixels within three half-float steps; the rest may sit at a threshold (a fetch
    at the screen's edge, the choice between two motions) that rounding crosses."""
    difference = (output - expected).abs() / (1.0 + expected.abs())
    assert difference.mean() < 3e-4, f"frame {index}: mean {difference.mean():.2e}"
    assert difference.quantile(0.998) < 2.5e-3, f"frame {index}: {difference.quantile(0.998):.2e}"

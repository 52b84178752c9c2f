"""The neural upscaler as the program meets it: history, sizes, asynchrony, messages, no growth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import moderngl
import numpy as np
import pytest

from app.errors import SuperseeError
from app.inference.channels import INPUT_CHANNELS
from app.inference.manifest import Network
from app.inference.openvino_backend import OpenVinoBackend
from app.measure.stage_clock import make_clock
from app.upscale.neural import NeuralUpscaler, create
from app.upscale.registry import create_upscaler
from tests.models import golden

RENDER, DISPLAY = (32, 20), (64, 40)


def pixels(texture: moderngl.Texture) -> np.ndarray:
    return np.frombuffer(texture.read(), np.float16).reshape(texture.height, texture.width, 4).astype(np.float32)


def test_the_first_frame_needs_no_history_and_is_finite(
    gl: moderngl.Context, network: Network, backend: OpenVinoBackend
) -> None:
    upscaler = NeuralUpscaler(gl, network, backend)
    output = pixels(upscaler.upscale(golden.GoldenFrames(gl, RENDER, DISPLAY).frame(0).inputs))
    assert output.shape == (40, 64, 4)
    assert np.isfinite(output).all()
    assert (output[..., :3] >= 0.0).all()
    assert (output[..., 3] == 1.0).all()
    upscaler.release()


@pytest.mark.parametrize("how", ["reset()", "frame.reset", "resize there and back"])
def test_history_is_dropped_by_each_kind_of_reset(
    gl: moderngl.Context, network: Network, backend: OpenVinoBackend, how: str
) -> None:
    frames = golden.GoldenFrames(gl, RENDER, DISPLAY)
    first, second = frames.frame(0).inputs, frames.frame(1).inputs
    fresh = NeuralUpscaler(gl, network, backend)
    expected = pixels(fresh.upscale(second)).copy()
    used = NeuralUpscaler(gl, network, backend)
    used.upscale(first)
    if how == "reset()":
        used.reset()
    elif how == "frame.reset":
        second = replace(second, reset=True)
    else:
        used.resize(RENDER, (80, 50))
        used.resize(RENDER, DISPLAY)
    np.testing.assert_array_equal(pixels(used.upscale(second)), expected)
    fresh.release()
    used.release()


def test_history_is_kept_by_everything_else(gl: moderngl.Context, network: Network, backend: OpenVinoBackend) -> None:
    frames = golden.GoldenFrames(gl, RENDER, DISPLAY)
    first, second = frames.frame(0).inputs, frames.frame(1).inputs
    upscaler = NeuralUpscaler(gl, network, backend)
    alone = pixels(upscaler.upscale(second)).copy()
    upscaler.reset()
    upscaler.upscale(first)
    upscaler.resize(RENDER, DISPLAY)
    assert not np.array_equal(pixels(upscaler.upscale(second)), alone)
    upscaler.release()


def test_begin_and_finish_in_steps_give_the_same_as_upscale(
    gl: moderngl.Context, network: Network, backend: OpenVinoBackend
) -> None:
    frames = golden.GoldenFrames(gl, RENDER, DISPLAY)
    given = [frames.frame(i).inputs for i in range(3)]
    at_once, stepwise = (NeuralUpscaler(gl, network, backend) for _ in range(2))
    for frame in given:
        expected = pixels(at_once.upscale(frame))
        stepwise.begin(frame)
        while not stepwise.ready():
            pass
        np.testing.assert_array_equal(pixels(stepwise.finish()), expected)
    # A frame that nobody fetched still enters history.
    expected = pixels(at_once.upscale(given[1]))
    expected = pixels(at_once.upscale(given[2]))
    stepwise.begin(given[1])
    stepwise.begin(given[2])
    np.testing.assert_array_equal(pixels(stepwise.finish()), expected)
    at_once.release()
    stepwise.release()


def test_a_still_picture_gains_detail_that_one_frame_does_not_hold(
    gl: moderngl.Context, backend: OpenVinoBackend, tmp_path: Path
) -> None:
    """An untrained network is a plain temporal upscaler: with time it resolves columns a display pixel wide."""
    from app.conventions import jitter_offset
    from models.network import NETWORKS, build

    upscaler = NeuralUpscaler(gl, golden.saved(build(NETWORKS["tiny"], seed=1), tmp_path), backend)
    (width, height), (display_width, _) = RENDER, DISPLAY
    template = golden.GoldenFrames(gl, RENDER, DISPLAY).frame(0).inputs
    truth = np.random.default_rng(5).random(display_width).astype(np.float16).astype(np.float32)
    template.motion.write(np.zeros((height, width, 2), np.float16).tobytes())
    template.depth.write(np.full((height, width), 0.1, np.float32).tobytes())
    errors = []
    for index in range(24):
        jitter = jitter_offset(index, 2.0)
        column = np.floor((np.arange(width) + 0.5 + jitter[0]) * 2.0).astype(int).clip(0, display_width - 1)
        colour = np.ones((height, width, 4), np.float16)
        colour[..., :3] = truth[column][None, :, None]
        template.colour.write(colour.tobytes())
        frame = replace(template, jitter=jitter, exposure=1.0, reset=index == 0, reactive=None)
        output = pixels(upscaler.upscale(frame))[..., 0]
        errors.append(float(np.square(output - truth).mean()))
    assert np.mean(errors[-8:]) < 0.6 * errors[0]
    upscaler.release()


def test_nothing_is_made_per_frame(gl: moderngl.Context, network: Network, backend: OpenVinoBackend) -> None:
    frames = golden.GoldenFrames(gl, RENDER, DISPLAY)
    given = [frames.frame(i).inputs for i in range(2)]
    upscaler = NeuralUpscaler(gl, network, backend)
    for frame in given:
        upscaler.upscale(frame)
    kept = {name: id(value) for name, value in vars(upscaler.targets).items()}
    names = [texture.glo for texture in (*upscaler.targets.histories, upscaler.targets.output)]
    highest = gl.texture((1, 1), 1).glo
    for index in range(200):
        upscaler.upscale(given[index % 2])
    assert gl.texture((1, 1), 1).glo - highest <= 1, "GL names were used up"
    assert {n: id(v) for n, v in vars(upscaler.targets).items() if n != "turn"} == {
        n: v for n, v in kept.items() if n != "turn"
    }
    assert names == [texture.glo for texture in (*upscaler.targets.histories, upscaler.targets.output)]
    upscaler.release()


def test_every_stage_is_on_the_clock(gl: moderngl.Context, network: Network, backend: OpenVinoBackend) -> None:
    clock = make_clock(gl)
    upscaler = NeuralUpscaler(gl, network, backend, clock)
    upscaler.upscale(golden.GoldenFrames(gl, RENDER, DISPLAY).frame(0).inputs)
    assert set(clock.take()) == {"pre", "exchange", "network", "post"}
    upscaler.release()


def test_the_bytes_of_a_frame_that_reach_the_host_are_said(
    gl: moderngl.Context, network: Network, backend: OpenVinoBackend
) -> None:
    upscaler, frames = NeuralUpscaler(gl, network, backend), golden.GoldenFrames(gl, RENDER, DISPLAY)
    assert upscaler.frame_bytes_to_host is None
    assert upscaler.detail == "OpenVINO CPU f32"
    for index in range(3):
        upscaler.upscale(frames.frame(index).inputs)
        assert upscaler.frame_bytes_to_host == 32 * 20 * len(INPUT_CHANNELS) * 2 == 51200
    assert upscaler.detail == "OpenVINO CPU f32, 0.05 MB a frame to the host"
    assert upscaler.notice == ""
    upscaler.release()


def test_any_ratio_works(gl: moderngl.Context, network: Network, backend: OpenVinoBackend) -> None:
    upscaler = NeuralUpscaler(gl, network, backend)
    for render, display in (((7, 5), (7, 5)), ((1, 1), (3, 2)), ((33, 17), (57, 29))):
        frames = golden.GoldenFrames(gl, render, display)
        for index in range(2):
            output = pixels(upscaler.upscale(frames.frame(index).inputs))
        assert output.shape[:2] == display[::-1]
        assert np.isfinite(output).all()
    upscaler.release()


def test_a_missing_network_is_a_plain_error(gl: moderngl.Context, tmp_path: Path) -> None:
    with pytest.raises(SuperseeError, match="There is no network"):
        create(gl, weights=tmp_path)


def test_the_registry_makes_it(gl: moderngl.Context, network: Network, backend: OpenVinoBackend) -> None:
    upscaler = create_upscaler("neural", gl, None, network=network, backend=backend)
    assert upscaler.label == "Neural"
    upscaler.release()


def test_another_network_takes_over_between_frames_and_history_stays(
    gl: moderngl.Context, network: Network, backend: OpenVinoBackend, tmp_path: Path
) -> None:
    frames = golden.GoldenFrames(gl, RENDER, DISPLAY)
    given = [frames.frame(i).inputs for i in range(4)]
    twin = golden.saved(golden.lively_network(), tmp_path / "twin")
    other = golden.saved(golden.lively_network(seed=8), tmp_path / "other")
    kept, swapped, changed = (NeuralUpscaler(gl, network, backend) for _ in range(3))
    for frame in given[:2]:
        for upscaler in (kept, swapped, changed):
            upscaler.upscale(frame)

    def state(upscaler: NeuralUpscaler) -> list[bytes]:
        targets = upscaler.targets
        assert targets is not None
        kept = (*targets.histories, targets.hidden, *targets.surfaces, *targets.statistics)
        return [texture.read() for texture in kept]

    before = state(changed)
    swapped.begin(given[2])
    swapped.replace_network(twin)  # in the middle of a frame: that one is finished with the network that began it
    changed.replace_network(other)
    assert state(changed) == before
    expected = pixels(kept.upscale(given[2]))
    np.testing.assert_array_equal(pixels(swapped.finish()), expected)
    assert not np.array_equal(pixels(changed.upscale(given[2])), expected)
    np.testing.assert_array_equal(pixels(swapped.upscale(given[3])), pixels(kept.upscale(given[3])))
    assert swapped.network is twin
    fresh = NeuralUpscaler(gl, other, backend)
    assert not np.array_equal(pixels(changed.upscale(given[3])), pixels(fresh.upscale(given[3]))), "it has a history"
    for upscaler in (kept, swapped, changed, fresh):
        upscaler.release()


def test_a_network_with_another_history_scale_starts_afresh(
    gl: moderngl.Context, network: Network, backend: OpenVinoBackend, tmp_path: Path
) -> None:
    frames = golden.GoldenFrames(gl, RENDER, DISPLAY)
    given = [frames.frame(i).inputs for i in range(3)]
    finer = golden.saved(golden.lively_network(history_scale=2), tmp_path / "finer")
    changed, fresh = NeuralUpscaler(gl, network, backend), NeuralUpscaler(gl, finer, backend)
    for frame in given[:2]:
        changed.upscale(frame)
    changed.replace_network(finer)
    np.testing.assert_array_equal(pixels(changed.upscale(given[2])), pixels(fresh.upscale(given[2])))
    assert changed.targets is not None
    assert [h.size for h in changed.targets.histories] == [(2 * DISPLAY[0], 2 * DISPLAY[1])] * 2
    assert changed.targets.output.size == DISPLAY
    changed.replace_network(network)
    assert pixels(changed.upscale(given[0])).shape[:2] == DISPLAY[::-1]
    for upscaler in (changed, fresh):
        upscaler.release()


def test_a_network_that_cannot_be_compiled_leaves_the_session_alone(
    gl: moderngl.Context, network: Network, backend: OpenVinoBackend, tmp_path: Path
) -> None:
    frames = golden.GoldenFrames(gl, RENDER, DISPLAY)
    upscaler = NeuralUpscaler(gl, network, backend)
    upscaler.upscale(frames.frame(0).inputs)
    upscaler.replace_network(replace(network, model=tmp_path / "nothing.onnx"))
    with pytest.raises(SuperseeError, match="cannot compile"):
        upscaler.begin(frames.frame(1).inputs)
    upscaler.replace_network(network)
    assert np.isfinite(pixels(upscaler.upscale(frames.frame(1).inputs))).all()
    upscaler.release()

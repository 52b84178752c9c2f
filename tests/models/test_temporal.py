"""Properties of the torch passes that training rests on; that they equal the shaders is test_golden's business."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from app.conventions import jitter_offset
from app.inference.channels import OUTPUT_CHANNELS
from models.network import NETWORKS, build
from models.temporal import Frame, State, activate, postpass, prepass, run_network, step
from models.temporal.colour import expand
from models.temporal.sampling import bilinear, catmull_rom, shifted, upsample


def random_frames(batch: int, seed: int = 0, size: tuple[int, int] = (24, 16)) -> Frame:
    generator = torch.Generator().manual_seed(seed)
    width, height = size

    def rand(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator)

    return Frame(
        colour=rand(batch, 3, height, width) * 2.0,
        depth=rand(batch, 1, height, width),
        expected=rand(batch, 1, height, width),
        motion=rand(batch, 2, height, width) * 2.0 - 1.0,
        reactive=rand(batch, 1, height, width),
        jitter=rand(batch, 2) - 0.5,
        exposure=rand(batch) + 0.5,
        reset=torch.zeros(batch, dtype=torch.bool),
        display_size=(2 * width, 2 * height),
    )


def item(value: Frame | State, index: int) -> Frame | State:
    tensors = {f.name: getattr(value, f.name) for f in fields(value)}
    return replace(value, **{k: v[index : index + 1] for k, v in tensors.items() if isinstance(v, Tensor)})


@torch.no_grad()
def test_items_of_a_batch_do_not_touch_each_other() -> None:
    network = build(NETWORKS["tiny"], seed=1)
    first, second = random_frames(3, 0), random_frames(3, 1)
    second.reset[1] = True
    output, state = step(network, second, step(network, first, State.initial(first))[1])
    for index in range(3):
        alone = State.initial(item(first, index))  # type: ignore[arg-type]
        alone = step(network, item(first, index), alone)[1]  # type: ignore[arg-type]
        expected, expected_state = step(network, item(second, index), alone)  # type: ignore[arg-type]
        torch.testing.assert_close(output[index : index + 1], expected, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(state.hidden[index : index + 1], expected_state.hidden, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_a_finer_history_keeps_more_of_a_moving_texture() -> None:
    """Every frame resamples history; the finer one loses less by it."""
    errors = []
    for history_scale in (1, 2):
        network = build(replace(NETWORKS["tiny"], history_scale=history_scale), seed=1)
        network.head.bias[[0, 2]] = 2.0  # narrow kernels: what is blurred is blurred by resampling
        state = None
        for index in range(20):
            frame, truth = _sliding(index, history_scale)
            state = state or State.initial(frame)
            output, state = step(network, frame, state)
        errors.append(float((output - truth).square().mean()))
    assert errors[1] < 0.8 * errors[0]


def _sliding(index: int, history_scale: int) -> tuple[Frame, Tensor]:
    """A plane wave of 4 display pixels that moves by (0.31, 0.17) LR pixels a frame: 32x24 samples of it and what
    64x48 display pixels show."""
    speed, jitter = torch.tensor([0.31, 0.17]), torch.tensor(jitter_offset(index, 2.0))

    def wave(width: int, height: int, at: Tensor) -> Tensor:
        rows, columns = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
        x, y = columns * (32 / width) + at[0], rows * (24 / height) + at[1]
        return 0.5 + 0.3 * torch.sin(2.0 * math.pi * (0.4 * x + 0.3 * y)).expand(1, 3, height, width)

    moved = index * speed
    flat = torch.full((1, 1, 24, 32), 0.1)
    frame = Frame(
        colour=wave(32, 24, jitter - moved),
        depth=flat,
        expected=flat,
        motion=-speed.view(1, 2, 1, 1).expand(1, 2, 24, 32),
        reactive=None,
        jitter=jitter[None],
        exposure=torch.ones(1),
        reset=torch.tensor([index == 0]),
        display_size=(64, 48),
        history_scale=history_scale,
    )
    return frame, wave(64, 48, -moved)


@torch.no_grad()
def test_interpolation_shows_a_gradient_between_samples_and_leaves_their_weight_alone() -> None:
    """A narrow kernel's colour between samples is the nearest one's: blocks, where nothing is remembered."""
    ramp, wanted = _ramp_of_samples()
    blocks, smooth = (_first_history(ramp, share) for share in (-20.0, 20.0))
    inside = (..., slice(4, -4), slice(4, -4))
    assert (smooth[:, :3] - wanted)[inside].abs().max() < 1e-5
    assert (blocks[:, :3] - wanted)[inside].abs().max() > 0.003  # a quarter of the step between samples
    torch.testing.assert_close(smooth[:, 3], blocks[:, 3])


@torch.no_grad()
def test_the_colour_is_interpolated_where_the_narrowest_kernel_reaches_no_sample() -> None:
    ramp, wanted = _ramp_of_samples()
    history = _first_history(ramp, -20.0)
    assert history[:, :3].min() > 0.95 * wanted.min()


def _ramp_of_samples() -> tuple[Frame, Tensor]:
    """24x16 samples of a grey ramp, and the ramp at the pixels of a history of four times their number, both of them in
    accumulation space in the end."""
    frame = replace(random_frames(1, 4), reactive=None, history_scale=2, exposure=torch.ones(1))
    frame.reset[:] = True

    def ramp(width: int, height: int, right: float, down: float) -> Tensor:
        rows, columns = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
        grey = 0.1 + 0.015 * (columns * 24 / width + right) + 0.01 * (rows * 16 / height + down)
        return grey.expand(1, 3, height, width)

    samples = expand(ramp(24, 16, *frame.jitter[0].tolist()))
    return replace(frame, colour=samples), ramp(96, 64, 0.0, 0.0)


def _first_history(frame: Frame, interpolation: float) -> Tensor:
    raw = torch.zeros(1, len(OUTPUT_CHANNELS), 16, 24)
    raw[:, [OUTPUT_CHANNELS.index("cholesky_xx"), OUTPUT_CHANNELS.index("cholesky_yy")]] = 20.0
    raw[:, OUTPUT_CHANNELS.index("interpolation")] = interpolation
    state = State.initial(frame)
    return postpass(frame, prepass(frame, state), raw, state)[1].history


@torch.no_grad()
def test_a_reset_item_forgets_everything() -> None:
    network, frame = build(NETWORKS["tiny"], seed=1), random_frames(1, 2)
    frame.reset[:] = True
    _, used = step(network, random_frames(1, 3), State.initial(frame))
    torch.testing.assert_close(step(network, frame, used)[0], step(network, frame, State.initial(frame))[0])


def test_the_gradient_reaches_earlier_frames_through_history_and_hidden_features() -> None:
    network = build(NETWORKS["tiny"], seed=1)
    network.head.weight.data.mul_(6.0)
    first, second = random_frames(1, 4), random_frames(1, 5)
    state = step(network, first, State.initial(first))[1].detach()
    prepared = prepass(second, state)
    raw = run_network(network, prepared.features).detach().requires_grad_()
    _, state = postpass(second, prepared, raw, state)
    for seed in (6, 7):
        output, state = step(network, random_frames(1, seed), state)
    output.mean().backward()
    assert raw.grad is not None
    assert raw.grad.isfinite().all()
    reached = raw.grad.abs().amax((0, 2, 3)) > 0.0
    assert reached.all(), f"no gradient in output channels {(~reached).nonzero().flatten().tolist()}"
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


def test_detached_state_stops_the_gradient() -> None:
    frame = random_frames(1)
    state = step(build(NETWORKS["tiny"], seed=1), frame, State.initial(frame))[1]
    assert state.history.requires_grad
    detached = state.detach()
    tensors = [getattr(detached, f.name) for f in fields(detached) if f.name != "memory"]
    tensors += [getattr(detached.memory, f.name) for f in fields(detached.memory)]
    assert not any(tensor.requires_grad for tensor in tensors)


def test_upsampling_by_matrices_is_bilinear_sampling() -> None:
    image = torch.rand(2, 3, 5, 7)
    columns, rows = torch.rand(2, 11) * 9.0 - 1.0, torch.rand(2, 6) * 7.0 - 1.0
    position = torch.stack((columns[:, None, :].expand(2, 6, 11), rows[:, :, None].expand(2, 6, 11)), 1)
    torch.testing.assert_close(upsample(image, columns, rows), bilinear(image, position), atol=1e-5, rtol=1e-5)


def test_the_history_filter_is_bilinear_at_sharpness_0_and_exact_on_pixels_at_any() -> None:
    image = torch.rand(1, 4, 8, 8)
    between = torch.rand(1, 2, 8, 8) * 8.0
    filtered, _, plain = catmull_rom(image, between, torch.zeros(1, 1, 8, 8), between)
    torch.testing.assert_close(filtered, plain)
    rows, columns = torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="ij")
    centres = torch.stack((columns, rows))[None] + 0.5
    filtered, _, _ = catmull_rom(image, centres, torch.full((1, 1, 8, 8), 1.1), centres)
    torch.testing.assert_close(filtered, image)


def test_a_sharp_history_filter_keeps_a_shifted_wave_better_than_a_bilinear_one() -> None:
    wave = torch.sin(torch.arange(32.0) * 1.2).expand(1, 4, 32, 32).contiguous()
    rows, columns = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")
    position = torch.stack((columns, rows))[None] + torch.tensor((1.0, 0.5)).view(2, 1, 1)
    exact = torch.sin((torch.arange(32.0) + 0.5) * 1.2)
    errors = []
    for sharpness in (0.0, 1.0):
        filtered, _, _ = catmull_rom(wave, position, torch.full((1, 1, 32, 32), sharpness), position)
        errors.append(F.mse_loss(filtered[..., 4:28], exact[4:28].expand(1, 4, 32, 24)).item())
    assert errors[1] < 0.3 * errors[0]


def test_neighbours_come_row_by_row_with_edges_repeated() -> None:
    image = torch.arange(6.0).view(1, 1, 2, 3)
    neighbours = shifted(image)[0, :, 0, 0, 0]
    assert neighbours.tolist() == [0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 3.0, 3.0, 4.0]


def test_an_output_that_no_gradient_reaches_is_drawn_back() -> None:
    """A gain far out where the sigmoid is flat; within reach nothing pulls, and forward nothing changes."""
    raw = torch.zeros(1, 16, 2, 2)
    gain = OUTPUT_CHANNELS.index("gain")
    raw[:, gain, 0, 0], raw[:, gain, 0, 1] = 20.0, 3.0
    raw.requires_grad_()
    parameters, hidden = activate(raw, 1)
    (0.0 * parameters.sum() + 0.0 * hidden.sum()).backward()
    assert raw.grad is not None
    assert float(raw.grad[0, gain, 0, 0]) > 0.0
    assert torch.count_nonzero(raw.grad) == 1
    with torch.no_grad():
        torch.testing.assert_close(activate(raw, 1)[0], parameters, rtol=0.0, atol=0.0)

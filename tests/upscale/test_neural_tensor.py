"""Half floats in the network's tensors: packed and unpacked to the bit as numpy does, on each renderer's way."""

from __future__ import annotations

import moderngl
import numpy as np
import pytest

from app.render.shader_source import load_shader

WAYS = pytest.mark.parametrize("software", [0, 1], ids=["gpu", "software"])

PACK = """
layout(local_size_x = 64) in;
layout(std430, binding = 0) readonly buffer Given { vec4 given[]; };
layout(std430, binding = 1) writeonly buffer Made { EIGHT_HALVES made[]; };
void main() {
    uint i = gl_GlobalInvocationID.x;
    vec4 a = given[2u * i], b = given[2u * i + 1u];
    made[i] = packEight(vec4(a.xz, b.xz), vec4(a.yw, b.yw));
}
"""
UNPACK = """
layout(local_size_x = 64) in;
layout(std430, binding = 0) readonly buffer Given { EIGHT_HALVES given[]; };
layout(std430, binding = 1) writeonly buffer Made { vec4 made[]; };
void main() {
    uint i = gl_GlobalInvocationID.x;
    vec4 even, odd;
    unpackEight(given[i], even, odd);
    made[2u * i] = vec4(even.x, odd.x, even.y, odd.y);
    made[2u * i + 1u] = vec4(even.z, odd.z, even.w, odd.w);
}
"""


def run(gl: moderngl.Context, software: int, code: str, given: np.ndarray, size: int) -> bytes:
    source = load_shader("neural/tensor.glsl", {"SOFTWARE_RENDERER": software}).text
    shader, buffer, made = gl.compute_shader(source + code), gl.buffer(given.tobytes()), gl.buffer(reserve=size)
    buffer.bind_to_storage_buffer(0)
    made.bind_to_storage_buffer(1)
    shader.run(given.size // 8 // 64)
    answer = made.read()
    for item in (shader, buffer, made):
        item.release()
    return answer


@WAYS
def test_every_finite_half_is_unpacked(gl: moderngl.Context, software: int) -> None:
    halves = np.arange(1 << 16, dtype=np.uint16)
    finite = np.isfinite(halves.view(np.float16))
    made = np.frombuffer(run(gl, software, UNPACK, halves, halves.size * 4), np.float32)
    np.testing.assert_array_equal(made[finite], halves.view(np.float16).astype(np.float32)[finite])


@WAYS
def test_floats_are_rounded_as_numpy_rounds_them(gl: moderngl.Context, software: int) -> None:
    halves = np.arange(0x7BFF, dtype=np.uint16).view(np.float16).astype(np.float32)
    between = (halves[:-1] + halves[1:]) / 2.0  # ties
    random = np.exp2(np.random.default_rng(1).uniform(-27.0, 15.9, 1 << 16)).astype(np.float32)
    normal = np.concatenate((halves, between, np.nextafter(between, np.float32(0.0)), random))
    values = np.concatenate((normal, -normal))
    values = np.concatenate((values, np.zeros(-values.size % 512, np.float32)))
    made = np.frombuffer(run(gl, software, PACK, values, values.size * 2), np.uint16)
    np.testing.assert_array_equal(made, values.astype(np.float16).view(np.uint16))

"""Tensors cross between GL and a session, mapped or copied, and what reaches the host is counted."""

from __future__ import annotations

import moderngl
import numpy as np
import pytest

from app.inference.exchange import HostExchange

_WRITE = """#version 430 core
layout(local_size_x = 64) in;
layout(std430, binding = 0) writeonly buffer Features { uint features[]; };
void main() {
    uint i = gl_GlobalInvocationID.x;
    if (i < features.length()) features[i] = packHalf2x16(vec2(float(2u * i), float(2u * i + 1u)));
}
"""


class EchoSession:
    """Answers with the first half of what it was given."""

    def __init__(self) -> None:
        self.input = np.zeros((1, 4, 4, 32), np.float16)
        self.output = np.zeros((1, 4, 4, 16), np.float16)

    def bind(self, input: np.ndarray, output: np.ndarray) -> None:  # noqa: A002
        self.input, self.output = input, output

    def start(self) -> None:
        self.output[:] = self.input[..., :16]

    def ready(self) -> bool:
        return True

    def wait(self) -> float:
        return 0.0

    def release(self) -> None: ...


@pytest.mark.parametrize("mapped", [True, False])
def test_what_a_shader_writes_reaches_the_session_and_comes_back(gl: moderngl.Context, mapped: bool) -> None:
    session = EchoSession()
    exchange = HostExchange(gl, session, mapped=mapped)
    shader = gl.compute_shader(_WRITE)
    exchange.features.bind_to_storage_buffer(0)
    shader.run(group_x=4)
    exchange.to_network()
    expected = np.arange(512, dtype=np.float32).reshape(1, 4, 4, 32).astype(np.float16)
    np.testing.assert_array_equal(session.input, expected)
    session.start()
    exchange.from_network()
    copy = gl.buffer(reserve=exchange.parameters.size)  # a mapped buffer cannot be mapped again to be read
    gl.copy_buffer(copy, exchange.parameters)
    returned = np.frombuffer(copy.read(), np.float16).reshape(1, 4, 4, 16)
    copy.release()
    np.testing.assert_array_equal(returned, expected[..., :16])
    assert exchange.bytes_to_host == 1024
    shader.release()
    exchange.release()


def test_it_says_which_way_it_takes(gl: moderngl.Context) -> None:
    for mapped, name in ((True, "host, mapped"), (False, "host")):
        exchange = HostExchange(gl, EchoSession(), mapped=mapped)
        assert exchange.name == name
        exchange.release()

"""What every exchange keeps to: tensors cross whole and in order, GL gets its buffers back, the bytes that reach the
host are counted. Run through host memory, through CUDA's stand-in, and (marker `gpu`) through CUDA."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import moderngl
import numpy as np
import pytest

from app.inference.cuda_gl_exchange import CudaGlExchange
from app.inference.cuda_runtime import CudaRuntime
from app.inference.device_session import DeviceSession
from app.inference.exchange import HostExchange, TensorExchange
from tests.inference.echo_sessions import INPUT, OUTPUT, EchoDeviceSession, EchoSession, Shape
from tests.inference.recorded_cuda import RecordedCuda

_WRITE = """#version 430 core
layout(local_size_x = 64) in;
layout(std430, binding = 0) writeonly buffer Features { uint features[]; };
uniform float scale;
void main() {
    uint i = gl_GlobalInvocationID.x;
    if (i < features.length()) features[i] = packHalf2x16(scale * vec2(float(2u * i), float(2u * i + 1u)));
}
"""


@dataclass
class Kind:
    """How to make a pair of session and exchange; `counts` where bytes reach the host."""

    make: Callable[[moderngl.Context, Shape, Shape], tuple[EchoSession, TensorExchange]]
    counts: bool


def _host(mapped: bool) -> Kind:
    def make(context: moderngl.Context, *shapes: Shape) -> tuple[EchoSession, TensorExchange]:
        session = EchoSession(*shapes)
        return session, HostExchange(context, session, mapped=mapped)

    return Kind(make, counts=True)


def _cuda(runtime: CudaRuntime) -> Kind:
    def make(context: moderngl.Context, *shapes: Shape) -> tuple[EchoSession, TensorExchange]:
        runtime.use(runtime.device_of_gl_context())
        session = EchoDeviceSession(runtime, *shapes)
        return session, CudaGlExchange(context, session, runtime)

    return Kind(make, counts=False)


@pytest.fixture(params=["mapped", "copied", "recorded CUDA", pytest.param("CUDA", marks=pytest.mark.gpu)])
def kind(request: pytest.FixtureRequest, gl: moderngl.Context) -> Iterator[Kind]:
    if request.param == "recorded CUDA":
        recorded = RecordedCuda()
        yield _cuda(CudaRuntime(recorded))
        assert not recorded.alive, "handles were left behind"
    elif request.param == "CUDA":
        yield _cuda(CudaRuntime())
    else:
        yield _host(request.param == "mapped")


@pytest.fixture
def shader(gl: moderngl.Context) -> Iterator[moderngl.ComputeShader]:
    program = gl.compute_shader(_WRITE)
    yield program
    program.release()


def _release(session: EchoSession, exchange: TensorExchange) -> None:
    session.release()
    exchange.release()


def _write(shader: moderngl.ComputeShader, exchange: TensorExchange, scale: float) -> None:
    shader["scale"] = scale
    exchange.features.bind_to_storage_buffer(0)
    shader.run(group_x=exchange.features.size // 256 + 1)


def _expected(scale: float, shape: Shape) -> np.ndarray:
    return (scale * np.arange(np.prod(shape), dtype=np.float32)).astype(np.float16).reshape(shape)


def _answer(gl: moderngl.Context, exchange: TensorExchange, shape: Shape) -> np.ndarray:
    copy = gl.buffer(reserve=exchange.parameters.size)  # a mapped buffer cannot be mapped again to be read
    gl.copy_buffer(copy, exchange.parameters)
    found = np.frombuffer(copy.read(), np.float16).reshape(shape)
    copy.release()
    return found


@pytest.mark.parametrize(
    ("input_shape", "output_shape"), [(INPUT, OUTPUT), ((1, 5, 7, 8), (1, 5, 7, 4)), ((1, 12, 20, 40), (1, 12, 20, 16))]
)
def test_what_a_shader_writes_comes_back_whole(
    gl: moderngl.Context, kind: Kind, shader: moderngl.ComputeShader, input_shape: Shape, output_shape: Shape
) -> None:
    session, exchange = kind.make(gl, input_shape, output_shape)
    for scale in (1.0, 0.5, 0.25):
        _write(shader, exchange, scale)
        exchange.to_network()
        session.start()
        session.wait()
        exchange.from_network()
        expected = _expected(scale, input_shape).reshape(-1)[: np.prod(output_shape)].reshape(output_shape)
        np.testing.assert_array_equal(_answer(gl, exchange, output_shape), expected)
    _release(session, exchange)


def test_the_bytes_that_reach_the_host_are_counted(
    gl: moderngl.Context, kind: Kind, shader: moderngl.ComputeShader
) -> None:
    session, exchange = kind.make(gl, INPUT, OUTPUT)
    for frame in range(1, 4):
        _write(shader, exchange, 1.0)
        exchange.to_network()
        session.start()
        exchange.from_network()
        assert exchange.bytes_to_host == (1024 * frame if kind.counts else 0)
    _release(session, exchange)


def test_a_frame_that_is_dropped_leaves_the_buffers_to_gl(
    gl: moderngl.Context, kind: Kind, shader: moderngl.ComputeShader
) -> None:
    session, exchange = kind.make(gl, INPUT, OUTPUT)
    _write(shader, exchange, 1.0)
    exchange.to_network()
    exchange.from_network()  # never started
    exchange.from_network()  # and twice does no harm
    _write(shader, exchange, 0.5)
    exchange.to_network()
    session.start()
    exchange.from_network()
    np.testing.assert_array_equal(_answer(gl, exchange, OUTPUT).reshape(-1), _expected(0.5, (1, 1, 1, 256)).reshape(-1))
    _release(session, exchange)


def test_another_size_takes_its_place(gl: moderngl.Context, kind: Kind, shader: moderngl.ComputeShader) -> None:
    for height in (4, 9, 4, 16):
        shapes = (1, height, 4, 32), (1, height, 4, 16)
        session, exchange = kind.make(gl, *shapes)
        _write(shader, exchange, 0.125)
        exchange.to_network()
        session.start()
        exchange.from_network()
        assert _answer(gl, exchange, shapes[1]).reshape(-1)[-1] == np.float16(0.125 * (height * 64 - 1))
        _release(session, exchange)


def test_released_in_the_middle_of_a_frame(gl: moderngl.Context, kind: Kind, shader: moderngl.ComputeShader) -> None:
    session, exchange = kind.make(gl, INPUT, OUTPUT)
    _write(shader, exchange, 1.0)
    exchange.to_network()
    session.start()
    _release(session, exchange)


def test_it_says_which_way_it_takes(gl: moderngl.Context, kind: Kind) -> None:
    session, exchange = kind.make(gl, INPUT, OUTPUT)
    assert exchange.name in ("host, mapped", "host", "CUDA, shared")
    assert ("CUDA" in exchange.name) == isinstance(session, DeviceSession)
    assert exchange.notice == ""
    _release(session, exchange)

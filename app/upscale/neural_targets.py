"""Everything of the neural upscaler that belongs to one pair of sizes: made at resize, never per frame."""

from __future__ import annotations

from typing import Any

import moderngl

from app.conventions import Size
from app.errors import SuperseeError
from app.inference.backend import InferenceBackend, InferenceSession, check_tensors
from app.inference.exchange import TensorExchange, make_exchange
from app.inference.manifest import Network
from app.render.gl_context import is_software, unbind_framebuffer

HALF, FLOAT, WORDS = "f2", "f4", "u4"


def kept_dtype(context: moderngl.Context) -> str:
    """What the passes keep in textures that are read many times a pixel. A software renderer converts half floats with
    many instructions at every read; a GPU is bound by memory and wants the halves. What is read once costs a processor
    more by its size, too: that is kept in halves everywhere."""
    return FLOAT if is_software(context) else HALF


class NeuralTargets:
    """Textures, framebuffers, the network's session and the exchange for one render, display and history size.

    What survives from frame to frame lies twice and alternates: history (colour in accumulation space, weight N), LR
    depth with motion, and the neighbourhood statistics (eight half floats in four words). `turn` says which one this
    frame writes. `kept`: see kept_dtype.
    """

    def __init__(
        self,
        context: moderngl.Context,
        network: Network,
        backend: InferenceBackend,
        render_size: Size,
        display_size: Size,
        kept: str,
    ) -> None:
        self._context = context
        self.sizes = render_size, display_size
        self.history_size = history_size(network, display_size)
        self.network = network
        self.padded = network.padded(render_size)
        self.scales = _scales(render_size, self.padded, display_size, self.history_size)
        self.session, self.exchange = self._joined(network, backend)
        self.turn = 0
        self.samples = _texture(context, render_size, 4, kept, smooth=False)
        self.surfaces = [_texture(context, render_size, 4, FLOAT) for _ in range(2)]
        self.motions = _texture(context, self.padded, 4, kept, smooth=False)
        self.statistics = [_texture(context, self.padded, 4, WORDS, smooth=False) for _ in range(2)]
        self.parameters = [_texture(context, render_size, 4, kept) for _ in range(3)]
        self.hidden = _texture(context, render_size, 4, kept)
        self.histories = [_texture(context, self.history_size, 4, kept) for _ in range(2)]
        self.output = _texture(context, display_size, 4, HALF)
        self.prepare = [context.framebuffer([self.samples, surface]) for surface in self.surfaces]
        self.features = [context.framebuffer([self.motions, statistics]) for statistics in self.statistics]
        self.unpack = context.framebuffer([*self.parameters, self.hidden])
        # A finer history is written as an image, a display pixel's four at once.
        fine = network.history_scale > 1
        self.resolve = [context.framebuffer([self.output] if fine else [h, self.output]) for h in self.histories]
        fresh = [context.framebuffer([history]) for history in self.histories]
        for framebuffer in (*self._framebuffers(), *fresh):
            framebuffer.clear()  # fresh textures may hold NaN, which a weight of 0 does not remove
        unbind_framebuffer(context)
        for framebuffer in fresh:
            framebuffer.release()
        for statistics in self.statistics:  # whole numbers, which clearing leaves undefined
            statistics.write(bytes(16 * self.padded[0] * self.padded[1]))

    @property
    def surface(self) -> moderngl.Texture:
        """This frame's depth and motion, to be read pixel by pixel."""
        self.surfaces[self.turn].filter = moderngl.NEAREST, moderngl.NEAREST
        return self.surfaces[self.turn]

    def fits(self, network: Network, render_size: Size, display_size: Size) -> bool:
        """Whether these are the sizes that `network` needs, so that it may take the place of the one that is here."""
        return self.sizes == (render_size, display_size) and self.history_size == history_size(network, display_size)

    def last_history(self, *, smooth: bool) -> moderngl.Texture:
        """The frame's before, to be read between its pixels, or pixel by pixel."""
        history = self.histories[self.turn ^ 1]
        history.filter = (moderngl.LINEAR, moderngl.LINEAR) if smooth else (moderngl.NEAREST, moderngl.NEAREST)
        return history

    @property
    def last_surface(self) -> moderngl.Texture:
        """The frame's before, to be read between pixels."""
        self.surfaces[self.turn ^ 1].filter = moderngl.LINEAR, moderngl.LINEAR
        return self.surfaces[self.turn ^ 1]

    def replace_network(self, network: Network, backend: InferenceBackend) -> None:
        """Another network at the same sizes; textures keep what they hold. No inference may be under way. Raises
        SuperseeError where it cannot be compiled; the one before then stays."""
        session, exchange = self._joined(network, backend)
        self.session.release()
        self.exchange.release()
        self.network, self.session, self.exchange = network, session, exchange

    def release(self) -> None:
        unbind_framebuffer(self._context)
        self.session.release()
        self.exchange.release()
        textures = (
            self.samples,
            *self.surfaces,
            self.motions,
            *self.statistics,
            *self.parameters,
            self.hidden,
            *self.histories,
            self.output,
        )
        for item in (*self._framebuffers(), *textures):
            item.release()

    def _joined(self, network: Network, backend: InferenceBackend) -> tuple[InferenceSession, TensorExchange]:
        session = backend.compile(network.model, self.padded)
        try:
            check_tensors(session, network.model, self.padded)
            return session, make_exchange(self._context, session)
        except SuperseeError:
            session.release()
            raise

    def _framebuffers(self) -> list[moderngl.Framebuffer]:
        return [*self.prepare, *self.features, self.unpack, *self.resolve]


def history_size(network: Network, display_size: Size) -> Size:
    width, height = display_size
    return width * network.history_scale, height * network.history_scale


def _scales(render: Size, padded: Size, display: Size, history: Size) -> dict[str, Any]:
    """The passes' uniforms that follow from the sizes: divided here once, not at every pixel."""
    return {
        "renderSize": render,
        "paddedWidth": padded[0],
        "historySize": history,
        "renderTexel": tuple(1.0 / n for n in render),
        "paddedTexel": tuple(1.0 / n for n in padded),
        "historyTexel": tuple(1.0 / n for n in history),
        "historyPerRender": tuple(h / r for h, r in zip(history, render)),
        "renderPerDisplay": tuple(r / d for d, r in zip(display, render)),
        "renderPerHistory": tuple(r / h for h, r in zip(history, render)),
    }


def _texture(
    context: moderngl.Context, size: Size, components: int, dtype: str, *, smooth: bool = True
) -> moderngl.Texture:
    texture = context.texture(size, components, dtype=dtype)
    texture.filter = (moderngl.LINEAR, moderngl.LINEAR) if smooth else (moderngl.NEAREST, moderngl.NEAREST)
    texture.repeat_x = texture.repeat_y = False
    return texture

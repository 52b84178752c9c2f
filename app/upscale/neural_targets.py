"""Everything of the neural upscaler that belongs to one pair of sizes: made at resize, never per frame."""

from __future__ import annotations

import moderngl

from app.conventions import Size
from app.inference.backend import InferenceBackend
from app.inference.exchange import HostExchange, TensorExchange
from app.inference.manifest import Network

_HALF, _FLOAT = "f2", "f4"


class NeuralTargets:
    """Textures, framebuffers, the network's session and the exchange for one (render size, display size).

    What survives from frame to frame lies twice and alternates: history (colour in accumulation space, weight N) and
    the LR depth. `turn` says which one this frame writes.
    """

    def __init__(
        self,
        context: moderngl.Context,
        network: Network,
        backend: InferenceBackend,
        render_size: Size,
        display_size: Size,
    ) -> None:
        self.sizes = render_size, display_size
        self.padded = network.padded(render_size)
        self.session = backend.compile(network.model, self.padded)
        self.exchange: TensorExchange = HostExchange(context, self.session)
        self.turn = 0
        self.samples = _texture(context, render_size, 4, _HALF, smooth=False)
        self.depths = [_texture(context, render_size, 1, _FLOAT) for _ in range(2)]
        self.motions = _texture(context, self.padded, 4, _HALF, smooth=False)
        self.parameters = [_texture(context, render_size, 4, _HALF) for _ in range(3)]
        self.hidden = _texture(context, render_size, 4, _HALF)
        self.histories = [_texture(context, display_size, 4, _HALF) for _ in range(2)]
        self.output = _texture(context, display_size, 4, _HALF)
        self.prepare = [context.framebuffer([self.samples, depth]) for depth in self.depths]
        self.features = context.framebuffer([self.motions])
        self.unpack = context.framebuffer([*self.parameters, self.hidden])
        self.resolve = [context.framebuffer([history, self.output]) for history in self.histories]
        for framebuffer in self._framebuffers():
            framebuffer.clear()  # fresh textures may hold NaN, which a weight of 0 does not remove

    def release(self) -> None:
        self.session.release()
        self.exchange.release()
        textures = (
            self.samples,
            *self.depths,
            self.motions,
            *self.parameters,
            self.hidden,
            *self.histories,
            self.output,
        )
        for item in (*self._framebuffers(), *textures):
            item.release()

    def _framebuffers(self) -> list[moderngl.Framebuffer]:
        return [*self.prepare, self.features, self.unpack, *self.resolve]


def _texture(
    context: moderngl.Context, size: Size, components: int, dtype: str, *, smooth: bool = True
) -> moderngl.Texture:
    texture = context.texture(size, components, dtype=dtype)
    texture.filter = (moderngl.LINEAR, moderngl.LINEAR) if smooth else (moderngl.NEAREST, moderngl.NEAREST)
    texture.repeat_x = texture.repeat_y = False
    return texture

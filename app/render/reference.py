"""The reference: many jittered display-size samples of one frozen instant, averaged in linear light."""

from __future__ import annotations

import moderngl

from app.conventions import halton
from app.render.fullscreen import FullscreenPass
from app.render.gl_context import unbind_framebuffer
from app.render.live_source import LiveSource
from app.scene.state import SceneState

# Textures are read one level sharper than one sample a pixel may read them, which is also what a low-resolution
# pass reads (log2(render / display) - 1 from its own pixel is -1 from the display's): the box filter over the pixel
# does the rest, and a perfect upscaler could arrive at exactly this picture.
REFERENCE_LOD_BIAS = -1.0


class ReferenceAccumulator:
    """Averages `samples` positions of the Halton(2,3) set, which fill the pixel's square evenly: a box filter one
    display pixel wide. `texture` is RGBA32F of the source's display size, scene-linear. `lod_bias` is that of the
    samples, from a display pixel: whose low-resolution frames have another than the ratio's own gives it here, with
    log2(display / render) added, or the frames cannot converge to the reference."""

    def __init__(self, source: LiveSource, lod_bias: float = REFERENCE_LOD_BIAS) -> None:
        self._source = source
        self._lod_bias = lod_bias
        self._context = source.context
        self._add = FullscreenPass(self._context, "reference/add.frag")
        self._texture: moderngl.Texture | None = None
        self._target: moderngl.Framebuffer | None = None
        self._state: SceneState | None = None
        self._samples = 0
        self.done = 0

    @property
    def texture(self) -> moderngl.Texture:
        """The mean of the samples taken so far."""
        assert self._texture is not None, "begin comes first"
        return self._texture

    @property
    def complete(self) -> bool:
        return self.done >= self._samples

    def begin(self, state: SceneState, samples: int) -> None:
        self._state, self._samples, self.done = state, samples, 0
        size = self._source.display_size
        if self._texture is None or self._texture.size != size:
            self._release_target()
            self._texture = self._context.texture(size, 4, dtype="f4")
            self._target = self._context.framebuffer([self._texture])

    def step(self, n: int) -> int:
        """Takes up to `n` more samples; returns how many are done in all."""
        assert self._state is not None, "begin comes first"
        assert self._target is not None
        for index in range(self.done, min(self.done + n, self._samples)):
            jitter = halton(index + 1, 2) - 0.5, halton(index + 1, 3) - 0.5
            colour = self._source.render_sample(self._state, jitter, self._lod_bias)
            # A running mean, so that what is shown while it accumulates has the right brightness.
            self._add.draw(self._target, {"sampleMap": colour}, mean=True, weight=1.0 / (index + 1))
            self.done = index + 1
        return self.done

    def release(self) -> None:
        self._release_target()
        self._add.release()

    def _release_target(self) -> None:
        if self._texture is not None and self._target is not None:
            unbind_framebuffer(self._context)
            self._target.release()
            self._texture.release()
            self._texture = self._target = None

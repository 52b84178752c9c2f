"""What is shown, read back from the GPU: the canvas, the panes' pictures, and every buffer of the frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import moderngl
import numpy as np

from app.capture.screenshot import Layer
from app.conventions import Size
from app.present.comparison import Comparison
from app.present.composition import Composition
from app.present.decoration import Decoration
from app.present.layout import View
from app.present.pane_pictures import read_rgb
from app.present.shot import Looks, shot_record
from app.render.gl_context import unbind_framebuffer
from app.sequence.native_meta import CHANNELS, COLOUR, DEPTH, MOTION, REACTIVE

_DTYPES = {"f1": np.uint8, "f2": np.float16, "f4": np.float32}
_COLOUR_CHANNELS = ("R", "G", "B")


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """8-bit sRGB images, (height, width, 3), row 0 on top, with the record of how they were made."""

    view: np.ndarray
    panes: list[tuple[str, np.ndarray]]
    record: dict[str, Any]
    layers: dict[str, Layer]


def read_shot(comparison: Comparison, composition: Composition, scene: str, looks: Looks, buffers: bool) -> Shot:
    """The comparison's last frame as the composition shows it, and with `buffers` what it was made of. `scene`: what
    `supersee` opens under that name. The frame must be complete and the GL context current."""
    record = shot_record(comparison, composition, scene, looks)
    view = drawn(comparison.context, composition, looks.canvas, looks.view, looks.decoration)
    return Shot(view, pane_pictures(composition), record, read_layers(comparison) if buffers else {})


def drawn(
    context: moderngl.Context, composition: Composition, canvas: Size, view: View, decoration: Decoration
) -> np.ndarray:
    """The canvas drawn once more into a texture and read back, (height, width, 3), read-only. The context must be
    current."""
    texture = context.texture(canvas, 4)
    target = context.framebuffer([texture])
    try:
        composition.draw(target, canvas, view, decoration)
        return read_rgb(texture)
    finally:
        unbind_framebuffer(context)
        target.release()
        texture.release()


def pane_pictures(composition: Composition) -> list[tuple[str, np.ndarray]]:
    """Each pane's method and picture, left to right."""
    pictures = [(pane.method, composition.pane_pixels(index)) for index, pane in enumerate(composition.panes)]
    return [(method, picture) for method, picture in pictures if picture is not None]


def read_layers(comparison: Comparison) -> dict[str, Layer]:
    """Colour, depth, motion and the reactive mask at render size, and each method's linear picture (and the
    reference, where it is shown) at display size. The frame must be complete and the GL context current."""
    frame = comparison.frame
    assert frame is not None, "there is no frame yet"
    textures = {COLOUR: frame.colour, DEPTH: frame.depth, MOTION: frame.motion}
    if frame.reactive is not None:
        textures[REACTIVE] = frame.reactive
    layers = {name: _layer(texture, CHANNELS[name]) for name, texture in textures.items()}
    for name in dict.fromkeys(comparison.shown):
        run = comparison.runs[name]
        if run.texture is not None and not run.stands_in:  # a stand-in's picture is not the method's
            layers[name] = _layer(run.texture, _COLOUR_CHANNELS)
    return layers


def _layer(texture: moderngl.Texture, channels: tuple[str, ...]) -> Layer:
    """The texture's first channels; 8-bit values become half floats from 0 to 1."""
    width, height = texture.size
    dtype = _DTYPES[texture.dtype]
    pixels = np.frombuffer(texture.read(alignment=1), dtype).reshape(height, width, texture.components)
    pixels = pixels[..., : len(channels)]
    if dtype is np.uint8:
        pixels = (pixels / np.float32(255.0)).astype(np.float16)
    return Layer(channels, pixels)

"""Lettering: enamel signs, notices, neon and tickers."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from app.paths import ASSETS
from assets.generator.noise import blurred, spectral, to_bytes
from assets.generator.texture_set import TextureSet

FACES = {
    "condensed": "BarlowCondensed-SemiBold.ttf",
    "sans": "Inter-SemiBold.ttf",
    "text": "Inter-Regular.ttf",
    "mono": "JetBrainsMono-SemiBold.ttf",
    "pixel": "VT323-Regular.ttf",
}
Colour = tuple[int, int, int] | int


def face(name: str, size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(ASSETS / "fonts" / FACES[name]), size, layout_engine=ImageFont.Layout.BASIC)


def fitted(draw: ImageDraw.ImageDraw, text: str, name: str, width: float, height: float) -> ImageFont.FreeTypeFont:
    """The largest size at which the text fits."""
    size = height
    left, top, right, bottom = draw.textbbox((0, 0), text, font=face(name, size))
    return face(name, size * min(width / max(right - left, 1), height / max(bottom - top, 1), 4.0))


def centred(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    font: ImageFont.FreeTypeFont,
    fill: Colour,
    stroke: int = 0,
) -> None:
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    draw.text(
        (at[0] - (left + right) / 2, at[1] - (top + bottom) / 2),
        text,
        font=font,
        fill=fill,
        stroke_width=stroke,
        stroke_fill=fill,
    )


def _aged(image: Image.Image, seed: int, amount: float = 0.12) -> np.ndarray:
    pixels = np.asarray(image.convert("RGB"), float) / 255
    h, w = pixels.shape[:2]
    dirt = spectral(max(h, w), 1.5, seed)[:h, :w, None]
    return to_bytes(pixels * (1 - amount + amount * 1.6 * dirt).clip(0, 1))


def enamel(
    name: str,
    text: str,
    size: tuple[int, int],
    ground: Colour,
    ink: Colour,
    font: str = "condensed",
    small: str = "",
    seed: int = 201,
) -> TextureSet:
    """A plate with a double border, one big line and perhaps a small one."""
    w, h = size
    image = Image.new("RGB", size, ground)
    draw = ImageDraw.Draw(image)
    m = h * 0.05
    draw.rounded_rectangle((m, m, w - m, h - m), radius=h * 0.08, outline=ink, width=max(2, int(h * 0.025)))
    split = 0.62 if small else 0.5
    centred(draw, (w / 2, h * (0.42 if small else 0.5)), text, fitted(draw, text, font, w * 0.84, h * split * 0.8), ink)
    if small:
        centred(draw, (w / 2, h * 0.78), small, fitted(draw, small, "sans", w * 0.8, h * 0.115), ink)
    return TextureSet(name, _aged(image, seed))


def notice(
    name: str,
    title: str,
    lines: list[str],
    size: tuple[int, int],
    ground: Colour = (236, 230, 214),
    ink: Colour = (40, 44, 52),
    accent: Colour = (176, 60, 44),
    seed: int = 211,
) -> TextureSet:
    """A printed board with rows of small type: what goes to mush first."""
    w, h = size
    image = Image.new("RGB", size, ground)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, w, h * 0.17), fill=accent)
    centred(draw, (w / 2, h * 0.085), title, fitted(draw, title, "condensed", w * 0.86, h * 0.10), ground)
    step = h * 0.78 / len(lines)
    font = face("sans", step * 0.62)
    figures = face("mono", step * 0.56)
    for i, line in enumerate(lines):
        y = h * 0.20 + i * step
        left, _, right = line.partition("|")
        draw.text((w * 0.06, y), left, font=font, fill=ink)
        if right:
            width = draw.textlength(right, font=figures)
            draw.text((w * 0.94 - width, y + step * 0.03), right, font=figures, fill=accent)
        draw.line((w * 0.06, y + step * 0.86, w * 0.94, y + step * 0.86), fill=(190, 182, 164), width=1)
    return TextureSet(name, _aged(image, seed, 0.08))


def neon(
    name: str, text: str, size: tuple[int, int], tube: Colour, font: str = "sans", frame: bool = True
) -> np.ndarray:
    """(h, w, 3) uint8 emissive picture: glowing tubes on black."""
    w, h = size
    mask = Image.new("L", size, 0)
    draw = ImageDraw.Draw(mask)
    face_ = fitted(draw, text, font, w * 0.80, h * 0.52)
    left, top, right, bottom = draw.textbbox((0, 0), text, font=face_)
    draw.text(
        (w / 2 - (left + right) / 2, h / 2 - (top + bottom) / 2),
        text,
        font=face_,
        fill=0,
        stroke_width=max(2, h // 48),
        stroke_fill=255,
    )
    draw.text((w / 2 - (left + right) / 2, h / 2 - (top + bottom) / 2), text, font=face_, fill=0)
    if frame:
        draw.rounded_rectangle(
            (h * 0.08, h * 0.08, w - h * 0.08, h * 0.92), radius=h * 0.2, outline=255, width=max(3, h // 40)
        )
    core = np.asarray(mask, float) / 255
    return neon_glow(core, tube, h)


def neon_glow(core: np.ndarray, tube: Colour, h: int) -> np.ndarray:
    """A white-hot core with a coloured halo around it."""
    halo = blurred(core, h / 70) * 0.7 + blurred(core, h / 20) * 0.5
    colour = np.asarray(tube, float) / 255
    hot = blurred(core, 0.8).clip(0, 1)[..., None]
    picture = hot * (0.55 * colour + 0.45 * hot) + 0.55 * halo[..., None] * colour
    return to_bytes(picture.clip(0, 1))


def ticker(text: str, size: tuple[int, int] = (2048, 64), ink: Colour = (255, 150, 40), rows: int = 16) -> np.ndarray:
    """(h, w, 3) uint8 emissive LED matrix with the text once around; it tiles in x."""
    w, h = size
    pitch = h // rows
    columns = w // pitch
    small = Image.new("L", (columns, rows), 0)
    draw = ImageDraw.Draw(small)
    draw.fontmode = "1"
    font = face("pixel", 16)
    length = draw.textlength(text, font=font)
    draw.text((max(0, (columns - length) / 2), -1), text, font=font, fill=255)
    lit = np.asarray(small, float)[:, :, None] / 255
    y, x = (np.mgrid[0:pitch, 0:pitch] + 0.5) / pitch - 0.5
    dot = np.clip((0.56 - np.hypot(x, y)) * pitch * 0.7, 0, 1)
    lamps = np.kron(lit[..., 0] * 0.96 + 0.035, dot)
    return to_bytes(lamps[..., None] * np.asarray(ink, float) / 255)


def flag(size: int = 512, seed: int = 221) -> TextureSet:
    """A chequered pennant with a roundel: large shapes and a fine weave."""
    image = Image.new("RGB", (size, size), (226, 214, 190))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, size, size * 0.30), fill=(28, 84, 96))
    draw.rectangle((0, size * 0.70, size, size), fill=(196, 74, 46))
    for i in range(16):
        for j in range(2):
            if (i + j) % 2:
                s = size / 16
                draw.rectangle(
                    (i * s, size * 0.30 + j * s * 0.6, (i + 1) * s, size * 0.30 + (j + 1) * s * 0.6), fill=(40, 44, 52)
                )
    draw.ellipse((size * 0.34, size * 0.34 + 20, size * 0.66, size * 0.66 + 20), fill=(28, 84, 96))
    centred(
        draw,
        (size * 0.5, size * 0.5 + 20),
        "S",
        fitted(draw, "S", "condensed", size * 0.2, size * 0.2),
        (240, 232, 214),
    )
    weave = 0.94 + 0.06 * ((np.arange(size)[:, None] // 2 + np.arange(size)[None, :] // 2) % 2)
    return TextureSet("flag", to_bytes(np.asarray(image, float) / 255 * weave[..., None]))


def room(size: int = 256, seed: int = 231) -> np.ndarray:
    """(size, size, 3) uint8 emissive picture of a dim room behind a window: curtains, shelves, a lamp."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (size, size), (52, 40, 28))
    draw = ImageDraw.Draw(image)
    for shelf in range(4):
        y = size * (0.30 + 0.17 * shelf)
        draw.rectangle((size * 0.2, y, size * 0.8, y + 4), fill=(34, 24, 16))
        x = size * 0.22
        while x < size * 0.76:
            w, h = rng.uniform(5, 12), rng.uniform(14, 34)
            ink = tuple(int(v) for v in rng.uniform(40, 120, 3) * np.array([1.1, 0.8, 0.6]))
            draw.rectangle((x, y - h, x + w, y), fill=ink)
            x += w + rng.uniform(1, 9)
    for side in (0, 1):
        for fold in range(6):
            x = (fold * 9) if side == 0 else size - (fold + 1) * 9
            tone = 70 + 22 * (fold % 2) - 3 * fold
            draw.rectangle((x, 0, x + 9, size), fill=(tone + 30, tone + 18, tone - 6))
    draw.rectangle((0, 0, size, size * 0.08), fill=(96, 84, 62))
    picture = np.asarray(image, float) / 255
    y, x = np.mgrid[0:size, 0:size] / size
    lamp = np.exp(-((x - 0.62) ** 2 + (y - 0.22) ** 2) / 0.05)[..., None]
    return to_bytes((picture * (0.55 + 1.6 * lamp) + lamp * np.array([0.42, 0.28, 0.12])).clip(0, 1))

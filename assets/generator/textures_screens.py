"""Glowing pictures for the night scene: game screens, posters, a billboard."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from assets.generator.noise import spectral, to_bytes
from assets.generator.texture_set import TextureSet
from assets.generator.textures_signs import centred, face, fitted

_SPRITES = (
    "00111100 01111110 11011011 11111111 00100100 01011010 10100101 00000000",
    "00011000 00111100 01111110 11011011 11111111 01011010 10000001 01000010",
    "00100100 00011000 00111100 01100110 11111111 10111101 10100101 00011000",
)


def _sprite(pixels: np.ndarray, at: tuple[int, int], code: str, colour: tuple, scale: int) -> None:
    rows = np.array([[int(c) for c in row] for row in code.split()])
    lit = np.kron(rows, np.ones((scale, scale)))[..., None]
    y, x = at
    h, w = lit.shape[:2]
    window = pixels[y : y + h, x : x + w]
    window[:] = np.maximum(window, (lit * np.asarray(colour, float))[: window.shape[0], : window.shape[1]])


def game_screens(size: int = 512, seed: int = 401) -> np.ndarray:
    """Four columns of little aliens under stars, to be scrolled upwards; tiles in v."""
    rng = np.random.default_rng(seed)
    pixels = np.zeros((size, size, 3))
    quarter = size // 4
    inks = [(0.2, 1.0, 0.5), (1.0, 0.3, 0.8), (0.2, 0.8, 1.0), (1.0, 0.75, 0.2)]
    for q in range(4):
        panel = pixels[:, q * quarter : (q + 1) * quarter]
        panel[:] = np.array(inks[(q + 2) % 4]) * 0.05
        for _ in range(90):
            y, x = rng.integers(0, size), rng.integers(4, quarter - 4)
            panel[y : y + 2, x : x + 2] = rng.uniform(0.3, 1.0)
        for row in range(8):
            for column in range(4):
                _sprite(panel, (row * 64 + 16, column * 30 + 8), _SPRITES[(row + q) % 3], inks[(q + row // 3) % 4], 3)
        panel[:, :3] = panel[:, -3:] = np.array(inks[q]) * 0.8
    scan = 0.75 + 0.25 * (np.arange(size) % 4 < 2)[:, None, None]
    return to_bytes((pixels * scan).clip(0, 1))


def billboard(size: tuple[int, int] = (1024, 512)) -> np.ndarray:
    """A wide LED wall: big words over a colour wash, on a grid of lamps; tiles in u."""
    w, h = size
    x = np.arange(w) / w
    y = np.arange(h)[:, None] / h
    wash = np.stack([0.5 + 0.5 * np.sin(2 * np.pi * (x + 0.25 * np.sin(6.28 * y)) + p) for p in (0.2, 2.6, 4.4)], -1)
    image = Image.fromarray(to_bytes(wash * np.array([0.65, 0.25, 0.9]) * (0.35 + 0.5 * y[..., None])))
    draw = ImageDraw.Draw(image)
    centred(
        draw,
        (w * 0.5, h * 0.34),
        "SUPERSEE",
        fitted(draw, "SUPERSEE", "condensed", w * 0.84, h * 0.42),
        (255, 244, 220),
    )
    centred(
        draw,
        (w * 0.5, h * 0.70),
        "every frame remembers the last",
        fitted(draw, "every frame remembers the last", "sans", w * 0.8, h * 0.1),
        (255, 220, 120),
    )
    for i in range(16):
        draw.rectangle((i * w / 16 + 6, h * 0.86, (i + 0.5) * w / 16 + 6, h * 0.93), fill=(60, 240, 220))
    lamps = ((np.arange(w) % 4 < 3)[None, :, None] & (np.arange(h) % 4 < 3)[:, None, None]) * 0.8 + 0.2
    return to_bytes(np.asarray(image, float) / 255 * lamps)


def posters(size: int = 512, seed: int = 421) -> TextureSet:
    """Four bills side by side, torn at the edges."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (size, size), (60, 52, 50))
    draw = ImageDraw.Draw(image)
    bills = (
        ("JITTER", "LIVE AT THE HALTON", (236, 196, 60), (30, 30, 34)),
        ("GHOST", "a film by T. A. Aubin", (34, 56, 92), (240, 232, 214)),
        ("MOIRÉ", "DANCE ALL NIGHT", (206, 60, 74), (250, 240, 226)),
        ("LOST CAT", "answers to Nyquist", (238, 234, 224), (40, 40, 44)),
    )
    for i, (title, small, ground, ink) in enumerate(bills):
        x0, y0 = (i % 2) * size / 2 + 12, (i // 2) * size / 2 + 10
        x1, y1 = x0 + size / 2 - 24, y0 + size / 2 - 20
        draw.rectangle((x0, y0, x1, y1), fill=ground)
        for k in range(7):
            if i % 2 == 0:
                draw.arc(
                    (x0 + 30 + k * 9, y0 + 60 + k * 9, x1 - 30 - k * 9, y1 - 40 - k * 9), 0, 360, fill=ink, width=3
                )
            else:
                draw.line(
                    (x0 + 16, y0 + 84 + k * 12, x1 - 16 - int(rng.integers(0, 70)), y0 + 84 + k * 12), fill=ink, width=4
                )
        centred(draw, ((x0 + x1) / 2, y0 + 38), title, fitted(draw, title, "condensed", 190, 40), ink)
        centred(draw, ((x0 + x1) / 2, y1 - 20), small, face("sans", 15), ink)
    dirt = spectral(size, 1.4, seed)[..., None]
    return TextureSet("posters", to_bytes(np.asarray(image, float) / 255 * (0.72 + 0.4 * dirt)))


def vending(size: tuple[int, int] = (256, 512), seed: int = 431) -> np.ndarray:
    """The lit front of a drinks machine: rows of cans behind glass, prices under them."""
    rng = np.random.default_rng(seed)
    w, h = size
    image = Image.new("RGB", size, (14, 30, 40))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, w, h * 0.09), fill=(30, 190, 210))
    centred(
        draw,
        (w / 2, h * 0.045),
        "COLD DRINKS",
        fitted(draw, "COLD DRINKS", "condensed", w * 0.7, h * 0.05),
        (250, 250, 250),
    )
    price = face("mono", 11)
    for row in range(6):
        y = h * (0.13 + row * 0.125)
        draw.rectangle((10, y - 4, w - 10, y + 52), fill=(190, 214, 220))
        for column in range(7):
            x = 17 + column * 33
            hue = rng.uniform(0, 6.28)
            ink = tuple(int(140 + 110 * np.sin(hue + p)) for p in (0, 2.1, 4.2))
            draw.rounded_rectangle((x, y, x + 22, y + 42), radius=5, fill=ink)
            draw.rectangle((x, y + 14, x + 22, y + 24), fill=(245, 245, 240))
            draw.text((x + 1, y + 43), f"{1.2 + 0.1 * row:.1f}", font=price, fill=(20, 30, 40))
    return np.asarray(image)


def paper_lantern(size: int = 128) -> np.ndarray:
    """(size, size, 3) uint8 glow of a red paper lantern: bright at the lamp, dark at the ends, ribbed, with a sign."""
    y = (np.mgrid[0:size, 0:size][0] + 0.5) / size
    ribs = 0.75 + 0.25 * np.abs(np.sin(y * np.pi * 12))
    body = (0.22 + 0.78 * np.exp(-(((y - 0.55) / 0.26) ** 2))) * ribs
    ends = np.clip((0.5 - np.abs(y - 0.5) - 0.06) * 40, 0, 1)
    image = Image.new("L", (size, size), 0)
    draw = ImageDraw.Draw(image)
    centred(draw, (size * 0.5, size * 0.5), "N", face("condensed", size * 0.42), 255)
    ink = np.asarray(image, float) / 255
    glow = (body * ends * (1 - 0.85 * ink))[..., None] * np.array([1.0, 0.30, 0.10])
    return to_bytes(glow)

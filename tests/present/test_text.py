"""Text: measured, drawn once a letter, shortened where it does not fit."""

from __future__ import annotations

import numpy as np

from app.present.ink import Ink
from app.present.text import Font, GlyphAtlas

FONT = Font("text", 16)


def test_letters_are_rasterised_once_and_do_not_touch() -> None:
    atlas = GlyphAtlas()
    boxes = [atlas.glyph(FONT, letter).box for letter in "Supersee 0123"]
    taken = [box for box in boxes if box[2]]
    assert atlas.glyph(FONT, "S").box == boxes[0]
    cover = np.zeros_like(atlas.pixels, int)
    for x, y, width, height in set(taken):
        cover[y : y + height, x : x + width] += 1
        assert atlas.pixels[y : y + height, x : x + width].max() > 128
    assert cover.max() == 1


def test_width_is_the_sum_of_advances_and_grows_with_size() -> None:
    atlas = GlyphAtlas()
    assert atlas.width(FONT, "ab") == atlas.width(FONT, "a") + atlas.width(FONT, "b")
    assert atlas.width(Font("text", 32), "Neural") > 1.8 * atlas.width(FONT, "Neural")


def test_full_atlas_keeps_measuring_and_starts_over_when_told() -> None:
    atlas = GlyphAtlas()
    for size in range(60, 200, 4):
        for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
            glyph = atlas.glyph(Font("strong", size), letter)
            assert glyph.advance > 0
    assert atlas.pixels.shape[0] == 4096
    assert atlas.glyph(Font("strong", 196), "Z").box[2] == 0
    assert atlas.renew_if_full()
    assert atlas.glyph(Font("strong", 196), "Z").box[2] > 0
    assert not atlas.renew_if_full()


def test_missing_font_is_named_and_replaced(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("app.present.text.ASSETS", tmp_path)
    atlas = GlyphAtlas()
    assert atlas.width(FONT, "text") > 0
    assert "Inter-Regular.ttf" in atlas.note


def test_long_text_is_shortened_and_wrapped_to_its_room(gl) -> None:
    atlas = GlyphAtlas()
    ink = Ink(gl, atlas)
    text = "the network is not there: train one with python -m models train, or name another"
    short = ink.fitted(text, FONT, 200)
    assert short.endswith("…")
    assert atlas.width(FONT, short) <= 200
    lines = ink.wrapped(text, FONT, 260, most=2)
    assert len(lines) == 2
    assert all(atlas.width(FONT, line) <= 260 for line in lines)
    assert lines[0].split() == text.split()[: len(lines[0].split())]
    ink.release()

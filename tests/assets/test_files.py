"""What is shipped beside the scenes: environments, fonts, icons, and a licence line for each."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFont

from app.paths import ASSETS, ENVIRONMENTS

ENVIRONMENT_NAMES = sorted(path.stem for path in ENVIRONMENTS.glob("*.exr"))


def test_there_are_eight_environments() -> None:
    assert len(ENVIRONMENT_NAMES) == 8


@pytest.mark.parametrize("name", ENVIRONMENT_NAMES)
def test_an_environment_is_a_finite_latitude_longitude_picture(name: str) -> None:
    import OpenEXR

    with OpenEXR.File(str(ENVIRONMENTS / f"{name}.exr")) as file:
        pixels = np.asarray(file.parts[0].channels["RGB"].pixels, np.float32)
    assert pixels.shape == (512, 1024, 3)
    assert np.isfinite(pixels).all()
    assert pixels.min() > -0.01  # the lossy compression rings a little around the sun
    assert 0.05 < pixels.mean() < 2


@pytest.mark.parametrize("name", ["Inter-Regular", "Inter-SemiBold", "JetBrainsMono-Regular", "JetBrainsMono-SemiBold"])
def test_the_interface_fonts_have_figures_of_one_width_where_it_matters(name: str) -> None:
    font = ImageFont.truetype(str(ASSETS / "fonts" / f"{name}.ttf"), 40)
    empty = font.getmask("\uffff").getbbox()
    for character in "aZ09µ±×·…–%←↑→↓":
        assert font.getmask(character).getbbox() != empty, character
    if name.startswith("JetBrains"):
        assert {font.getlength(c) for c in "0123456789.m"} == {font.getlength("0")}


def test_fonts_stay_small() -> None:
    assert sum(path.stat().st_size for path in (ASSETS / "fonts").glob("*.ttf")) < 500_000


def test_the_icon_is_square_with_transparent_corners() -> None:
    with Image.open(ASSETS / "icons" / "supersee.png") as icon:
        assert icon.size == (512, 512)
        assert icon.mode == "RGBA"
        assert icon.getpixel((0, 0))[3] == 0  # type: ignore[index]
        assert icon.getpixel((256, 256))[3] == 255  # type: ignore[index]


def test_every_file_has_a_licence_line() -> None:
    text = (ASSETS / "LICENCES.md").read_text(encoding="utf-8")
    for folder in ("environments", "fonts", "icons", "scenes"):
        for path in (ASSETS / folder).iterdir():
            assert f"{folder}/{path.name}" in text, path.name

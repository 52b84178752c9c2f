"""What the strip under a recording shows, without a window."""

from __future__ import annotations

import numpy as np
import pytest

from app.present import theme
from app.present.strip import Curve, StripContent, lost_words, thinned, value_range


def content(*curves: list[float], metric: str = "psnr", lost: dict[int, str] | None = None) -> StripContent:
    made = tuple(
        Curve(f"method {place}", theme.TEXT, place, np.array(values, np.float32)) for place, values in enumerate(curves)
    )
    return StripContent(len(curves[0]) if curves else 9, 0, 0, 0, metric, made, lost or {})


@pytest.mark.parametrize(
    ("values", "metric"),
    [([20.0, 21.0], "psnr"), ([20.0, 20.0], "psnr"), ([18.0, 55.0, 100.0], "psnr"), ([0.0, 0.01], "flip")],
)
def test_the_axis_holds_every_value_and_two_to_four_lines(values: list[float], metric: str) -> None:
    low, high, ticks = value_range(content([np.nan, *values], metric=metric))
    assert low <= min(values) <= max(values) <= high
    assert low < high
    assert 1 <= len(ticks) <= 4
    assert all(low - 1e-6 <= tick <= high + 1e-6 for tick in ticks)


def test_an_axis_without_values_has_no_lines() -> None:
    assert value_range(content([np.nan, np.nan])) == (0.0, 1.0, [])


def test_thinning_keeps_the_worst_of_what_falls_together() -> None:
    values = np.full(2000, 30.0, np.float32)
    values[777], values[1200:1300] = 12.0, np.nan
    positions, kept = thinned(values, 100, "psnr")
    assert len(kept) == 100
    assert np.nanmin(kept) == 12.0
    assert abs(positions[int(np.nanargmin(kept))] - 777) < 20
    assert np.isnan(kept).sum() == 5  # the gap stays a gap
    values[777] = 90.0
    assert np.nanmax(thinned(values, 100, "flip")[1]) == 90.0  # of FLIP, more is worse
    positions, kept = thinned(values[:50], 100, "psnr")
    assert np.array_equal(positions, np.arange(50))


def test_figures_of_a_frame_are_read_out_and_lost_ones_named() -> None:
    shown = content([20.123, np.nan], [21.0, 22.0], lost={1: "no such file"})
    assert [text for text, _ in shown.readout(0)] == ["method 0 20.12", "method 1 21.00"]
    assert [text for text, _ in shown.readout(1)] == ["missing: no such file"]
    assert lost_words(content()) == ""
    assert lost_words(shown) == "missing: frame 2"
    assert lost_words(content(lost=dict.fromkeys(range(6), ""))) == "missing: frames 1, 2, 3 and 3 more"

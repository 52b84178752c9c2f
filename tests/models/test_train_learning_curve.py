"""The learning curve of a network that is exported goes with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import SuperseeError
from models.train.learning_curve import CURVE_FILE, read_learning_curve, write_learning_curve


def test_what_was_written_is_read_to_six_digits(tmp_path: Path) -> None:
    write_learning_curve(
        [{"iteration": 20.0, "l1": 0.123456789}, {"iteration": 40.0, "l1": 0.1, "psnr": 27.5}], tmp_path
    )
    assert read_learning_curve(tmp_path) == [
        {"iteration": 20.0, "l1": 0.123457},
        {"iteration": 40.0, "l1": 0.1, "psnr": 27.5},
    ]


def test_a_network_without_a_learning_curve_has_none(tmp_path: Path) -> None:
    assert read_learning_curve(tmp_path) == []


@pytest.mark.parametrize("text", ["[{", "3", '[["a", 1]]', '[{"l1": "high"}]'])
def test_a_damaged_learning_curve_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / CURVE_FILE).write_text(text)
    with pytest.raises(SuperseeError, match=r"training\.json is not a learning curve"):
        read_learning_curve(tmp_path)

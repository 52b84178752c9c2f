"""The learning curve of a network that is exported goes with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import SuperseeError
from models.train.history import HISTORY_FILE, read_history, write_history


def test_what_was_written_is_read_to_six_digits(tmp_path: Path) -> None:
    write_history([{"iteration": 20.0, "l1": 0.123456789}, {"iteration": 40.0, "l1": 0.1, "psnr": 27.5}], tmp_path)
    assert read_history(tmp_path) == [
        {"iteration": 20.0, "l1": 0.123457},
        {"iteration": 40.0, "l1": 0.1, "psnr": 27.5},
    ]


def test_a_network_without_a_history_has_none(tmp_path: Path) -> None:
    assert read_history(tmp_path) == []


@pytest.mark.parametrize("text", ["[{", "3", '[["a", 1]]', '[{"l1": "high"}]'])
def test_a_damaged_history_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / HISTORY_FILE).write_text(text)
    with pytest.raises(SuperseeError, match=r"training\.json is not the history of a training"):
        read_history(tmp_path)

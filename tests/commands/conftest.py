"""One tiny headless run that many tests look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.cli import main

TINY = ["--size", "96x64", "--reference", "2", "--methods", "native,bilinear,taau"]


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `supersee render court` with four tiny frames."""
    out = tmp_path_factory.mktemp("render") / "out"
    assert main(["render", "court", *TINY, "--frames", "4", "--out", str(out)]) == 0
    return out

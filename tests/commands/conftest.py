"""One tiny headless run that many tests look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.cli import main

TINY = ["--size", "96x64", "--reference", "2", "--methods", "native,bilinear,taau,neural"]


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `supersee render court` with four tiny frames."""
    out = tmp_path_factory.mktemp("render") / "out"
    assert main(["render", "court", *TINY, "--frames", "4", "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network's folder: the shipped one, or an untrained one where none is shipped."""
    from app.commands.networks import network_folder, network_names

    if network_names():
        return network_folder()
    pytest.importorskip("torch")
    from models.network.config import NetworkConfig
    from models.network.save import save_network
    from models.network.unet import TemporalUNet

    folder = tmp_path_factory.mktemp("network")
    save_network(TemporalUNet(NetworkConfig()), folder, "untrained")
    return folder

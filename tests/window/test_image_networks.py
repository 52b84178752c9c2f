"""A single-image network in a pane: shown at its ratio, said to be unavailable at another, back without a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("openvino")

from app.inference.image_manifest import image_networks
from app.inference.openvino_backend import OpenVinoBackend
from app.present.neural_supply import NeuralSupply
from app.upscale import registry
from models.network import build_model
from models.network.export_image import save_image_network
from tests.window.conftest import fake_parts


def test_a_pane_follows_the_ratio(qtbot, open_window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.METHODS, "srcnn", registry._IMAGE_NETWORKS["srcnn"])
    save_image_network(build_model({"kind": "srcnn", "widths": [8, 8]}, seed=1), tmp_path / "net", "net")  # type: ignore[arg-type]
    backend = OpenVinoBackend(precision="f32", threads=1, cache="")
    supplies: list[NeuralSupply] = []

    def supply(name: str | None) -> NeuralSupply:
        supplies.append(NeuralSupply(name, load_images=lambda kind: (image_networks(kind, tmp_path), backend)))
        return supplies[-1]

    window = open_window(fake_parts(make_options=supply), methods=("bilinear", "srcnn"))

    def pane():
        return window.rig.composition.panes[1]

    qtbot.waitUntil(lambda: pane().title == "SRCNN", timeout=10_000)
    assert not pane().warning
    window.presenter.set_ratio(1.5)
    qtbot.waitUntil(lambda: pane().title == "SRCNN unavailable", timeout=10_000)
    assert "its network enlarges 2 times and does no other ratio. Use it at 2x." in pane().warning
    window.presenter.set_ratio(2.0)
    qtbot.waitUntil(lambda: pane().title == "SRCNN", timeout=10_000)
    assert not pane().warning
    assert not window.banner.isVisible()

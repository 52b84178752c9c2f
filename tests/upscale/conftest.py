"""A network whose every output matters, and the backend that runs it in the same precision as torch."""

from __future__ import annotations

import pytest

from app.inference.manifest import Network
from app.inference.openvino_backend import OpenVinoBackend


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    from tests.models import golden

    return golden.saved(golden.lively_network(), tmp_path_factory.mktemp("network"))


@pytest.fixture(scope="module")
def backend() -> OpenVinoBackend:
    return OpenVinoBackend(precision="f32", threads=1, cache="")

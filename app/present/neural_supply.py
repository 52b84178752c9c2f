"""Gets the network ready beside the GUI thread: importing the runtime, reading the network, compiling each size."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.conventions import Size
from app.errors import SuperseeError
from app.paths import WEIGHTS

if TYPE_CHECKING:
    from app.inference.manifest import Network

log = logging.getLogger(__name__)

Loader = Callable[[str | None], "tuple[Network, Any]"]


def load_network_and_backend(name: str | None) -> tuple[Network, Any]:
    """The network called `name` (in models/weights, or a folder; None: "lite" or the first there is) and what runs
    it. Raises SuperseeError where either is missing."""
    from app.inference.manifest import load_network
    from app.inference.openvino_backend import OpenVinoBackend

    return load_network(network_folder(name)), OpenVinoBackend()


def network_folder(name: str | None) -> Path:
    """Where the network lies; a folder that need not exist, so that the loader says what is wrong with it."""
    if name is not None:
        return WEIGHTS / name if (WEIGHTS / name).is_dir() else Path(name)
    folders = sorted(path.parent for path in WEIGHTS.glob("*/manifest.json"))
    return next((f for f in folders if f.name == "lite"), folders[0] if folders else WEIGHTS / "lite")


class NeuralSupply:
    """Constructor options of upscalers (`Options`): for "neural" None until the network is compiled for the size."""

    def __init__(self, name: str | None = None, load: Loader = load_network_and_backend) -> None:
        self._name = name
        self._load = load
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="supersee-network")
        self._loading: Future[tuple[Network, Any]] | None = None
        self._preparing: dict[Size, Future[None]] = {}

    def __call__(self, method: str, render_size: Size) -> Mapping[str, object] | None:
        """Never waits. Raises SuperseeError once loading or compiling has failed."""
        if method != "neural":
            return {}
        if self._loading is None:
            self._loading = self._pool.submit(self._load, self._name)
        if not self._loading.done():
            return None
        network, backend = _outcome(self._loading)
        size = network.padded(render_size)
        if size not in self._preparing:
            self._preparing[size] = self._pool.submit(backend.prepare, network.model, size)
        if not self._preparing[size].done():
            return None
        _outcome(self._preparing[size])
        return {"network": network, "backend": backend}

    def retry(self) -> None:
        """Forgets failures, so that what failed is tried again."""
        if self._loading is not None and self._loading.done() and self._loading.exception() is not None:
            self._loading = None
        for size, job in list(self._preparing.items()):
            if job.done() and job.exception() is not None:
                del self._preparing[size]

    def close(self) -> None:
        """Waits for the compiling in hand."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _outcome(job: Future[Any]) -> Any:
    try:
        return job.result()
    except SuperseeError:
        raise
    except Exception as error:  # the runtimes raise what they like
        log.exception("the network could not be made ready")
        raise SuperseeError("The network could not be made ready", f"{type(error).__name__}: {error}") from error

"""Gets networks ready beside the GUI thread: importing the runtime, reading the network, compiling each size."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.conventions import Size
from app.errors import SuperseeError
from app.inference.image_manifest import IMAGE_KINDS
from app.paths import WEIGHTS
from app.present.method_run import Caption

if TYPE_CHECKING:
    from app.inference.image_manifest import ImageNetwork
    from app.inference.manifest import Network

log = logging.getLogger(__name__)

_Models = tuple[tuple[Path, Size], ...]
"""What is to be compiled: model files with the (width, height) of their input."""

Loader = Callable[[str | None], "tuple[Network, Any]"]
ImageLoader = Callable[[str], "tuple[tuple[ImageNetwork, ...], Any]"]


def load_network_and_backend(name: str | None, gpu: int = 0) -> tuple[Network, Any]:
    """The network called `name` (in models/weights, or a folder; None: "lite" or the first there is) and what runs
    it, on CUDA's GPU of that number where there is one. Raises SuperseeError where either is missing."""
    from app.inference.backend_chain import make_backend
    from app.inference.manifest import load_network

    return load_network(network_folder(name)), make_backend(gpu)


def load_image_networks_and_backend(kind: str) -> tuple[tuple[ImageNetwork, ...], Any]:
    """The single-image networks of `kind` in models/weights and what runs them. Raises SuperseeError as above."""
    from app.inference.image_manifest import image_networks
    from app.upscale.image_network import image_backend

    return image_networks(kind), image_backend()


def network_folder(name: str | None) -> Path:
    """Where the network lies; a folder that need not exist, so that the loader says what is wrong with it."""
    if name is not None:
        return WEIGHTS / name if (WEIGHTS / name).is_dir() else Path(name)
    folders = sorted(path.parent for path in WEIGHTS.glob("*/manifest.json"))
    return next((f for f in folders if f.name == "lite"), folders[0] if folders else WEIGHTS / "lite")


class NeuralSupply:
    """Constructor options of upscalers (`Options`): for those with a network None until it is compiled for the size."""

    def __init__(
        self,
        name: str | None = None,
        load: Loader | None = None,
        load_images: ImageLoader = load_image_networks_and_backend,
    ) -> None:
        self._name = name
        self._load = load
        self._load_images = load_images
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="supersee-network")
        self._loading: dict[str, Future[Any]] = {}  # by method
        self._preparing: dict[tuple[str, _Models], Future[None]] = {}

    def __call__(self, method: str, render_size: Size) -> Mapping[str, object] | None:
        """Never waits. Raises SuperseeError once loading or compiling has failed."""
        if method != "neural" and method not in IMAGE_KINDS:
            return {}
        if method not in self._loading:
            load, what = (self._loader(), self._name) if method == "neural" else (self._load_images, method)
            self._loading[method] = self._pool.submit(load, what)  # type: ignore[arg-type]
        if not self._loading[method].done():
            return None
        loaded, backend = _outcome(self._loading[method])
        models = _models(loaded, render_size) if method == "neural" else _image_models(loaded, render_size)
        if (method, models) not in self._preparing:
            self._preparing[method, models] = self._pool.submit(_prepare, backend, models)
        if not self._preparing[method, models].done():
            return None
        _outcome(self._preparing[method, models])
        return {"network" if method == "neural" else "networks": loaded, "backend": backend}

    def _loader(self) -> Loader:
        if self._load is not None:
            return self._load
        from app.inference.backend_chain import drawing_gpu

        gpu = drawing_gpu()  # here, where the GL context is current
        return lambda name: load_network_and_backend(name, gpu)

    def caption(self, method: str) -> Caption | None:
        """While an engine is being made ready: what is done, and for how long already."""
        activity = getattr(self._backend(method), "activity", None)
        if activity is None:
            return None
        return Caption(f"Neural: {activity.said()}" + "  ·  Esc: on the CPU instead" * activity.can_cancel)

    def cancel(self) -> bool:
        """Stops the building of an engine; what comes next in the chain takes over. False where none is built."""
        return getattr(self._backend("neural"), "cancel", lambda: False)()

    def give_up(self, method: str, error: SuperseeError) -> bool:
        """After `error` at work: True where another backend can take the place of the one that failed."""
        if not getattr(self._backend(method), "give_up", lambda _error: False)(error):
            return False
        for key in [key for key in self._preparing if key[0] == method]:
            del self._preparing[key]
        return True

    def retry(self) -> None:
        """Forgets failures, so that what failed is tried again."""
        getattr(self._backend("neural"), "retry", lambda: None)()
        _forget_failures(self._loading)
        _forget_failures(self._preparing)

    def close(self) -> None:
        """Waits for the compiling in hand; an engine that is being built is given up."""
        self.cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)
        getattr(self._backend("neural"), "close", lambda: None)()

    def _backend(self, method: str) -> Any:
        """None until it is there."""
        loading = self._loading.get(method)
        if loading is None or not loading.done() or loading.cancelled() or loading.exception() is not None:
            return None
        return loading.result()[1]


def _models(network: Network, render_size: Size) -> _Models:
    return ((network.model, network.padded(render_size)),)


def _image_models(networks: Sequence[ImageNetwork], render_size: Size) -> _Models:
    """For a display that is the ratio times as large to the pixel. At another one (an odd size) a network that works at
    display size is compiled when it is fitted."""
    sizes = ((n, (n.ratio * render_size[0], n.ratio * render_size[1])) for n in networks)
    return tuple((network.model, network.input_size(render_size, display)) for network, display in sizes)


def _prepare(backend: Any, models: _Models) -> None:
    for model, size in models:
        backend.prepare(model, size)


def _forget_failures(jobs: dict[Any, Future[Any]]) -> None:
    for key, job in list(jobs.items()):
        if job.done() and job.exception() is not None:
            del jobs[key]


def _outcome(job: Future[Any]) -> Any:
    try:
        return job.result()
    except SuperseeError:
        raise
    except Exception as error:  # the runtimes raise what they like
        log.exception("the network could not be made ready")
        raise SuperseeError("The network could not be made ready", f"{type(error).__name__}: {error}") from error

"""Follows a training run: its newest network, compiled beside the GUI thread and handed out between frames."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.conventions import Size
from app.errors import SuperseeError
from app.inference.live_run import LiveCheckpoint, newest_checkpoint
from app.present.method_run import Caption
from app.present.neural_supply import NeuralSupply

if TYPE_CHECKING:
    from app.inference.manifest import Network

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.5


def _make_backend() -> Any:
    from app.inference.openvino_backend import OpenVinoBackend

    return OpenVinoBackend(cache="")  # a checkpoint lives for minutes: nothing of it is worth keeping on disk


@dataclass(frozen=True, slots=True)
class _Ready:
    checkpoint: LiveCheckpoint
    network: Network
    size: Size  # padded LR size that it is compiled for


class RunWatch:
    """Constructor options of upscalers (`Options`): for "neural" the newest network of `run` that could be compiled,
    None until there is one. A checkpoint that cannot be used is named in the caption, and the one before it stays.
    Single-image networks come from `others`, as without a run."""

    def __init__(
        self,
        run: Path,
        make_backend: Callable[[], Any] = _make_backend,
        poll_seconds: float = _POLL_SECONDS,
        others: NeuralSupply | None = None,
    ) -> None:
        self._run = run
        self._others = others or NeuralSupply()
        self._make_backend = make_backend
        self._poll = poll_seconds
        self._backend: Any = None
        self._failed: SuperseeError | None = None  # no backend: there will never be a network
        self._wanted: Size | None = None  # LR size that was asked for last
        self._ready: _Ready | None = None
        self._handed: LiveCheckpoint | None = None  # whose picture is on show
        self._tried: LiveCheckpoint | None = None
        self._refused = ""
        self._problem = ""
        self._wake = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None

    def __call__(self, method: str, render_size: Size) -> Mapping[str, object] | None:
        """Never waits. Raises SuperseeError where nothing can run a network here."""
        if method != "neural":
            return self._others(method, render_size)
        if self._failed is not None:
            raise self._failed
        if render_size != self._wanted:
            self._wanted = render_size
            self._wake.set()
        self._start()
        ready = self._ready
        if ready is None or ready.size != ready.network.padded(render_size):
            self._handed = None
            return None
        self._handed = ready.checkpoint
        return {"network": ready.network, "backend": self._backend}

    def caption(self, method: str) -> Caption | None:
        if method != "neural":
            return self._others.caption(method)
        name, shown = self._run.resolve().name, self._handed
        if shown is not None:
            title = f"{name}  ·  iteration {shown.iteration}  ·  {age_text(shown.age())}"
            return Caption(title, self._problem)
        if self._problem:
            return Caption(f"{name}: no checkpoint can be used yet", self._problem)
        return Caption(f"{name}: {'being prepared' if self._tried else 'waiting for the first checkpoint'}")

    def give_up(self, method: str, error: SuperseeError) -> bool:
        """After `error` at work: True where another backend can take the place of the one that failed."""
        return method != "neural" and self._others.give_up(method, error)

    def retry(self) -> None:
        """Tries the newest checkpoint once more, a backend that failed, and single-image networks that did."""
        self._others.retry()
        self._tried, self._failed = None, None
        self._wake.set()

    def close(self) -> None:
        """Waits for the compiling in hand."""
        self._closed = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        self._others.close()

    def _start(self) -> None:
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._follow, name="supersee-watch", daemon=True)
            self._thread.start()

    def _follow(self) -> None:
        while not self._closed:
            try:
                self._look()
                self._problem = self._refused
            except SuperseeError as error:
                self._problem = str(error)
            except Exception as error:  # the thread's boundary: it must not die in silence
                log.exception("watching %s failed", self._run)
                self._problem = f"{type(error).__name__}: {error}"
            self._wake.wait(self._poll)
            self._wake.clear()

    def _look(self) -> None:
        size = self._wanted
        if size is None or not self._has_backend():  # imported before it is needed, while the scene loads
            return
        newest = newest_checkpoint(self._run)
        if newest is None:
            return
        if newest != self._tried:
            self._tried = newest
            self._refused = self._take(newest, size)
        ready = self._ready
        if ready is not None and ready.size != (padded := ready.network.padded(size)):
            self._backend.prepare(ready.network.model, padded)
            self._ready = replace(ready, size=padded)

    def _take(self, checkpoint: LiveCheckpoint, size: Size) -> str:
        """Loads and compiles; "" or why it cannot be used."""
        from app.inference.manifest import load_network

        try:
            network = load_network(checkpoint.folder)
            padded = network.padded(size)
            self._backend.prepare(network.model, padded)
        except SuperseeError as error:
            return f"iteration {checkpoint.iteration} is passed over: {error}"
        self._ready = _Ready(checkpoint, network, padded)
        return ""

    def _has_backend(self) -> bool:
        try:
            self._backend = self._backend or self._make_backend()
        except SuperseeError as error:
            self._failed = error
            return False
        return True


def age_text(seconds: float) -> str:
    """For people: "8 s ago", "3 min ago", "2 h ago"."""
    if seconds < 60.0:
        return f"{seconds:.0f} s ago"
    return f"{seconds / 60.0:.0f} min ago" if seconds < 5400.0 else f"{seconds / 3600.0:.0f} h ago"

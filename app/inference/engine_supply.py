"""Finds an engine in the store, or has it built: once, however many programs ask for it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from app.conventions import Size
from app.errors import SuperseeError
from app.inference.engine_key import EngineKey
from app.inference.engine_process import (
    TIME_LIMIT_SECONDS,
    BuildCancelled,
    WorkerAnswer,
    WorkerRequest,
    build_in_process,
)
from app.inference.engine_store import EngineStore
from app.inference.manifest import Network

log = logging.getLogger(__name__)


LEAST_CAPABILITY = {"fp8": (8, 9)}
"""Compute capability from which on GPUs have a precision, where not all that TensorRT builds for do."""


@dataclass(frozen=True, slots=True)
class EngineTarget:
    """What an engine is built with and for. `gpu` and `driver` are "" where it is built without the GPU at hand.
    `capability`: the oldest compute capability that the engine is for; (0, 0) says nothing of it."""

    library: str
    version: str
    target: str
    gpu: str = ""
    driver: str = ""
    device: int = 0
    capability: tuple[int, int] = (0, 0)

    def check_precision(self, precision: str) -> None:
        """Raises SuperseeError where the GPU does not compute in it."""
        least = LEAST_CAPABILITY.get(precision, (0, 0))
        if self.capability < least:
            raise SuperseeError(
                f"There is no {precision} for {self.gpu or self.target}",
                f"that begins at compute capability {least[0]}.{least[1]}, and this is "
                f"{self.capability[0]}.{self.capability[1]}",
                "Choose another precision; `auto` leaves out by itself what does not run.",
            )


@dataclass(frozen=True, slots=True)
class SuppliedEngine:
    """`built` tells a new engine from one that was there; `seconds`: how long that took; `kept`: whether the next start
    finds it. `remarks`: what went wrong on the way and did not stop it."""

    key: EngineKey
    plan: bytes
    built: bool
    seconds: float
    details: dict[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    kept: bool = True


class EngineSupply:
    """`build` is engine_process.build_in_process or what behaves like it."""

    def __init__(
        self,
        store: EngineStore | None = None,
        *,
        limit: float = TIME_LIMIT_SECONDS,
        build: Callable[..., WorkerAnswer] = build_in_process,
    ) -> None:
        self.store = store or EngineStore()
        self._limit = limit
        self._build = build

    def provide(
        self,
        network: Network,
        size: Size,
        target: EngineTarget,
        precision: str = "fp16",
        *,
        cancelled: Callable[[], bool] = lambda: False,
        on_build: Callable[[], None] = lambda: None,
    ) -> SuppliedEngine:
        """`size` is the padded LR size. `on_build` is called before anything is built. Raises SuperseeError where the
        network has no model of `precision`, `target` does not compute in it or the engine cannot be built,
        BuildCancelled on `cancelled`."""
        key = self.key(network, size, target, precision)
        target.check_precision(precision)
        request = WorkerRequest(network.typed_model(precision), size, target.library, target.target, target.device)
        begun = time.monotonic()
        remarks: list[str] = []
        found = self._found(key, remarks)
        if found is not None:
            return SuppliedEngine(key, found, False, time.monotonic() - begun, remarks=tuple(remarks))
        on_build()
        with ExitStack() as held:
            try:
                held.enter_context(self.store.building(key, self._limit, cancelled))
            except SuperseeError as error:
                if cancelled():
                    raise BuildCancelled(f"Building {key.said()} was cancelled") from error
                remarks.append(str(error))  # built twice is better than not at all
            found = self._found(key, remarks)  # another program may have built it while this one waited
            if found is None:
                return self._built(key, request, cancelled, begun, remarks)
        return SuppliedEngine(key, found, False, time.monotonic() - begun, remarks=tuple(dict.fromkeys(remarks)))

    def forget(self, network: Network, size: Size, target: EngineTarget, precision: str = "fp16") -> None:
        """Removes the engine that `provide` would find, and what was compiled from it."""
        key = self.key(network, size, target, precision)
        for candidate in dict.fromkeys((key, key.built_ahead)):
            self.store.remove(candidate)

    @staticmethod
    def key(network: Network, size: Size, target: EngineTarget, precision: str = "fp16") -> EngineKey:
        """Raises SuperseeError where the network has no model of `precision`."""
        return EngineKey(
            network.name,
            network.digests[network.typed_model(precision).name],
            target.library,
            target.version,
            target.target,
            target.gpu,
            target.driver,
            size,
            precision,
        )

    def _found(self, key: EngineKey, remarks: list[str]) -> bytes | None:
        """The engine itself, or one that was built ahead for its target."""
        for candidate in dict.fromkeys((key, key.built_ahead)):
            try:
                lookup = self.store.find(candidate)
            except SuperseeError as error:
                remarks.append(str(error))
                return None
            if lookup.damage:
                remarks.append(f"{lookup.damage}; it is built again")
            if lookup.data is not None:
                if candidate != key:
                    self._adopt(key, lookup.data)
                return lookup.data
        return None

    def _adopt(self, key: EngineKey, plan: bytes) -> None:
        """An engine that was built ahead becomes this GPU's own, so that what is measured here stands beside it."""
        try:
            self.store.put(key, plan, {"built_ahead": True})
        except SuperseeError as error:
            log.warning("%s", error)

    def _built(
        self,
        key: EngineKey,
        request: WorkerRequest,
        cancelled: Callable[[], bool],
        begun: float,
        remarks: list[str],
    ) -> SuppliedEngine:
        answer = self._build(request, limit=self._limit, cancelled=cancelled)
        if answer.details.get("boundary"):
            remarks.append(f"The engine copies tensors at its boundary: {answer.details['boundary']}")
        details = {**answer.details, "seconds": round(answer.seconds, 3)}
        try:
            self.store.put(key, answer.plan, details)
            kept = True
        except SuperseeError as error:
            remarks.append(str(error))
            kept = False
        for remark in dict.fromkeys(remarks):
            log.warning("%s", remark)
        seconds = time.monotonic() - begun
        return SuppliedEngine(key, answer.plan, True, seconds, details, tuple(dict.fromkeys(remarks)), kept)

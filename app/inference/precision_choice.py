"""Which precision a network runs in, measured on the GPU at hand for the size at hand.

INT8 and FP8 are often slower than FP16 on thin networks, and what they lose is for the lab to measure: neither is
guessed. The fastest whose loss on held-out clips (in the network's manifest) is small enough is taken, and the figures
are kept beside the engines.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.conventions import Size
from app.errors import SuperseeError
from app.inference.engine_supply import EngineSupply, EngineTarget
from app.inference.manifest import Network
from app.inference.tensorrt_backend import DEFAULT_PRECISION, TensorRtBackend

MOST_LOSS_DB = 0.1


@dataclass(frozen=True, slots=True)
class Candidate:
    """`milliseconds`: the network's median, None where it does not run or was not tried; `problem` says why. `loss_db`:
    PSNR lost to float32, of the lab's measuring; 0 for float16."""

    precision: str
    loss_db: float
    milliseconds: float | None = None
    problem: str = ""

    def said(self) -> str:
        if self.milliseconds is None:
            return f"{self.precision}: {self.problem}"
        return f"{self.precision} {self.milliseconds:.3f} ms, loses {self.loss_db:.3f} dB"


def measure(network: Network, size: Size, make: Callable[[str], TensorRtBackend]) -> list[Candidate]:
    """Each precision that the network has a model of: built, checked and timed with the backend that `make` gives.
    Those that lose too much are not tried."""
    found = []
    for precision in network.typed:
        loss = 0.0 if precision == DEFAULT_PRECISION else network.loss_db.get(precision)
        if loss is None or loss >= MOST_LOSS_DB:
            why = (
                "its loss is not known" if loss is None else f"it loses {loss:.3f} dB, and {MOST_LOSS_DB:g} is allowed"
            )
            found.append(Candidate(precision, loss or 0.0, problem=why))
            continue
        backend = None
        try:
            backend = make(precision)
            backend.prepare(network.model, size)
            found.append(Candidate(precision, loss, backend.network_ms(network.model, size)))
        except SuperseeError as error:
            found.append(Candidate(precision, loss, problem=str(error)))
        finally:
            if backend is not None:
                backend.close()
    return found


def keep_choice(
    supply: EngineSupply, network: Network, size: Size, target: EngineTarget, candidates: list[Candidate]
) -> Candidate:
    """Writes the figures beside the engines and marks the fastest. Raises SuperseeError where none runs."""
    running = [candidate for candidate in candidates if candidate.milliseconds is not None]
    if not running:
        raise SuperseeError(
            f"{network.name} runs in no precision at {size[0]}x{size[1]}", "; ".join(c.said() for c in candidates)
        )
    best = min(running, key=lambda candidate: candidate.milliseconds or 0.0)
    for candidate in candidates:
        key = supply.key(network, size, target, candidate.precision)
        supply.store.annotate(
            key,
            network_ms=candidate.milliseconds,
            loss_db=candidate.loss_db,
            chosen=candidate is best,
            choice="; ".join(c.said() for c in candidates) if candidate is best else "",
        )
    return best

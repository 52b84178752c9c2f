"""Where to look: the windows in which methods differ the most, and those in which a network loses the most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.evaluate.sequences import SequenceName

WINDOW = (80, 60)
"""Width and height of a spot in display pixels."""
_STEP = 4  # display pixels between the windows that are looked at
_A_GROUP = 2  # spots of one group on a sheet, so that one scene does not fill it


@dataclass(frozen=True, slots=True, eq=False)
class Spot:
    """`images` by method, (60, 80, 3) uint8 display images, "reference" the last; `whole` the reference's frame."""

    sequence: SequenceName
    frame: int
    left: int
    top: int
    strength: float
    images: dict[str, np.ndarray]
    whole: np.ndarray


class SpotFinder:
    """Sees the pictures of one sequence after the other and remembers the best spots of each.

    shown      methods in the order of a sheet's columns; one that did not play a sequence is left out there
    yardstick  the method that networks are held against
    networks   those whose losses are looked for; the first of them decides where methods differ
    peers      which of `shown` stay away from the pictures of losses
    """

    def __init__(
        self, shown: Sequence[str], yardstick: str, networks: Sequence[str], peers: Sequence[str] = ()
    ) -> None:
        self._shown, self._yardstick, self._networks = tuple(shown), yardstick, tuple(networks)
        self._without_peers = tuple(name for name in shown if name not in peers)
        self._differing: list[Spot] = []
        self._losses: dict[str, list[Spot]] = {name: [] for name in networks}

    def add(self, sequence: SequenceName, pictures: Mapping[str, Mapping[int, np.ndarray]]) -> None:
        """`pictures` by method and frame, (H, W, 3) uint8, "reference" among them."""
        rival = self._networks[0] if self._networks else self._shown[0]
        played = [name for name in self._shown if name in pictures]
        if best := self._best(sequence, pictures, played, lambda p, r: _squares(p[rival], p[self._yardstick])):
            self._differing.append(best)
        for name in self._networks:
            columns = [*self._without_peers, *[name] * (name not in self._without_peers)]
            loss = self._best(
                sequence, pictures, columns, lambda p, r, n=name: _squares(p[n], r) - _squares(p[self._yardstick], r)
            )
            if loss and loss.strength > 0:
                self._losses[name].append(loss)

    def differing(self, ratio: float, count: int) -> list[Spot]:
        return _strongest([spot for spot in self._differing if spot.sequence.ratio == ratio], count)

    def losses(self, name: str, count: int) -> list[Spot]:
        return _strongest(self._losses[name], count)

    def _best(
        self,
        sequence: SequenceName,
        pictures: Mapping[str, Mapping[int, np.ndarray]],
        columns: Sequence[str],
        measure: Callable[[Mapping[str, np.ndarray], np.ndarray], np.ndarray],
    ) -> Spot | None:
        """The window with the largest mean of `measure`, over all frames, with the pictures of `columns`; None where
        they are smaller than a window."""
        best: Spot | None = None
        for frame, whole in pictures["reference"].items():
            images = {name: pictures[name][frame] for name in (*columns, self._yardstick)}
            found = strongest_window(measure(images, whole))
            if found and (best is None or found[0] > best.strength):
                strength, left, top = found
                shown = {name: images[name] for name in columns} | {"reference": whole}
                cut = {n: i[top : top + WINDOW[1], left : left + WINDOW[0]].copy() for n, i in shown.items()}
                best = Spot(sequence, frame, left, top, strength, cut, whole)
        return best


def strongest_window(values: np.ndarray) -> tuple[float, int, int] | None:
    """(mean, left, top) of the window of (height, width) `values` with the largest mean, by an integral image."""
    width, height = WINDOW
    if values.shape[0] < height or values.shape[1] < width:
        return None
    sums = np.pad(values.astype(np.float64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    windows = sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
    windows = windows[::_STEP, ::_STEP] / (width * height)
    top, left = np.unravel_index(int(windows.argmax()), windows.shape)
    return float(windows[top, left]), int(left) * _STEP, int(top) * _STEP


def _squares(image: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.square(image.astype(np.float32) - other).mean(axis=2)


def _strongest(spots: Sequence[Spot], count: int) -> list[Spot]:
    """At most `_A_GROUP` of a group and ratio."""
    chosen: list[Spot] = []
    groups: Counter[tuple[str, float]] = Counter()
    for spot in sorted(spots, key=lambda spot: -spot.strength):
        place = (spot.sequence.group, spot.sequence.ratio)
        if groups[place] < _A_GROUP and len(chosen) < count:
            groups[place] += 1
            chosen.append(spot)
    return chosen

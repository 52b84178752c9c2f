"""Whoever upscales: the app's own methods and exported networks through its shaders, checkpoints through torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Protocol

import moderngl

from app.inference.image_manifest import IMAGE_MANIFEST_FILE, load_image_network
from app.inference.manifest import load_network
from app.measure.stage_clock import make_clock
from app.upscale.registry import METHODS, create_upscaler
from models.data.clip import Clip
from models.evaluate.clip_player import ClipPlayer
from models.evaluate.held_out import frame_times, score_clip
from models.evaluate.score import score
from models.evaluate.sequences import HeldOut
from models.evaluate.tally import OnFrame, Scores
from models.evaluate.timing import median_milliseconds
from models.network.model import Model
from models.train.learning_curve import read_learning_curve

Kind = Literal["classic", "network", "peer", "checkpoint", "peer checkpoint"]
CLASSIC = tuple(name for name, info in METHODS.items() if info.kind == "upscaler" and not info.network)


class Contestant(Protocol):
    """`kind` says what it is and where the numbers come from: "classic", "network" and "peer" (a single-image network)
    run in the app's shaders, a "checkpoint" and a "peer checkpoint" in torch. Peers are there to be compared with;
    networks and checkpoints are held to the bar. `ratio` is the only one it does, None for all."""

    name: str
    kind: Kind
    ratio: int | None

    def score(self, item: HeldOut, flip_frames: int, on_frame: OnFrame | None = None) -> Scores: ...

    def milliseconds(self, clip: Clip) -> float:
        """Median time of a frame of `clip`, without drawing it."""
        ...

    def release(self) -> None: ...


class AppMethod:
    """A classic method, or the temporal or single-image network in a folder."""

    def __init__(self, context: moderngl.Context, method: str, folder: Path | None = None) -> None:
        self._context = context
        self.name = method
        self.kind: Kind = "classic"
        self.ratio: int | None = None
        self.sha256 = ""  # of a network's model.onnx
        self.learning_curve = read_learning_curve(folder) if folder else []  # of its training, where it was kept
        self._options: dict[str, Any] = {}
        if folder and (folder / IMAGE_MANIFEST_FILE).is_file():
            peer = load_image_network(folder)
            self.name, self.kind, self.ratio, self.sha256 = peer.name, "peer", peer.ratio, peer.sha256
            method, self._options = peer.kind, {"networks": (peer,)}
        elif folder:
            network = load_network(folder)
            self.name, self.kind, self.sha256 = network.name, "network", network.sha256
            self._options = {"network": network}
        self._method = method
        self._upscaler = create_upscaler(method, context, **self._options)

    def score(self, item: HeldOut, flip_frames: int, on_frame: OnFrame | None = None) -> Scores:
        played = item.playable(self._context)
        try:
            return score(self._upscaler, played, flip_frames=flip_frames, on_frame=on_frame)
        finally:
            played.release()

    def milliseconds(self, clip: Clip) -> float:
        clock = make_clock(self._context)
        upscaler = create_upscaler(self._method, self._context, clock, **self._options)
        player = ClipPlayer(self._context, clip)
        upscaler.resize(player.render_size, player.display_size)
        frames: list[float] = []
        for index in range(len(player)):
            upscaler.upscale(player.frame(index))
            if stages := clock.take():  # a GPU answers some frames later
                frames.append(sum(stages.values()))
        player.release()
        upscaler.release()
        return median_milliseconds(frames)

    def release(self) -> None:
        self._upscaler.release()


class TorchModel:
    """A checkpoint's averaged weights; one that does a single ratio is a peer."""

    def __init__(self, name: str, model: Model) -> None:
        self.name = name
        self.ratio: int | None = getattr(model, "ratio", None)
        self.kind: Kind = "checkpoint" if self.ratio is None else "peer checkpoint"
        self._model = model

    def score(self, item: HeldOut, flip_frames: int, on_frame: OnFrame | None = None) -> Scores:
        return score_clip(self._model, item.clip(), flip_frames=flip_frames, on_frame=on_frame)

    def milliseconds(self, clip: Clip) -> float:
        return median_milliseconds(frame_times(self._model, clip))

    def release(self) -> None:
        """Nothing is held but memory."""

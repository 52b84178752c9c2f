"""What the window is put together from, each part imported when it is first needed; tests pass their own."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import moderngl

from app.present.live_reference import live_accumulator
from app.present.method_run import Options
from app.present.neural_supply import NeuralSupply
from app.present.run_watch import RunWatch
from app.present.source import Accumulator, SceneSource
from app.scene.model import SceneModel


def _load_scene(name: str) -> SceneModel:
    from app.present.recorded import RecordedScene, load
    from app.render.environment import load_environment

    model = load(name)
    if isinstance(model, RecordedScene):
        return model
    load_environment(model.environment, model.sun is not None)  # kept, so that the GUI thread finds it made
    return model


def _scene_names() -> tuple[str, ...]:
    from app.scene.builtin import BUILTIN

    return tuple(BUILTIN)


def _make_source(context: moderngl.Context, model: SceneModel) -> Generator[None, None, SceneSource]:
    from app.present.recorded import RecordedScene, RecordedSource
    from app.render.live_source import building

    if isinstance(model, RecordedScene):
        assert model.recording is not None
        return RecordedSource(context, model.recording)
        yield  # a generator, as the other
    return (yield from building(context, model))


@dataclass(frozen=True, slots=True)
class Parts:
    """`load_scene` runs in a worker thread; the others with the GL context current, `make_source` in
    steps. `make_options` is given the name of the network, `make_watch` the folder of a training run."""

    load_scene: Callable[[str], SceneModel] = _load_scene
    scene_names: Callable[[], tuple[str, ...]] = _scene_names
    make_source: Callable[[moderngl.Context, SceneModel], Generator[None, None, SceneSource]] = _make_source
    make_accumulator: Callable[[SceneSource], Accumulator] = live_accumulator
    make_options: Callable[[str | None], Options] = NeuralSupply
    make_watch: Callable[[Path], Options] = RunWatch

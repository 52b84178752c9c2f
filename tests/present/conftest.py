"""A comparison on a scene that costs nothing to draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import moderngl
import pytest

from app.present.comparison import Comparison
from app.present.composition import Composition
from tests.present.comparison_fakes import FakeAccumulator, FakeSource, fake_model


@pytest.fixture
def compare(gl: moderngl.Context) -> Iterator[Callable[..., Comparison]]:
    """Makes comparisons of the fake scene, at 64x36 unless told otherwise."""
    made: list[Comparison] = []

    def make(**options: object) -> Comparison:
        model = fake_model()
        options = {"display_size": (64, 36), "path": model.camera_paths[0], "accumulator": FakeAccumulator, **options}
        made.append(Comparison(gl, FakeSource(gl, model), model, **options))
        return made[-1]

    yield make
    for comparison in made:
        comparison.release()
        comparison.source.release()


@pytest.fixture
def composition(gl: moderngl.Context) -> Iterator[Composition]:
    made = Composition(gl)
    yield made
    made.release()

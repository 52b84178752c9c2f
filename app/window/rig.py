"""The one owner of everything that lives in the window's GL context, so that all of it goes and comes back together."""

from __future__ import annotations

import logging
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import moderngl

from app.errors import SuperseeError
from app.present.comparison import Comparison
from app.present.composition import Composition
from app.present.frame_stages import Pause
from app.present.scores import Scores
from app.present.source import SceneSource
from app.render.gl_context import checked_context, free_dropped, is_software, renderer_name
from app.scene.camera import CameraPath
from app.scene.model import SceneModel
from app.sequence.source import FrameSource
from app.window.parts import Parts

if TYPE_CHECKING:
    from app.present.scorer import Scorer

log = logging.getLogger(__name__)


def current_context() -> moderngl.Context:
    """moderngl's face of the GL context that Qt made current, whether it came by GLX, WGL, CGL or EGL."""
    try:
        return checked_context(moderngl.create_context())
    except SuperseeError:
        raise
    except Exception as first:  # noqa: BLE001  glcontext raises bare Exceptions of many kinds
        try:
            return checked_context(moderngl.create_context(backend="egl"))  # pyright: ignore[reportArgumentType]
        except SuperseeError:
            raise
        except Exception:  # noqa: BLE001
            raise SuperseeError(
                "OpenGL cannot be used in the window", str(first), "Update the graphics driver; see `supersee doctor`."
            ) from first


class Rig:
    """Call every method with the GL context current."""

    def __init__(self, parts: Parts, network: str | None = None, watch: Path | None = None) -> None:
        self._parts = parts
        # Not a GL object: compiled networks outlive the context.
        self.options = parts.make_options(network) if watch is None else parts.make_watch(watch)
        self.context: moderngl.Context | None = None
        self.composition: Composition | None = None
        self.comparison: Comparison | None = None
        self.source: SceneSource | None = None
        self.scorer: Scorer | None = None  # of a recording
        self._scores: tuple[FrameSource, Scores] | None = None  # outlives the context

    @property
    def is_open(self) -> bool:
        return self.context is not None

    @property
    def software(self) -> bool:
        return self.context is not None and is_software(self.context)

    @property
    def renderer(self) -> str:
        if self.context is None:
            return ""
        version = self.context.version_code
        return f"{renderer_name(self.context)}, OpenGL {version // 100}.{version // 10 % 10}"

    def open(self, pixel_ratio: float) -> None:
        """Raises SuperseeError where the context is not good enough."""
        self.context = current_context()
        try:
            self.composition = Composition(self.context, pixel_ratio)
        except SuperseeError:
            self.close()
            raise

    def install_steps(self, model: SceneModel, path: CameraPath | None) -> Generator[Pause, None, None]:
        """Puts a scene on, in slices; where that fails (SuperseeError) or is abandoned the old one stays."""
        assert self.context is not None, "open comes first"
        making = self._parts.make_source(self.context, model)
        while True:
            try:
                next(making)
            except StopIteration as made:
                source = made.value
                break
            try:
                yield Pause.BREATHE
            except GeneratorExit:
                making.close()
                raise
        self._release_comparison()
        self.source = source
        self.comparison = Comparison(
            self.context,
            source,
            model,
            path=path,
            options=self.options,
            accumulator=self._parts.make_accumulator,
        )
        if self.comparison.recorded is not None:
            from app.present.scorer import Scorer

            self.scorer = Scorer(self.context, self._scores_of(self.comparison.recorded.recording))

    def close(self) -> None:
        """Releases everything, the context's own face included. Harmless when it is closed already."""
        self._release_comparison()
        if self.composition is not None:
            self.composition.release()
            self.composition = None
        if self.context is not None:
            free_dropped(self.context)
            self.context.release()
            self.context = None

    def _scores_of(self, recording: FrameSource) -> Scores:
        if self._scores is None or self._scores[0] is not recording:
            self._scores = recording, Scores(len(recording))
        return self._scores[1]

    def _release_comparison(self) -> None:
        if self.scorer is not None:
            self.scorer.release()
            self.scorer = None
        if self.comparison is not None:
            self.comparison.release()
            self.comparison = None
        if self.source is not None:
            self.source.release()
            self.source = None

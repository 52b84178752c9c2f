"""The neural upscaler: GLSL pre-pass, a convolutional network at low resolution, GLSL post-pass.

The network predicts filters, blend weights and recurrent features (app/inference/channels.py), never colour; the
passes apply them. Inference runs beside the calling thread: `begin` issues the pre-pass and starts it, `ready` asks,
`finish` issues the post-pass.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import moderngl

from app.conventions import Size
from app.errors import SuperseeError
from app.inference.backend import InferenceBackend
from app.inference.channels import HISTORY_SCALES, shader_defines
from app.inference.manifest import Network, load_network
from app.measure.stages import StageClock
from app.paths import WEIGHTS
from app.render.frame import FrameInputs
from app.render.fullscreen import FullscreenPass
from app.upscale.expected_depth import lens, previous_distance
from app.upscale.neural_targets import HALF, NeuralTargets, kept_dtype
from app.upscale.target import timed

DEFAULT_NETWORK = WEIGHTS / "lite"


def create(
    context: moderngl.Context, clock: StageClock | None = None, *, weights: Path | None = None
) -> NeuralUpscaler:
    """With the network in the folder `weights` and OpenVINO. Raises SuperseeError where either is missing."""
    return NeuralUpscaler(context, load_network(weights or DEFAULT_NETWORK), clock=clock)


class NeuralUpscaler:
    """`network` and `backend` default to the shipped network on OpenVINO. A backend that is kept saves compiling."""

    name = "neural"
    label = "Neural"

    def __init__(
        self,
        context: moderngl.Context,
        network: Network | None = None,
        backend: InferenceBackend | None = None,
        clock: StageClock | None = None,
        *,
        kept: str | None = None,
    ) -> None:
        self._context = context
        self._clock = clock
        self.network = network or load_network(DEFAULT_NETWORK)
        self._backend = backend or _default_backend()
        self._kept = kept or kept_dtype(context)
        defines = shader_defines() | {"SOFTWARE_RENDERER": str(int(self._kept != HALF))}
        self._prepare = FullscreenPass(context, "neural/prepare.frag", defines)
        self._features = FullscreenPass(context, "neural/features.frag", defines)
        self._unpack = FullscreenPass(context, "neural/unpack.frag", defines)
        self._resolves = {
            scale: FullscreenPass(context, "neural/resolve.frag", defines | {"HISTORY_SCALE": str(scale)})
            for scale in HISTORY_SCALES
        }
        self._nothing = context.texture((1, 1), 1, b"\0", dtype="f1")
        self.targets: NeuralTargets | None = None
        self._frame: FrameInputs | None = None
        self._remembered: tuple[tuple[float, float], float] | None = None
        self.frame_bytes_to_host: int | None = None
        """What crossed into host memory for the last frame: 0 where tensors stay on the GPU. None before the first."""

    @property
    def detail(self) -> str:
        backend = f"{self._backend.name} {self._backend.device}"
        crossed = self.frame_bytes_to_host
        return backend if crossed is None else f"{backend}, {_amount(crossed)} a frame to the host"

    @property
    def notice(self) -> str:
        """Backends that were passed over, why tensors take a slower way than they could; empty where all is well."""
        notices = (getattr(self._backend, "notice", ""), self.targets.exchange.notice if self.targets else "")
        return "; ".join(filter(None, notices))

    def resize(self, render_size: Size, display_size: Size) -> None:
        if self.targets and self.targets.fits(self.network, render_size, display_size):
            return
        self.reset()
        if self.targets:
            self.targets.release()
            self.targets = None
        self.targets = NeuralTargets(self._context, self.network, self._backend, render_size, display_size, self._kept)

    def replace_network(self, network: Network, backend: InferenceBackend | None = None) -> None:
        """Goes on with another network from the next frame on. History and recurrent features stay, as between two
        checkpoints of one training, unless the history scale is another one. That frame compiles it, unless the backend
        has it prepared."""
        self.network, self._backend = network, backend or self._backend

    def reset(self) -> None:
        """Forgets history; a frame that was begun is dropped."""
        dropped, self._frame, self._remembered = self._frame, None, None
        if dropped and self.targets:
            # What went wrong with a frame that nobody sees goes wrong again with the next one, and is said then.
            with suppress(SuperseeError):
                self.targets.session.wait()
            with suppress(SuperseeError):
                self.targets.exchange.from_network()

    def begin(self, frame: FrameInputs) -> None:
        if self._frame:
            self.finish()
        self.resize(frame.render_size, frame.display_size)
        if frame.reset:
            self._remembered = None
        assert self.targets
        if self.targets.network is not self.network:
            self.targets.replace_network(self.network, self._backend)
        with timed(self._clock, "pre"):
            self._draw_features(frame, self.targets)
        crossed = self.targets.exchange.bytes_to_host
        with timed(self._clock, "exchange"):
            self.targets.exchange.to_network()
        self.frame_bytes_to_host = self.targets.exchange.bytes_to_host - crossed
        with _handing_back(self.targets):
            self.targets.session.start()
        self._frame = frame

    def ready(self) -> bool:
        return self.targets is None or self._frame is None or self.targets.session.ready()

    def finish(self) -> moderngl.Texture:
        assert self.targets, "begin comes before finish"
        if self._frame:
            frame, self._frame = self._frame, None
            with _handing_back(self.targets):
                milliseconds = self.targets.session.wait()
            if self._clock:
                self._clock.add("network", milliseconds)
            with timed(self._clock, "exchange"):
                self.targets.exchange.from_network()
            with timed(self._clock, "post"):
                self._draw_output(frame, self.targets)
            self._remembered = frame.jitter, frame.exposure
            self.targets.turn ^= 1
        return self.targets.output

    def upscale(self, frame: FrameInputs) -> moderngl.Texture:
        self.begin(frame)
        return self.finish()

    def release(self) -> None:
        self.reset()
        if self.targets:
            self.targets.release()
            self.targets = None
        for item in (self._prepare, self._features, self._unpack, *self._resolves.values(), self._nothing):
            item.release()

    def _draw_features(self, frame: FrameInputs, targets: NeuralTargets) -> None:
        last_jitter, last_exposure = self._remembered or (frame.jitter, frame.exposure)
        self._prepare.draw(
            targets.prepare[targets.turn],
            {
                "colour": frame.colour,
                "depth": frame.depth,
                "motion": frame.motion,
                "reactive": frame.reactive or self._nothing,
                "lastSurface": targets.last_surface,
            },
            exposure=frame.exposure,
            jitter=frame.jitter,
            lastJitter=last_jitter,
            hasHistory=float(self._remembered is not None),
        )
        targets.exchange.features.bind_to_storage_buffer(0)
        self._features.draw(
            targets.features[targets.turn],
            {
                "samples": targets.samples,
                "surface": targets.surface,
                "reactive": frame.reactive or self._nothing,
                "history": targets.last_history(smooth=True),
                "hidden": targets.hidden,
                "lastSurface": targets.last_surface,
                "lastStatistics": targets.statistics[targets.turn ^ 1],
            },
            jitter=frame.jitter,
            lastJitter=last_jitter,
            **targets.scales,
            exposureRatio=frame.exposure / last_exposure,
            hasHistory=float(self._remembered is not None),
            logRatio=0.5 * math.log2(math.prod(frame.display_size) / math.prod(frame.render_size)),
            lens=lens(frame.camera),
            nearPlane=frame.camera.near,
            previousDistance=previous_distance(frame.camera),
        )

    def _draw_output(self, frame: FrameInputs, targets: NeuralTargets) -> None:
        last_exposure = self._remembered[1] if self._remembered else frame.exposure
        targets.exchange.parameters.bind_to_storage_buffer(0)
        self._unpack.draw(targets.unpack, **targets.scales, historyScale=float(targets.network.history_scale))
        kernel, history, fetch = targets.parameters
        scale = targets.network.history_scale
        if scale > 1:
            targets.histories[targets.turn].bind_to_image(0, read=False, write=True)
        self._resolves[scale].draw(
            targets.resolve[targets.turn],
            {
                "samples": targets.samples,
                "motions": targets.motions,
                "statistics": targets.statistics[targets.turn],
                "kernelParameters": kernel,
                "historyParameters": history,
                "fetchParameters": fetch,
                "history": targets.last_history(smooth=self._kept == HALF),
            },
            jitter=frame.jitter,
            **targets.scales,
            exposure=frame.exposure,
            exposureRatio=frame.exposure / last_exposure,
            hasHistory=float(self._remembered is not None),
        )
        if scale > 1:
            self._context.memory_barrier(moderngl.TEXTURE_FETCH_BARRIER_BIT)


@contextmanager
def _handing_back(targets: NeuralTargets) -> Iterator[None]:
    """Where inference fails, the buffers go back to GL: the next frame's pass writes to them."""
    try:
        yield
    except SuperseeError:
        targets.exchange.from_network()
        raise


def _amount(size: int) -> str:
    return f"{size / 1e6:.2f} MB" if size >= 10_000 else f"{size} bytes"


def _default_backend() -> InferenceBackend:
    from app.inference.openvino_backend import OpenVinoBackend

    return OpenVinoBackend()

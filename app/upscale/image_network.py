"""Single-image networks (SRCNN, ESPCN, EDSR): this frame's colour and nothing else, so there is no history.

A pass brings the samples into image space (app/inference/image_space.py), the network runs beside the calling thread,
a pass brings the answer to the display. SRCNN refines a picture that has been enlarged bicubically at the true sample
positions, as in its paper; the output of ESPCN and EDSR lies around the jittered samples and is shifted bicubically.
"""

from __future__ import annotations

from collections.abc import Sequence

import moderngl

from app.conventions import Size
from app.errors import SuperseeError
from app.inference.backend import InferenceBackend
from app.inference.exchange import HostExchange, TensorExchange
from app.inference.image_manifest import ImageNetwork, image_networks
from app.inference.image_space import IMAGE_KNEE, IMAGE_LIMIT
from app.measure.stages import StageClock
from app.render.frame import FrameInputs
from app.render.fullscreen import FullscreenPass
from app.upscale.spatial import render_per_display
from app.upscale.target import Target, timed


def image_backend() -> InferenceBackend:
    """In float32: these networks answer colours, and bfloat16 has fewer steps than a display's 256."""
    from app.inference.openvino_backend import OpenVinoBackend

    return OpenVinoBackend(precision="f32")


class ImageNetworkUpscaler:
    """`networks`, one a ratio, default to those of this kind in models/weights, `backend` to `image_backend`. A backend
    that is kept saves compiling."""

    name = ""
    label = ""

    def __init__(
        self,
        context: moderngl.Context,
        networks: Sequence[ImageNetwork] | None = None,
        backend: InferenceBackend | None = None,
        clock: StageClock | None = None,
    ) -> None:
        self._context = context
        self._clock = clock
        self._networks = tuple(networks) if networks is not None else image_networks(self.name)
        self._backend = backend or image_backend()
        knee = {"KNEE": f"{IMAGE_KNEE:.9f}", "LIMIT": f"{IMAGE_LIMIT:.9f}"}
        self._encode = FullscreenPass(context, "upscale/image_encode.frag", knee)
        self._enlarge, self._shift, self._show = (
            FullscreenPass(context, "upscale/image_resample.frag", {"BICUBIC": bicubic, "DECODE": decode, **knee})
            for bicubic, decode in ((1, 0), (1, 1), (0, 1))
        )
        self._targets: ImageTargets | None = None
        self._frame: FrameInputs | None = None
        self.frame_bytes_to_host: int | None = None
        """What crossed into host memory for the last frame; None before the first."""

    @property
    def detail(self) -> str:
        return f"{self._backend.name} {self._backend.device}"

    @property
    def network(self) -> ImageNetwork | None:
        """The one for the sizes of now."""
        return self._network(*self._targets.sizes) if self._targets else None

    def resize(self, render_size: Size, display_size: Size) -> None:
        """Raises SuperseeError for a ratio that none of the networks does."""
        if self._targets and self._targets.sizes == (render_size, display_size):
            return
        self.reset()
        self._release_targets()
        network = self._network(render_size, display_size)
        self._targets = ImageTargets(self._context, network, self._backend, render_size, display_size)

    def replace_network(self, networks: Sequence[ImageNetwork], backend: InferenceBackend) -> None:
        """Goes on with other networks from the next frame on."""
        self.reset()
        self._release_targets()
        self._networks, self._backend = tuple(networks), backend

    def reset(self) -> None:
        """There is no history; a frame that was begun is dropped."""
        if self._frame and self._targets:
            self._targets.session.wait()
        self._frame = None

    def begin(self, frame: FrameInputs) -> None:
        if self._frame:
            self.finish()
        self.resize(frame.render_size, frame.display_size)
        assert self._targets
        with timed(self._clock, "pre"):
            self._draw_input(frame, self._targets)
        with timed(self._clock, "exchange"):
            self._targets.input.texture.read_into(self._targets.exchange.features, alignment=1)
            crossed = self._targets.exchange.bytes_to_host
            self._targets.exchange.to_network()
        self.frame_bytes_to_host = self._targets.exchange.bytes_to_host - crossed
        self._targets.session.start()
        self._frame = frame

    def ready(self) -> bool:
        return self._targets is None or self._frame is None or self._targets.session.ready()

    def finish(self) -> moderngl.Texture:
        assert self._targets, "begin comes before finish"
        if self._frame:
            frame, self._frame = self._frame, None
            milliseconds = self._targets.session.wait()
            if self._clock:
                self._clock.add("network", milliseconds)
            with timed(self._clock, "exchange"):
                self._targets.exchange.from_network()
                self._targets.answer.texture.write(self._targets.exchange.parameters, alignment=1)
            with timed(self._clock, "post"):
                self._draw_output(frame, self._targets)
        return self._targets.output.texture

    def upscale(self, frame: FrameInputs) -> moderngl.Texture:
        self.begin(frame)
        return self.finish()

    def release(self) -> None:
        self.reset()
        self._release_targets()
        for item in (self._encode, self._enlarge, self._shift, self._show):
            item.release()

    def _network(self, render_size: Size, display_size: Size) -> ImageNetwork:
        for network in self._networks:
            if network.fits(render_size, display_size):
                return network
        (width, height), (display_width, display_height) = render_size, display_size
        ratios = " or ".join(str(network.ratio) for network in self._networks)
        raise SuperseeError(
            f"{self.label} cannot turn {width}x{height} into {display_width}x{display_height}",
            f"its network enlarges {ratios} times and does no other ratio",
            f"Use it at {ratios}x.",
        )

    def _draw_input(self, frame: FrameInputs, targets: ImageTargets) -> None:
        self._encode.draw(targets.encoded.framebuffer, {"colour": frame.colour}, exposure=frame.exposure)
        if targets.input is not targets.encoded:
            self._enlarge.draw(
                targets.input.framebuffer,
                {"image": targets.encoded.texture},
                scale=render_per_display(frame),
                shift=frame.jitter,
            )

    def _draw_output(self, frame: FrameInputs, targets: ImageTargets) -> None:
        image, enlarges = {"image": targets.answer.texture}, targets.network.enlarges
        if enlarges == 1:
            self._show.draw(targets.output.framebuffer, image, exposure=frame.exposure)
            return
        self._shift.draw(
            targets.output.framebuffer,
            image,
            scale=tuple(enlarges * scale for scale in render_per_display(frame)),
            shift=tuple(enlarges * jitter for jitter in frame.jitter),
            exposure=frame.exposure,
        )

    def _release_targets(self) -> None:
        if self._targets:
            self._targets.release()
        self._targets = None


class ImageTargets:
    """What belongs to one pair of sizes: made at resize, never per frame. `input` and `answer` hold image space, four
    half floats a pixel, which is how the network's tensors lie in memory."""

    def __init__(
        self,
        context: moderngl.Context,
        network: ImageNetwork,
        backend: InferenceBackend,
        render_size: Size,
        display_size: Size,
    ) -> None:
        self.sizes = render_size, display_size
        self.network = network
        size = network.input_size(render_size, display_size)
        self.session = backend.compile(network.model, size)
        self.exchange: TensorExchange = HostExchange(context, self.session)
        self.encoded = Target(context, render_size)
        self.input = self.encoded if network.enlarges > 1 else Target(context, size)
        self.answer = Target(context, (network.enlarges * size[0], network.enlarges * size[1]))
        self.output = Target(context, display_size)

    def release(self) -> None:
        self.session.release()
        self.exchange.release()
        for target in {id(t): t for t in (self.encoded, self.input, self.answer, self.output)}.values():
            target.release()


class Srcnn(ImageNetworkUpscaler):
    name = "srcnn"
    label = "SRCNN"


class Espcn(ImageNetworkUpscaler):
    name = "espcn"
    label = "ESPCN"


class Edsr(ImageNetworkUpscaler):
    name = "edsr"
    label = "EDSR"

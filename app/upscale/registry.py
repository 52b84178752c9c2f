"""Every method by name, and how to make one. A method's module is imported when it is first wanted."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Literal

import moderngl

from app.errors import SuperseeError
from app.inference.image_manifest import image_kinds, image_networks
from app.measure.stages import StageClock
from app.upscale.upscaler import Upscaler


@dataclass(frozen=True, slots=True)
class MethodInfo:
    """What a list of methods needs to know before any of them is made.

    A "source" is drawn by the renderer itself (native, reference), an "upscaler" by a class of app/upscale. One with
    `network` runs inference beside the calling thread between `begin` and `finish`.
    """

    name: str
    label: str
    summary: str
    kind: Literal["upscaler", "source"]
    temporal: bool = False
    network: bool = False
    needs_reference: bool = False
    module: str = ""
    factory: str = ""


def _image_network(name: str, label: str, summary: str) -> MethodInfo:
    return MethodInfo(name, label, summary, "upscaler", network=True, module="image_network", factory=label.title())


_IMAGE_NETWORKS = {
    info.name: info
    for info in (
        _image_network("srcnn", "SRCNN", "single-image network, refines a bicubic picture"),
        _image_network("espcn", "ESPCN", "single-image network, sub-pixel convolution"),
        _image_network("edsr", "EDSR", "single-image network, deep residual"),
    )
}

METHODS: dict[str, MethodInfo] = {
    info.name: info
    for info in (
        MethodInfo("native", "Native", "drawn at display resolution, one sample a pixel", "source"),
        MethodInfo("nearest", "Nearest", "the nearest sample", "upscaler", module="nearest", factory="Nearest"),
        MethodInfo("bilinear", "Bilinear", "the four nearest", "upscaler", module="bilinear", factory="Bilinear"),
        MethodInfo("lanczos", "Lanczos", "Lanczos-3, de-rung", "upscaler", module="lanczos", factory="Lanczos"),
        # The peers that have been trained: those whose weights are here.
        *(_IMAGE_NETWORKS[kind] for kind in image_kinds()),
        MethodInfo("taau", "TAAU", "temporal accumulation", "upscaler", temporal=True, module="taau", factory="Taau"),
        MethodInfo(
            "neural",
            "Neural",
            "temporal network",
            "upscaler",
            temporal=True,
            network=True,
            module="neural",
            factory="NeuralUpscaler",
        ),
        MethodInfo("reference", "Reference", "many samples a pixel", "source", needs_reference=True),
    )
}


def method_info(name: str) -> MethodInfo:
    """Raises SuperseeError for a name that is not in METHODS."""
    if name in _IMAGE_NETWORKS and name not in METHODS:
        image_networks(name)  # says what is missing
    if name not in METHODS:
        raise SuperseeError(f'There is no method "{name}"', "", f"Choose among {', '.join(METHODS)}.")
    return METHODS[name]


def create_upscaler(
    name: str, context: moderngl.Context, clock: StageClock | None = None, **options: object
) -> Upscaler:
    """A new upscaler without history; call `resize` before its first frame. `options` go to the class as they are
    (neural: `network` and `backend`; single-image networks: `networks` and `backend`). Raises SuperseeError for an
    unknown name or a source."""
    info = _IMAGE_NETWORKS.get(name) or method_info(name)
    if info.kind != "upscaler":
        raise SuperseeError(f'"{name}" is not an upscaler', "the renderer draws it itself")
    factory = getattr(importlib.import_module(f"app.upscale.{info.module}"), info.factory)
    return factory(context, clock=clock, **options)

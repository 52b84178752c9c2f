"""Every method by name, and how to make one. A method's module is imported when it is first wanted."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Literal

import moderngl

from app.errors import SuperseeError
from app.measure.stages import StageClock
from app.upscale.upscaler import Upscaler


@dataclass(frozen=True, slots=True)
class MethodInfo:
    """What a list of methods needs to know before any of them is made.

    A "source" is drawn by the renderer itself (native, reference), an "upscaler" by a class of app/upscale.
    """

    name: str
    label: str
    summary: str
    kind: Literal["upscaler", "source"]
    temporal: bool = False
    needs_reference: bool = False
    module: str = ""
    factory: str = ""


METHODS: dict[str, MethodInfo] = {
    info.name: info
    for info in (
        MethodInfo("native", "Native", "drawn at display resolution, one sample a pixel", "source"),
        MethodInfo("nearest", "Nearest", "the nearest sample", "upscaler", module="nearest", factory="Nearest"),
        MethodInfo("bilinear", "Bilinear", "the four nearest", "upscaler", module="bilinear", factory="Bilinear"),
        MethodInfo("lanczos", "Lanczos", "Lanczos-3, de-rung", "upscaler", module="lanczos", factory="Lanczos"),
        MethodInfo("taau", "TAAU", "temporal accumulation", "upscaler", temporal=True, module="taau", factory="Taau"),
        MethodInfo(
            "neural",
            "Neural",
            "temporal network",
            "upscaler",
            temporal=True,
            module="neural",
            factory="NeuralUpscaler",
        ),
        MethodInfo("reference", "Reference", "many samples a pixel", "source", needs_reference=True),
    )
}


def method_info(name: str) -> MethodInfo:
    """Raises SuperseeError for a name that is not in METHODS."""
    if name not in METHODS:
        raise SuperseeError(f'There is no method "{name}"', "", f"Choose among {', '.join(METHODS)}.")
    return METHODS[name]


def create_upscaler(
    name: str, context: moderngl.Context, clock: StageClock | None = None, **options: object
) -> Upscaler:
    """A new upscaler without history; call `resize` before its first frame. `options` go to the class as they are
    (neural: `network` and `backend`). Raises SuperseeError for an unknown name or a source."""
    info = method_info(name)
    if info.kind != "upscaler":
        raise SuperseeError(f'"{name}" is not an upscaler', "the renderer draws it itself")
    factory = getattr(importlib.import_module(f"app.upscale.{info.module}"), info.factory)
    return factory(context, clock=clock, **options)

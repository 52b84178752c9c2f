"""What an engine was made of and for: two engines with one key are interchangeable."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from app.conventions import Size


@dataclass(frozen=True, slots=True)
class EngineKey:
    """`model` is the sha256 of the ONNX file; `target` what it was built for ("sm89"). `gpu` and `driver` are empty for
    an engine that was built ahead, without the GPU: TensorRT-RTX engines run on every GPU of their target. `size` is
    the padded LR (width, height); `formats` how the tensors lie in memory."""

    network: str
    model: str
    library: str
    version: str
    target: str
    gpu: str
    driver: str
    size: Size
    precision: str
    formats: str = "HWC8 float16"

    @property
    def stem(self) -> str:
        """The name of its files: readable in front, exact behind."""
        whole = json.dumps(asdict(self), sort_keys=True)
        digest = hashlib.sha256(whole.encode()).hexdigest()[:20]
        name = "".join(c if c.isalnum() else "-" for c in self.network)[:24]
        return f"{name}-{self.size[0]}x{self.size[1]}-{self.precision}-{self.target}-{digest}"

    @property
    def built_ahead(self) -> EngineKey:
        """The key of the same engine, built without knowing the GPU."""
        return replace(self, gpu="", driver="")

    def said(self) -> str:
        """For people: "lite 960x540 fp16 for sm89"."""
        return f"{self.network} {self.size[0]}x{self.size[1]} {self.precision} for {self.gpu or self.target}"


def key_from(data: Any) -> EngineKey:
    """The reverse of `asdict`; raises ValueError for anything else."""
    names = {field.name for field in fields(EngineKey)}
    if not isinstance(data, dict) or set(data) != names:
        raise ValueError("the key has other fields")
    size = data["size"]
    if not (
        isinstance(size, list | tuple) and len(size) == 2 and all(type(n) is int and 0 < n < 1 << 16 for n in size)
    ):
        raise ValueError("the size is not one")
    if any(not isinstance(data[name], str) for name in names - {"size"}):
        raise ValueError("the key is not text")
    return EngineKey(**{**data, "size": (size[0], size[1])})

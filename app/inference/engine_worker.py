"""Builds one engine in a process of its own: `python -m app.inference.engine_worker REQUEST` (JSON).

What TensorRT does to this process (crash, hang, tens of seconds with the interpreter's lock held) the program does not
feel. The answer goes to the standard output: a line of JSON, then the engine's bytes. Whatever the libraries print goes
to the standard error instead.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from app.errors import SuperseeError


def main(text: str) -> int:
    # Native libraries print where they like: the answer's channel is put aside, and 1 becomes another 2.
    with os.fdopen(os.dup(1), "wb") as answer:
        os.dup2(2, 1)
        try:
            header, plan = _built(json.loads(text))
        except SuperseeError as error:
            header, plan = {"error": [error.what, error.why, error.do]}, b""
        _send(answer, header, plan)
    return 0


def _built(request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    from app.inference.engine_build import BuildRequest, build_engine
    from app.inference.tensorrt_library import TensorRtLibrary

    library = TensorRtLibrary(request["library"])
    if not library.builds_without_gpu:
        from app.inference.cuda_runtime import CudaRuntime

        CudaRuntime().use(request["device"])
    width, height = request["size"]
    built = build_engine(library, BuildRequest(Path(request["model"]), (width, height), request["target"]))
    header = {
        "bytes": len(built.plan),
        "seconds": built.seconds,
        "boundary": built.boundary,
        "layers": len(built.layers),
        "tensors": [asdict(tensor) for tensor in built.tensors],
        "library": library.version,
    }
    return header, built.plan


def _send(answer: BinaryIO, header: dict[str, Any], plan: bytes) -> None:
    answer.write(json.dumps(header).encode() + b"\n")
    answer.write(plan)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))

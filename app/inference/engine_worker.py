"""Builds one engine in a process of its own: `python -m app.inference.engine_worker REQUEST` (JSON).

What TensorRT does to this process (crash, hang, tens of seconds with the interpreter's lock held) the program does not
feel. The answer goes to the standard output: a line of JSON, then the engine's bytes. Whatever the libraries print goes
to the standard error instead.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.errors import SuperseeError

Work = Callable[[dict[str, Any]], tuple[dict[str, Any], bytes]]
"""Of a request: the answer's first line and its bytes."""


def main(text: str, work: Work | None = None) -> int:
    """`text`: engine_process.WorkerRequest as JSON."""
    # Native libraries print where they like: the answer's channel is put aside, and 1 becomes another 2.
    with os.fdopen(os.dup(1), "wb") as answer:
        os.dup2(2, 1)
        try:
            header, data = (work or _built)(json.loads(text))
        except SuperseeError as error:
            header, data = {"error": [error.what, error.why, error.do]}, b""
        answer.write(json.dumps({"bytes": len(data), **header}).encode() + b"\n")
        answer.write(data)
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
        "seconds": built.seconds,
        "boundary": built.boundary,
        "layers": len(built.layers),
        "tensors": [asdict(tensor) for tensor in built.tensors],
        "library": library.version,
    }
    return header, built.plan


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))

"""The process that runs an engine for the first time on a GPU: `python -m app.inference.engine_trial REQUEST` (JSON),
the engine on its standard input. Answers as engine_worker does, with the kernels that TensorRT-RTX compiled.

Loading an engine, compiling its kernels and capturing its graph happen in NVIDIA's code and driver. What crashes there
for good reason or bad does so here first, and a crash is a message; what takes seconds is done when the window loads
the same engine with the same kernels.
"""

from __future__ import annotations

import sys
from typing import Any

from app.inference.engine_worker import main


def _tried(request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    from app.inference.cuda_runtime import CudaRuntime
    from app.inference.tensorrt_library import TensorRtLibrary
    from app.inference.tensorrt_session import TensorRtSession, tensor_shapes

    plan = sys.stdin.buffer.read()
    library, cuda = TensorRtLibrary(request["library"]), CudaRuntime()
    cuda.use(request["device"])
    context, cache = library.create_context(library.load(plan))
    width, height = request["size"]
    session = TensorRtSession(library, cuda, context, *tensor_shapes((width, height)))
    try:
        for _ in range(_FRAMES):
            session.start()
            session.wait()
    finally:
        session.release()
    return {"library": library.version}, b"" if cache is None else cache.serialized()


_FRAMES = 3
"""Plain, captured into a graph, and from the graph."""

if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], _tried))

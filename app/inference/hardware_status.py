"""What has been written and reviewed, and has not yet run on the hardware that it is for: `supersee doctor` prints it,
the README repeats it. An entry goes when its check has passed on a real GPU, which docs/benchmarks then names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unproven:
    """`what` has not run yet; `instead` is what has been checked of it without a GPU; `check` is the command that
    proves it on a machine with one."""

    what: str
    instead: str
    check: str


NOT_YET_RUN: tuple[Unproven, ...] = (
    Unproven(
        "buffers shared between OpenGL and CUDA",
        "every call against NVIDIA's documentation, order and clean-up over a stand-in for CUDA",
        "supersee doctor",
    ),
    Unproven(
        "TensorRT engines: their trial in another process, loading, CUDA graphs, the comparison at load",
        "engines are built for real, for GPUs that are not here; crashes and hangs are played",
        "pytest -m gpu",
    ),
    Unproven(
        "INT8 and FP8: which precision is the fastest, and what each answers on a GPU",
        "both are built for real, and their loss is measured in OpenVINO",
        "supersee engines build --precision auto",
    ),
    Unproven(
        "times on an NVIDIA GPU, and those of torch and onnxruntime beside them",
        "nothing: no figure is claimed",
        "supersee bench --gpu",
    ),
    Unproven(
        "the overlay's split by stage over shared buffers: whether `exchange` also holds the wait for the network",
        "passes are timed by GL, the network by CUDA; `bench --gpu` keeps them apart",
        "supersee bench --gpu",
    ),
    Unproven(
        "TensorRT-RTX on compute capability 9.0 (H100, H200)",
        "the message and the fallback where an engine does not load",
        "supersee doctor",
    ),
    Unproven(
        "NVIDIA's video encoders",
        "they are tried with one frame, and libx264 takes their place",
        "supersee doctor",
    ),
)

"""Real TensorRT-RTX engines, built without a GPU: what they take and give, and that nothing is copied on the way."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from app.conventions import Size, render_size
from app.errors import SuperseeError
from app.inference.channels import INPUT_CHANNELS, OUTPUT_CHANNELS
from app.inference.engine_build import BuildRequest, build_engine
from app.inference.manifest import Network, load_network
from app.inference.tensorrt_library import TensorRtLibrary
from app.paths import WEIGHTS

TARGETS = ("sm75", "sm86", "sm89", "sm120")
PAIRS = [
    *(((3840, 2160), rows) for rows in (720, 1080, 1440)),
    *(((1920, 1080), rows) for rows in (540, 720)),
    *(((2560, 1440), rows) for rows in (720, 960)),
]
SIZES: list[Size] = sorted({Network.padded(render_size(display, display[1] / rows)) for display, rows in PAIRS})


@pytest.fixture(scope="module")
def library() -> TensorRtLibrary:
    """Part of the test installation: without it these tests fail instead of being skipped."""
    return TensorRtLibrary("tensorrt_rtx")


def half_model(name: str) -> Path:
    return load_network(WEIGHTS / name).typed["fp16"]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", ["lite", "standard"])
def test_engines_of_every_common_size_take_and_give_nhwc_halves_in_place(
    library: TensorRtLibrary, name: str, target: str, record_property: Callable[[str, object], None]
) -> None:
    assert SIZES == [(960, 540), (1280, 720), (1708, 960), (1920, 1080), (2560, 1440)]
    for size in SIZES:
        built = build_engine(library, BuildRequest(half_model(name), size, target))
        said = f"{name} {target} {size[0]}x{size[1]} fp16: {built.seconds:.2f} s, {len(built.plan) / 1e6:.2f} MB"
        record_property("engine", said)
        width, height = size
        assert [(t.name, t.shape, t.type, t.format) for t in built.tensors] == [
            ("features", (1, len(INPUT_CHANNELS), height, width), "HALF", "HWC8"),
            ("parameters", (1, len(OUTPUT_CHANNELS), height, width), "HALF", "HWC8"),
        ]
        assert 0.2e6 < len(built.plan) < 8e6
        assert built.layers, "the builder's listing is not understood any more"
        assert built.boundary == ""
        first, last = built.layers[0].inputs[0], built.layers[-1].outputs[0]
        assert (first.name, first.strides) == ("features", (40 * width * height, 1, 40 * width, 40))
        assert (last.name, last.strides) == ("parameters", (16 * width * height, 1, 16 * width, 16))


def test_a_portable_engine_and_every_listed_target_build(library: TensorRtLibrary) -> None:
    assert {*TARGETS, "sm80", "portable"} <= set(library.targets())
    for target in library.targets():
        assert build_engine(library, BuildRequest(half_model("lite"), (64, 36), target)).plan


def test_an_engine_for_another_target_is_another_engine(library: TensorRtLibrary) -> None:
    plans = [build_engine(library, BuildRequest(half_model("lite"), (64, 36), t)).plan for t in ("sm75", "sm120")]
    assert plans[0] != plans[1]


def test_an_unknown_target_is_refused_with_those_there_are(library: TensorRtLibrary) -> None:
    with pytest.raises(SuperseeError, match=r"does not build for sm61: its targets are sm75, .*sm120"):
        build_engine(library, BuildRequest(half_model("lite"), (64, 36), "sm61"))


def model_file(folder: Path, kind: int = TensorProto.FLOAT16, opset: int = 17, **changes: object) -> Path:
    names = {"features": "features", "parameters": "parameters", "inputs": 40, "outputs": 16, "stride": 1} | changes
    weight = helper.make_tensor("w", kind, [names["outputs"], names["inputs"], 1, 1], [0.0] * 40 * 16)
    value = helper.make_tensor_value_info
    node = helper.make_node(
        names.get("node", "Conv"), [names["features"], "w"], [names["parameters"]], strides=[names["stride"]] * 2
    )
    inputs = [value(names["features"], kind, [1, names["inputs"], "h", "w"])]
    graph = helper.make_graph([node], "test", inputs, [value(names["parameters"], kind, None)], [weight])
    path = folder / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), path)
    return path


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"features": "data"}, "turns data into parameters"),
        ({"parameters": "image"}, "turns features into image"),
        ({"kind": TensorProto.FLOAT}, "features is FLOAT, not half floats"),
        ({"inputs": 16, "outputs": 40}, r"features is \(1, 16, -1, -1\), not \(1, 40"),
        ({"stride": 2}, r"its answer would be \(1, 16, 18, 32\)"),
        ({"node": "Unheard"}, "Unheard: .*not found"),
    ],
)
def test_a_model_that_is_not_ours_is_refused(
    library: TensorRtLibrary, tmp_path: Path, changes: dict, reason: str
) -> None:
    good = model_file(tmp_path)
    assert build_engine(library, BuildRequest(good, (64, 36), "sm89")).plan
    with pytest.raises(SuperseeError, match=reason) as caught:
        build_engine(library, BuildRequest(model_file(tmp_path, **changes), (64, 36), "sm89"))
    assert "models export" in caught.value.do


@pytest.mark.parametrize("opset", [1, 99])
def test_an_opset_that_tensorrt_does_not_know_is_read_as_the_nearest(
    library: TensorRtLibrary, tmp_path: Path, opset: int
) -> None:
    """It does not refuse one. Whether it computes what was meant is for the gate to say, before a pixel is shown."""
    built = build_engine(library, BuildRequest(model_file(tmp_path, opset=opset), (64, 36), "sm89"))
    assert built.boundary == ""
    assert [tensor.name for tensor in built.tensors] == ["features", "parameters"]


@pytest.mark.parametrize("data", [b"", b"garbage" * 1000, None])
def test_damaged_files_are_refused(library: TensorRtLibrary, tmp_path: Path, data: bytes | None) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(half_model("lite").read_bytes()[:30_000] if data is None else data)
    with pytest.raises(SuperseeError, match="is not a network that TensorRT can run"):
        build_engine(library, BuildRequest(path, (64, 36), "sm89"))


def test_two_gigabytes_of_garbage_are_not_even_read(library: TensorRtLibrary, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    with path.open("wb") as file:
        file.truncate(2 << 30)  # sparse: it takes no room
    with pytest.raises(SuperseeError, match="larger than any network"):
        build_engine(library, BuildRequest(path, (64, 36), "sm89"))


def test_a_missing_file_is_named(library: TensorRtLibrary, tmp_path: Path) -> None:
    with pytest.raises(SuperseeError, match="cannot be read"):
        build_engine(library, BuildRequest(tmp_path / "none.onnx", (64, 36), "sm89"))


def test_the_check_of_the_boundary_sees_copies(library: TensorRtLibrary, tmp_path: Path) -> None:
    """The same network behind Transposes: TensorRT makes kernels of them, and the check says so."""
    model = onnx.load(half_model("lite"))
    nodes = list(model.graph.node)
    nodes[0].input[0], nodes[-1].output[0] = "inside", "head"
    last = helper.make_node("Mul", ["head", "head"], ["parameters"])
    del model.graph.node[:]
    model.graph.node.extend([helper.make_node("Neg", ["features"], ["inside"]), *nodes, last])
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    built = build_engine(library, BuildRequest(path, (64, 36), "sm89"))
    assert "which is no convolution, reads features" in built.boundary


COLLECTING = """
import gc, sys
from pathlib import Path
from app.inference.engine_build import BuildRequest, build_engine
from app.inference.tensorrt_library import TensorRtLibrary

class Collects:
    "Collects where Python might do so by itself."
    def log(self, severity, message):
        if gc.isenabled():
            gc.collect()

class Holder:
    def __init__(self):
        self.itself, self.builder = self, library.api.Builder(logger)

library = TensorRtLibrary("tensorrt_rtx")
logger, library.logger = library.logger, Collects()
gc.disable()
Holder()
gc.enable()
assert build_engine(library, BuildRequest(Path(sys.argv[1]), (64, 36), "sm89")).plan
"""


def test_a_builder_that_awaits_collection_does_not_stop_the_next() -> None:
    """Its destructor wants the lock that TensorRT holds while it calls the logger. In a process of its own, for one
    that stands still there never hears of a time limit."""
    command = [sys.executable, "-c", COLLECTING, str(half_model("lite"))]
    assert subprocess.run(command, timeout=60, check=False, cwd=WEIGHTS.parents[1]).returncode == 0

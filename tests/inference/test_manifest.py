"""A network is checked before it is used: what does not fit is refused with a reason and a way out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.errors import SuperseeError
from app.inference.gate import LEAST_DB
from app.inference.manifest import PRECISIONS, Network, describe_network, load_network


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model = tmp_path / "model.onnx"
    model.write_bytes(b"not read by the manifest")
    manifest = describe_network("test", model, macs_per_pixel=123.4, architecture={"widths": [1, 2, 3]})
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    return tmp_path


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "manifest.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def test_what_was_described_is_what_is_loaded(folder: Path) -> None:
    network = load_network(folder)
    assert (network.name, network.macs_per_pixel, network.precision) == ("test", 123.4, "float32")
    assert network.model == folder / "model.onnx"


def test_sizes_are_padded_to_the_multiple_of_four() -> None:
    assert Network.padded((320, 180)) == (320, 180)
    assert Network.padded((321, 177)) == (324, 180)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda m: m.update(schema_version=2), "schema is 2"),
        (lambda m: m.update(formulation=99), "formulation is 99"),
        (lambda m: m["input"]["channels"].reverse(), "channel 0 of its input is 'innovation_size'"),
        (lambda m: m["output"]["channels"].pop(), "channel 15 of its output is nothing"),
        (lambda m: m["input"].update(layout="NCHW"), "input is not described as NHWC"),
        (lambda m: m.update(input=None), "input is not described"),
        (lambda m: m.update(hidden=8), "hidden is 8"),
        (lambda m: m.update(size_multiple=16), "size_multiple is 16"),
        (lambda m: m.update(history_scale=3), "history_scale is 3"),
        (lambda m: m.pop("history_scale"), "history_scale is None"),
        (lambda m: m.pop("name"), "name, files or architecture"),
        (lambda m: m.update(macs_per_pixel="many"), "macs_per_pixel"),
        (lambda m: m.update(model="other.onnx"), "not among its files"),
        (lambda m: m["files"].update({"../../etc/passwd": "0"}), "leaves its folder"),
        (lambda m: m["files"].update({"missing.bin": "0"}), "missing.bin cannot be read"),
        (lambda m: m.update(typed={"fp16": "other.onnx"}), "typed models or its gate"),
        (lambda m: m.update(typed=["model.onnx"]), "typed models or its gate"),
        (lambda m: m.update(gate="../gate.npz"), "typed models or its gate"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    folder: Path, change: Callable[[dict[str, Any]], object], reason: str
) -> None:
    edit(folder, change)
    with pytest.raises(SuperseeError) as caught:
        load_network(folder)
    assert reason in str(caught.value)
    assert "models export" in caught.value.do


def test_a_model_that_changed_since_is_refused(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"something else")
    with pytest.raises(SuperseeError, match="sha256 differs"):
        load_network(folder)


def test_precisions_that_are_not_known_here_are_passed_over(folder: Path) -> None:
    edit(folder, lambda m: m.update(typed={"int8": "model.onnx", "fp4": "model.onnx", "fp16": "model.onnx"}))
    assert list(load_network(folder).typed) == ["fp16", "int8"]
    assert set(PRECISIONS) == set(LEAST_DB), "each has its bar at the gate"


@pytest.mark.parametrize("file", ["model.onnx", "model.fp8.onnx", "gate.npz"])
def test_two_gigabytes_of_garbage_are_not_even_read(folder: Path, file: str) -> None:
    with (folder / file).open("wb") as garbage:
        garbage.truncate(2 << 30)  # sparse: it takes no room
    edit(folder, lambda m: m["files"].update({file: "0"}))
    begun = time.monotonic()
    with pytest.raises(SuperseeError, match=f"{file} is larger than any network"):
        load_network(folder)
    assert time.monotonic() - begun < 1.0


def test_a_missing_network_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(SuperseeError, match="There is no network") as caught:
        load_network(tmp_path / "nowhere")
    assert "models train" in caught.value.do


@pytest.mark.parametrize("text", ["", "[1, 2]", "{", '"text"', "[" * 5000])
def test_what_is_not_a_manifest_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(SuperseeError, match="cannot be used"):
        load_network(tmp_path)

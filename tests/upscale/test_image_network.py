"""The single-image networks as the program meets them: sizes, ratios, asynchrony, messages, what is found."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import moderngl
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from app.errors import SuperseeError
from app.inference.image_manifest import image_kinds, image_networks, load_image_network
from app.inference.openvino_backend import OpenVinoBackend
from app.measure.stage_clock import make_clock
from app.present.method_run import MethodRun
from app.upscale import registry
from app.upscale.image_network import ImageNetworkUpscaler
from app.upscale.registry import METHODS, create_upscaler, method_info
from models.network import build_model
from models.network.export_image import save_image_network
from models.network.image_model import ImageModel
from tests.upscale.frames import frame, pixels, sampled

KINDS = {"srcnn": {}, "espcn": {}, "edsr": {"blocks": 1, "width": 8}}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    for kind, settings in KINDS.items():
        model = build_model({"kind": kind, **settings}, seed=1)
        assert isinstance(model, ImageModel)
        save_image_network(model, folder / f"our-{kind}", kind)
    model = build_model({"kind": "espcn", "ratio": 3}, seed=1)
    assert isinstance(model, ImageModel)
    save_image_network(model, folder / "espcn-3x", "espcn-3x")
    return folder


def ramp(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.stack((0.2 + 0.6 * u, 0.7 - 0.4 * v, 0.3 + 0.3 * u * v), -1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_fresh_network_shows_the_picture_enlarged_and_still(
    gl: moderngl.Context, weights: Path, backend: OpenVinoBackend, kind: str
) -> None:
    upscaler = create_upscaler(kind, gl, networks=image_networks(kind, weights), backend=backend)
    assert (upscaler.name, upscaler.label) == (kind, kind.upper())
    assert upscaler.detail == "OpenVINO CPU f32"
    shown = []
    for jitter in ((0.0, 0.0), (0.4, -0.3)):
        colour = sampled(ramp, (32, 20), jitter)
        shown.append(pixels(upscaler.upscale(frame(gl, colour, (64, 40), jitter=jitter, exposure=1.4)))[6:-6, 6:-6])
    expected = sampled(ramp, (64, 40))[6:-6, 6:-6]
    for picture in shown:
        assert np.abs(picture - expected).max() < 0.08  # a nearest neighbour, through tanh twice in ESPCN
    assert np.abs(shown[0] - shown[1]).mean() < 0.01
    upscaler.release()


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_no_history(gl: moderngl.Context, weights: Path, backend: OpenVinoBackend, kind: str) -> None:
    upscaler = create_upscaler(kind, gl, networks=image_networks(kind, weights), backend=backend)
    wanted = frame(gl, sampled(ramp, (16, 12)), (32, 24), reset=True)
    first = pixels(upscaler.upscale(wanted)).copy()
    upscaler.upscale(frame(gl, np.full((12, 16, 3), 3.0), (32, 24)))
    np.testing.assert_array_equal(pixels(upscaler.upscale(wanted)), first)
    upscaler.release()


def test_it_runs_beside_the_caller_and_its_stages_are_timed(
    gl: moderngl.Context, weights: Path, backend: OpenVinoBackend
) -> None:
    clock = make_clock(gl)
    upscaler = create_upscaler("srcnn", gl, clock, networks=image_networks("srcnn", weights), backend=backend)
    given = frame(gl, sampled(ramp, (16, 12)), (32, 24))
    assert upscaler.ready()
    upscaler.begin(given)
    upscaler.begin(given)  # a frame that was begun is finished first
    while not upscaler.ready():
        pass
    assert upscaler.finish() is upscaler.finish()
    assert {"pre", "exchange", "network", "post"} <= set(clock.take())
    assert upscaler.frame_bytes_to_host == 32 * 24 * 4 * 2  # type: ignore[attr-defined]
    upscaler.begin(given)
    upscaler.reset()
    upscaler.release()


def test_sizes_change_between_two_frames_and_each_ratio_has_its_network(
    gl: moderngl.Context, weights: Path, backend: OpenVinoBackend
) -> None:
    networks = image_networks("espcn", weights)
    assert [network.ratio for network in networks] == [2, 3]
    upscaler = create_upscaler("espcn", gl, networks=networks, backend=backend)
    for small, display in (((16, 12), (32, 24)), ((11, 8), (32, 24)), ((16, 12), (31, 23)), ((1, 1), (3, 3))):
        shown = pixels(upscaler.upscale(frame(gl, sampled(ramp, small), display)))
        assert shown.shape == (display[1], display[0], 3)
        assert np.isfinite(shown).all()
        assert shown.min() > 0.05, "no black frame"
    upscaler.release()


def test_other_networks_take_over_from_the_next_frame_on(
    gl: moderngl.Context, weights: Path, backend: OpenVinoBackend
) -> None:
    upscaler = ImageNetworkUpscaler(gl, [load_image_network(weights / "our-espcn")], backend)
    given = frame(gl, sampled(ramp, (16, 12)), (48, 36))
    with pytest.raises(SuperseeError, match="enlarges 2 times"):
        upscaler.begin(given)
    upscaler.replace_network([load_image_network(weights / "espcn-3x")], backend)
    assert upscaler.upscale(given).size == (48, 36)
    upscaler.release()


def test_a_ratio_it_was_not_made_for_shows_the_stand_in_with_a_message(
    gl: moderngl.Context, weights: Path, backend: OpenVinoBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(METHODS, "srcnn", registry._IMAGE_NETWORKS["srcnn"])
    options = {"networks": image_networks("srcnn", weights), "backend": backend}
    run = MethodRun("srcnn", gl, make_clock(gl), lambda _name, _size: options)
    odd = frame(gl, sampled(ramp, (16, 12)), (24, 18))
    run.begin(odd, 0)
    run.finish(odd)
    assert run.stands_in
    assert run.title == "SRCNN unavailable"
    assert run.warning.startswith("showing bilinear: SRCNN cannot turn 16x12 into 24x18: its network enlarges 2 times")
    assert run.texture is not None
    assert run.texture.size == (24, 18)
    run.begin(odd, 1)
    run.finish(odd)
    assert run.stands_in, "it is not tried again at the same size"
    even = frame(gl, sampled(ramp, (16, 12)), (32, 24))
    run.begin(even, 2)
    run.finish(even)
    assert not run.stands_in, "another ratio is another try"
    assert run.warning == ""
    run.begin(odd, 3)
    run.finish(odd)
    run.retry()
    run.begin(odd, 4)
    assert run.stands_in
    assert "Use it at 2x" in run.remarks
    run.release()


def test_the_list_of_methods_has_what_was_found(weights: Path, tmp_path: Path) -> None:
    assert image_kinds(weights) == ("srcnn", "espcn", "edsr")
    assert image_kinds(tmp_path) == ()
    shutil.copytree(weights / "our-espcn", tmp_path / "espcn")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "image_manifest.json").write_text("{")
    assert image_kinds(tmp_path) == ("espcn",)
    with pytest.raises(SuperseeError, match="There is no edsr network"):
        image_networks("edsr", tmp_path)
    for kind in image_kinds():
        assert METHODS[kind].network
        assert not METHODS[kind].temporal


def test_a_kind_that_was_not_trained_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    # A copy: taken out and put back, it would stand last for the tests that come after.
    monkeypatch.setattr(registry, "METHODS", {name: info for name, info in METHODS.items() if name != "edsr"})
    monkeypatch.setattr(registry, "image_networks", lambda kind: image_networks(kind, Path("nowhere")))
    with pytest.raises(SuperseeError, match=r"no edsr network.*edsr\.toml"):
        method_info("edsr")


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("schema_version", 2, "schema is 2"),
        ("kind", "vdsr", "kind is 'vdsr'"),
        ("ratio", 4, "ratio is 4"),
        ("enlarges", 3, "enlarges 3 times"),
        ("input", {"layout": "NHWC", "channels": ["red"]}, "channel 1 of its input is nothing"),
        ("files", {"model.onnx": "0"}, "sha256 differs"),
        ("model", "other.onnx", "not among its files"),
        ("macs_per_pixel", None, "macs_per_pixel"),
        ("name", "", "name, files"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    weights: Path, tmp_path: Path, key: str, value: object, reason: str
) -> None:
    folder = tmp_path / "network"
    shutil.copytree(weights / "our-srcnn", folder)
    assert load_image_network(folder).kind == "srcnn"
    path = folder / "image_manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    with pytest.raises(SuperseeError, match=reason):
        load_image_network(folder)

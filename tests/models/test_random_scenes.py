from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.conventions import texture_lod_bias
from app.errors import SuperseeError
from app.scene.evaluate import evaluate
from models.data.clip import Clip, ClipReader, save_clip
from models.data.index import NO_MIP_MAPS, ClipEntry, DataIndex, read_index, write_index
from models.data.plan import plan_clips
from models.data.random_camera import MOTIONS, random_run
from models.data.random_scene import EXTENT, random_scene
from models.data.render import Rank, render_data
from tests.models.synthetic import synthetic_clip


def _fingerprint(seed: int) -> list[bytes]:
    model = random_scene(seed)
    meshes = [p.positions.tobytes() + p.indices.tobytes() for m in model.meshes for p in m.primitives]
    return meshes + [i.pixels.tobytes() for i in model.images] + [repr(model.materials).encode()]


def test_a_seed_gives_the_same_scene_always() -> None:
    assert _fingerprint(11) == _fingerprint(11)
    assert _fingerprint(11) != _fingerprint(12)


def test_scenes_are_sound_and_move() -> None:
    moving = 0
    for seed in range(6):
        model = random_scene(seed)
        for mesh in model.meshes:
            for p in mesh.primitives:
                assert p.indices.max() < len(p.positions)
                assert np.isfinite(p.positions).all()
                np.testing.assert_allclose(np.linalg.norm(p.normals, axis=1), 1.0, atol=1e-3)
                assert 0 <= p.material < len(model.materials)
        now, later = (evaluate(model, time, None).world for time in (1.0, 1.2))
        moving += not np.allclose(now, later)
    assert moving >= 2


def test_front_faces_agree_with_normals() -> None:
    model = random_scene(1)
    for mesh in model.meshes:
        for p in mesh.primitives:
            if model.materials[p.material].double_sided:
                continue
            a, b, c = (p.positions[p.indices[i::3]].astype(float) for i in range(3))
            face = np.cross(b - a, c - a)
            agree = (face * p.normals[p.indices[0::3]]).sum(1)
            assert (agree > -1e-6).all(), mesh.name


@pytest.mark.parametrize("kind", MOTIONS)
def test_camera_runs_cut_only_where_they_say(kind: str) -> None:
    run = random_run(kind, 18, np.random.default_rng(4), EXTENT)
    assert run.cuts[0]
    assert sum(run.cuts) == (2 if kind == "cut" else 1)
    eyes = np.array([pose.position for pose in run.poses])
    steps = np.linalg.norm(np.diff(eyes, axis=0), axis=1)
    assert (steps[~np.array(run.cuts[1:])] < 0.5).all()
    assert (eyes[:, 1] > 0.2).all()


def test_the_plan_keeps_test_scenes_out_of_training() -> None:
    plan = plan_clips(120, 18, 1, ("court",))
    train = {e.scene for e in plan if e.split == "train"}
    test = {e.scene for e in plan if e.split == "test"}
    assert "court" in train
    assert len(test) >= 10
    assert not train & test
    assert plan_clips(40, 18, 1, ("court",)) == plan[:40]
    for entry in plan:
        for display, render in zip(entry.display_size, entry.render_size):
            assert display == pytest.approx(render * entry.ratio)


def test_held_out_scenes_are_for_testing_only() -> None:
    plan = plan_clips(6, 18, 2, held_out=("garden", "arcade"))
    assert {e.split for e in plan} == {"test"}
    assert {e.scene for e in plan} == {"garden", "arcade"}


def test_a_folder_of_random_scenes_may_be_for_testing_only() -> None:
    plan = plan_clips(10, 18, 2, held_out=("random",))
    assert {e.split for e in plan} == {"test"}
    assert len({e.scene for e in plan}) == 10
    assert all(e.scene.startswith("random:") for e in plan)
    assert {e.ratio for e in plan} == {1.5, 2.0, 3.0}


def test_our_renderer_draws_a_clip_and_draws_it_again_the_same(gl) -> None:
    from dataclasses import replace

    from models.data.render import render_clip

    entry = replace(plan_clips(1, 3, 1)[0], render_size=(32, 18), display_size=(64, 36), ratio=2.0, lod_bias=-2.0)
    clip, again = render_clip(gl, entry, 2), render_clip(gl, entry, 2)
    assert clip.colour.shape == (3, 18, 32, 3)
    assert clip.reference.shape == (3, 36, 64, 3)
    assert clip.reset.tolist() == [True, False, False]
    assert float(clip.reference.astype(np.float32).std()) > 0.01
    np.testing.assert_array_equal(clip.colour, again.colour)
    np.testing.assert_array_equal(clip.reference, again.reference)
    # The low-resolution frame is the same picture as the reference, the right way up.
    small = clip.reference.astype(np.float32).reshape(3, 18, 2, 32, 2, 3).mean(axis=(2, 4))

    def compressed(linear: np.ndarray) -> np.ndarray:
        exposed = linear.astype(np.float32) * float(clip.exposure[0])
        return (exposed / (1 + exposed)).ravel()

    upright, flipped = (
        np.corrcoef(compressed(small), compressed(other))[0, 1] for other in (clip.colour, clip.colour[:, ::-1])
    )
    assert upright > max(0.5, flipped + 0.2)


def test_about_the_asked_share_of_clips_is_unfiltered() -> None:
    plan = plan_clips(400, 18, 1)
    assert 0.33 < sum(entry.unfiltered for entry in plan) / len(plan) < 0.47
    regular = [e for e in plan if e.lod_bias == pytest.approx(texture_lod_bias(e.ratio), abs=1e-3)]
    assert 0.38 < len(regular) / len(plan) < 0.52
    assert all(NO_MIP_MAPS <= e.lod_bias <= texture_lod_bias(e.ratio) + 1e-3 for e in plan)
    assert {e.reference_lod_bias for e in regular} == {-1.0}, "what the app's own reference is read with"
    assert {(e.ratio, e.reference_lod_bias) for e in plan if e.unfiltered} >= {(1.5, -7.42), (2.0, -7.0), (3.0, -6.42)}
    assert all(entry.unfiltered for entry in plan_clips(20, 18, 1, unfiltered=1.0))
    assert not any(entry.unfiltered for entry in plan_clips(20, 18, 1, unfiltered=0.0))


def _finished_folder(folder: Path) -> DataIndex:
    index = DataIndex(seed=3, reference_samples=16, scenes=(), held_out=(), clips=plan_clips(2, 4, 3), seconds=12.0)
    write_index(index, folder)
    for entry in index.clips:
        save_clip(synthetic_clip(1, frames=2, display=(32, 16)), folder / entry.file)
    return index


def test_rendering_goes_on_where_it_stopped(tmp_path: Path) -> None:
    index = _finished_folder(tmp_path)
    before = [(tmp_path / entry.file).stat().st_mtime_ns for entry in index.clips]
    again = render_data(tmp_path, clips=2, frames=4, seed=3, samples=16)
    assert again.clips == index.clips
    assert [(tmp_path / entry.file).stat().st_mtime_ns for entry in index.clips] == before  # nothing was left to draw


def test_a_folder_of_other_settings_is_refused(tmp_path: Path) -> None:
    _finished_folder(tmp_path)
    with pytest.raises(SuperseeError, match="other settings"):
        render_data(tmp_path, clips=2, frames=4, seed=4, samples=16)
    with pytest.raises(SuperseeError, match="other settings: frames 4 there, 6 asked for"):
        render_data(tmp_path, clips=4, frames=6, seed=3, samples=16)


def test_a_scene_that_is_not_there_is_named_before_anything_is_drawn(tmp_path: Path) -> None:
    with pytest.raises(SuperseeError, match="no built-in scene cuort: there are court"):
        render_data(tmp_path, clips=6, frames=4, seed=3, samples=16, scenes=("cuort",))
    assert not list(tmp_path.iterdir())


def test_two_processes_draw_what_one_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []

    def quick(_context: object, entry: ClipEntry, _samples: int) -> Clip:
        drawn.append(entry.name)
        return synthetic_clip(entry.seed % 1000, frames=2, display=(32, 16))

    monkeypatch.setattr("models.data.render.render_clip", quick)
    settings = {"clips": 5, "frames": 2, "seed": 3, "samples": 16}
    alone = render_data(tmp_path / "one", **settings)  # type: ignore[arg-type]
    drawn.clear()
    render_data(tmp_path / "two", rank=Rank(1, 2), **settings)  # type: ignore[arg-type]
    assert drawn == ["00001", "00003"]
    together = render_data(tmp_path / "two", rank=Rank(0, 2), **settings)  # type: ignore[arg-type]
    assert together.clips == alone.clips == read_index(tmp_path / "two").clips
    for entry in alone.clips:
        assert (tmp_path / "one" / entry.file).read_bytes() == (tmp_path / "two" / entry.file).read_bytes()
    drawn.clear()
    render_data(tmp_path / "two", **settings)  # type: ignore[arg-type]
    assert not drawn, "one process takes over what two have drawn"


def test_a_process_without_a_share_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "2")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(SuperseeError, match="RANK is '2'"):
        Rank.from_environment()


def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(
        "models.data.render.render_clip",
        lambda _context, entry, _samples: synthetic_clip(1, frames=2 if entry.name == "00000" else 8, display=(96, 64)),
    )
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
    try:
        with pytest.raises(SuperseeError, match="Clip 00001 cannot be written"):
            render_data(tmp_path, clips=3, frames=2, seed=3, samples=16)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [entry.name for entry in read_index(tmp_path).clips] == ["00000"]
    ClipReader(tmp_path / "clips" / "00000.safetensors").read()

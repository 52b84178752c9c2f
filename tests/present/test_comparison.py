"""A comparison: same frame for every method, history dropped when it must be and only then."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from app.errors import SuperseeError
from app.present.comparison import Comparison
from app.present.frame_stages import Pause

Compare = Callable[..., Comparison]


def run_to_end(steps) -> list[Pause]:
    return list(steps)


def test_every_method_gives_a_picture_of_display_size(compare: Compare) -> None:
    comparison = compare(methods=("native", "nearest", "bilinear", "lanczos", "taau"))
    textures = comparison.advance(0.0)
    assert list(textures) == ["native", "nearest", "bilinear", "lanczos", "taau"]
    assert {texture.size for texture in textures.values()} == {(64, 36)}
    assert comparison.frame is not None
    assert comparison.frame.render_size == (32, 18)


def test_frames_give_way_between_stages(compare: Compare) -> None:
    comparison = compare(methods=("native", "bilinear", "taau"))
    assert len(run_to_end(comparison.frame_steps(0.0))) >= 4


def test_history_is_dropped_on_cut_seek_and_size_and_only_then(compare: Compare) -> None:
    comparison = compare(methods=("bilinear",))
    source = comparison.source
    for time in (0.0, 0.3, 0.6, 0.9):
        comparison.advance(time)
    assert source.resets == [True, False, False, False]
    source.resets.clear()
    comparison.advance(1.1)  # the path cuts at 1 s
    comparison.advance(1.2)
    assert source.resets == [True, False]
    source.resets.clear()
    comparison.seek(0.5)
    comparison.advance()
    comparison.advance(0.6)
    assert source.resets == [True, False]
    assert source.times[-2:] == [0.5, 0.6]
    source.resets.clear()
    comparison.ratio = 3.0
    comparison.advance(0.7)
    comparison.advance(0.8)
    comparison.display_size = (48, 27)
    comparison.advance(0.85)
    comparison.advance(0.9)
    assert source.resets == [True, False, True, False]
    source.resets.clear()
    comparison.methods = ("taau", "native")
    comparison.lod_bias = -0.5
    comparison.shading_load = 2.0
    comparison.advance(0.95)
    assert source.resets == [False]


def test_leaving_the_path_and_taking_it_up_again_drop_history(compare: Compare) -> None:
    comparison = compare(methods=("bilinear",))
    comparison.advance(0.0)
    own = comparison.pose
    comparison.camera = own
    comparison.advance(0.1)
    comparison.camera = own
    comparison.advance(1.5)  # no cut: the own camera does not follow the path
    comparison.camera = None
    comparison.advance(1.6)
    assert comparison.source.resets == [True, True, False, True]


def test_method_that_sat_out_starts_without_history(compare: Compare) -> None:
    comparison = compare(methods=("taau",))
    resets: list[str] = []
    comparison.advance(0.0)
    upscaler = comparison.runs["taau"]._own
    assert upscaler is not None
    upscaler.reset = lambda: resets.append("reset")  # type: ignore[method-assign]
    comparison.advance(0.1)
    assert resets == []
    comparison.methods = ("bilinear",)
    comparison.advance(0.2)
    comparison.methods = ("taau",)
    comparison.advance(0.3)
    comparison.advance(0.4)
    assert resets == ["reset"]


def test_changes_in_the_middle_of_a_frame_wait_for_the_next(compare: Compare) -> None:
    comparison = compare(methods=("bilinear", "native"))
    comparison.advance(0.0)
    steps = comparison.frame_steps(0.1)
    next(steps)
    comparison.methods = ("taau",)
    comparison.ratio = 3.0
    comparison.display_size = (32, 18)
    run_to_end(steps)
    panes = comparison.panes()
    assert [pane.method for pane in panes] == ["bilinear", "native"]
    assert all(pane.texture is not None and pane.texture.size == (64, 36) for pane in panes)
    assert "2× Performance" in panes[0].detail
    assert not comparison.complete
    comparison.advance(0.2)
    assert [pane.method for pane in comparison.panes()] == ["taau"]
    assert comparison.complete


def test_paused_pane_gets_a_method_without_a_new_frame(compare: Compare) -> None:
    comparison = compare(methods=("native",))
    comparison.advance(0.25)
    comparison.methods = ("native", "bilinear")
    assert not comparison.complete
    run_to_end(comparison.redo_steps())
    assert comparison.complete
    assert comparison.source.times == [0.25]
    assert all(pane.texture is not None for pane in comparison.panes())


def test_stages_are_booked_by_method_with_the_shared_pass_on_top(compare: Compare) -> None:
    comparison = compare(methods=("native", "bilinear"))
    for time in (0.0, 0.1):
        comparison.advance(time)
    spent = comparison.stage_ms()
    assert set(spent["native"]) == {"render"}
    assert {"render", "post"} <= set(spent["bilinear"])
    assert spent["bilinear"]["render"] == pytest.approx(comparison._stages.render_ms["render"])


def test_reference_accumulates_and_leaves_the_native_picture_alone(compare: Compare) -> None:
    comparison = compare(methods=("native", "reference"))
    comparison.advance(0.0)
    native, reference = comparison.panes()
    assert "one sample" in reference.warning
    run_to_end(comparison.reference_steps(samples=8, per_step=2, at_most=4))
    assert comparison.reference_done == 4
    assert "4 samples" in comparison.panes()[1].detail
    # The renderer draws reference samples where the native picture was.
    comparison.source.native.write(np.zeros((36, 64, 4), "f2").tobytes())
    native = comparison.panes()[0].texture
    assert native is not None
    assert np.frombuffer(native.read(), "f2").reshape(36, 64, 4)[..., 0].min() > 0.8
    run_to_end(comparison.reference_steps(samples=8))
    assert comparison.reference_done == 8
    comparison.advance(0.1)
    assert comparison.reference_done == 0


def test_reference_after_a_size_change_does_not_touch_a_native_picture_of_old(compare: Compare) -> None:
    comparison = compare(methods=("native", "bilinear"))
    comparison.advance(0.0)
    comparison.methods = ("bilinear", "reference")
    comparison.display_size = (48, 27)
    comparison.advance(0.1)
    run_to_end(comparison.reference_steps(samples=2))
    comparison.methods = ("native", "reference")
    comparison.display_size = (64, 36)
    steps = comparison.frame_steps(0.2)
    next(steps)
    assert not comparison.complete  # a frame in the making has no pictures to show
    run_to_end(steps)
    assert comparison.complete
    run_to_end(comparison.reference_steps(samples=2))
    assert [pane.texture.size for pane in comparison.panes() if pane.texture] == [(64, 36)] * 2


def test_headless_frame_can_carry_the_reference(compare: Compare) -> None:
    comparison = compare(methods=("bilinear", "reference"))
    textures = comparison.advance(0.0, reference_samples=4)
    assert np.frombuffer(textures["reference"].read(), "f4").reshape(36, 64, 4)[..., 2].min() > 0.8


def test_method_that_cannot_run_is_replaced_by_name(compare: Compare) -> None:
    def options(name: str, _size: tuple[int, int]) -> dict[str, object]:
        if name == "neural":
            raise SuperseeError("There is no network", "the folder is empty", "Train one.")
        return {}

    comparison = compare(methods=("neural", "native"), options=options)
    comparison.advance(0.0)
    pane = comparison.panes()[0]
    assert pane.texture is not None
    assert (pane.title, pane.method) == ("Neural unavailable", "bilinear")
    (warning,) = comparison.warnings()
    assert warning == "Neural unavailable: showing bilinear: There is no network: the folder is empty. Train one."
    assert comparison.backends() == ()


def test_method_takes_over_from_its_stand_in_when_it_is_prepared(compare: Compare) -> None:
    ready: list[bool] = []

    def options(name: str, _size: tuple[int, int]) -> dict[str, object] | None:
        return {} if name != "taau" or ready else None

    comparison = compare(methods=("taau",), options=options)
    comparison.advance(0.0)
    assert comparison.panes()[0].title == "TAAU is being prepared"
    assert comparison.complete
    ready.append(True)
    assert not comparison.complete
    run_to_end(comparison.redo_steps())
    assert comparison.panes()[0].title == "TAAU"
    assert comparison.complete
    assert comparison.source.times == [0.0]


@pytest.mark.parametrize("ratio", [0.99, 3.01, float("nan")])
def test_ratio_out_of_range_is_refused_and_the_old_one_stays(compare: Compare, ratio: float) -> None:
    comparison = compare()
    with pytest.raises(SuperseeError, match="ratio"):
        comparison.ratio = ratio
    assert comparison.ratio == 2.0


def test_unknown_method_is_refused_with_those_there_are(compare: Compare) -> None:
    comparison = compare()
    with pytest.raises(SuperseeError, match="bilinear"):
        comparison.methods = ("bicubic",)


def test_no_gl_objects_are_made_once_it_runs(compare: Compare, composition, monkeypatch) -> None:
    comparison = compare(methods=("native", "bilinear", "taau"))

    def frame(time: float) -> None:
        comparison.advance(time)
        composition.take(comparison.panes())

    for index in range(4):
        frame(index * 0.01)
    made: list[str] = []
    for kind in ("texture", "framebuffer", "buffer", "vertex_array", "program", "compute_shader"):
        original = getattr(type(comparison.context), kind)

        def counted(self, *args, _original=original, _kind=kind, **kwargs):
            made.append(_kind)
            return _original(self, *args, **kwargs)

        monkeypatch.setattr(type(comparison.context), kind, counted)
    for index in range(4, 204):
        frame(index * 0.001)
    assert made == []

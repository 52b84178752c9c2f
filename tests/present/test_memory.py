"""Hours on a stage: a comparison that runs on and on takes no more memory than in its first minute."""

from __future__ import annotations

from pathlib import Path

import moderngl
import pytest

from app.present.comparison import Comparison
from app.render.live_source import LiveSource
from app.scene.camera import CameraPath, CameraPose, Shot
from tests.render.scenes import CAMERA, box, scene

STATM = Path("/proc/self/statm")
FRAMES = 5000
WARM_UP = 500
MIB = 2**20


def resident_bytes() -> int:
    return int(STATM.read_text().split()[1]) * 4096


@pytest.mark.slow
@pytest.mark.skipif(not STATM.exists(), reason="resident memory is read from /proc")
def test_memory_is_flat_over_five_thousand_frames_with_cuts_and_every_kind_of_method(gl: moderngl.Context) -> None:
    model = scene(box((0.5, 0.5, 0.5), 0), box((0.3, 0.6, 0.3), 2))
    far = CameraPose((-1.5, 2.0, 4.5), CAMERA.target, CAMERA.fov_y, CAMERA.near)
    path = CameraPath("tour", (Shot(((0.0, CAMERA), (1.0, far))), Shot(((0.0, far), (1.0, CAMERA)))))
    source = LiveSource(gl, model)
    comparison = Comparison(
        gl, source, model, methods=("native", "bilinear", "taau", "neural"), display_size=(48, 28), path=path
    )
    try:
        for number in range(FRAMES):
            comparison.advance(number / 30)
            if number == WARM_UP:
                before = resident_bytes()
        grown = resident_bytes() - before
        assert not comparison.warnings(), "a stand-in would prove nothing"
        assert grown < 16 * MIB, f"{grown / MIB:.1f} MiB more after {FRAMES} frames"
    finally:
        comparison.release()
        source.release()

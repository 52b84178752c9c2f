"""What single-image networks (SRCNN, ESPCN, EDSR) read and write, spelled once for the lab, the shaders and manifests.

Their papers train on gamma-encoded images in [0, 1]. Here colour is scene-linear and unbounded, so it is exposed,
compressed to c / (1 + max(c)) and square-rooted: "image space", close to what a display shows and invertible.
"""

from __future__ import annotations

from app.conventions import FEATURE_KNEE

IMAGE_KNEE = FEATURE_KNEE
IMAGE_LIMIT = 0.9995
"""Largest value that is read back: about 1000 times display white."""
IMAGE_CHANNELS: tuple[str, ...] = ("red", "green", "blue", "unused")
"""Of input and output. The fourth makes a pixel of half floats two 32-bit words; networks ignore it and answer 0."""

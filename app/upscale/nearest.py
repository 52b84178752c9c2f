"""Nearest: the nearest sample: shows what the network is given. De-jittered, so the picture stands still."""

from app.upscale.spatial import SinglePassUpscaler


class Nearest(SinglePassUpscaler):
    name = "nearest"
    label = "Nearest"
    fragment = "upscale/nearest.frag"

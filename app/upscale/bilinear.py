"""Bilinear: the four nearest samples, weighted by distance. De-jittered, so the picture stands still."""

from app.upscale.spatial import SinglePassUpscaler


class Bilinear(SinglePassUpscaler):
    name = "bilinear"
    label = "Bilinear"
    fragment = "upscale/bilinear.frag"

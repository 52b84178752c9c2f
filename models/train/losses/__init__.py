"""What training minimises: error as a viewer sees it, how it changes along the motion, how it looks to a network."""

from models.train.losses.display import display, display_pair, screen
from models.train.losses.pixel import charbonnier, decibels, mean_magnitude, mean_square
from models.train.losses.temporal import temporal_error

__all__ = [
    "charbonnier",
    "decibels",
    "display",
    "display_pair",
    "mean_magnitude",
    "mean_square",
    "screen",
    "temporal_error",
]

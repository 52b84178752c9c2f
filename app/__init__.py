"""Supersee's viewer: see docs/programmer.md for the way of a frame through these packages."""

__version__ = "0.1.0"

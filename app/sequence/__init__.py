"""Recorded frames as a source of FrameInputs."""

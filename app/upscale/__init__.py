"""Low-resolution buffers to a display-resolution image: one file a method."""

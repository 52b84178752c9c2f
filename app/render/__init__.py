"""Scenes to buffers: GL context, shader sources, the low-resolution, native and reference passes."""

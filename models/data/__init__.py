"""Training data: rendered by the viewer's own renderer, kept as safetensors clips, read as augmented crops."""

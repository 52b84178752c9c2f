"""From a training run to what the app loads: model.onnx, manifest.json and an honest card."""

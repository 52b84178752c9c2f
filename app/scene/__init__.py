"""What there is to draw: glTF, built-in scenes, animation, camera paths. No GL, no Qt."""

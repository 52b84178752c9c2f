"""What is shown where: panes, wipe, zoom, overlay. No Qt."""

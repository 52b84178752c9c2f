"""Scores of networks and classic methods, through the app's own path and with its own metrics."""

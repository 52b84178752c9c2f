"""Stage timing, percentiles and image metrics."""

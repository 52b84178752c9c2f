"""Three figures for a series of times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def percentiles(milliseconds: Sequence[float]) -> dict[str, float] | None:
    """Median, p95 and p99, in the unit of what is given; None for nothing."""
    if not milliseconds:
        return None
    median, p95, p99 = np.percentile(milliseconds, (50, 95, 99))
    return {"median": round(float(median), 5), "p95": round(float(p95), 5), "p99": round(float(p99), 5)}

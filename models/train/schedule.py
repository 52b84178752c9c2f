"""Learning rate over a run: linear warm-up, then a cosine to the final rate."""

from __future__ import annotations

import math

from models.train.config import OptimiserConfig


def learning_rate(iteration: int, total: int, config: OptimiserConfig) -> float:
    if iteration < config.warm_up:
        return config.learning_rate * (iteration + 1) / config.warm_up
    progress = (iteration - config.warm_up) / max(1, total - config.warm_up)
    cosine = 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress)))
    return config.final_learning_rate + (config.learning_rate - config.final_learning_rate) * cosine

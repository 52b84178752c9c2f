"""`python -m models quantize`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

_RATIOS = (1.5, 2.0, 3.0)


def quantize_command(options: argparse.Namespace) -> None:
    from app.render.gl_context import headless_context
    from models.evaluate.items import DATA_FOLDER
    from models.evaluate.sequences import held_out_clips
    from models.export.quantize import mean_loss, quantize, training_clips
    from models.network.save import INT8_CARD, INT8_FILE

    folders = options.data or sorted(path.parent for path in DATA_FOLDER.glob("*/index.json"))
    calibration = training_clips(folders, options.calibrate)
    held_out = list(held_out_clips(folders, _RATIOS, options.clips))
    with headless_context() as context:
        losses = quantize(context, options.network, calibration, held_out)
    said = f"{mean_loss(losses):+.3f} dB on {len(losses)} held-out clips"
    print(f"{options.network / INT8_FILE} and {INT8_CARD} are written; lost to float32: {said}")  # noqa: T201


def add_quantize_parser(commands: Any) -> None:
    quantize = commands.add_parser("quantize", help="write a network's INT8 model for TensorRT, and what it loses")
    quantize.add_argument("--network", type=Path, required=True, help="its folder, for example models/weights/lite")
    quantize.add_argument(
        "--data", type=Path, nargs="*", default=[], help="data folders (default: models/data_cache/*)"
    )
    quantize.add_argument(
        "--calibrate", type=int, default=8, metavar="N", help="training clips of each folder (default: 8)"
    )
    quantize.add_argument("--clips", type=int, default=1, help="held-out clips of each group and ratio; 0 for all")
    quantize.set_defaults(run_command=quantize_command)

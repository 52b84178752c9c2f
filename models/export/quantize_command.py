"""`python -m models quantize`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

PRECISIONS = ("int8", "fp8")
_RATIOS = (1.5, 2.0, 3.0)


def quantize_command(options: argparse.Namespace) -> None:
    from app.render.gl_context import headless_context
    from models.evaluate.items import DATA_FOLDER
    from models.evaluate.sequences import held_out_clips
    from models.export.quantize import mean_loss, quantize, training_clips
    from models.network.save import quantized_files

    folders = options.data or sorted(path.parent for path in DATA_FOLDER.glob("*/index.json"))
    calibration = training_clips(folders, options.calibrate)
    held_out = list(held_out_clips(folders, _RATIOS, options.clips))
    precisions = tuple(dict.fromkeys(options.precision or PRECISIONS))
    with headless_context() as context:
        losses = quantize(context, options.network, calibration, held_out, precisions)
    for precision, rows in losses.items():
        files = " and ".join(quantized_files(precision))
        said = f"lost to float32: {mean_loss(rows):+.3f} dB on {len(rows)} held-out clips"
        print(f"{options.network}: {files} are written; {said}")  # noqa: T201


def add_quantize_parser(commands: Any) -> None:
    quantize = commands.add_parser("quantize", help="write a network's INT8 and FP8 models for TensorRT, with cards")
    quantize.add_argument("--network", type=Path, required=True, help="its folder, for example models/weights/lite")
    quantize.add_argument(
        "--precision",
        action="append",
        choices=PRECISIONS,
        help="repeatable (default: " + " and ".join(PRECISIONS) + ")",
    )
    quantize.add_argument(
        "--data", type=Path, nargs="*", default=[], help="data folders (default: models/data_cache/*)"
    )
    quantize.add_argument(
        "--calibrate", type=int, default=8, metavar="N", help="training clips of each folder (default: 8)"
    )
    quantize.add_argument("--clips", type=int, default=1, help="held-out clips of each group and ratio; 0 for all")
    quantize.set_defaults(run_command=quantize_command)
